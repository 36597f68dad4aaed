"""How often the 80 % intervals of forecasts hold what came: trends of a finished demo, and hours of attention in real series.

    python -m benchmarks.forecasts [--data FOLDER]    the alerts of a `trend-assets demo`, hour by hour as they were raised
    python -m benchmarks.forecasts --series FILE      Numenta's mention volumes by the hour: a name's hours with z >= 2 are its trends

What belongs here: replaying forecasts, comparing them with what came. What doesn't: the method (``trend_assets/lib/trends/forecast``).
Every forecast knows the hours before it only, the outcomes of earlier forecasts included.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.lib.trends.forecast import HORIZONS, Cases, forecast
from trend_assets.lib.trends.history import Integers, TopicHistory, VolumeHistory, hour_numbers
from trend_assets.lib.trends.lanes import hour_volumes
from trend_assets.lib.trends.series import burst_scores
from trend_assets.tables import TABLES

Inputs = tuple[TopicHistory, VolumeHistory, dict[int, Integers]]
"""Counts, volumes, and the places of the trends of each hour."""


def of_lake(folder: Path) -> Inputs:
    """The alerts of a published lake."""
    from trend_assets.lake.lake import Lake

    lake = Lake(str(folder / "lake"))
    volumes = VolumeHistory(hour_volumes(lake.read(TABLES["social/clean_posts"], columns=["created_at", "kind"])))
    history = TopicHistory(lake.read(TABLES["topics/topic_hours"]), volumes)
    trends = lake.read(TABLES["topics/trends"], columns=["hour", "topic_id", "suppressed"])
    trends = trends.filter(pc.invert(trends["suppressed"]))
    hours = hour_numbers(trends["hour"])
    places = np.array([history.position.get(name, -1) for name in trends["topic_id"].to_pylist()], dtype=np.int64)
    return history, volumes, {int(hour): places[hours == hour] for hour in np.unique(hours)}


def of_series(path: Path) -> Inputs:
    """Series counted every few minutes, added up by the hour; all of them together are the volume."""
    table = pq.read_table(path)
    name = next(column for column in ("series", "name", "ticker") if column in table.column_names)
    time = next(column for column in ("at", "timestamp") if column in table.column_names)
    hour = pc.floor_temporal(pc.cast(table[time], pa.timestamp("us")), unit="hour").cast(pa.timestamp("us", tz="UTC"))
    by_hour = pa.table({"hour": hour, "topic_id": table[name].cast(pa.string()), "posts": table["value"]}).group_by(["hour", "topic_id"])
    counted = by_hour.aggregate([("posts", "sum")]).rename_columns(["hour", "topic_id", "posts"]).sort_by("hour")
    volumes = VolumeHistory(counted.select(["hour", "posts"]))
    nothing = pa.array(np.zeros(counted.num_rows, dtype=np.int64))
    columns = dict.fromkeys(("reposts", "authors", "near_duplicate_groups", "top_author_share"), nothing)
    history = TopicHistory(pa.table({name: counted[name] for name in counted.column_names} | columns), volumes)
    trends: dict[int, list[int]] = {}
    for topic, place in history.position.items():
        own = counted.filter(pc.equal(counted["topic_id"], topic))
        z = burst_scores(own["posts"].to_numpy(), own["hour"].to_numpy().astype("datetime64[s]")).z
        for moment in hour_numbers(own["hour"])[z >= 2].tolist():
            trends.setdefault(moment, []).append(place)
    return history, volumes, {moment: np.array(places, dtype=np.int64) for moment, places in sorted(trends.items())}


def coverage(inputs: Inputs) -> dict[int, tuple[int, float, float]]:
    """Of each horizon: forecasts whose time is over, share of intervals that hold what came, median |ln(forecast + 1) - ln(came + 1)|."""
    history, volumes, trends = inputs
    last = volumes.first + volumes.posts.size - 1
    cases, held, errors = Cases(), {horizon: [] for horizon in HORIZONS}, {horizon: [] for horizon in HORIZONS}
    for hour, places in trends.items():
        for horizon, ahead in forecast(places, hour, history, volumes, cases).items():
            if hour + horizon <= last:
                came = history.total("posts", places, hour + 1, hour + 1 + horizon)
                held[horizon] += ((came >= ahead.low) & (came <= ahead.high)).tolist()
                errors[horizon] += np.abs(np.log((ahead.posts + 1) / (came + 1))).tolist()
        cases.note(hour, places)
    return {
        horizon: (len(held[horizon]), float(np.mean(held[horizon])), float(np.median(errors[horizon])))
        for horizon in HORIZONS
        if held[horizon]
    }


def main() -> None:
    """Print a row for each horizon."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"), help="data folder of a finished demo")
    parser.add_argument("--series", type=Path, help="series in a Parquet file, instead")
    options = parser.parse_args()
    found = coverage(of_series(options.series) if options.series else of_lake(options.data))
    for horizon, (count, share, error) in found.items():
        inside = f"{100 * share:.0f} % inside their 80 % interval"
        print(f"next {horizon:2} hours: {count} forecasts, {inside}, median factor off {np.exp(error):.2f}")


if __name__ == "__main__":
    main()
