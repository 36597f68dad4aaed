"""Checks against injected defects: how many are caught by a check that names them, and how often clean days alarm.

    python -m benchmarks.checks [--seeds N] [--first-seed N] [--only retail|posts] [--each]

What belongs here: injecting, counting, printing. What doesn't: the defects (``defects_retail.py``, ``defects_posts.py``), the checks
(``lib/quality``), fault injection into processes and disks (``faults.py``).

**When a defect counts as caught**, written down before anything was measured. The damaged files of the newest day go through what
every delivery goes through: decoding and mapping (rows may be refused), the audit of the declared tables, the checks of
``retail_facts`` against 28 past days of the same retailer. The defect is caught when a check fires *that its class names*: the list
``named`` beside each class, the checks a person would call sensible for it. Another check that fires as well, or first, changes
nothing and by itself counts as *misnamed*, not as caught. What only a warning catches is counted apart. Posts are damaged in the raw
table, as its decoder would deliver them, from the first hour of the newest day on, and judged as the product's hourly runs judge them:
each hour, and the day up to it, against the same hours of the days before. A defect is caught where a run of that day catches it; how
many the first run catches, by the audit of its hour or by its checks, is told as well.

Clean partitions are days of towns without defects, each judged against its own past, a new user's first days included: 30 days of six
retail tables a seed, each seed at another time of the year, and the hourly runs of 12 days of posts, whose two windows are told apart.
The files hold their usual dirt (a few refused rows, counting errors), weekends, promotions, seasons, trends, stock-outs, bot waves and
an outage of X. Events of retailers that look like damage (``clean_regimes.py``: a holiday, a new store, a new season, ...) are put into
the newest day of each seed and counted apart.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.clean_regimes import REGIMES
from benchmarks.defects_posts import POST_DEFECTS, PostDefect, Window
from benchmarks.defects_retail import DEFECTS, Defect, Delivery, Frames, written
from trend_assets.lib.quality.audit import audit
from trend_assets.lib.quality.post_facts import COLUMNS, PostNotes, judge_posts, note_posts
from trend_assets.lib.quality.post_facts import PAST_DAYS as POST_PAST
from trend_assets.lib.quality.retail_day import PAST_DAYS, TABLE_NAMES, DayNotes, RetailDay
from trend_assets.lib.quality.retail_facts import FACTS_CHANGE_WITH, judge_day, note_day
from trend_assets.lib.retail.decode import SourceFile, decode_file
from trend_assets.lib.retail.mapping import RetailMapping
from trend_assets.lib.retail.read import read_records
from trend_assets.lib.simulation.retail import open_retailer
from trend_assets.lib.simulation.retail_files import RetailFiles
from trend_assets.lib.simulation.town import TownParameters
from trend_assets.partitions import hour_key, hours_between
from trend_assets.retail.files import MAPPINGS, load_mapping
from trend_assets.tables import TABLES, Table

RETAIL_DAYS, POST_DAYS, POSTS_A_DAY = PAST_DAYS + 2, 12, 1_500
POSTS = TABLES["social/raw_posts"]
_NULLABLE = pa.schema([field.with_nullable(True) for field in POSTS.schema])


Key = tuple[str, str, str]
"""A class of defects: table, name, severity."""


@dataclass(frozen=True)
class Shop:
    """A simulated retailer's files as bytes, day by day, and its mapping."""

    mapping: RetailMapping
    first: date
    files: Sequence[Mapping[str, bytes]]

    @classmethod
    def of_seed(cls, seed: int, days: int) -> Shop:
        """The town's retailer of this seed, at another time of the year for each: seasons, sales and holidays are no defects."""
        start = datetime(2026, 2, 9, tzinfo=UTC) + timedelta(days=34 * (seed % 10))
        retailer = open_retailer(TownParameters(seed=seed, start=start, days=2, history_days=days - 2))
        files = RetailFiles(retailer)
        known = {path.removesuffix(".csv"): data for path, data in files.undated().items()}
        of_days = []
        for day in range(retailer.first_day, 2):
            known |= {path.split("/")[0]: data for path, data in files.of_day(retailer.trade(day)).items()}
            of_days.append(dict(known))
        return cls(load_mapping(MAPPINGS / "retail_town.yml"), (start + timedelta(days=retailer.first_day)).date(), of_days)

    def day(self, number: int) -> date:
        """The date of a day."""
        return self.first + timedelta(days=number)

    def decoded(self, number: int, name: str, data: bytes) -> SourceFile:
        """A day's file of one table."""
        day = self.day(number)
        return decode_file(f"{name}/{day}.csv", day, data, self.mapping.format_of(name))

    def read(self, number: int, files: Mapping[str, SourceFile]) -> RetailDay:
        """A day's tables as the project reads them from files."""
        day = self.day(number)
        tables = read_records(self.mapping, {name: [file] for name, file in files.items()}, [day])
        refused = Counter(tables["retail/quarantined_records"]["table_name"].to_pylist())
        return RetailDay(day, {name: tables[f"retail/{name}"] for name in TABLE_NAMES}, refused)

    def frames(self, number: int) -> Frames:
        """A day's files as frames of texts, blank lines left out."""
        return {
            name: pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, skip_blank_lines=True)
            for name, data in self.files[number].items()
        }


@dataclass(frozen=True)
class Found:
    """Names (``table.check``) of what stops a partition, and of what only warns."""

    stops: frozenset[str]
    warns: frozenset[str]


def fired(day: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:
    """What the audit finds in the day and the checks say of it."""
    audited = {
        f"{name}.{finding.check}"
        for name in notes.facts
        for finding in audit(TABLES[f"retail/{name}"], day.tables[name], day.day.isoformat())
        if finding.severity == "error"
    }
    alarms = {
        warns: {f"{name}.{one.check}" for name, alarms in judge_day(notes, earlier).items() for one in alarms if one.warns == warns}
        for warns in (False, True)
    }
    return Found(frozenset(audited | alarms[False]), frozenset(alarms[True]))


@dataclass
class Score:
    """What was found: by class, how often caught, what else fired; alarms of clean partitions, of events apart; seconds."""

    caught: Counter[Key] = field(default_factory=Counter)
    tried: Counter[Key] = field(default_factory=Counter)
    misnamed: dict[Key, Counter[str]] = field(default_factory=dict)
    warned: Counter[Key] = field(default_factory=Counter)
    clean: Counter[str] = field(default_factory=Counter)
    false_alarms: list[str] = field(default_factory=list)
    false_warnings: list[str] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    stopped_events: dict[str, Counter[str]] = field(default_factory=dict)
    warned_events: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: Counter[str] = field(default_factory=Counter)
    by: Counter[str] = field(default_factory=Counter)
    first_run: int = 0

    def count(self, key: Key, named: Iterable[str], found: Found) -> None:
        """Count one injected defect."""
        self.tried[key] += 1
        either = found.stops | found.warns
        if either & set(named):
            self.caught[key] += 1
            self.by.update(sorted(either & set(named)))
            self.warned[key] += not found.stops & set(named)
        else:
            self.misnamed.setdefault(key, Counter()).update(sorted(either) or ["nothing"])

    def count_event(self, name: str, partitions: int, found: Found) -> None:
        """Count a clean day of an event."""
        self.events[name] += partitions
        for counted, names in ((self.stopped_events, found.stops), (self.warned_events, found.warns)):
            counted.setdefault(name, Counter()).update(sorted(names))

    def count_clean(self, day: str, found: Found) -> None:
        """Count the alarms of a clean day."""
        self.false_alarms += [f"{day}: {one}" for one in sorted(found.stops)]
        self.false_warnings += [f"{day}: {one}" for one in sorted(found.warns)]


def retail(seed: int, score: Score, defects: Sequence[Defect], days: int = RETAIL_DAYS) -> None:
    """Judge every clean day of a seed, then inject each defect into the last."""
    shop = Shop.of_seed(seed, days)
    decoded = [{name: shop.decoded(number, name, data) for name, data in files.items()} for number, files in enumerate(shop.files)]
    read = [shop.read(number, files) for number, files in enumerate(decoded)]
    notes: list[DayNotes] = []
    started = time.process_time()
    for number, day in enumerate(read):
        notes.append(note_day(day, read[number - 1] if number else None, notes[-PAST_DAYS:]))
        for name in TABLE_NAMES:
            score.clean[name] += day.rows(name) is not None
        score.count_clean(f"seed {seed}, {day.day}", fired(day, notes[-1], notes[-PAST_DAYS - 1 : -1]))
    score.seconds["judging a day of retail tables"] += (time.process_time() - started) / len(read)
    before = [shop.frames(number) for number in range(max(days - 15, 0), days - 1)]
    last = shop.frames(days - 1)
    for number, one in enumerate(defects):
        if not len(last[one.table]):
            continue  # a day without promotions has none to damage
        delivery = Delivery(shop.day(days - 1), {**last, one.table: last[one.table].copy()}, before, np.random.default_rng([seed, number]))
        one.damage(delivery)
        files, frame = dict(decoded[-1]), delivery.frames[one.table]
        files.pop(one.table)
        if len(frame) or one.table in delivery.raw:
            files[one.table] = shop.decoded(days - 1, one.table, delivery.raw.get(one.table, written(frame)))
        day = shop.read(days - 1, files)
        past = notes[:-1][-PAST_DAYS:]
        found = fired(day, note_day(day, read[-2], past, FACTS_CHANGE_WITH[one.table]), past)
        score.count((one.table, one.name, one.severity), one.named, found)
    for number, event in enumerate(REGIMES):
        frames = {name: frame.copy() for name, frame in last.items()}
        delivery = Delivery(shop.day(days - 1), frames, before, np.random.default_rng([seed, 1000 + number]))
        event.happens(delivery)
        files = {name: shop.decoded(days - 1, name, written(frame)) for name, frame in delivery.frames.items() if len(frame)}
        day = shop.read(days - 1, files)
        past = notes[:-1][-(event.past_days or PAST_DAYS) :]
        if event.past_days:  # what was learnt from more days than there are is forgotten
            past = _noted(read[-1 - event.past_days : -1])
        score.count_event(event.name, len(TABLE_NAMES), fired(day, note_day(day, read[-2], past), past))


def _noted(days: Sequence[RetailDay]) -> list[DayNotes]:
    notes: list[DayNotes] = []
    for number, day in enumerate(days):
        notes.append(note_day(day, days[number - 1] if number else None, list(notes)))
    return notes


def raw_posts(seed: int, days: int, posts_a_day: int) -> pa.Table:
    """Raw posts of a town, through its landing files."""
    from trend_assets.lake.storage import open_storage
    from trend_assets.landing.files import list_landing
    from trend_assets.lib.privacy.pseudonyms import Pseudonyms
    from trend_assets.lib.sources import decode_hours
    from trend_assets.simulate import simulate_town

    start, end = TownParameters.start, TownParameters.start + timedelta(days=days)
    with tempfile.TemporaryDirectory() as folder:
        simulate_town(Path(folder), start=start, days=days, posts=days * posts_a_day, seed=seed)
        storage = open_storage(str(Path(folder) / "landing"))
        files = list_landing(storage, hours_between(start, end))
        landed = {hour: [(path, storage.read(path)) for path in paths] for hour, paths in files.items()}
    return decode_hours(landed, lake_start=start, lake_end=end, pseudonyms=Pseudonyms("benchmark" * 8)).raw_posts


def post_names(notes: PostNotes, earlier: Sequence[PostNotes]) -> Found:
    """What the checks say of a window of posts."""
    alarms = judge_posts(notes, earlier)
    stops = {f"posts.{alarm.check}" for alarm in alarms if not alarm.warns}
    return Found(frozenset(stops), frozenset(f"posts.{alarm.check}" for alarm in alarms) - stops)


def posts(seed: int, score: Score, defects: Sequence[PostDefect], days: int = POST_DAYS, posts_a_day: int = POSTS_A_DAY) -> None:
    """Judge every hour of clean posts as the product's hourly runs do, then inject each defect into the hours of the last day.

    Each run judges its hour, and the day up to it, against the same hours of the days before. A defect is there from the day's first
    hour on; it is caught where one of the day's runs catches it (of the days up to them only the last run's, the whole day, is tried).
    """
    table = raw_posts(seed, days, posts_a_day)
    hours = [TownParameters.start + timedelta(hours=number) for number in range(24 * days)]
    of_hour: list[PostNotes] = []
    of_day: list[PostNotes] = []
    started = time.process_time()
    for number, hour in enumerate(hours):
        for notes, back in ((of_hour, 0), (of_day, 23)):
            past = _same_hours(notes, number, 0 if notes is of_hour else 23)
            notes.append(note_posts(_between(table, hour - timedelta(hours=back), hour + timedelta(hours=1)).select(COLUMNS), past))
            if back <= number:
                score.clean["hours of posts" if notes is of_hour else "days of posts up to an hour"] += 1
                score.count_clean(f"seed {seed}, {hour:%d %H:%M}{', the day up to it' if back else ''}", post_names(notes[-1], past))
    score.seconds["judging a run of posts"] += (time.process_time() - started) / len(hours)
    first = TownParameters.start + timedelta(days=days - 1)
    before = [_between(table, first - timedelta(days=back), first - timedelta(days=back - 1)).to_pandas() for back in (2, 1)]
    last = _between(table, first, first + timedelta(days=1)).to_pandas()
    for number, one in enumerate(defects):
        window_ = Window(last.copy(), before, np.random.default_rng([seed, number]))
        one.damage(window_)
        data = pa.Table.from_pandas(window_.posts, schema=_NULLABLE, preserve_index=False, safe=False)
        audited = _audited(replace(POSTS, partition="day"), data, first.date().isoformat())
        found = [Found(frozenset(audited), frozenset())]
        if "audit.required" not in audited:
            for at in range(len(hours) - 24, len(hours)):
                found.append(_run(_between(data, hours[at], hours[at] + timedelta(hours=1)), _same_hours(of_hour, at, 0)))
            found.append(_run(data, _same_hours(of_day, len(hours) - 1, 23)))
        stops = frozenset().union(*(one.stops for one in found))
        score.count(("posts", one.name, one.severity), one.named, Found(stops, frozenset().union(*(one.warns for one in found)) - stops))
        first_run = _audited(POSTS, _between(data, first, first + timedelta(hours=1)), hour_key(first))
        score.first_run += bool((first_run.union(*(one.stops | one.warns for one in found[1:2]))) & set(one.named))


def _audited(table: Table, rows: pa.Table, key: str) -> set[str]:
    return {f"audit.{finding.check}" for finding in audit(table, rows, key)}


def _run(window: pa.Table, past: Sequence[PostNotes]) -> Found:
    return post_names(note_posts(window.select(COLUMNS), past), past)


def _between(posts: pa.Table, start: datetime, end: datetime) -> pa.Table:
    at = posts["created_at"]
    return posts.filter(pc.and_(pc.greater_equal(at, pa.scalar(start, at.type)), pc.less(at, pa.scalar(end, at.type))))


def _same_hours(notes: Sequence[PostNotes], number: int, least: int) -> list[PostNotes]:
    """Notes of the same hour of up to ``POST_PAST`` days before, oldest first, none of before the ``least``-th hour."""
    return [notes[number - 24 * back] for back in range(POST_PAST, 0, -1) if number - 24 * back >= least]


def printed(score: Score, seeds: Sequence[int]) -> str:
    """The report."""
    lines = [f"{len(score.tried)} classes of defects × {len(seeds)} seeds ({seeds[0]} to {seeds[-1]})", ""]
    for key in score.tried:
        table, name, severity = key
        rate = f"{score.caught[key]}/{score.tried[key]}"
        warns = " (warns)" if score.warned[key] else ""
        missed = f"   missed: {dict(score.misnamed[key])}" if key in score.misnamed else ""
        lines.append(f"  {table:11} {name:42} {severity:58} {rate:>7}{warns}{missed}")
    lines.append("")
    for table in dict.fromkeys(table for table, _, _ in score.tried):
        keys = [key for key in score.tried if key[0] == table]
        caught, tried = sum(score.caught[key] for key in keys), sum(score.tried[key] for key in keys)
        warned = sum(score.warned[key] for key in keys)
        lines.append(
            f"  {table:11} {len(keys):3d} classes: {caught:4d} of {tried:4d} caught ({caught / tried:.1%}), {warned} of them by a warning"
        )
    caught, tried = sum(score.caught.values()), sum(score.tried.values())
    lines.append(f"  {'all':11} {len(score.tried):3d} classes: {caught:4d} of {tried:4d} caught ({caught / tried:.2%})")
    blocked = caught - sum(score.warned.values())
    lines.append(f"  {blocked} of them ({blocked / tried:.2%}) stop what comes after, the others warn")
    if any(table == "posts" for table, _, _ in score.tried):
        lines.append(f"  of posts {score.first_run} by the run of the first damaged hour already")
    lines.append("")
    told = ", ".join(f"{name} {count}" for name, count in score.clean.items())
    lines.append(f"  {len(score.false_alarms)} alarms on {sum(score.clean.values())} clean partitions ({told})")
    lines += [f"    {alarm}" for alarm in score.false_alarms]
    lines.append(f"  {len(score.false_warnings)} warnings on them")
    lines += [f"    {alarm}" for alarm in score.false_warnings]
    for name, partitions in score.events.items():
        stopped, warned = dict(score.stopped_events.get(name, {})), dict(score.warned_events.get(name, {}))
        alarms = f"{sum(stopped.values())} alarms {stopped or ''} and {sum(warned.values())} warnings {warned or ''}"
        lines.append(f"  {name}: {alarms} on {partitions}")
    lines += [f"  {name}: {seconds / len(seeds):.3f} CPU s" for name, seconds in score.seconds.items()]
    return "\n".join(lines)


def main() -> None:
    """Print the score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=101, help="seeds below 100 were used in development")
    parser.add_argument("--only", choices=["retail", "posts"])
    parser.add_argument("--each", action="store_true", help="print the whole score after each seed")
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    score = Score()
    for number, seed in enumerate(seeds):
        if arguments.only != "posts":
            retail(seed, score, DEFECTS)
        if arguments.only != "retail":
            posts(seed, score, POST_DEFECTS)
        caught, tried = sum(score.caught.values()), sum(score.tried.values())
        print(f"seed {seed}: so far {caught} of {tried} caught, {len(score.false_alarms)} false alarms", file=sys.stderr, flush=True)
        if arguments.each:
            print(printed(score, seeds[: number + 1]), flush=True)
    if not arguments.each:
        print(printed(score, seeds))


if __name__ == "__main__":
    main()
