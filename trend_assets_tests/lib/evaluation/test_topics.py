"""Agreement and speed of clusters, group by group, ours beside peers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.evaluation import peers
from trend_assets.lib.evaluation.posts import read_evaluation_posts
from trend_assets.lib.evaluation.topics import (
    EVERYTHING,
    MEASURES,
    NO_GROUP,
    NotInstalledError,
    agreement,
    evaluate_topics,
    in_groups,
    measure,
    terms_of,
)
from trend_assets_tests.lib.evaluation.labelled import labelled_table


@pytest.fixture(scope="module")
def posts() -> pa.Table:
    return read_evaluation_posts(labelled_table(), truth="event_id", by="day")


def test_events_told_in_words_of_their_own_are_found_and_means_are_over_groups(posts: pa.Table) -> None:
    result = evaluate_topics(posts, peers=False)
    assert list(result) == [*MEASURES, "posts_per_core_second", "groups"]
    assert list(result["groups"]) == ["day 0", "day 1"]
    for name in (*MEASURES, "posts_per_core_second"):
        assert result[name] == pytest.approx(np.mean([row[name] for row in result["groups"].values()]))
    assert result["ami"] > 0.95
    assert result["groups"]["day 0"]["posts"] == 90


def test_peers_have_the_same_shape_and_say_what_is_not_installed(posts: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setitem(peers.TOPIC_PEERS, "a peer of another planet", lambda: lambda _: peers.needed("no_such_package"))
    rows = evaluate_topics(posts, peers=True, progress=told.append)["peers"]
    assert set(rows) == set(peers.TOPIC_PEERS)
    assert rows["a peer of another planet"]["note"] == "not installed: no_such_package"
    for row in rows.values():
        assert {*MEASURES, "posts_per_core_second", "groups"} <= set(row)
    for name in ("first-story detection", "MiniBatchKMeans, told k"):
        assert rows[name]["ami"] > 0.5
    assert "ours: day 1 (90 posts)" in told


def test_labels_by_chance_score_nothing_true_ones_everything_unknown_ones_not_at_all() -> None:
    truth = pa.chunked_array([["a"] * 50 + ["b"] * 50, [None] * 20])
    found = np.array([0] * 50 + [1] * 50 + [7] * 20)
    assert agreement(truth, found) == dict.fromkeys(MEASURES, pytest.approx(1.0))
    assert agreement(truth, np.arange(120) % 2)["ami"] == pytest.approx(0.0, abs=0.05)
    assert agreement(pa.chunked_array([[None, None]], pa.string()), np.array([0, 1])) == dict.fromkeys(MEASURES)


def test_posts_in_no_cluster_are_alone_not_together() -> None:
    truth = pa.chunked_array([["a", "a", "b", "c"]])
    assert agreement(truth, np.array([0, 0, -1, -1]))["ari"] == pytest.approx(1.0)


def test_groups_come_in_the_order_of_their_first_post_and_posts_of_none_are_one(posts: pa.Table) -> None:
    without = posts.set_column(posts.schema.get_field_index("by"), "by", pa.array([None] * 5 + ["z"] * 5 + ["a"] * (posts.num_rows - 10)))
    assert [name for name, _ in in_groups(without)] == [NO_GROUP, "z", "a"]
    nobody = posts.set_column(posts.schema.get_field_index("by"), "by", pa.nulls(posts.num_rows, pa.string()))
    assert [(name, part.num_rows) for name, part in in_groups(nobody)] == [(EVERYTHING, 180)]


def test_terms_are_lemmas_hashtags_and_mentions_of_each_post(posts: pa.Table) -> None:
    rows = {"post_id": ["1", "2", "3"], "created_at": [0, 1, 2], "text": ["a #storm @harbour", "", "wind #gale"]}
    clean = read_evaluation_posts(pa.table(rows))
    for terms, row in zip(terms_of(clean).to_pylist(), clean.to_pylist(), strict=True):
        assert terms == [*row["lemmas"], *(f"#{tag}" for tag in row["hashtags"]), *(f"@{name}" for name in row["mentions"])]
    assert len(terms_of(posts)) == posts.num_rows


def test_a_method_is_made_afresh_warmed_and_then_sees_groups_in_time_order(posts: pa.Table) -> None:
    calls: list[list[int]] = []

    class Remembering:
        def __init__(self) -> None:
            calls.append([])

        def __call__(self, part: pa.Table) -> np.ndarray:
            calls[-1].append(part.num_rows)
            return np.zeros(part.num_rows, np.int64)

    measure("it", Remembering, list(in_groups(posts)))
    assert calls == [[90], [90, 90]]


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("method", [*peers.TOPIC_PEERS, "ours"])
def test_few_posts_and_none_have_a_defined_result(method: str, count: int, posts: pa.Table) -> None:
    from trend_assets.lib.evaluation.topics import OurTopics

    made = OurTopics() if method == "ours" else peers.TOPIC_PEERS[method]()
    try:
        found = made(posts.slice(0, count))
    except NotInstalledError as error:
        pytest.skip(f"not installed: {error}")
    assert len(found) == count


def test_nothing_to_cluster_is_null_not_an_error(posts: pa.Table) -> None:
    assert evaluate_topics(posts.slice(0, 0), peers=False) == {**dict.fromkeys([*MEASURES, "posts_per_core_second"]), "groups": {}}


@pytest.mark.parametrize(
    "texts",
    [
        ["the same post again"] * 10_000,
        ["😀 🎉", "🎉", "😀"],
        ["ᚠᚢᚦᚨᚱᚲ", "مرحبا بالعالم", "שלום עולם", "مرحبا يا عالم"],
        ["word " * 20_000, "word and more", "word too"],
        [f"everywhere {number} w{number} w{number + 1}" for number in range(300)],
    ],
    ids=["10,000 copies", "only emoji", "unknown scripts and right to left", "100,000 characters", "a term in every post"],
)
def test_odd_posts_are_clustered_by_every_method_that_is_there(texts: list[str]) -> None:
    future = 4_000_000_000  # dated in 2096, the last posted first
    rows = {"post_id": list(map(str, range(len(texts)))), "created_at": list(range(future, future - len(texts), -1)), "text": texts}
    posts = read_evaluation_posts(pa.table(rows | {"topic": ["a"] * len(texts)}), truth="topic")
    result = evaluate_topics(posts, peers=True)
    for row in (result, result["peers"]["first-story detection"], result["peers"]["MiniBatchKMeans, told k"]):
        assert row["groups"][EVERYTHING]["posts"] == len(texts)
        assert 0.0 <= row["nmi"] <= 1.0


def test_a_story_goes_on_with_its_nearest_until_a_day_passes() -> None:
    day = 86_400
    rows = {
        "post_id": list("abcdef"),
        "created_at": [0, 60, 120, 180, 180 + 2 * day, 240 + 2 * day],
        "text": ["storm hits coast", "storm hits coast now", "goal wins cup", "goal wins cup now", "storm hits coast", "nothing alike"],
    }
    found = peers.FirstStoryDetection()(read_evaluation_posts(pa.table(rows))).tolist()
    assert found == [0, 0, 1, 1, 2, 3]


def test_only_a_peer_that_is_near_enough_is_joined() -> None:
    rows = {"post_id": list("abc"), "created_at": [0, 1, 2], "text": ["storm coast wind", "storm goal cup", "goal cup wind"]}
    posts = read_evaluation_posts(pa.table(rows))
    assert len(set(peers.FirstStoryDetection(0.01)(posts).tolist())) == 3
    assert len(set(peers.FirstStoryDetection(0.99)(posts).tolist())) == 1
