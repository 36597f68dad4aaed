"""Checks of the social group: the blocking ones generated from the declarations, and warnings that need judgement.

What belongs here: checks of this group's assets. What doesn't: the audit (``lib/quality``), columns (``tables/``).
"""

from datetime import UTC, datetime, timedelta

from trend_assets.declared import declared_checks, warning_check
from trend_assets.lake import Lake
from trend_assets.lib.quality import signals
from trend_assets.partitions import end_of_hour
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

LATE_HOURS = 48
DAY, WEEK = 24, 7 * 24

audits = [declared_checks(path) for path, table in TABLES.items() if table.group == "social"]


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


@warning_check("social/clean_posts", "language_mix", "Languages of the last day are those of the week before.")
def language_mix(lake: Lake) -> signals.Signal:
    """Compare language shares of the last day with the week before."""
    path, table = "social/clean_posts", TABLES["social/clean_posts"]
    current = lake.read(table, _newest(lake, path, DAY), columns=["language"])
    reference = lake.read(table, _newest(lake, path, WEEK, skip=DAY), columns=["language"])
    return signals.language_mix(current["language"], reference["language"])


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
