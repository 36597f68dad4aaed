"""The novelty of a topic's words: new words and bursting words are told from everyday ones, early, late and weekly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from trend_assets.lib.trends.terms import term_novelty

START = datetime(2026, 9, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def posts(counts: dict[str, list[int]], kind: str = "post") -> pa.Table:
    """``counts[word][h]`` posts an hour that say the word; a hashtag is written with #."""
    rows = [(START + HOUR * hour, word) for word, series in counts.items() for hour, number in enumerate(series) for _ in range(number)]
    return pa.table(
        {
            "created_at": pa.array([at for at, _ in rows], pa.timestamp("us", tz="UTC")),
            "kind": pa.array([kind] * len(rows)),
            "lemmas": pa.array([[] if word.startswith("#") else [word, word] for _, word in rows], pa.list_(pa.string())),
            "hashtags": pa.array([[word[1:]] if word.startswith("#") else [] for _, word in rows], pa.list_(pa.string())),
        }
    )


def topics(hour: int, *centres: list[str]) -> pa.Table:
    return pa.table(
        {
            "hour": pa.array([START + HOUR * hour] * len(centres), pa.timestamp("us", tz="UTC")),
            "topic_id": [f"t{number}" for number in range(len(centres))],
            "centre_terms": pa.array(list(centres), pa.list_(pa.string())),
        }
    )


CHATTER = [20] * (24 * 14)


def test_a_slow_new_word_is_new_and_an_everyday_word_is_not():
    linen = [0] * (24 * 10) + [2] * (24 * 4)
    found = term_novelty(topics(24 * 12, ["linen"], ["coffee"]), posts({"coffee": CHATTER, "linen": linen})).to_pylist()
    assert found[0]["term"] == "linen"
    assert found[0]["z"] > 5
    assert found[0]["p_value"] < 1e-4
    assert found[1]["z"] < 2
    assert found[1]["p_value"] > 0.05


def test_the_strongest_of_a_topics_terms_decides_and_a_hashtag_counts():
    tag = [0] * (24 * 13) + [3] * 24
    found = term_novelty(topics(24 * 14 - 1, ["coffee", "#linen"]), posts({"coffee": CHATTER, "#linen": tag})).to_pylist()
    assert found[0]["term"] == "#linen"
    assert found[0]["ratio"] > 10


def test_a_word_of_every_sunday_is_not_new_on_sunday():
    weekly = [5 if hour // 24 in (5, 12) else 0 for hour in range(24 * 14)]
    (found,) = term_novelty(topics(24 * 13 - 1, ["roast"]), posts({"coffee": CHATTER, "roast": weekly})).to_pylist()
    assert found["z"] < 2


@pytest.mark.parametrize("hour", [0, 23, 40])
def test_nothing_is_new_before_there_is_a_past(hour):
    (found,) = term_novelty(topics(hour, ["linen"]), posts({"coffee": CHATTER, "linen": [5] * 48})).to_pylist()
    assert (found["z"], found["p_value"]) == (0.0, 1.0)


def test_reposts_do_not_make_a_word_new():
    burst = posts({"linen": [0] * (24 * 13) + [9] * 24}, kind="repost")
    (found,) = term_novelty(topics(24 * 14 - 1, ["linen"]), pa.concat_tables([posts({"coffee": CHATTER}), burst])).to_pylist()
    assert found["z"] <= 0


def test_no_posts_no_topics_no_terms_and_topics_without_terms_are_defined():
    nothing = posts({})
    assert term_novelty(topics(5), nothing).num_rows == 0
    (found,) = term_novelty(topics(5, []), nothing).to_pylist()
    assert (found["term"], found["z"], found["p_value"]) == (None, 0.0, 1.0)


def test_a_range_equals_its_hours_one_by_one_whatever_the_order_of_posts():
    data = posts({"coffee": CHATTER, "linen": [0] * (24 * 10) + [2] * (24 * 4)})
    both = pa.concat_tables([topics(24 * 11, ["linen"]), topics(24 * 12, ["linen"])])
    single = pa.concat_tables([term_novelty(topics(24 * day, ["linen"]), data) for day in (11, 12)])
    assert term_novelty(both, data.take(list(range(data.num_rows))[::-1])).equals(single)
