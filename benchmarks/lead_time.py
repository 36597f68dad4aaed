"""How early are our alerts? Simulated towns of a family, each seed another town, judged by what was planted and by our own scoreboard.

    python -m benchmarks.lead_time --seeds 10 [--family evaluation] [--posts 30000] [--days 24] [--size small] [--history-days 56]
        [--keep FOLDER]

Prints the targets with 95 % intervals over seeds (bootstrap of whole towns), what became of each kind of planted trend, and the scoreboard
of our trends beside the naive methods by category. Nothing of Dagster is needed; a town takes a minute and a half of one core. With
``--keep`` each town's figures are kept in a folder as it is done, and towns that are there are not run again: an interrupted run goes on
where it was, and fewer ``--seeds`` report what there is. What belongs here: seeds, intervals, the page. What doesn't: one town
(``trend_assets/lib/evaluation/lead_time.py``). Methods are developed on the family ``development``; ``evaluation`` shares no word, item,
template or sentence with it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.lib.demand.track_records import OURS, CategoryRecord, Record, chance, track_records
from trend_assets.lib.evaluation.lead_time import TownScore, score_town
from trend_assets.lib.simulation.town import TownParameters

HISTORY_DAYS = 56
"""Too few for what looks back a year: the method ``last_year`` and the season of a category."""
Towns = Sequence[TownScore]


def planted(towns: Towns) -> list[dict[str, Any]]:
    """Every planted trend of the towns that lifts sales while the simulation runs."""
    return [row for town in towns for row in town.trends if row["countable"]]


def found_share(towns: Towns) -> float:
    """Share of planted sales-lifting trends that were found."""
    rows = planted(towns)
    return float(np.mean([row["found"] for row in rows])) if rows else float("nan")


def _leads(towns: Towns, to: str) -> list[float]:
    return [row[to] / row["lag_days"] for row in planted(towns) if row["found"] and row["lag_days"]]


def median_lead(towns: Towns, to: str = "lead_days") -> float:
    """Median over found trends of the lead, over the planted lag."""
    return float(np.median(_leads(towns, to))) if _leads(towns, to) else float("nan")


def measured_lead(towns: Towns) -> float:
    """Median lead in days of the scoreboard's own hits: from the alert to the onset that our sales show."""
    leads = [row["lead_days"] for town in towns for row in _with_outcome(town, "hit").to_pylist() if row["method"] == OURS]
    return float(np.median(leads)) if leads else float("nan")


def _with_outcome(town: TownScore, outcome: str) -> pa.Table:
    return town.scores.filter(pc.equal(town.scores["outcome"], outcome))


def bots_raised(towns: Towns, what: str = "raised") -> float:
    """Share of waves of machines that were raised."""
    rows = [row[what] for town in towns for row in town.trends if row["kind"] == "bots"]
    return float(np.mean(rows)) if rows else float("nan")


def false_alarms(towns: Towns) -> float:
    """False alarms a buyer and week."""
    return sum(town.false_alarms for town in towns) / sum(town.weeks * town.buyers for town in towns)


def rises_seen(towns: Towns) -> float:
    """Share of planted causes of sales that our own sales showed."""
    rows = [row["seen"] for town in towns for row in town.rises if row["kind"] != "drift"]
    return float(np.mean(rows)) if rows else float("nan")


FIGURES: tuple[tuple[str, str, Callable[[Towns], float]], ...] = (
    ("sales-lifting trends found", ">= .85", found_share),
    ("median lead / planted lag, to demand +10 %", ">= .60", median_lead),
    ("median lead / planted lag, to its first trace", "", lambda towns: median_lead(towns, "lead_to_start")),
    ("waves of machines raised at all", "<= .05", bots_raised),
    ("waves of machines alerted with products", "", lambda towns: bots_raised(towns, "alerted")),
    ("false alarms a buyer (category) and week", "<= 2", false_alarms),
    ("false alarms a week, one buyer for all", "", lambda towns: sum(one.false_alarms for one in towns) / sum(one.weeks for one in towns)),
    ("alerts about nothing planted, a week", "", lambda towns: sum(one.about_nothing for one in towns) / sum(one.weeks for one in towns)),
    ("median lead in days, as our sales show it", "", measured_lead),
    ("planted rises that our sales showed", "", rises_seen),
    (
        "ranges with a rise that nothing caused, a week",
        "",
        lambda towns: sum(one.false_rises for one in towns) / sum(one.weeks for one in towns),
    ),
)


def interval(towns: Towns, figure: Callable[[Towns], float], draws: int = 2000) -> tuple[float, float]:
    """95 % interval of a figure over towns drawn again and again (percentile bootstrap)."""
    rng = np.random.default_rng(0)
    values = [
        figure([towns[number] for number in rng.integers(0, len(towns), len(towns)).tolist()])
        for _ in range(draws if len(towns) > 1 else 1)
    ]
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)


def by_kind(towns: Towns) -> list[tuple[str, ...]]:
    """Of each kind of planted trend: how many, raised, alerted with a product, found, median lead, and the scoreboard's verdicts."""
    rows = [row | {"kind": f"{row['kind']}{'' if row['lifts_sales'] else ', sells no more'}"} for town in towns for row in town.trends]
    table = []
    for kind in sorted({row["kind"] for row in rows}):
        mine = [row for row in rows if row["kind"] == kind]
        leads = [row["lead_days"] for row in mine if row["lead_days"] is not None]
        lags = [row["lag_days"] for row in mine if row["lead_days"] is not None]
        verdicts = [row["verdict"] for row in mine]
        told = ", ".join(f"{verdicts.count(one)} {one}" for one in sorted(set(verdicts)) if one != "none")
        lead = f"{np.median(leads):.1f} of {np.median(lags):.0f}" if leads else "-"
        counts = (len(mine), sum(row["raised"] for row in mine), sum(row["alerted"] for row in mine), sum(row["found"] for row in mine))
        table.append((kind, *(str(one) for one in counts), lead, told or "-"))
    return table


def scoreboard(towns: Towns) -> list[CategoryRecord]:
    """Records by category, as the board counts them; a range of another town is another range."""
    rows = (row | {"range_id": f"{town.seed} {row['range_id']}"} for town in towns for row in town.scores.to_pylist())
    return track_records(rows)


def of_method(one: Record, unmeasured: int) -> tuple[str, ...]:
    """A line of the scoreboard."""
    counts = (one.hits, one.late, one.misses, one.false_alarms, unmeasured)
    shares = (one.precision, one.recall, one.f1)
    lead = "-" if one.mean_lead is None else f"{one.mean_lead:.1f}"
    return one.category, one.method, *(str(count) for count in counts), *(f"{share:.2f}" for share in shares), lead


def show(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A Markdown table."""
    print(f"\n{title}\n\n| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def report(towns: Towns, parameters: TownParameters) -> None:
    """Print everything."""
    seeds = ", ".join(str(town.seed) for town in towns)
    print(
        f"{len(towns)} towns of the family {parameters.family} (seeds {seeds}), {parameters.days} days, about {parameters.posts:,} posts, "
        f"{parameters.size} retailer with {parameters.history_days} days of history; {len(planted(towns))} planted trends lift sales"
    )
    figures = []
    for name, target, figure in FIGURES:
        low, high = interval(towns, figure)
        figures.append((name, target, f"{figure(towns):.2f}", f"{low:.2f} to {high:.2f}"))
    show("Targets", ("figure", "target", "found", "95 % over seeds"), figures)
    show(
        "By kind of planted trend",
        ("kind", "planted", "raised", "with product", "found", "median lead of lag", "scoreboard"),
        by_kind(towns),
    )
    names = ("category", "method", "hit", "late", "miss", "false alarm", "unmeasured", "precision", "recall", "F1", "mean lead, days")
    unmeasured = Counter((row["category"], row["method"]) for town in towns for row in _with_outcome(town, "unmeasured").to_pylist())
    records = scoreboard(towns)
    lines = [of_method(one, unmeasured[one.category, one.method]) for told in records for one in (told.ours, *told.others)]
    show("Scoreboard in ranges, judged by own sales alone", names, lines)
    compared = [
        (told.category, one.method, f"{told.ours.f1 - one.f1:+.2f}", f"{chance(told.ours, one):.3f}", told.verdict * (one is told.naive))
        for told in records
        for one in told.others
    ]
    show("Ours beside each simple method", ("category", "method", "our F1 above its", "p", "the board says of the best one"), compared)


def scored(parameters: TownParameters, folder: Path | None) -> TownScore:
    """A town's figures: from the folder where it was scored before, else new, and then kept there."""
    if folder is None:
        return score_town(parameters)
    days = f"{parameters.history_days}+{parameters.days}-days"
    name = f"{parameters.family}-{parameters.size}-{days}-{parameters.posts}-posts-seed-{parameters.seed}"
    figures, rows = folder / f"{name}.json", folder / f"{name}.parquet"
    if not figures.exists():
        keep(score_town(parameters), figures, rows)
    return TownScore(scores=pq.read_table(rows), **json.loads(figures.read_text()))


def keep(town: TownScore, figures: Path, rows: Path) -> None:
    """Write a town's figures; the file that tells of it last."""
    figures.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(town.scores, rows)
    figures.write_text(json.dumps({one.name: getattr(town, one.name) for one in fields(town) if one.name != "scores"}))


def main() -> None:
    """Run the towns and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--family", choices=("development", "evaluation"), default="evaluation")
    parser.add_argument("--posts", type=int, default=30_000)
    parser.add_argument("--days", type=int, default=24)
    parser.add_argument("--size", choices=("small", "full"), default="small")
    parser.add_argument(
        "--history-days", type=int, default=HISTORY_DAYS, help="days of sales before the first post; 420 hold a year before"
    )
    parser.add_argument("--keep", type=Path, help="folder of towns' figures: written there one by one, read instead of run again")
    options = parser.parse_args()
    given = {name: getattr(options, name) for name in ("family", "posts", "days", "size", "history_days")}
    towns: list[TownScore] = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        started = time.process_time()
        towns.append(scored(TownParameters(seed=seed, **given), options.keep))
        one = [towns[-1]]
        print(
            f"seed {seed}: found {found_share(one):.2f}, lead {median_lead(one):.2f}, false alarms {false_alarms(one):.2f}, "
            f"{time.process_time() - started:.0f} CPU s",
            flush=True,
        )
    report(towns, TownParameters(seed=options.first_seed, **given))


if __name__ == "__main__":
    main()
