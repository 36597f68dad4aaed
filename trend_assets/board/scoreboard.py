"""Were we right before? Verdicts on earlier alerts by our own sales, beside what naive methods would have said.

What belongs here: which rows of ``demand.lead_time_scores`` count on a day, and two examples of it. What doesn't: verdicts
(``lib/demand/lead_time.py``), counting and comparing (``lib/demand/track_records.py``), their sentences (``sentences.py``), other queries
(``data.py``).
"""

from __future__ import annotations

from datetime import date, timedelta

from trend_assets.board.data import Queryable, Row, ask_rows
from trend_assets.lib.demand.track_records import COLUMNS, CategoryRecord, track_records

LOOK_BACK_DAYS = 365

_DECIDED = f"""
select {", ".join(COLUMNS)} from demand.lead_time_scores
where day > ? and day <= ? and outcome in ('hit', 'late', 'miss', 'false_alarm')
"""  # noqa: S608 - our own names
_EXAMPLE = """
select * from demand.lead_time_scores
where method = 'trends' and outcome = ? and day > ? and day <= ?
order by day desc, ratio desc, score_id limit 1
"""


def records(warehouse: Queryable, day: date, days: int = LOOK_BACK_DAYS) -> list[CategoryRecord]:
    """Of each category with a decided alert or a rise, ours beside the simple methods', as known at the end of ``day``."""
    return track_records(ask_rows(warehouse, _DECIDED, day - timedelta(days=days), day))


def examples(warehouse: Queryable, day: date, days: int = LOOK_BACK_DAYS) -> tuple[Row | None, Row | None]:
    """The newest hit and the newest miss of our trends; a false alarm in place of a miss where there was none."""
    first = day - timedelta(days=days)
    newest = {outcome: ask_rows(warehouse, _EXAMPLE, outcome, first, day) for outcome in ("hit", "miss", "false_alarm")}
    return next(iter(newest["hit"]), None), next(iter(newest["miss"] or newest["false_alarm"]), None)
