"""The checks that warn of topics, over a small lake: what they read, and what they say of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from trend_assets.defs.topics import checks
from trend_assets.lake.lake import Lake
from trend_assets.partitions import hour_key
from trend_assets.resources import LakeResource, publish_parts
from trend_assets.tables import TABLES

START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 7
CHECKS = (checks.topic_sizes, checks.unassigned_posts, checks.registry_churn)


def hours_of_topics(hour: datetime, counts: dict[str, int]) -> pa.Table:
    zero = dict.fromkeys(("reposts", "authors", "near_duplicate_groups", "french_posts", "english_posts"), 0)
    return TABLES["topics/topic_hours"].from_rows(
        {"hour": hour, "topic_id": topic, "posts": posts, "top_author_share": 0.0, **zero} for topic, posts in counts.items()
    )


def assignments(hour: datetime, posts: int) -> pa.Table:
    return TABLES["topics/topic_assignments"].from_rows(
        {"post_id": f"{hour}-{number}", "network": "x", "created_at": hour, "topic_id": "t", "assigned_by": "cluster", "similarity": 1.0}
        for number in range(posts)
    )


def clean(hour: datetime, posts: int) -> pa.Table:
    table, lists = TABLES["social/clean_posts"], {}
    for field in table.schema:
        lists[field.name] = [] if pa.types.is_list(field.type) else ("" if pa.types.is_string(field.type) else 0)
    fixed = {"created_at": hour, "captured_at": hour, "kind": "post", "licence_class": "own", "network": "x", "reposted_post": None}
    return table.from_rows({**lists, **fixed, "post_id": f"{hour}-{number}"} for number in range(posts))


def run(check: dg.AssetChecksDefinition, folder: Path) -> dg.AssetCheckResult:
    result = check(lake=LakeResource(root=str(folder)))
    assert isinstance(result, dg.AssetCheckResult)
    assert result.severity == dg.AssetCheckSeverity.WARN
    return result


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name if hasattr(check, "name") else str(check))
def test_an_empty_lake_passes_and_says_so(check, tmp_path: Path) -> None:
    result = run(check, tmp_path)
    assert result.passed
    assert result.description == "nothing has been published yet"


def test_one_topic_of_the_first_hours_already_is_a_warning(tmp_path: Path) -> None:
    lake, table = Lake(str(tmp_path)), TABLES["topics/topic_hours"]
    publish_parts(lake, table, hours_of_topics(START, {"a": 300, "b": 20}), [hour_key(START)], {})
    result = run(checks.topic_sizes, tmp_path)
    assert not result.passed
    assert "one topic of 2 holds 94%" in (result.description or "")


def test_posts_that_stay_without_a_topic_are_seen_from_row_counts(tmp_path: Path) -> None:
    """A week of hours of which every third has posts; on the last day hardly any finds a topic."""
    lake, hours = Lake(str(tmp_path)), [START + timedelta(hours=number) for number in range(0, 24 * DAYS, 3)]
    hours.append(START + timedelta(hours=24 * DAYS - 1))
    keys = [hour_key(hour) for hour in hours]
    found = [2 if hour >= START + timedelta(days=DAYS - 1) else 32 + number % 5 for number, hour in enumerate(hours)]
    publish_parts(lake, TABLES["social/clean_posts"], pa.concat_tables([clean(hour, 40) for hour in hours]), keys, {})
    assigned = pa.concat_tables([assignments(hour, count) for hour, count in zip(hours, found, strict=True)])
    publish_parts(lake, TABLES["topics/topic_assignments"], assigned, keys, {})
    result = run(checks.unassigned_posts, tmp_path)
    assert not result.passed
    assert "posts without a topic" in (result.description or "")
