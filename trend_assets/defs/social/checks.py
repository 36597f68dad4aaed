"""Checks of the social group: the blocking ones generated from the declarations, and warnings that need judgement.

What belongs here: checks of this group's assets. What doesn't: the audit (``lib/quality``), columns (``tables/``).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pyarrow.compute as pc

from trend_assets.declared import asset_key, declared_checks, history_result, warning_check
from trend_assets.lake.lake import Lake
from trend_assets.lib.quality import signals
from trend_assets.lib.quality.post_facts import CHANGED, DAMAGE, MAY_STOP
from trend_assets.partitions import end_of_hour
from trend_assets.resources import LakeResource, keys_in_run
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

LATE_HOURS = 48
DAY, WEEK = 24, 7 * 24

audits = [declared_checks(path) for path, table in TABLES.items() if table.group == "social"]


@dg.multi_asset_check(
    name="raw_posts_history",
    specs=[
        dg.AssetCheckSpec(check, asset=asset_key("social/raw_posts"), description=text, blocking=check in MAY_STOP)
        for check, text in {**DAMAGE, **CHANGED}.items()
    ],
    can_subset=True,
)
def history(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> Iterator[dg.AssetCheckResult]:
    """The newest hours of the run against the same hours of two weeks: a broken feed stops, a changed one warns."""
    from trend_assets.operations.history_checks import post_verdicts

    for check, verdict in post_verdicts(lake.get(), keys_in_run(context.run.tags, TABLES["social/raw_posts"])).items():
        if dg.AssetCheckKey(asset_key("social/raw_posts"), check) in context.selected_asset_check_keys:
            yield history_result("social/raw_posts", check, verdict)


def _newest(lake: Lake, path: str, hours: int, skip: int = 0) -> list[str]:
    keys = lake.partitions(TABLES[path])
    end = len(keys) - skip
    return keys[max(end - hours, 0) : max(end, 0)]


@warning_check("social/raw_posts", "freshness", f"The newest hour is at most {LATE_HOURS} hours behind the clock, or the end of the lake.")
def freshness(lake: Lake) -> signals.Signal:
    """Compare the newest published hour with now, or with LAKE_END where that is past."""
    settings, keys = load_settings(), lake.partitions(TABLES["social/raw_posts"])
    expected = min(datetime.now(UTC), settings.lake_end or datetime.max.replace(tzinfo=UTC)) - timedelta(hours=settings.seal_after_hours)
    return signals.freshness(end_of_hour(keys[-1]) if keys else None, expected, LATE_HOURS)


@warning_check("social/raw_posts", "null_rates", "Optional fields are filled as often as the week before.")
def null_rates(lake: Lake) -> signals.Signal:
    """Compare null shares of the last day with the week before."""
    path, table = "social/raw_posts", TABLES["social/raw_posts"]
    columns = [column.name for column in table.columns if column.nullable]
    return signals.null_rates(
        lake.read(table, _newest(lake, path, DAY), columns=columns), lake.read(table, _newest(lake, path, WEEK, skip=DAY), columns=columns)
    )


@warning_check("social/landing_counts", "duplicate_rate", "Few of the last day's records repeat a post already seen.")
def duplicate_rate(lake: Lake) -> signals.Signal:
    """Share of duplicates among the last day's records."""
    path = "social/landing_counts"
    return signals.duplicate_share(lake.read(TABLES[path], _newest(lake, path, DAY)))


@warning_check("social/landing_counts", "quarantine_rate", "Few of the last day's records are quarantined.")
def quarantine_rate(lake: Lake) -> signals.Signal:
    """Share of quarantined records among the last day's records."""
    path = "social/landing_counts"
    return signals.quarantine_share(lake.read(TABLES[path], _newest(lake, path, DAY)))


@warning_check("social/term_counts", "accounting", "Every count record that landed in the last day is a row.")
def counts_are_rows(lake: Lake) -> signals.Signal:
    """Set the rows against the accounting of landing: a record without term, interval or number is counted there and has no row."""
    from trend_assets.landing.term_counts import count_records

    keys = _newest(lake, "social/landing_counts", DAY)
    landed = int(pc.sum(count_records(lake, keys)["records"]).as_py() or 0)
    rows = lake.read(TABLES["social/term_counts"], keys, columns=["term"]).num_rows
    return signals.coverage(rows, landed, "count records that landed tell term, interval and number", 1.0)


@warning_check("social/term_counts", "coverage", "No hour is missing between a term's first and last count of the last day.")
def every_hour_is_counted(lake: Lake) -> signals.Signal:
    """Hours that nobody counted, within what was counted at all."""
    from trend_assets.lib.sources.term_counts import hours_counted

    counts = lake.read(
        TABLES["social/term_counts"], _newest(lake, "social/term_counts", DAY), columns=["network", "term", "query", "begins_at"]
    )
    return signals.coverage(*hours_counted(counts), "hours of the terms were counted", 1.0)
