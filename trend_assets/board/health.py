"""Is it fresh, complete, and did its checks pass? What the board and the digest say of the data themselves.

What belongs here: results of checks from Dagster's storage, alerts, how far data reach. What doesn't: running checks
(``trend-assets check``), Streamlit.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trend_assets.settings import Settings

LATE_HOURS = 3.0
"""Hours beyond the sealing delay after which an hourly table counts as late; daily tables have a day more."""
MOST_ALERTS = 20


@dataclass(frozen=True)
class CheckResult:
    """The last result of one asset check: ``passed``, ``warned`` or ``failed``."""

    asset: str
    name: str
    state: str
    at: datetime
    message: str


def check_results() -> list[CheckResult]:
    """The last result of every check that ever ran, by asset and name, the ones that did not pass first.

    Read from the event log of Dagster's instance (``DAGSTER_HOME``), so the code location need not be loaded.

    Raises:
        OSError: no instance is configured, or it cannot be read; the message says why.
    """
    if not os.environ.get("DAGSTER_HOME"):
        raise OSError("DAGSTER_HOME is not set")
    import dagster as dg
    from sqlalchemy import func, select
    from sqlalchemy.exc import SQLAlchemyError

    try:
        storage: Any = dg.DagsterInstance.get().event_log_storage
        from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status
        from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable as Executions

        # a check that is planned, in a run that is going, has no result yet: the one before it is its last
        newest = select(func.max(Executions.c.id)).where(Executions.c.execution_status != Status.PLANNED.value)
        newest = newest.group_by(Executions.c.asset_key, Executions.c.check_name)
        columns = (Executions.c.asset_key, Executions.c.check_name, Executions.c.evaluation_event)
        with storage.index_connection() as connection:
            rows = connection.execute(select(*columns).where(Executions.c.id.in_(newest))).fetchall()
    except (SQLAlchemyError, dg.DagsterError, AttributeError, ImportError) as error:
        raise OSError(f"Dagster's event log cannot be read ({type(error).__name__})") from error
    found = [_result(asset_key, name, event) for asset_key, name, event in rows]
    order = {"failed": 0, "warned": 1, "passed": 2}
    return sorted(found, key=lambda one: (order[one.state], one.asset, one.name))


def _result(asset_key: str, name: str, event: str) -> CheckResult:
    from dagster._core.events.log import EventLogEntry
    from dagster._serdes import deserialize_value

    entry = deserialize_value(event, EventLogEntry)
    evaluation: Any = entry.get_dagster_event().event_specific_data
    severity = evaluation.severity.value if evaluation.severity else "ERROR"
    state = "passed" if evaluation.passed else "warned" if severity == "WARN" else "failed"
    at = datetime.fromtimestamp(entry.timestamp, UTC)
    return CheckResult("/".join(json.loads(asset_key)), name, state, at, evaluation.description or "")


@dataclass(frozen=True)
class AlertLine:
    """One alert: when, and one line a person understands."""

    at: str
    words: str


def newest_alerts(settings: Settings, most: int = MOST_ALERTS) -> list[AlertLine]:
    """The newest alerts first; damaged lines are passed over, none where none was ever raised.

    Raises:
        OSError: the file cannot be read.
    """
    from trend_assets.operations.alerts import alerts_file, read_alerts

    found = [alert for alert in read_alerts(alerts_file(settings)) if isinstance(alert, dict)]
    return [AlertLine(str(alert.get("raised_at", "")), str(alert.get("text", ""))) for alert in found[-most:][::-1]]


def late(path_partition: str, hours_behind: float, seal_after_hours: int) -> bool:
    """Whether a table that ends ``hours_behind`` hours ago is later than it should be; ``path_partition`` is hour or day."""
    allowed = seal_after_hours + 1 + LATE_HOURS + (24 if path_partition == "day" else 0)
    return hours_behind > allowed
