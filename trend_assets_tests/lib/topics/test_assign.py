"""The sealed lane: permanent ids over hours, reproducible from the stored registry, bounded, defined for odd input."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trend_assets.lib.topics.assign import HourTopics, assign_hours
from trend_assets.tables import TABLES
from trend_assets_tests.lib.topics.posts import about, chatter_hour, clean_posts, hour_at, subject_hour

EMPTY = TABLES["topics/topics"].empty()
NAMES = ("topic_assignments", "topics", "topic_events")


def assigned(hours: list[tuple], **options: int) -> list[HourTopics]:
    return list(assign_hours(hours, window=options.pop("window", []), registry=options.pop("registry", EMPTY), **options))


def tables(results: list[HourTopics]) -> list[list[dict]]:
    return [getattr(result, name).to_pylist() for result in results for name in NAMES]


@pytest.fixture(scope="module")
def stream() -> list[tuple]:
    return [chatter_hour(number, 80) for number in range(8)]


def test_a_subject_keeps_its_id_while_posts_come() -> None:
    results = assigned([subject_hour(number, {"storm": 6, "match": 6}) for number in range(30)])
    for subject in ("storm", "match"):
        ids = Counter(
            row["topic_id"] for result in results for row in result.topic_assignments.to_pylist() if row["post_id"].startswith(subject)
        )
        assert len(ids) == 1
        assert ids.total() == 6 * 30
    assert results[-1].topics.column("total_posts").to_pylist() == [180, 180]
    assert results[-1].topics.column("window_posts").to_pylist() == [144, 144]


def test_tables_are_as_declared(stream: list[tuple]) -> None:
    for result in assigned(stream):
        for name in NAMES:
            table, declared = getattr(result, name), TABLES[f"topics/{name}"]
            assert table.schema == declared.schema
            keys = [tuple(row[column] for column in declared.key) for row in table.to_pylist()]
            assert len(set(keys)) == len(keys)
            assert all(table.column(column.name).null_count == 0 for column in declared.columns if not column.nullable)
        assert all(row["total_posts"] >= row["window_posts"] for row in result.topics.to_pylist())


def test_a_range_equals_one_hour_at_a_time_from_stored_registries(stream: list[tuple], tmp_path) -> None:
    whole = assigned(stream, window_hours=4)
    registry = EMPTY
    singly = []
    for place, hour in enumerate(stream):
        (result,) = assigned([hour], window=stream[:place], registry=registry, window_hours=4)
        singly.append(result)
        pq.write_table(result.topics, tmp_path / "registry.parquet")
        registry = pq.read_table(tmp_path / "registry.parquet")
    assert tables(singly) == tables(whole)
    for place in (2, 5):
        rest = assigned(stream[place:], window=stream[max(place - 3, 0) : place], registry=whole[place - 1].topics, window_hours=4)
        assert tables(rest) == tables(whole[place:])


def test_order_and_chunks_of_a_table_do_not_matter(stream: list[tuple]) -> None:
    def shuffled(table: pa.Table, seed: int) -> pa.Table:
        order = list(range(table.num_rows))
        random.Random(seed).shuffle(order)
        mixed = table.take(order)
        return pa.concat_tables([mixed.slice(0, 7), mixed.slice(7, 30), mixed.slice(37)])

    other = [(hour, shuffled(table, number)) for number, (hour, table) in enumerate(stream)]
    assert tables(assigned(other)) == tables(assigned(stream))


def test_the_hash_seed_does_not_matter() -> None:
    code = (
        "from trend_assets_tests.lib.topics.test_assign import assigned, chatter_hour, tables\n"
        "print(tables(assigned([chatter_hour(number, 60) for number in range(3)])))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "1"}
    other = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == str(tables(assigned([chatter_hour(number, 60) for number in range(3)])))


def test_reposts_join_the_topic_of_their_original() -> None:
    hour, posts = subject_hour(0, {"storm": 8})
    first = posts.column("post_id")[0].as_py()
    words = {"words": [], "created_at": hour + timedelta(minutes=59), "kind": "repost"}
    known = clean_posts([words | {"post_id": "r1", "reposted_post": first}, words | {"post_id": "r2", "reposted_post": "elsewhere"}])
    (result,) = assigned([(hour, pa.concat_tables([posts, known]))])
    by_post = {row["post_id"]: row for row in result.topic_assignments.to_pylist()}
    assert by_post["r1"]["topic_id"] == by_post[first]["topic_id"]
    assert by_post["r1"]["assigned_by"] == "repost"
    assert by_post[first]["assigned_by"] == "cluster"
    assert "r2" not in by_post
    assert result.topics.column("window_posts").to_pylist() == [9]


def test_a_repost_carries_a_topic_into_a_later_hour() -> None:
    first, second = subject_hour(0, {"storm": 8}), hour_at(1)
    original = first[1].column("post_id")[2].as_py()
    repost = {"post_id": "r", "words": [], "created_at": second, "kind": "repost", "reposted_post": original}
    results = assigned([first, (second, clean_posts([repost]))])
    assert results[1].topic_assignments.column("topic_id").to_pylist() == results[0].topics.column("topic_id").to_pylist()


def test_above_the_bound_the_rest_joins_the_nearest_topic() -> None:
    hour = subject_hour(0, {"storm": 150, "match": 150})
    (result,) = assigned([hour], window_groups=100)
    assert result.window_groups == 100
    assert result.kept_share == pytest.approx(100 / 300)
    rows = result.topic_assignments.to_pylist()
    how = Counter(row["assigned_by"] for row in rows)
    assert how["cluster"] == 100
    assert how["nearest"] >= 180
    subjects = {(row["post_id"].split("-")[0], row["topic_id"]) for row in rows}
    assert len(subjects) == 2
    assert sum(result.topics.column("window_posts").to_pylist()) == pytest.approx(300, abs=2)


def test_a_topic_dies_when_its_last_post_leaves_the_window() -> None:
    hours = [subject_hour(0, {"storm": 8})] + [subject_hour(number, {"match": 6}) for number in range(1, 6)]
    results = assigned(hours, window_hours=4)
    deaths = [(result.hour, event["label"]) for result in results for event in result.topic_events.to_pylist() if event["event"] == "death"]
    assert [hour for hour, _ in deaths] == [hour_at(4)]
    assert results[-1].topics.num_rows == 1


def test_a_topic_needs_several_texts_and_authors() -> None:
    hour = hour_at(0)
    one_author = clean_posts([about("storm", number, hour, author="the same") for number in range(9)])
    (result,) = assigned([(hour, one_author)])
    assert result.topics.num_rows == 0
    assert result.topic_assignments.num_rows == 0


@pytest.mark.parametrize(("authors", "topics"), [(12, 1), (1, 0)])
def test_one_name_carries_a_topic_only_where_several_say_it(authors: int, topics: int) -> None:
    """People who say a name and little else have no second word in common; neither has an account that repeats itself."""
    said = [
        {
            "post_id": f"p{n}",
            "author": f"a{n % authors}",
            "words": ["zephyrine", f"u{n}", f"v{n % 9}"],
            "created_at": hour_at(0) + timedelta(minutes=n),
        }
        for n in range(24)
    ]
    ground = chatter_hour(0, 300)[1]
    (result,) = assigned([(hour_at(0), pa.concat_tables([ground, clean_posts(said)]))])
    named = [row for row in result.topics.to_pylist() if "zephyrine" in row["keywords"]]
    assert len(named) == topics


def test_a_row_reads_well() -> None:
    results = assigned([subject_hour(number, {"storm": 10, "dress": 10}) for number in range(3)])
    topic = next(row for row in results[-1].topics.to_pylist() if "storm" in row["keywords"])
    assert 5 <= len(topic["keywords"]) <= 8
    assert any(word in topic["label"] for word in topic["keywords"])
    assert len(set(topic["exemplar_posts"])) == 5
    assert all(post.startswith("x:storm-") for post in topic["exemplar_posts"])
    assert topic["language"] == "en"
    assert sum(weight**2 for weight in topic["centre_weights"]) == pytest.approx(1, abs=1e-5)


def odd_hours() -> dict[str, pa.Table]:
    at = hour_at(0)

    def post(number: int, words: list[str], **columns) -> dict:
        created = at + timedelta(seconds=number % 3600)
        return {"post_id": str(number), "author": f"a{number}", "words": words, "created_at": created, **columns}

    return {
        "no post": clean_posts([]),
        "one post": clean_posts([post(1, ["hello", "world"])]),
        "identical posts": clean_posts([post(number, ["same", "text", "here"]) for number in range(50)]),
        "10,000 copies": clean_posts([post(number, ["same", "text", "here"]) for number in range(10_000)]),
        "only emoji": clean_posts([post(number, [], clean_text="🎉🎉", emoji=["🎉", "🎉"]) for number in range(20)]),
        "unknown scripts": clean_posts([post(number, ["ᚠᛇᚻ", "ᛒᛦᚦ", f"ᚱ{number}"]) for number in range(8)] + [post(99, ["other"])]),
        "right to left": clean_posts([post(number, ["مرحبا", "بالعالم", f"ن{number}"]) for number in range(8)] + [post(99, ["other"])]),
        "a huge post": clean_posts([post(number, ["storm", "coast", str(number)]) for number in range(5)] + [post(9, ["long"] * 20_000)]),
        "a term in every post": clean_posts([post(number, ["always", f"n{number}"]) for number in range(100)]),
        "reposts in a circle": clean_posts([post(n, ["a", "b"], kind="repost", reposted_post=str((n + 1) % 3)) for n in range(3)]),
        "a chain of reposts": clean_posts([post(n, [f"w{n}", "b"], kind="repost", reposted_post=str(n + 1)) for n in range(5)]),
    }


@pytest.mark.parametrize("name", list(odd_hours()))
def test_odd_hours_have_a_defined_result(name: str) -> None:
    posts = odd_hours()[name]
    results = assigned([(hour_at(0), posts), subject_hour(1, {"storm": 10})])
    assert results[0].topic_assignments.num_rows <= posts.num_rows
    assert results[1].topic_assignments.num_rows >= 10
    expected = {"unknown scripts": 1, "right to left": 1}.get(name, 0)
    assert results[0].topics.num_rows == expected or name == "a huge post"


def test_hours_must_come_in_order() -> None:
    with pytest.raises(ValueError, match="time order"):
        assigned([subject_hour(1, {"storm": 3}), subject_hour(0, {"storm": 3})])


def test_stories_are_named_within_their_topic(stream: list[tuple]) -> None:
    pairs = {
        (result.hour, row["story_id"], row["topic_id"])
        for result in assigned(stream)
        for row in result.topic_assignments.to_pylist()
        if row["story_id"] is not None
    }
    assert pairs
    assert len({(hour, story) for hour, story, _ in pairs}) == len(pairs)
