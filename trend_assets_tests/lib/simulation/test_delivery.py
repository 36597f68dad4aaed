"""The town's social network: what is delivered equals its own ledger and reads as the real thing."""

from __future__ import annotations

import json
import re
from collections import Counter

import pyarrow.compute as pc
import pytest

from trend_assets.lib.simulation.delivery import Town
from trend_assets.lib.simulation.town import TownParameters
from trend_assets_tests.lib.simulation.conftest import Delivered


def _posts(delivered: Delivered) -> list[dict]:
    bodies = [json.loads(body) for batch in delivered.batches if not batch.broken for body in batch.bodies]
    return [body["data"] for body in bodies if "text" in body.get("data", {})]


def test_every_record_is_in_the_ledger(small_town: Delivered) -> None:
    delivered = sum(len(batch.bodies) for batch in small_town.batches)
    assert delivered == sum(small_town.town.ledger.totals().values())
    assert set(small_town.town.ledger.totals()) == {"post", "repost", "duplicate", "deletion", "quarantined", "ignored"}
    broken = sum(len(batch.bodies) for batch in small_town.batches if batch.broken)
    assert broken == small_town.town.ledger.totals()["quarantined"] > 50


def test_every_record_that_is_not_broken_on_purpose_is_one_json_object_on_one_line(small_town: Delivered) -> None:
    for batch in small_town.batches:
        for body in batch.bodies:
            if not batch.broken:
                assert isinstance(json.loads(body), dict)
                assert b"\n" not in body


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(small_town: Delivered) -> None:
    parameters = small_town.town.parameters
    again, _ = Town(parameters).deliver(0)
    assert [batch.bodies for batch in again] == [batch.bodies for batch in small_town.batches[: len(again)]]
    other, _ = Town(TownParameters(days=12, posts=12_000, seed=6)).deliver(0)
    assert not set(other[0].bodies) & set(again[0].bodies)


def test_chatter_outnumbers_trend_posts_ten_to_one() -> None:
    town = Town(TownParameters())
    planted = {trend.trend_id: count for trend, count in zip(town.trends, town._planner.trend_posts(), strict=True)}
    trend_posts = sum(count for trend, count in planted.items() if next(t for t in town.trends if t.trend_id == trend).kind != "news")
    background = 0.03 * town.parameters.posts
    assert town.parameters.posts - trend_posts - background >= 10 * trend_posts


def test_planted_counts_are_what_was_posted(small_town: Delivered) -> None:
    landed = small_town.truth.filter(pc.and_(small_town.truth["landed"], pc.is_null(small_town.truth["edit_of"])))
    counted = Counter(trend for trend in landed["trend_id"].to_pylist() if trend)
    assert counted == small_town.town.posts_by_trend
    kinds = {trend.trend_id: trend.kind for trend in small_town.town.trends}
    assert {kinds[trend] for trend in counted} >= {
        "organic",
        "lifestyle",
        "fad",
        "seasonal",
        "giveaway",
        "bots",
        "resale",
        "collision",
        "news",
    }


def test_texts_are_varied_except_where_people_copy(small_town: Delivered) -> None:
    kinds = {trend.trend_id: trend.kind for trend in small_town.town.trends}
    truth = {row["post_id"]: row for row in small_town.truth.to_pylist()}
    original = [post for post in _posts(small_town) if "referenced_tweets" not in post and len(post["edit_history_tweet_ids"]) == 1]
    texts = {post["id"]: post["text"] for post in original}
    ordinary = [text for post, text in texts.items() if kinds.get(truth[post]["trend_id"]) not in ("giveaway", "bots", "resale")]
    assert len(set(ordinary)) / len(ordinary) > 0.93
    copied = [text for post, text in texts.items() if kinds.get(truth[post]["trend_id"]) in ("giveaway", "bots")]
    assert len({re.sub(r"\W|\d", "", text.lower()) for text in copied}) / len(copied) < 0.5


def test_a_third_of_the_posts_is_french_and_a_fifth_on_bluesky(small_town: Delivered) -> None:
    languages = Counter(small_town.truth["language"].to_pylist())
    networks = Counter(small_town.truth["network"].to_pylist())
    rows = small_town.truth.num_rows
    assert languages["fr"] / rows == pytest.approx(0.3, abs=0.06)
    assert networks["bluesky"] / rows == pytest.approx(0.2, abs=0.06)


def test_entities_point_at_their_words(small_town: Delivered) -> None:
    checked = Counter()
    for post in _posts(small_town):
        for hashtag in post.get("entities", {}).get("hashtags", ()):
            assert post["text"][hashtag["start"] : hashtag["end"]] == f"#{hashtag['tag']}"
            checked["hashtag"] += 1
        for mention in post.get("entities", {}).get("mentions", ()):
            assert post["text"][mention["start"] : mention["end"]] == f"@{mention['username']}"
            checked["mention"] += 1
    assert min(checked["hashtag"], checked["mention"]) > 100


def test_snowflakes_tell_the_time_of_the_post_and_are_unique(small_town: Delivered) -> None:
    truth = small_town.truth.filter(pc.equal(small_town.truth["network"], "x"))
    ids = [int(post) for post in truth["post_id"].to_pylist()]
    times = [int(time.timestamp() * 1000 + 0.5) for time in truth["created_at"].to_pylist()]
    assert len(set(ids)) == len(ids)
    assert all((post >> 22) + 1_288_834_974_657 == time for post, time in zip(ids, times, strict=True))


def test_posts_refer_to_earlier_posts_of_the_same_network(small_town: Delivered) -> None:
    created = {row["post_id"]: row["created_at"] for row in small_town.truth.to_pylist() if row["network"] == "x"}
    references = [(post["id"], post["referenced_tweets"][0]["id"]) for post in _posts(small_town) if "referenced_tweets" in post]
    assert len(references) > 1_000
    assert all(created[target] < created[post] for post, target in references)


def test_the_outage_swallows_posts_of_x_only(small_town: Delivered) -> None:
    first, last = small_town.town.parameters.outage
    lost = small_town.truth.filter(pc.invert(small_town.truth["landed"])).to_pylist()
    assert len(lost) == small_town.town.lost_posts > 0
    assert {row["network"] for row in lost} == {"x"}
    received = [time for batch in small_town.batches if batch.network == "x" for time in batch.received_at]
    assert not [time for time in received if first <= time < last]


@pytest.mark.parametrize(("days", "posts"), [(1, 1), (1, 50), (3, 900)])
def test_tiny_towns_work(days: int, posts: int) -> None:
    town = Town(TownParameters(days=days, posts=posts))
    delivered = sum(len(batch.bodies) for day in range(days) for batch in town.deliver(day)[0])
    assert delivered == sum(town.ledger.totals().values())


def test_parameters_that_make_no_town_are_refused() -> None:
    with pytest.raises(ValueError, match="midnight"):
        TownParameters(start=TownParameters().start.replace(hour=3))
    with pytest.raises(ValueError, match="at least one day"):
        TownParameters(days=0)
