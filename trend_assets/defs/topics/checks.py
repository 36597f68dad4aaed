"""Checks of the topics group: the blocking ones generated from the declarations, and warnings that need judgement.

What belongs here: checks of this group's assets. What doesn't: the audit (``lib/quality``), columns (``tables/``).
"""

from datetime import datetime, timedelta

from trend_assets.declared import declared_checks, warning_check
from trend_assets.lake.lake import Lake
from trend_assets.lib.quality import signals
from trend_assets.partitions import end_of_hour, hour_key, hours_between
from trend_assets.tables import TABLES

NOTHING = signals.Signal(True, "nothing has been published yet")

audits = [declared_checks(path) for path, table in TABLES.items() if table.group == "topics"]


@warning_check("topics/topic_assignments", "join_coverage", "Every assigned post of the last day is a clean post.")
def assignment_coverage(lake: Lake) -> signals.Signal:
    """Share of the last day's assignments whose post is in clean_posts."""
    from trend_assets.lib.tables import matches

    table = TABLES["topics/topic_assignments"]
    keys, columns = lake.partitions(table)[-24:], ["network", "post_id"]
    assignments = lake.read(table, keys, columns=columns)
    found = matches(assignments, lake.read(TABLES["social/clean_posts"], keys, columns=columns), columns)
    return signals.coverage(len(found) - found.null_count, len(found), "assignments have a clean post", 1.0)


@warning_check(
    "topics/topic_hours", "drift", "Topics and their posts by hour, languages and copies of the last day are as on the days before."
)
def drift(lake: Lake) -> signals.Signal:
    """Compare the last day with up to 28 days before, all columns at one alarm level; names the column and category."""
    from trend_assets.lib.quality.drift import judge
    from trend_assets.lib.quality.drift_windows import topic_columns

    found = _days_of(lake, "topics/topic_hours")
    if found is None:
        return NOTHING
    end, days, keys = found
    columns = ["hour", "posts", "french_posts", "near_duplicate_groups"]
    return judge(topic_columns(lake.read(TABLES["topics/topic_hours"], keys, columns=columns), end, days))


def _days_of(lake: Lake, path: str) -> tuple[datetime, int, list[str]] | None:
    """End of the newest hour of a table, how many days before it are published whole, and their hours; None before the first."""
    from trend_assets.lib.quality.drift_windows import whole_days

    published = lake.partitions(TABLES[path])
    if not published:
        return None
    end = end_of_hour(published[-1])
    days = whole_days(end_of_hour(published[0]) - timedelta(hours=1), end)
    return end, days, [hour_key(hour) for hour in hours_between(end - timedelta(days=days), end)]


def _rows(lake: Lake, path: str, keys: list[str]) -> dict[int, int]:
    """Rows of each hour since 1970, from manifests."""
    manifests = lake.manifests(TABLES[path], keys)
    return {int(end_of_hour(key).timestamp()) // 3600 - 1: manifest.rows if manifest else 0 for key, manifest in manifests.items()}


@warning_check("topics/topic_hours", "topic_sizes", "No topic swallows the others: sizes of the last day are as on the days before.")
def topic_sizes(lake: Lake) -> signals.Signal:
    """Half of the day's posts in one topic, or a largest topic or an unevenness that past days did not have."""
    from trend_assets.lib.quality.drift import judge
    from trend_assets.lib.quality.topic_windows import size_columns, swallowed

    found = _days_of(lake, "topics/topic_hours")
    if found is None:
        return NOTHING
    end, days, keys = found
    counted = lake.read(
        TABLES["topics/topic_hours"], keys or lake.partitions(TABLES["topics/topic_hours"]), columns=["hour", "topic_id", "posts"]
    )
    return swallowed(counted, end) or judge(size_columns(counted, end, days))


@warning_check("topics/topic_assignments", "unassigned_posts", "As many posts of the last day are in no topic as on the days before.")
def unassigned_posts(lake: Lake) -> signals.Signal:
    """Compare the share of clean posts without a topic with past days, of the whole day and by hour of the day."""
    from trend_assets.lib.quality.drift import judge
    from trend_assets.lib.quality.topic_windows import unassigned_columns

    found = _days_of(lake, "topics/topic_assignments")
    if found is None:
        return NOTHING
    end, days, keys = found
    return judge(unassigned_columns(_rows(lake, "social/clean_posts", keys), _rows(lake, "topics/topic_assignments", keys), end, days))


@warning_check("topics/topic_events", "registry_churn", "Topics are born, die, merge and split as often as on the days before.")
def registry_churn(lake: Lake) -> signals.Signal:
    """Compare events of the last day, by topic alive and hour, with past days."""
    from trend_assets.lib.quality.drift import judge
    from trend_assets.lib.quality.topic_windows import churn_columns

    found = _days_of(lake, "topics/topics")
    if found is None:
        return NOTHING
    end, days, keys = found
    events = lake.read(TABLES["topics/topic_events"], keys, columns=["hour", "event"])
    return judge(churn_columns(events, _rows(lake, "topics/topics", keys), end, days))
