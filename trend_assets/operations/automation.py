"""When an asset should be up to date: automation conditions and freshness policies by declared table.

What belongs here: rules that follow from a table's declaration. What doesn't: schedules and sensors (``defs/automation.py``,
``defs/social/sensors.py``), which hours and days are due (``operations/sealing.py``).

The sealed lane and the retail tables run by schedule; what is made from both for a day runs by one condition, because it waits
for data, not for a time.
"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from trend_assets.landing.late_files import LATE_TABLES
from trend_assets.lib.live.health import STALE_SECONDS
from trend_assets.settings import load_settings
from trend_assets.tables import Table

DAILY_TABLES = (
    "demand/product_trend_links",
    "demand/unserved_trends",
    "demand/trend_markets",
    "demand/segment_customers",
    "demand/sales_uplifts",
    "demand/naive_alerts",
    "demand/lead_time_scores",
    "demand/demand_features",
    "demand/demand_forecasts",
    "demand/card_regrets",
    "demand/decision_cards",
)
"""Tables made for each closed day from its trends and its retail tables. The last one is waited for: buyers wait for the cards."""

SEALED_TABLES = ("topics/trends", "influencers/influencer_rankings")
"""Tables in which sealing an hour ends; freshness is asked of them, because late posts rebuild the others at any time."""

LIVE_ROWS = ("topics/live_trends", "influencers/live_rankings")
"""Tables that the live lane replaces as a whole: where they do not change any more, it has stopped."""

DEADLINE = "0 9 * * *"
"""By when (UTC) the day before is there: it is sealed at two, its retail tables are read at three."""


def daily_condition() -> dg.AutomationCondition:
    """Make a day once it is closed and everything it is made from is there; make it again when that was rebuilt.

    In the words of its parts, for a day's partition:

    * *closed*: it is not the day under way;
    * *complete*: of no upstream table a partition is missing, for hourly ones all 24 hours, and none is being made. An hour
      without posts is materialized when it is sealed (with no rows), so it holds nothing up;
    * *new or rebuilt*: it has never been made, or something it is made from was made again since it was last made or asked for,
      except the tables that late posts rebuild: they come at any time of the day and change no trend;
    * *trusted*: no blocking check of a table it is made from failed or is being run (of retail tables such a check fails until every
      day that stopped is delivered again or accepted: a clean day lifts nothing); one that never ran holds nothing up.

    It asks once: a day whose run failed is not asked for again before something it is made from is made again.
    """
    condition = dg.AutomationCondition
    late = dg.AssetSelection.assets(*(path.split("/") for path in LATE_TABLES))
    new = condition.missing().newly_true().with_label("never made")
    rebuilt = condition.any_deps_updated().ignore(late).with_label("made from something that was made again")
    handled = (condition.newly_requested() | condition.newly_updated()).with_label("asked for or made")
    complete = ~condition.any_deps_missing() & ~condition.any_deps_in_progress() & ~condition.in_progress()
    # while a run makes the next day its planned checks hide what the ones before found
    unsure = condition.check_failed() | condition.in_progress() | condition.execution_failed()
    failing = condition.any_checks_match(unsure, blocking_only=True)
    trusted = ~condition.any_deps_match(failing).with_label("a blocking check of what it is made from failed")
    waiting = (new | rebuilt).since(handled).with_label("new or rebuilt")
    # A lake of the past (LAKE_END) has closed days only; one that grows has a partition for the day under way, its newest.
    due = waiting & complete & trusted
    if not load_settings().lake_end:
        due = ~condition.in_latest_time_window() & due
    return due.with_label("daily_of_closed_day")


def condition_of(table: Table) -> dg.AutomationCondition | None:
    """The automation condition of the table's asset; ``None`` where a schedule, a sensor or a person starts it."""
    return daily_condition() if table.path in DAILY_TABLES else None


def freshness_of(table: Table) -> dg.FreshnessPolicy | None:
    """The freshness policy of the table's asset; ``None`` where nothing new is expected.

    Live rows: warns when none was published for a quarter of an hour, fails after half an hour; the live sensor has them judged
    anew every ten minutes, so a quiet lake stays fresh, and one that was never live has no state. Sealed hours: warns when none
    was sealed for three hours, fails after six. Retail and daily tables: fail when the day before is not there at nine. A lake of
    the past (``LAKE_END`` is set) is not expected to grow; without retail tables there are no daily ones.
    """
    settings = load_settings()
    if settings.lake_end is not None:
        return None
    if table.path in LIVE_ROWS:
        return dg.FreshnessPolicy.time_window(
            fail_window=timedelta(seconds=2 * STALE_SECONDS), warn_window=timedelta(seconds=STALE_SECONDS)
        )
    if table.path in SEALED_TABLES:
        return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=6), warn_window=timedelta(hours=3))
    made_daily = table.path in DAILY_TABLES or (table.group == "retail" and table.partition == "day")
    if made_daily and settings.retail_mapping is not None:
        return dg.FreshnessPolicy.cron(deadline_cron=DEADLINE, lower_bound_delta=timedelta(hours=9))
    return None
