"""From X's counts over real HTTP to terms that break out: collected, landed, decoded, judged, checked; and what it cost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from trend_assets.collect.source import Batch, Received
from trend_assets.collect.x.budget import Purse
from trend_assets.collect.x.ledger import Ledger
from trend_assets.collect.x.rules import Rule
from trend_assets.collect.x.spending import rule_outcomes, rule_portfolio
from trend_assets.defs.social import assets as social
from trend_assets.defs.social import checks
from trend_assets.defs.topics import assets as topics
from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import open_storage
from trend_assets.landing.files import LandingRecord, LandingWriter, list_landing
from trend_assets.partitions import hour_key
from trend_assets.resources import LakeIOManager, LakeResource
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets_tests.collect.x.server import LoopbackX, post
from trend_assets_tests.collect.x.shop import PRICES, collect, records, run, source

NOON = datetime.now(UTC).replace(hour=12, minute=5, second=0, microsecond=0) - timedelta(days=2)
"""The lake's partitions follow the clock."""
LAST = NOON.replace(minute=0) - timedelta(hours=1)
RULES = [Rule("bag", "bags", "topic-1"), Rule("shoe", "shoes")]


def of_hour(query: str, start: datetime) -> int:
    return 300 if query == "bag" and start >= LAST else 20 + start.hour % 3


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("TREND_ASSETS_DATA", str(tmp_path))
    load_settings.cache_clear()
    yield Lake(str(tmp_path / "lake"))
    load_settings.cache_clear()


def land(found: list[Received], moment: datetime) -> None:
    settings = load_settings()
    writer = LandingWriter(open_storage(settings.landing_root), lake_start=settings.lake_start)
    writer.add_many(LandingRecord("x", "x", moment, one.request_id, one.kind, one.body, one.includes, one.created_at) for one in found)
    writer.flush()


def collected(lake: Lake, moments: list[datetime]) -> list[Received]:
    """One collector that counts at each moment, its cursor handed on; records landed when they were received."""

    async def main() -> list[Received]:
        found, cursor = [], None
        async with LoopbackX().running() as server:
            server.count_of, server.page_size = of_hour, 60
            server.posts = [post(number, f"bag {number}", LAST + timedelta(seconds=12 * number)) for number in range(300)]
            for moment in moments:
                ledger = Ledger(lake, PRICES)
                held = Purse(PRICES, ledger, lambda now=moment: now, a_day=None, a_month=None)
                hour = f"{moment:%Y-%m-%dT%H}"
                made = source(server, "counts", rules=RULES, clock=lambda now=moment: now, of=held, sample_posts=60)
                items = await collect(made, lambda items, hour=hour: f'"counted":"{hour}' in (items[-1].cursor or ""), cursor=cursor)
                cursor = next(item.cursor for item in reversed(items) if isinstance(item, Batch))
                land(records(items), moment)
                found += records(items)
        return found

    return run(main())


def seal(hours: list[datetime]) -> None:
    """Run the assets from landing to term bursts over the hours, as the job does: through the I/O manager and its audit."""
    settings = load_settings()
    resources = {"lake": LakeResource(root=settings.lake_root), "io_manager": LakeIOManager(root=settings.lake_root)}
    tags = {"dagster/asset_partition_range_start": hour_key(hours[0]), "dagster/asset_partition_range_end": hour_key(hours[-1])}
    made = [social.raw_posts, social.term_counts, topics.term_bursts]
    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize(made, instance=instance, resources=resources, tags=tags).success


def test_counts_of_x_become_terms_that_break_out_and_samples_and_costs_tell_of_their_rule(lake):
    found = collected(lake, [NOON, NOON + timedelta(hours=1)])
    settings = load_settings()
    touched = sorted(list_landing(open_storage(settings.landing_root)))
    seal([touched[0] + timedelta(hours=number) for number in range((touched[-1] - touched[0]) // timedelta(hours=1) + 1)])

    counts = lake.read(TABLES["social/term_counts"])
    assert counts.num_rows == sum(one.kind == "count" for one in found) == 2 * (168 + 1)
    bursts = [row for row in lake.read(TABLES["topics/term_bursts"]).to_pylist() if row["breaks_out"]]
    assert {row["term"] for row in bursts} == {"bags"}
    first = min(bursts, key=lambda row: row["begins_at"])
    assert (first["begins_at"], first["hour"], first["topic_id"], first["query"]) == (LAST, NOON.replace(minute=0), "topic-1", "bag")
    for check in (checks.counts_are_rows, checks.every_hour_is_counted):
        assert check(lake=LakeResource(root=settings.lake_root)).passed

    # Posts of the sample say by which rule they were bought; the ledger says what for.
    posts = lake.read(TABLES["social/raw_posts"]).to_pylist()
    assert posts
    assert all(row["matching_rules"] == ["bags"] for row in posts)
    now = NOON + timedelta(hours=2)
    by_rule = {one.rule: one for one in rule_outcomes(lake, NOON - timedelta(days=1), now)}
    assert by_rule["bags"].posts == len(posts)
    assert by_rule["bags"].cost > by_rule["bags"].counting == by_rule["shoes"].cost > 0
    held = {one.rule: one for one in rule_portfolio(lake, now, PRICES.per_post, 10.0)}
    assert (held["shoes"].kept, held["shoes"].why) == (True, "counted, no post bought yet")
    assert not any(one.kept for one in rule_portfolio(lake, now, PRICES.per_post, 0.0))
    costs = lake.read(TABLES["social/collection_costs"]).to_pylist()
    assert {row["request_kind"] for row in costs} == {"counts_recent", "search_recent"}
    assert {row["topic_id"] for row in costs if row["rule"] == "bags"} == {"topic-1"}


def test_a_count_that_no_row_can_be_made_of_and_an_hour_that_nobody_counted_are_warned_of(lake):
    def bucket(hour: int, tag: str | None) -> Received:
        start = NOON.replace(minute=0) - timedelta(hours=hour)
        body = {"start": f"{start:%Y-%m-%dT%H:00:00Z}", "end": f"{start + timedelta(hours=1):%Y-%m-%dT%H:00:00Z}", "tweet_count": 5}
        includes = None if tag is None else json.dumps({"matching_rules": [{"tag": tag}]}).encode()
        return Received(json.dumps(body).encode(), "count", None, includes, "x/counts_recent")

    resource = LakeResource(root=load_settings().lake_root)
    assert checks.counts_are_rows(lake=resource).passed  # nothing there yet
    assert checks.every_hour_is_counted(lake=resource).passed
    land([bucket(1, "bags"), bucket(2, None), bucket(4, "bags")], NOON)
    seal([NOON])
    told = checks.counts_are_rows(lake=resource)
    assert not told.passed
    assert told.description.startswith("2 of 3 count records")
    told = checks.every_hour_is_counted(lake=resource)
    assert not told.passed
    assert told.description.startswith("2 of 4 hours")


def test_a_late_file_of_counts_is_taken_in_by_the_run_that_takes_in_late_posts(lake):
    from trend_assets.landing.late_files import LATE_TABLES

    assert "social/term_counts" in LATE_TABLES
    collected(lake, [NOON])
    seal([NOON])
    before = lake.read(TABLES["social/term_counts"]).num_rows
    body = json.dumps({"start": f"{LAST:%Y-%m-%dT%H:00:00Z}", "end": f"{LAST + timedelta(hours=1):%Y-%m-%dT%H:00:00Z}", "tweet_count": 9})
    land([Received(body.encode(), "count", None, b'{"matching_rules":[{"tag":"late"}]}', "x/counts_recent")], NOON)
    seal([NOON])
    assert lake.read(TABLES["social/term_counts"]).num_rows == before + 1


def test_a_term_added_later_or_asked_otherwise_brings_its_week_and_others_only_what_is_new():
    async def main():
        counted = []
        async with LoopbackX().running() as server:
            server.count_of = of_hour
            cursor = None
            plans = [[Rule("bag", "bags")], [Rule("bag", "bags"), Rule("hat", "hats")], [Rule("bag OR sac", "bags"), Rule("hat", "hats")]]
            for hours, rules in enumerate(plans):
                moment = NOON + timedelta(hours=hours)
                made = source(server, "counts", rules=rules, clock=lambda now=moment: now)
                hour = f"{moment:%Y-%m-%dT%H}"
                items = await collect(made, lambda items, hour=hour: f'"counted":"{hour}' in (items[-1].cursor or ""), cursor=cursor)
                cursor = items[-1].cursor
                tags = [json.loads(one.includes)["matching_rules"][0] for one in records(items)]
                counted.append({rule.tag: sum(tag["tag"] == rule.tag for tag in tags) for rule in rules})
                assert all(tag["value"] in {rule.value for rule in rules} for tag in tags)
        return counted

    assert run(main()) == [{"bags": 168}, {"bags": 1, "hats": 168}, {"bags": 168, "hats": 1}]
