"""Drift detection: false alarms on unchanged windows and power at planted shifts, on made windows and on a town's days.

    python -m benchmarks.drift [--rows N ...] [--regime NAME ...] [--series N] [--data FOLDER]

What belongs here: counting alarms of ours. What doesn't: the detector (``lib/quality/drift_*.py``), made windows (``drift_made.py``),
other tools (``drift_peers.py``).

Made windows: 56 days, then windows that are judged one after the other, of 1,000, 10,000 and 100,000 rows; clean days differ by chance
alone, those of the wobbling regime by 2 to 5 % more. The family *reported* shares no distribution with the one that the detector was
developed on. Slow change: a share that grows by 1 % a day. Town: every day of a finished `trend-assets demo` from the eighth on, with
the days before it; shifts are planted into the day's own posts. Days that differ on purpose (the outage) are left out of the false alarms.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.drift_made import ALL_PRICES, CATEGORICAL, NUMERIC, REGIMES, SHIFTS, SIZES, Series, Window
from trend_assets.lake.lake import Lake
from trend_assets.lib.quality import drift
from trend_assets.lib.quality.drift_judged import REFERENCE, judge_summaries
from trend_assets.lib.quality.drift_summaries import Plan, Summary, summarise
from trend_assets.lib.quality.drift_windows import whole_days
from trend_assets.lib.quality.topic_windows import churn_columns, size_columns, swallowed, unassigned_columns
from trend_assets.operations.daily_summaries import PLANS, POSTS
from trend_assets.partitions import end_of_hour
from trend_assets.tables import TABLES

PLAN = Plan(time="at", shares=("language", "category"), numbers=NUMERIC, words=("words", "author"))
DAYS = [date(2026, 1, 5) + timedelta(days=number) for number in range(REFERENCE + 1)]
JUDGED = 100
"""Windows of a series that are judged where nothing is planted."""
SERIES = 20
REPEATS = 5
"""How often each shift is planted into a series."""
GROWTH = 1.01


def table_of(window: Window) -> pa.Table:
    """The window as rows: categories as text, a word as a list of one, a thousand writers."""
    rows = len(window["price"])
    columns = {name: pa.array(np.char.mod("%d", window[name])) for name in CATEGORICAL}
    words = pa.ListArray.from_arrays(pa.array(np.arange(rows + 1), pa.int32()), columns.pop("word"))
    author = pa.array(np.char.mod("a%d", np.arange(rows) % 1_000))
    return pa.table({**columns, "words": words, "author": author, **{name: window[name] for name in NUMERIC}})


def counted(table: pa.Table) -> Summary:
    """The summary as it is kept."""
    found = summarise(table, PLAN)
    return Summary(found.counts, found.buckets)


def made(sizes: list[int], regimes: list[str], number: int, family: str) -> None:
    """The table of made windows: ``number`` series of each size and regime."""
    for rows in sizes:
        for regime in regimes:
            alarms = windows = 0
            seconds = 0.0
            power: dict[tuple[str, float], list[bool]] = defaultdict(list)
            for seed in range(number):
                made_of = Series(family, rows, regime, seed)
                past = [counted(table_of(made_of.window())) for _ in range(REFERENCE)]
                for place in range(JUDGED):
                    table = table_of(made_of.window())
                    began = time.process_time()
                    newest = counted(table)
                    alarms += not judge_summaries([*past[-REFERENCE:], newest], DAYS).signal.passed
                    seconds += time.process_time() - began
                    windows += 1
                    past.append(newest)
                    if place % (JUDGED // REPEATS) == 0:
                        for shift, size in [(shift, size) for shift in (*SHIFTS, ALL_PRICES) for size in SIZES]:
                            planted = counted(table_of(made_of.window(shift, size)))
                            power[shift, size].append(not judge_summaries([*past[-REFERENCE:], planted], DAYS).signal.passed)
            print(f"{rows:7,d} rows, {regime}: {alarms} alarms in {windows:,} windows without change, {seconds / windows:.3f} CPU s each")
            repeats = number * REPEATS
            for size in SIZES:
                told = ", ".join(f"{shift} {np.mean(power[shift, size]):.2f}" for shift in (*SHIFTS, ALL_PRICES))
                print(f"         {size:.0%} shift, {repeats} each: {told}", flush=True)


def slowly(family: str, series: int = 20) -> None:
    """Days until a share that grows by 1 % a day is found; and that it is not before it grows."""
    for rows in (1_000, 10_000):
        for regime in REGIMES:
            found, early = [], 0
            for seed in range(series):
                made_of = Series(family, rows, regime, 10_000 + seed)
                shares = made_of._shares["language"]
                grows = int(np.argmin(np.abs(shares - 0.3)))
                windows = [counted(table_of(made_of.window())) for _ in range(REFERENCE)]
                early += not judge_summaries(windows, DAYS[:-1]).signal.passed
                for day in range(1, 57):
                    shares[grows] *= GROWTH
                    windows.append(counted(table_of(made_of.window())))
                    if not judge_summaries(windows[-REFERENCE - 1 :], DAYS).signal.passed:
                        found.append(day)
                        break
            told = f"found in {len(found)} of {series}, half within {np.median(found):.0f} days" if found else "never found"
            print(f"{rows:7,d} rows, {regime}: a share grows by 1 % a day: {told}; {early} alarms on the day before", flush=True)


def town(data: Path) -> None:
    """The table of a town's days."""
    settings = dict(line.split("=", 1) for line in (data / "settings.env").read_text().splitlines())
    start = datetime.fromisoformat(settings["LAKE_START"]).astimezone(UTC)
    plan = PLANS[POSTS]
    lake = Lake(str(data / "lake"))
    posts = lake.read(TABLES[POSTS], columns=plan.columns(column.name for column in TABLES[POSTS].columns))
    days = int((pc.max(posts["created_at"]).as_py() - start).total_seconds() // 86_400) + 1
    ledger = json.loads((data / "truth" / "ledger.json").read_text())
    outages = {datetime.fromisoformat(outage["starts_at"]).date() for outage in ledger["outages"]}
    if days < 9:
        raise SystemExit(f"{data} has {days} days: nine are needed (seven that come before, one or more to judge)")
    past, dates, clean, judged, seconds = [], [], [], 0, 0.0
    changed, named = dict.fromkeys(PLANTS, 0), defaultdict[str, set[str]](set)
    for number in range(days):
        end = start + timedelta(days=number + 1)
        kind = posts["created_at"].type
        inside = pc.and_(
            pc.greater_equal(posts["created_at"], pa.scalar(end - timedelta(days=1), kind)),
            pc.less(posts["created_at"], pa.scalar(end, kind)),
        )
        of_day = posts.filter(inside)
        dates.append((end - timedelta(days=1)).date())
        began = time.process_time()
        newest = _kept(of_day, plan)
        verdict = judge_summaries([*past, newest], dates).signal
        seconds += time.process_time() - began
        if number >= 7 and dates[-1] in outages:
            print(f"  outage day {dates[-1]:%m-%d}: {'called' if not verdict.passed else 'missed'}: {verdict.message}")
        elif number >= 7:
            judged += 1
            clean += [] if verdict.passed else [f"{dates[-1]:%a %m-%d}: {verdict.message}"]
            for name, plant in PLANTS.items():
                found = judge_summaries([*past, _kept(plant(of_day, end), plan)], dates).signal
                changed[name] += not found.passed
                named[name].add(str(found.figures["column"]) if not found.passed else "")
        past.append(newest)
    print(f"{data}: {judged} days judged against the 7 to {days - 1} before, {seconds / days:.2f} CPU s a day")
    print(f"  nothing planted: {len(clean)} called changed")
    for message in clean:
        print(f"    {message}")
    for name, count in changed.items():
        print(f"  {name}: {count} of {judged} called changed ({', '.join(sorted(named[name] - {''}))})")


def _kept(posts: pa.Table, plan: Plan) -> Summary:
    found = summarise(posts, plan)
    named = {("word", "", word): count for word, (count, writers) in found.words.items() if len(writers) >= drift.LEAST_AUTHORS}
    return Summary({**found.counts, **named}, found.buckets)


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
    parser.add_argument(
        "--rows", type=int, nargs="*", default=[1_000, 10_000, 100_000], help="rows of a made window; none: no made windows"
    )
    parser.add_argument("--regime", nargs="*", default=REGIMES, choices=REGIMES)
    parser.add_argument(
        "--series", type=int, default=SERIES, help=f"series of {JUDGED} judged windows, of each size and regime (default: {SERIES})"
    )
    parser.add_argument("--no-slow-change", action="store_true", help="leave the share that grows by 1 %% a day out")
    parser.add_argument("--family", default="reported", choices=("development", "reported"))
    arguments = parser.parse_args()
    made(arguments.rows, arguments.regime, arguments.series, arguments.family)
    if not arguments.no_slow_change:
        slowly(arguments.family)
    if arguments.data:
        town(arguments.data)
        town_topics(arguments.data)


if __name__ == "__main__":
    main()
