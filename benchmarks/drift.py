"""Drift detection: false alarms on unchanged windows and power at planted shifts, on made windows and on a town's days.

    python -m benchmarks.drift [--data FOLDER] [--repeats N]

What belongs here: counting alarms. What doesn't: the detector (``lib/quality/drift.py``) and what it is given (``*_windows.py``).

Made windows: 28 past days and a newest one of 1,000 or 10,000 rows; shares of ten categories wobble from day to day (each
multiplied by a log-normal of 5 %), volumes by 10 %. Town windows: every day of a finished `trend-assets demo` from the eighth
on, with the days before it; shifts are planted into the day's own posts. Days that differ on purpose (the outage, and the day
after it for the vocabulary of what is missing) are left out of the false alarms.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.quality import drift
from trend_assets.lib.quality.drift_windows import count_posts, count_words, post_columns, vocabulary_columns, whole_days
from trend_assets.lib.quality.topic_windows import churn_columns, size_columns, swallowed, unassigned_columns
from trend_assets.partitions import end_of_hour
from trend_assets.tables import TABLES

COLUMNS = ["network", "author", "created_at", "kind", "language", "tokens"]
SHARES = np.array([0.3, 0.2, 0.15, 0.1, 0.08, 0.06, 0.05, 0.03, 0.02, 0.01])
WOBBLE, VOLUME_WOBBLE, PAST = 0.05, 0.1, 28


def made_window(rng: np.random.Generator, rows: int, shift: float = 0.0, volume: float = 1.0) -> np.ndarray:
    """Counts of ten categories; ``shift`` of the rows move from the first category to the last."""
    shares = SHARES * np.exp(rng.normal(0.0, WOBBLE, len(SHARES)))
    shares /= shares.sum()
    shares[0] -= shift
    shares[-1] += shift
    return rng.multinomial(rng.poisson(rows * volume * np.exp(rng.normal(0.0, VOLUME_WOBBLE))), shares).astype(float)


def alarm(windows: np.ndarray) -> bool:
    """Whether the newest of the windows is called changed."""
    columns = [drift.shares("category", [str(number) for number in range(10)], windows)]
    columns.append(drift.volumes("volume", ("all",), windows.sum(axis=1, keepdims=True)))
    return not drift.judge(columns).passed


def naive(windows: np.ndarray) -> bool:
    """The usual first thing to try: a chi-squared test of the newest window against the one before, at 1 %."""
    from scipy.stats import chi2_contingency

    return bool(chi2_contingency(windows[-2:]).pvalue < drift.ALARM_LEVEL)


def made(repeats: int) -> None:
    """The table of made windows."""
    print(f"made windows, {repeats} repeats, 28 past days: share called changed (a chi-squared test with the day before in brackets)")
    cases = {"nothing": (0.0, 1.0), "2 % move": (0.02, 1.0), "5 % move": (0.05, 1.0), "volume halves": (0.0, 0.5)}
    for rows in (1_000, 10_000):
        for name, (shift, volume) in cases.items():
            rng = np.random.default_rng(7)
            found, simple = 0, 0
            for _ in range(repeats):
                past = [made_window(rng, rows) for _ in range(PAST)]
                windows = np.array([*past, made_window(rng, rows, shift, volume)])
                found, simple = found + alarm(windows), simple + naive(windows)
            print(f"  {rows:6d} rows  {name:14} {found / repeats:7.3f}  ({simple / repeats:.3f})")


def town(data: Path) -> None:
    """The table of a town's days."""
    settings = dict(line.split("=", 1) for line in (data / "settings.env").read_text().splitlines())
    start = datetime.fromisoformat(settings["LAKE_START"]).astimezone(UTC)
    posts = Lake(str(data / "lake")).read(TABLES["social/clean_posts"], columns=COLUMNS)
    days = int((pc.max(posts["created_at"]).as_py() - start).total_seconds() // 86_400) + 1
    outages = {
        datetime.fromisoformat(outage["starts_at"]).date() for outage in json.loads((data / "truth" / "ledger.json").read_text())["outages"]
    }
    clean, changed, seconds = [], dict.fromkeys(PLANTS, 0), 0.0
    judged = 0
    for day in range(7, days):
        end = start + timedelta(days=day + 1)
        until = posts.filter(pc.less(posts["created_at"], pa.scalar(end, posts["created_at"].type)))
        started = time.process_time()
        verdict = verdict_of(until, start, end)
        seconds += time.process_time() - started
        if (end - timedelta(days=1)).date() in outages:
            print(f"  outage day {end - timedelta(days=1):%m-%d}: {'called' if not verdict.passed else 'missed'}: {verdict.message}")
            continue
        judged += 1
        if not verdict.passed:
            clean.append(f"{end - timedelta(days=1):%a %m-%d}: {verdict.message}")
        for name, plant in PLANTS.items():
            shifted = plant(until, end)
            changed[name] += not verdict_of(shifted, start, end).passed
    print(f"{data}: {judged} days judged against the 7 to {days - 1} before, {seconds / max(days - 7, 1):.2f} CPU s a day")
    print(f"  nothing planted: {len(clean)} called changed")
    for message in clean:
        print(f"    {message}")
    for name, count in changed.items():
        print(f"  {name}: {count} of {judged} called changed")


def verdict_of(posts: pa.Table, start: datetime, end: datetime) -> drift.Signal:
    """The verdict on the last day before ``end`` of posts that begin at ``start``."""
    days = whole_days(start, end)
    return drift.judge([*post_columns(count_posts([posts]), end, days), *vocabulary_columns(count_words([posts], end, days))])


def _newest(posts: pa.Table, end: datetime) -> np.ndarray:
    return np.asarray(pc.greater_equal(posts["created_at"], pa.scalar(end - timedelta(days=1), posts["created_at"].type)))


def more_french(posts: pa.Table, end: datetime) -> pa.Table:
    """Five of a hundred posts of the day turn from English to French."""
    languages = posts["language"].to_numpy(zero_copy_only=False).astype(object)
    english = np.flatnonzero(_newest(posts, end) & (languages == "en"))
    moved = np.random.default_rng(1).choice(english, int(0.05 * _newest(posts, end).sum()), replace=False)
    languages[moved] = "fr"
    return posts.set_column(posts.schema.get_field_index("language"), "language", pa.array(languages.tolist()))


def hours_missing(posts: pa.Table, end: datetime) -> pa.Table:
    """X delivers nothing from 13:00 to 16:00 UTC of the day."""
    hours = np.asarray(pc.hour(posts["created_at"]))
    lost = _newest(posts, end) & (hours >= 13) & (hours < 16) & np.asarray(pc.equal(posts["network"], "x"))
    return posts.filter(pa.array(~lost))


def third_missing(posts: pa.Table, end: datetime) -> pa.Table:
    """A third of the day's posts is not delivered."""
    lost = _newest(posts, end) & (np.random.default_rng(2).random(posts.num_rows) < 1 / 3)
    return posts.filter(pa.array(~lost))


def new_words(posts: pa.Table, end: datetime, share: float = 0.02) -> pa.Table:
    """Two (or more) of a hundred words of the day are words that nobody wrote before."""
    newest = _newest(posts, end)
    tokens = posts.filter(pa.array(newest))["tokens"].combine_chunks()
    words = tokens.flatten().to_numpy(zero_copy_only=False).astype(object)
    rng = np.random.default_rng(3)
    replaced = rng.random(len(words)) < share
    words[replaced] = [f"neologism{number}" for number in rng.integers(0, 50, replaced.sum()).tolist()]
    offsets = np.asarray(tokens.offsets) - tokens.offsets[0].as_py()
    changed = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(words.tolist(), pa.string()))
    rest = posts.filter(pa.array(~newest))
    day = posts.filter(pa.array(newest))
    day = day.set_column(day.schema.get_field_index("tokens"), "tokens", changed)
    return pa.concat_tables([rest, day.cast(rest.schema)])


def wrong_encoding(posts: pa.Table, end: datetime) -> pa.Table:
    """The day's posts were read in the wrong encoding: each letter with an accent became two others."""
    newest = _newest(posts, end)
    day = posts.filter(pa.array(newest))
    tokens = [[word.encode().decode("latin-1") for word in words] for words in day["tokens"].to_pylist()]
    day = day.set_column(day.schema.get_field_index("tokens"), "tokens", pa.array(tokens, pa.list_(pa.string())))
    rest = posts.filter(pa.array(~newest))
    return pa.concat_tables([rest, day.cast(rest.schema)])


PLANTS: dict[str, Callable[[pa.Table, datetime], pa.Table]] = {
    "5 % of posts turn French": more_french,
    "X missing for 3 hours": hours_missing,
    "a third of posts missing": third_missing,
    "5 % of words are new": partial(new_words, share=0.05),
    "accents read in the wrong encoding": wrong_encoding,
}


def town_topics(data: Path) -> None:
    """Alarms of the checks of topics on each of a town's days, as it is and with a fault planted into the day."""
    lake = Lake(str(data / "lake"))
    keys = lake.partitions(TABLES["topics/topic_hours"])
    first, last = end_of_hour(keys[0]) - timedelta(hours=1), end_of_hour(keys[-1])
    sizes = lake.read(TABLES["topics/topic_hours"], keys, columns=["hour", "topic_id", "posts"])
    events = lake.read(TABLES["topics/topic_events"], keys, columns=["hour", "event"])
    clean, assigned, alive = (
        {_hour_number(key): manifest.rows if manifest else 0 for key, manifest in lake.manifests(TABLES[path], keys).items()}
        for path in ("social/clean_posts", "topics/topic_assignments", "topics/topics")
    )

    def judged(end: datetime, fault: str) -> tuple[bool, bool, bool]:
        days, day = whole_days(first, end), range(int(end.timestamp()) // 3600 - 24, int(end.timestamp()) // 3600)
        grown, churning = (_largest_trebled(sizes, end), _births_doubled(events, end)) if fault else (sizes, events)
        lost = assigned | {hour: round(assigned.get(hour, 0) * 0.5) for hour in day} if fault else assigned
        verdicts = (
            swallowed(grown, end) or drift.judge(size_columns(grown, end, days)),
            drift.judge(unassigned_columns(clean, lost, end, days)),
            drift.judge(churn_columns(churning, alive, end, days)),
        )
        return tuple(not verdict.passed for verdict in verdicts)  # type: ignore[return-value]

    ends = [end for end in (first + timedelta(days=day) for day in range(8, 400)) if end <= last]
    for fault in ("", "largest topic three times as large · half of the assignments lost · births doubled"):
        alarms = np.sum([judged(end, fault) for end in ends], axis=0)
        told = ", ".join(f"{name} {count}" for name, count in zip(("sizes", "unassigned", "churn"), alarms.tolist(), strict=True))
        print(f"  checks of topics, {len(ends)} days, {fault or 'nothing planted'}: called changed {told}")


def _hour_number(key: str) -> int:
    return int(end_of_hour(key).timestamp()) // 3600 - 1


def _last_day(table: pa.Table, end: datetime) -> np.ndarray:
    kind = table["hour"].type
    newest = pc.and_(
        pc.greater_equal(table["hour"], pa.scalar(end - timedelta(days=1), kind)), pc.less(table["hour"], pa.scalar(end, kind))
    )
    return np.asarray(newest)


def _largest_trebled(sizes: pa.Table, end: datetime) -> pa.Table:
    """The day's largest topic has three times its posts."""
    newest = _last_day(sizes, end)
    totals = sizes.filter(pa.array(newest)).group_by("topic_id").aggregate([("posts", "sum")]).sort_by([("posts_sum", "descending")])
    grown = newest & np.asarray(pc.equal(sizes["topic_id"], totals["topic_id"][0]))
    posts = np.asarray(sizes["posts"]) * np.where(grown, 3, 1)
    return sizes.set_column(sizes.schema.get_field_index("posts"), "posts", pa.array(posts))


def _births_doubled(events: pa.Table, end: datetime) -> pa.Table:
    """Twice as many topics are born in the day."""
    born = _last_day(events, end) & np.asarray(pc.equal(events["event"], "birth"))
    return pa.concat_tables([events, events.filter(pa.array(born))])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="data folder of a finished demo on the town")
    parser.add_argument("--repeats", type=int, default=300, help="made windows of each case")
    arguments = parser.parse_args()
    made(arguments.repeats)
    if arguments.data:
        town(arguments.data)
        town_topics(arguments.data)


if __name__ == "__main__":
    main()
