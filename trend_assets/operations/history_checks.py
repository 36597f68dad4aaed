"""Checks of published partitions against the table's own past: which partitions are read, what stops and what warns.

What belongs here: reading days of retail tables and windows of posts, accepted changes, the verdict per check. What doesn't: the facts
and the rule (``lib/quality``), what Dagster is told (``defs/*/checks.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from trend_assets.lake.lake import Lake
from trend_assets.lib.quality.facts import LEAST_PAST, Alarm
from trend_assets.operations.accepted import accepted_changes, since_by_check
from trend_assets.operations.stopping import Checks, known_days, record_judged, stopping_days
from trend_assets.partitions import day_key, end_of_hour, hour_key
from trend_assets.tables import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

    from trend_assets.lib.quality.retail_day import RetailDay

BLOCKING_DAYS = 7
"""Newest days of a run whose alarms stop what comes after; those of older days of a long run are told."""
UNUSUAL = "unusual"
"""The check of each retail table that tells the warnings of all others: what waits for blocking checks must not wait for warnings."""
_SHOWN = 5


@dataclass(frozen=True)
class Verdict:
    """What a check says of the judged partitions: alarms by partition key, those that stop what comes after and those that warn."""

    stopping: Mapping[str, Sequence[Alarm]] = field(default_factory=dict)
    warnings: Mapping[str, Sequence[Alarm]] = field(default_factory=dict)
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing alarmed."""
        return not (self.stopping or self.warnings)

    @property
    def blocks(self) -> bool:
        """Whether something stops what comes after."""
        return bool(self.stopping)

    @property
    def keys(self) -> list[str]:
        """Partitions with alarms, newest first, those that stop before those that warn."""
        return [*sorted(self.stopping, reverse=True), *sorted(self.warnings, reverse=True)]

    @property
    def message(self) -> str:
        """The alarms in words, in the order of ``keys``."""
        shown = [
            f"{key}: {alarm.message}"
            for alarms in (self.stopping, self.warnings)
            for key in sorted(alarms, reverse=True)
            for alarm in alarms[key]
        ]
        more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        return f"{'; '.join(shown[:_SHOWN])}{more}{self.note}" if shown else self.note


NOTHING = Verdict(note="nothing has been published yet")


def retail_verdicts(lake: Lake, keys: Sequence[str]) -> dict[tuple[str, str], Verdict]:
    """Verdicts by table name and check on the days ``keys``, without any on the newest published day; what fails is kept in the lake.

    Days that stopped before are judged again with every run until their alarms are gone, by repaired data or an acceptance: a clean
    day after them lifts nothing. A day that fails a check is no past of the days after it in that check. Once it is lifted, the days
    that it is a past of from now on are judged again: they may have been judged by what was wrong in it.

    A first load (from the first published day on, and none of its days was judged before) has no past that anyone relied on: its
    alarms warn, and its days say what is usual. Those of a long run's days before its newest ``BLOCKING_DAYS`` warn as well.
    """
    from trend_assets.lib.quality.retail_checks import CHECKS
    from trend_assets.lib.quality.retail_day import PAST_DAYS, TABLE_NAMES
    from trend_assets.lib.quality.retail_facts import judge_days

    published = sorted({date.fromisoformat(key) for name in TABLE_NAMES for key in lake.partitions(TABLES[f"retail/{name}"])})
    known = known_days(lake.storage)
    removed = set(known.failed) - set(published)
    asked = sorted({date.fromisoformat(key) for key in keys} & set(published)) if keys else published[-1:]
    judged = {*asked, *(set(known.stopping) & set(published))}
    if not judged:
        record_judged(lake.storage, removed, {})
        return {(name, check): NOTHING for name, checks in CHECKS.items() for check in checks}
    since = since_by_check(accepted_changes(lake.storage), "retail")
    first_load = asked[:1] == published[:1] and not known.covers(asked)
    usual = set(asked) if first_load else set()

    def judge() -> dict[date, dict[str, list[Alarm]]]:
        return judge_days(_retail_days(lake, _with_past(published, judged, PAST_DAYS)), judged, since, known.failed, usual)

    found = judge()
    may_stop = set() if first_load else set(asked[-BLOCKING_DAYS:])
    lifted = [published.index(day) for day in judged if known.failed.get(day, Checks()) - _failed(found[day])]
    if later := {day for at in lifted for day in published[at + 1 : at + 1 + PAST_DAYS]} - judged:
        judged |= later
        found = judge()
    mended = {(name, check) for day in judged for name, check in known.failed.get(day, Checks()) - _failed(found[day])}
    stopping: dict[date, set[tuple[str, str]]] = {day: set() for day in judged}
    verdicts = {}
    for name, checks in CHECKS.items():
        for check in checks:
            stops: dict[str, list[Alarm]] = {}
            warns: dict[str, list[Alarm]] = {}
            for day, tables in found.items():
                # a later day that had a mended one as its past may stop for what was mended, unless it had failed that as it was
                again = day in later and (name, check) in mended - known.failed.get(day, Checks())
                stops_here = again or day in may_stop or (name, check) in known.stopping.get(day, ())
                for alarm in tables[name]:
                    if alarm.check == check:
                        (stops if stops_here and not alarm.warns else warns).setdefault(day_key(day), []).append(alarm)
                if day_key(day) in stops:
                    stopping[day].add((name, check))
            note = " (a first load: it warns, and stops nothing)" if warns and first_load else ""
            verdicts[name, check] = Verdict(stops, warns, note)
    told = {day: _failed(found[day]) - stopping[day] for day in judged - usual}
    record_judged(lake.storage, judged | removed, {day: Checks(checks) for day, checks in stopping.items()}, told)
    return verdicts


def _failed(found: Mapping[str, Sequence[Alarm]]) -> Checks:
    """Tables and checks of the alarms that are more than warnings."""
    return Checks((name, alarm.check) for name, alarms in found.items() for alarm in alarms if not alarm.warns)


def _with_past(published: Sequence[date], judged: Collection[date], days: int) -> list[date]:
    """The judged days, and as many as ``days`` published before each: not all that lie between an old one and a new one."""
    at = {published.index(day) for day in judged}
    return [day for number, day in enumerate(published) if any(number + back in at for back in range(days + 1))]


def without_warnings(verdicts: Mapping[tuple[str, str], Verdict]) -> dict[tuple[str, str], Verdict]:
    """The verdicts with what stops alone, and one more for each table that tells all of its warnings.

    Dagster's automation conditions take a warning of a blocking check for its failure.
    """
    told: dict[tuple[str, str], Verdict] = {}
    for (name, check), verdict in verdicts.items():
        told[name, check] = Verdict(verdict.stopping, note="" if verdict.warnings else verdict.note)
        warnings = {key: list(alarms) for key, alarms in told.get((name, UNUSUAL), Verdict()).warnings.items()}
        for key, alarms in verdict.warnings.items():
            warnings.setdefault(key, []).extend(replace(alarm, message=str(alarm)) for alarm in alarms)
        note = verdict.note if verdict.warnings else told.get((name, UNUSUAL), Verdict()).note
        told[name, UNUSUAL] = Verdict(warnings=warnings, note=note)
    return told


def _retail_days(lake: Lake, days: Sequence[date]) -> Iterator[RetailDay]:
    from trend_assets.lib.quality.retail_day import TABLE_NAMES, RetailDay

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

    The hours are one window, compared with the same hours of each of the ``PAST_DAYS`` days before. Where they hold few posts, the
    day up to them is a second one: what is rare shows in a day. Of very many posts every n-th is looked at. A first load warns, as
    in ``retail_verdicts``.
    """
    from trend_assets.lib.quality.post_facts import CHANGED, DAMAGE, FEW_POSTS

    table = TABLES["social/raw_posts"]
    published = lake.partitions(table)
    hours = sorted(set(keys) & set(published))[-24:] if keys else published[-1:]
    if not hours:
        return dict.fromkeys((*DAMAGE, *CHANGED), NOTHING)
    newest = end_of_hour(hours[-1])
    hours = [key for key in hours if end_of_hour(key) > newest - timedelta(days=1)]
    windows = [hours]
    if sum(manifest.rows for manifest in lake.manifests(table, hours).values() if manifest is not None) < FEW_POSTS:
        day = [key for key in published if newest - timedelta(days=1) < end_of_hour(key) <= newest]
        windows += [day] if len(day) > len(hours) else []
    stops: dict[str, list[Alarm]] = {}
    warns: dict[str, list[Alarm]] = {}
    for window in windows:
        alarms, past_days = _judge_window(lake, window, published)
        relied_on = past_days >= LEAST_PAST and (not keys or published[0] < min(keys))
        for alarm in alarms:
            (stops if relied_on and not alarm.warns else warns).setdefault(alarm.check, []).append(alarm)
    key = hours[-1]
    return {
        check: Verdict({key: stops[check]} if check in stops else {}, {key: warns[check]} if check in warns else {})
        for check in (*DAMAGE, *CHANGED)
    }


def _judge_window(lake: Lake, hours: Sequence[str], published: Sequence[str]) -> tuple[list[Alarm], int]:
    """Alarms of a window of hours, and how many days before have the same hours."""
    from trend_assets.lib.quality.post_facts import PAST_DAYS, PostNotes, judge_posts, note_posts

    newest = end_of_hour(hours[-1])
    since = {check: days for (name, check), days in since_by_check(accepted_changes(lake.storage), "social").items() if name == "raw_posts"}
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
    today = (newest - timedelta(hours=1)).date()
    usual = {check: max((day for day in accepted if day <= today), default=date.min) for check, accepted in since.items()}
    skipped = [check for check, first in usual.items() if first == today]
    alarms = judge_posts(notes[-1], notes[:-1], skipped, {check: sum(day >= first for day in past) for check, first in usual.items()})
    return alarms, len(past)


def stopped_by(lake: Lake) -> str:
    """Which days of retail tables stop what comes after, and by which checks, in words; empty where none does."""
    days = stopping_days(lake.storage)
    told = [f"{day} ({', '.join(sorted(f'retail/{name} {check}' for name, check in days[day]))})" for day in sorted(days)]
    return f"stopped by {', '.join(told)}: deliver again, or see docs/checks.md to accept" if told else ""


def _posts(lake: Lake, keys: Sequence[str]) -> pa.Table:
    """Posts of the hours, thinned hour by hour so that a day of a large lake fits in memory."""
    import pyarrow as pa

    from trend_assets.lib.quality.post_facts import COLUMNS, sampled

    table = TABLES["social/raw_posts"]
    parts = [sampled(lake.read(table, [key], columns=list(COLUMNS))) for key in keys]
    return sampled(pa.concat_tables(parts))
