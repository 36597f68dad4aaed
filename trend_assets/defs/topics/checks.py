"""Checks of the topics group: the blocking ones generated from the declarations, and warnings that need judgement.

What belongs here: checks of this group's assets. What doesn't: the audit (``lib/quality``), columns (``tables/``).
"""

from datetime import timedelta

from trend_assets.declared import declared_checks, warning_check
from trend_assets.lake.lake import Lake
from trend_assets.lib.quality import signals
from trend_assets.partitions import end_of_hour, hour_key, hours_between
from trend_assets.tables import TABLES

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
    from trend_assets.lib.quality.drift_windows import topic_columns, whole_days

    table, published = TABLES["topics/topic_hours"], lake.partitions(TABLES["topics/topic_hours"])
    if not published:
        return signals.Signal(True, "nothing has been published yet")
    end = end_of_hour(published[-1])
    days = whole_days(end_of_hour(published[0]) - timedelta(hours=1), end)
    keys = [hour_key(hour) for hour in hours_between(end - timedelta(days=days), end)]
    return judge(topic_columns(lake.read(table, keys, columns=["hour", "posts", "french_posts", "near_duplicate_groups"]), end, days))
