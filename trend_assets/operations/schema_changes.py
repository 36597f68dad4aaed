"""Changes of the retailer's columns as operators meet them: the record with what was accepted, and the verdict of the check.

What belongs here: joining the record of sources with accepted changes, the verdict. What doesn't: comparing columns
(``lib/retail/drift.py``), keeping the record (``retail/seen.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trend_assets.lake.storage import Storage, open_storage
from trend_assets.operations.accepted import Accepted, accepted_changes
from trend_assets.retail.seen import CHECK, SeenSchema, SeenSources, described, recorded

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
    accepted = moments_accepted(accepted_changes(open_storage(settings.lake_root)))
    return SeenSources(open_storage(f"{settings.data}/retail_landing"), lambda: now, accepted)


def moments_accepted(changes: list[Accepted]) -> dict[str, datetime]:
    """By retail table, the newest moment at which a change of its columns was accepted."""
    moments: dict[str, datetime] = {}
    for change in changes:
        group, _, name = change.table.partition("/")
        if group == "retail" and change.check == CHECK:
            moments[name] = max(change.accepted_at, moments.get(name, change.accepted_at))
    return moments


def schema_verdict(storage: Storage, table_name: str, accepted: Mapping[str, datetime], now: datetime) -> SchemaVerdict:
    """The verdict on one table. A stop holds until it was accepted, or its source was read again and did not stop."""
    schemas = recorded(storage, table_name)
    until = accepted.get(table_name)
    stopped = [
        schema
        for schema in schemas
        if schema.refused and not schema.mended and (until is None or schema.seen_at.replace(microsecond=0) > until)
    ]
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
