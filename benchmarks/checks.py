"""Checks against injected defects: how many are caught by a check that names them, and how often clean days alarm.

    python -m benchmarks.checks [--seeds N] [--first-seed N] [--only retail|posts] [--each]

What belongs here: injecting, counting, printing. What doesn't: the defects (``defects_retail.py``, ``defects_posts.py``), the checks
(``lib/quality``), fault injection into processes and disks (``faults.py``).

**When a defect counts as caught**, written down before anything was measured. The damaged files of the newest day go through what
every delivery goes through: decoding and mapping (rows may be refused), the audit of the declared tables, the checks of
``retail_facts`` against 28 past days of the same retailer. The defect is caught when a check fires *that its class names*: the list
``named`` beside each class, the checks a person would call sensible for it. Another check that fires as well, or first, changes
nothing and by itself counts as *misnamed*, not as caught. All counted checks of retail tables block; of posts the list ``DAMAGE``
blocks and ``CHANGED`` warns, and both are counted apart. Posts are damaged in the raw table, as its decoder would deliver them.

Clean partitions are days of towns without defects, each judged against its own past, a new user's first days included: 30 days of six
retail tables a seed, each seed at another time of the year, 12 days of posts. The files hold their usual dirt (a few refused rows,
counting errors), weekends, promotions, seasons, holidays, trends, stock-outs, bot waves and an outage of X.
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

from benchmarks.defects_posts import POST_DEFECTS, PostDefect, Window
from benchmarks.defects_retail import DEFECTS, Defect, Delivery, Frames, written
from trend_assets.lib.quality.audit import audit
from trend_assets.lib.quality.post_facts import COLUMNS, DAMAGE, PostNotes, judge_posts, note_posts
from trend_assets.lib.quality.post_facts import PAST_DAYS as POST_PAST
from trend_assets.lib.quality.retail_facts import FACTS_CHANGE_WITH, PAST_DAYS, TABLE_NAMES, DayNotes, RetailDay, judge_day, note_day
from trend_assets.lib.retail.decode import SourceFile, decode_file
from trend_assets.lib.retail.mapping import RetailMapping
from trend_assets.lib.retail.read import read_records
from trend_assets.lib.simulation.retail import open_retailer
from trend_assets.lib.simulation.retail_files import RetailFiles
from trend_assets.lib.simulation.town import TownParameters
from trend_assets.partitions import hours_between
from trend_assets.retail.files import MAPPINGS, load_mapping
from trend_assets.tables import TABLES

RETAIL_DAYS, POST_DAYS, POSTS_A_DAY = PAST_DAYS + 2, 12, 1_500
SNAPSHOTS = ("products", "stores")
POSTS = TABLES["social/raw_posts"]
_NULLABLE = pa.schema([field.with_nullable(True) for field in POSTS.schema])


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


def fired(day: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> set[str]:
    """Names (``table.check``) of what stops the day: findings of the audit, alarms of the checks."""
    names = {
        f"{name}.{finding.check}"
        for name in notes.facts
        for finding in audit(TABLES[f"retail/{name}"], day.tables[name], day.day.isoformat())
        if finding.severity == "error"
    }
    return names | {f"{name}.{alarm.check}" for name, alarms in judge_day(notes, earlier).items() for alarm in alarms}


@dataclass
class Score:
    """What was found: by class, how often caught, what else fired; alarms of clean partitions; seconds."""

    caught: Counter[tuple[str, str, str]]
    tried: Counter[tuple[str, str, str]]
    misnamed: dict[tuple[str, str, str], Counter[str]]
    warned: Counter[tuple[str, str, str]]
    clean: Counter[str]
    false_alarms: list[str]
    seconds: dict[str, float]
    by: Counter[str] = field(default_factory=Counter)

    @classmethod
    def empty(cls) -> Score:
        """Nothing tried."""
        return cls(
            Counter(), Counter(), {}, Counter(), Counter(), [], {"judging a day of retail tables": 0.0, "judging a day of posts": 0.0}
        )

    def count(self, key: tuple[str, str, str], named: Iterable[str], found: set[str], warns: bool = False) -> None:
        """Count one injected defect."""
        self.tried[key] += 1
        if found & set(named):
            self.caught[key] += 1
            self.by.update(sorted(found & set(named)))
            self.warned[key] += warns
        else:
            self.misnamed.setdefault(key, Counter()).update(sorted(found) or ["nothing"])


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
        score.false_alarms += [f"seed {seed}, {day.day}: {one}" for one in sorted(fired(day, notes[-1], notes[-PAST_DAYS - 1 : -1]))]
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


def posts(seed: int, score: Score, defects: Sequence[PostDefect], days: int = POST_DAYS, posts_a_day: int = POSTS_A_DAY) -> None:
    """Judge every clean day of posts of a seed, then inject each defect into the last."""
    table = raw_posts(seed, days, posts_a_day)
    of_day = pc.cast(table["created_at"], pa.date32())
    windows = [table.filter(pc.equal(of_day, pa.scalar((TownParameters.start + timedelta(days=day)).date()))) for day in range(days)]
    notes: list[PostNotes] = []
    started = time.process_time()
    for number, window in enumerate(windows):
        notes.append(note_posts(window.select(COLUMNS), notes[-POST_PAST:]))
        score.clean["posts"] += 1
        alarms = judge_posts(notes[-1], notes[-POST_PAST - 1 : -1])
        score.false_alarms += [f"seed {seed}, day {number + 1}: posts.{alarm}" for alarm in alarms]
    score.seconds["judging a day of posts"] += (time.process_time() - started) / len(windows)
    day = (TownParameters.start + timedelta(days=days - 1)).date()
    before = [window.to_pandas() for window in windows[-3:-1]]
    last = windows[-1].to_pandas()
    for number, one in enumerate(defects):
        window_ = Window(last.copy(), before, np.random.default_rng([seed, number]))
        one.damage(window_)
        data = pa.Table.from_pandas(window_.posts, schema=_NULLABLE, preserve_index=False, safe=False)
        found = {f"audit.{finding.check}" for finding in audit(replace(POSTS, partition="day"), data, day.isoformat())}
        if not found & {"audit.required"}:
            found |= {
                f"posts.{alarm.check}"
                for alarm in judge_posts(note_posts(data.select(COLUMNS), notes[-POST_PAST - 1 : -1]), notes[-POST_PAST - 1 : -1])
            }
        blocking = {name for name in found if name.startswith("audit.") or name.removeprefix("posts.") in DAMAGE}
        score.count(("posts", one.name, one.severity), one.named, found, warns=not blocking & set(one.named))


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
    lines.append("")
    told = ", ".join(f"{name} {count}" for name, count in score.clean.items())
    lines.append(f"  {len(score.false_alarms)} alarms on {sum(score.clean.values())} clean partitions ({told})")
    lines += [f"    {alarm}" for alarm in score.false_alarms]
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
    score = Score.empty()
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
