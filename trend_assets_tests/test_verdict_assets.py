"""What the assets hand on to the methods: the accounts that act together to the rankings, the catalogue to relevance."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from trend_assets.defs.influencers import coordination
from trend_assets.defs.topics import assets as topics
from trend_assets.lake.lake import Lake
from trend_assets.lib.influence.interactions import interactions
from trend_assets.lib.live.batches import of_hour
from trend_assets.lib.relevance import lanes
from trend_assets.operations.catalogue import catalogues
from trend_assets.partitions import day_key, hour_key
from trend_assets.resources import Published
from trend_assets.tables import TABLES
from trend_assets_tests.lib.coordination.posts import START, post, tables, talk

HOUR = timedelta(hours=1)
DAY_AGO = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
"""The lake's partitions follow the clock."""


class Holder:
    """Stands in for ``LakeResource``."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    def get(self) -> Lake:
        return self.lake


def made(asset: dg.AssetsDefinition, lake: Lake, hour: datetime) -> dict[str, pa.Table]:
    """What an asset returns for an hour."""
    kept: dict[str, pa.Table] = {}

    class Keeper(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
            kept["/".join(context.asset_key.path)] = obj.data if isinstance(obj, Published) else obj

        def load_input(self, context: dg.InputContext) -> None:
            raise NotImplementedError

    resources = {"lake": dg.ResourceDefinition.hardcoded_resource(Holder(lake)), "io_manager": Keeper()}
    assert dg.materialize([asset], partition_key=hour_key(hour), resources=resources, instance=dg.DagsterInstance.ephemeral()).success
    return kept


def test_accounts_that_act_together_weigh_less_in_the_rankings_of_the_hour(tmp_path: Path) -> None:
    dice = random.Random(4)

    def reposts(account: str, at: float, whose: str, number: int) -> dict[str, Any]:
        return post(account, at, "RT", kind="repost", reposted_post=f"{whose} {number}", reposted_author=whose)

    together = [reposts(f"booster {n}", 3600 * (14 + k) + dice.random() * 30, "pushed", k) for k in range(10) for n in range(12)]
    by_chance = [reposts(f"fan {n}", 3600 * (14 + k) + dice.random() * 3600, "liked", k) for k in range(10) for n in range(12)]
    clean, assignments = tables([*talk(300, 2400, 24), *together, *by_chance])
    clean = clean.set_column(
        clean.schema.get_field_index("created_at"),
        clean.schema.field("created_at"),
        pa.array([moment + (DAY_AGO - START) for moment in clean["created_at"].to_pylist()], clean.schema.field("created_at").type),
    )
    lake, hour, acts = Lake(str(tmp_path)), DAY_AGO + 23 * HOUR, TABLES["influencers/interactions"]
    for number in range(24):
        key, posts = hour_key(DAY_AGO + number * HOUR), of_hour(clean, DAY_AGO + number * HOUR)
        lake.publish(TABLES["social/clean_posts"], {key: posts})
        lake.publish(acts, {key: acts.conform(interactions(posts, assignments))})
    found = made(coordination.coordination, lake, hour)
    assert found["influencers/coordinated_groups"]["verdict"].to_pylist().count("coordinated") == 1
    score = {row["author"]: row["score"] for row in found["influencers/influencer_rankings"].to_pylist()}
    assert score["liked"] > 10  # twelve accounts, each worth nearly one
    assert score["pushed"] < 2  # twelve that act as one are worth one


def product(day: datetime, name: str) -> pa.Table:
    row = {"day": day.date(), "product_id": name, "product_name": name, "category": "melons", "data_origin": "simulated"}
    return TABLES["retail/products"].from_rows([row])


def test_an_hour_is_judged_by_the_newest_catalogue_of_two_to_nine_days_before(tmp_path: Path) -> None:
    lake, table = Lake(str(tmp_path)), TABLES["retail/products"]
    for back in (1, 4, 9, 10):
        day = DAY_AGO - timedelta(days=back)
        lake.publish(table, {day_key(day.date()): product(day, f"{back} days before")})

    def known(moment: datetime) -> list[str]:
        return [name for one in catalogues(lake, [moment]).values() for name in one["product_name"].to_pylist()]

    assert known(DAY_AGO + 5 * HOUR) == ["4 days before"]
    assert known(DAY_AGO - timedelta(days=3)) == ["9 days before"]
    assert known(DAY_AGO + timedelta(days=1)) == ["1 days before"]
    assert known(DAY_AGO - timedelta(days=9)) == []
    assert set(catalogues(lake, [DAY_AGO + 23 * HOUR, DAY_AGO + 24 * HOUR])) == {DAY_AGO, DAY_AGO + 24 * HOUR}


def test_trends_hand_the_catalogue_to_relevance_also_in_an_hour_without_posts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake, day = Lake(str(tmp_path)), DAY_AGO - timedelta(days=2)
    lake.publish(TABLES["retail/products"], {day_key(day.date()): product(day, "charentais")})
    given: list[dict[datetime, pa.Table]] = []
    real = lanes.relevance_by_day

    def spy(*arguments: Any, **options: Any) -> pa.Table:
        given.append(options["catalogues"])
        return real(*arguments, **options)

    monkeypatch.setattr(lanes, "relevance_by_day", spy)
    assert made(topics.trends, lake, DAY_AGO + HOUR)["topics/trends"].num_rows == 0
    assert [one[DAY_AGO]["product_name"].to_pylist() for one in given] == [["charentais"]]
