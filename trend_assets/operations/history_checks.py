"""Checks of published partitions against the table's own past: which partitions are read, what stops and what warns.

What belongs here: reading days of retail tables and windows of posts, accepted changes, the verdict per check. What doesn't: the facts
and the rule (``lib/quality``), what Dagster is told (``defs/*/checks.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from trend_assets.lake.lake import Lake
from trend_assets.lib.quality.facts import LEAST_PAST, Alarm
from trend_assets.operations.accepted import accepted_changes, since_by_check
from trend_assets.partitions import day_key, end_of_hour, hour_key
from trend_assets.tables import TABLES

if TYPE_CHECKING:
    import dagster as dg
    import pyarrow as pa

    from trend_assets.lib.quality.retail_facts import RetailDay

BLOCKING_DAYS = 7
"""Newest days of a run whose alarms stop what comes after; those of older days of a long run are told."""
_SHOWN = 5


@dataclass(frozen=True)
class Verdict:
    """What a check says of the judged partitions: alarms by partition key, and whether they stop what comes after."""

    alarms: Mapping[str, Sequence[Alarm]]
    blocks: bool
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing alarmed."""
        return not self.alarms

    @property
    def message(self) -> str:
        """The newest alarms in words."""
        shown = [f"{key}: {alarm.message}" for key in sorted(self.alarms, reverse=True) for alarm in self.alarms[key]]
        more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        return f"{'; '.join(shown[:_SHOWN])}{more}{self.note}" if shown else self.note


NOTHING = Verdict({}, False, "nothing has been published yet")


def retail_verdicts(lake: Lake, keys: Sequence[str]) -> dict[tuple[str, str], Verdict]:
    """Verdicts by table name and check on the days ``keys``, without any on the newest published day.

    A first load (no day was published before the run's first one) has no past that anyone relied on: its alarms warn.
    """
    from trend_assets.lib.quality.retail_facts import CHECKS, PAST_DAYS, TABLE_NAMES, judge_days

    published = sorted({date.fromisoformat(key) for name in TABLE_NAMES for key in lake.partitions(TABLES[f"retail/{name}"])})
    judged = sorted({date.fromisoformat(key) for key in keys} & set(published)) if keys else published[-1:]
    if not judged:
        return {(name, check): NOTHING for name, checks in CHECKS.items() for check in checks}
    first = next(number for number, day in enumerate(published) if day == judged[0])
    past = published[max(first - PAST_DAYS, 0) : first]
    since = since_by_check(accepted_changes(lake.storage), "retail")
    found = judge_days(_retail_days(lake, [*past, *(day for day in published if judged[0] <= day <= judged[-1])]), set(judged), since)
    stopping = set(judged[-BLOCKING_DAYS:]) if past else set()
    verdicts = {}
    for name, checks in CHECKS.items():
        for check in checks:
            alarms = {
                day_key(day): mine for day, tables in found.items() if (mine := [alarm for alarm in tables[name] if alarm.check == check])
            }
            blocks = any(date.fromisoformat(key) in stopping for key in alarms)
            note = " (a first load: it warns, and stops nothing)" if alarms and not past else ""
            verdicts[name, check] = Verdict(alarms, blocks, note)
    return verdicts


def _retail_days(lake: Lake, days: Sequence[date]) -> Iterator[RetailDay]:
    from trend_assets.lib.quality.retail_facts import TABLE_NAMES, RetailDay

    declared = {name: TABLES[f"retail/{name}"] for name in TABLE_NAMES}
    quarantine = TABLES["retail/quarantined_records"]
    known = {name: set(lake.partitions(table)) for name, table in {**declared, "quarantine": quarantine}.items()}
    for day in days:
        key = day_key(day)
        tables = {name: lake.read(table, [key]) for name, table in declared.items() if key in known[name]}
        refused: Counter[str] = Counter()
        if key in known["quarantine"]:
            refused.update(lake.read(quarantine, [key], columns=["table_name"])["table_name"].to_pylist())
        yield RetailDay(day, {name: tables.get(name, declared[name].empty()) for name in TABLE_NAMES}, refused)


def post_verdicts(lake: Lake, keys: Sequence[str]) -> dict[str, Verdict]:
    """Verdicts by check on raw posts of the hours ``keys`` (at most the newest day of them), without any on the newest hour.

    The hours are one window, compared with the same hours of each of the ``PAST_DAYS`` days before. Of a window of very many posts
    every n-th is looked at. A first load warns, as in ``retail_verdicts``.
    """
    from trend_assets.lib.quality.post_facts import CHANGED, DAMAGE, PAST_DAYS, PostNotes, judge_posts, note_posts

    table = TABLES["social/raw_posts"]
    published = lake.partitions(table)
    hours = sorted(set(keys) & set(published))[-24:] if keys else published[-1:]
    if not hours:
        return dict.fromkeys((*DAMAGE, *CHANGED), NOTHING)
    newest = end_of_hour(hours[-1])
    hours = [key for key in hours if end_of_hour(key) > newest - timedelta(days=1)]
    since = {check: day for (name, check), day in since_by_check(accepted_changes(lake.storage), "social").items() if name == "raw_posts"}
    notes: list[PostNotes] = []
    days: list[date] = []
    available = set(published)
    for back in range(PAST_DAYS, -1, -1):
        shifted = [hour_key(end_of_hour(key) - timedelta(hours=1 + 24 * back)) for key in hours]
        if back and not all(key in available for key in shifted):
            continue
        notes.append(note_posts(_posts(lake, shifted), list(notes)))
        days.append(end_of_hour(shifted[-1]).date() if back else newest.date())
    past = days[:-1]
    accepted = {check: sum(day >= first for day in past) for check, first in since.items()}
    skipped = [check for check, first in since.items() if first == (newest - timedelta(hours=1)).date()]
    alarms = judge_posts(notes[-1], notes[:-1], skipped, accepted)
    relied_on = len(past) >= LEAST_PAST and (not keys or published[0] < min(keys))
    verdicts = {}
    for check in (*DAMAGE, *CHANGED):
        mine = [alarm for alarm in alarms if alarm.check == check]
        verdicts[check] = Verdict({hours[-1]: mine} if mine else {}, bool(mine) and check in DAMAGE and relied_on)
    return verdicts


def stopped_by(instance: dg.DagsterInstance) -> str:
    """Which checks of retail tables against their past failed and stop what comes after, in words; empty where none does."""
    import dagster as dg

    from trend_assets.lib.quality.retail_facts import CHECKS
    from trend_assets.operations.alerts import failing_checks

    keys = [dg.AssetCheckKey(dg.AssetKey(["retail", name]), check) for name, checks in CHECKS.items() for check in checks]
    failing = failing_checks(instance, keys)
    return f"stopped by {', '.join(failing)}: deliver again, or see docs/checks.md to accept" if failing else ""


def _posts(lake: Lake, keys: Sequence[str]) -> pa.Table:
    """Posts of the hours, thinned hour by hour so that a day of a large lake fits in memory."""
    import pyarrow as pa

    from trend_assets.lib.quality.post_facts import COLUMNS, sampled

    table = TABLES["social/raw_posts"]
    parts = [sampled(lake.read(table, [key], columns=list(COLUMNS))) for key in keys]
    return sampled(pa.concat_tables(parts))
