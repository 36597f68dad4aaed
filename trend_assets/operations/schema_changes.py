"""Changes of the retailer's columns as operators meet them: the record with what was accepted, and the verdict of the check.

What belongs here: joining the record of sources with accepted changes, the verdict. What doesn't: comparing columns
(``lib/retail/drift.py``), keeping the record (``retail/seen.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from trend_assets.lake.storage import Storage, open_storage
from trend_assets.operations.accepted import Accepted, accepted_changes
from trend_assets.retail.seen import CHECK, SeenSchema, SeenSources, described, recorded, short

if TYPE_CHECKING:
    import dagster as dg

    from trend_assets.settings import Settings

SHOWN = 20
SHOWN_FOR = timedelta(days=14)
"""How long a change that costs rows or columns keeps its check warning."""


@dataclass(frozen=True)
class SchemaVerdict:
    """Whether the sources of a table are as they were: ``stopped`` loads wait for somebody, ``lessened`` ones went on with less."""

    stopped: tuple[SeenSchema, ...]
    lessened: tuple[SeenSchema, ...]
    changes: tuple[SeenSchema, ...]

    @property
    def message(self) -> str:
        """What to read first."""
        return "; ".join(described(schema) for schema in (*self.stopped, *self.lessened)) or "columns mean what they meant before"


def sources_seen(settings: Settings, now: datetime) -> SeenSources:
    """The record of sources of the settings' data folder, with what was accepted."""
    accepted = schemas_accepted(accepted_changes(open_storage(settings.lake_root)))
    return SeenSources(open_storage(f"{settings.data}/retail_landing"), lambda: now, accepted)


def schemas_accepted(changes: list[Accepted]) -> dict[str, dict[str, date]]:
    """By retail table, the names of changes of its columns that were accepted, each with the first day for which it is."""
    accepted: dict[str, dict[str, date]] = {}
    for one in changes:
        group, _, name = one.table.partition("/")
        if group == "retail" and one.check == CHECK:
            days = accepted.setdefault(name, {})
            days[one.change] = min(one.since, days.get(one.change, date.max))
    return accepted


def waiting_days(seen: SeenSources, table_name: str) -> set[date]:
    """The days from which on changes of a table's columns stop loads and wait for somebody."""
    accepted = seen.accepted.get(table_name, {})
    return {schema.since for schema in recorded(seen.storage, table_name) if schema.stops and schema.waiting(accepted)}


def changes_to_accept(seen: SeenSources, table_name: str, since: date, chosen: Collection[str] = ()) -> list[str]:
    """The names of changes that stop loads of a table from that day on: those ``chosen`` by their six letters, else the only one.

    Raises ``ValueError`` where there is none, one that was chosen is not among them, nothing was chosen of several, or one is none
    that can be accepted, saying what to do instead.
    """
    accepted = seen.accepted.get(table_name, {})
    stops = [schema for schema in recorded(seen.storage, table_name) if schema.stops and schema.since >= since]
    changes = {name: (schema, change) for schema in stops for name, change in schema.waiting(accepted).items()}
    waiting = {name: f"{schema.name}: {change.what}" for name, (schema, change) in changes.items()}
    by_letters = {short(name): name for name in waiting}
    shown = "; ".join(f"--change {short(name)} {what}" for name, what in waiting.items())
    if not waiting:
        raise ValueError(f"no change of columns of retail/{table_name} waits to be accepted since {since}")
    if untold := [what for name, what in waiting.items() if changes[name][1].kind == "untold"]:
        raise ValueError(f"{untold[0]} was recorded by an earlier version: load once more, then accept what that stop names")
    if unknown := [letters for letters in chosen if letters not in by_letters]:
        raise ValueError(f"no change {unknown[0]} of retail/{table_name} waits to be accepted since {since}; there are: {shown}")
    if not chosen and len(waiting) > 1:
        raise ValueError(f"several changes of retail/{table_name} wait: say which are right. {shown}")
    names = [by_letters[letters] for letters in chosen] or list(waiting)
    for name in names:
        _, change = changes[name]
        if not change.acceptable:
            raise ValueError(
                f"{waiting[name]}: {change.column} cannot be accepted as it is, no row could be read without it. Bring it back in the "
                "export, or map another column or a constant in its place; then load again"
            )
    return names


def schema_verdict(storage: Storage, table_name: str, accepted: Mapping[str, Mapping[str, date]], now: datetime) -> SchemaVerdict:
    """The verdict on one table. A stop holds until each of its changes was accepted, or its source was put right."""
    schemas = recorded(storage, table_name)
    stopped = [schema for schema in schemas if schema.stops and schema.waiting(accepted.get(table_name, {}))]
    lessened = [schema for schema in schemas if schema.level == "quarantine" and now - schema.seen_at <= SHOWN_FOR]
    return SchemaVerdict(tuple(stopped), tuple(lessened), tuple(schema for schema in schemas if schema.changes))


def verdict_result(seen: SeenSources, table_name: str) -> dg.AssetCheckResult:
    """The verdict on one table as Dagster's result: an error where a load waits, a warning where one went on with less."""
    import dagster as dg

    verdict = schema_verdict(seen.storage, table_name, seen.accepted, seen.now())
    newest = [
        {"seen at": f"{schema.seen_at:%Y-%m-%d %H:%M}", "source": schema.name, **change.as_dict()}
        for schema in verdict.changes[-SHOWN:]
        for change in schema.changes
    ]
    return dg.AssetCheckResult(
        check_name=CHECK,
        asset_key=["retail", table_name],
        passed=not verdict.stopped and not verdict.lessened,
        severity=dg.AssetCheckSeverity.ERROR if verdict.stopped else dg.AssetCheckSeverity.WARN,
        description=verdict.message,
        metadata={"changes recorded": len(verdict.changes), "newest changes": dg.MetadataValue.json(newest)},
    )
