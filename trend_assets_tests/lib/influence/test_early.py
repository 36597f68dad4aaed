"""Who was early: what counts as early, what counts as growth, and that nothing after the hour is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lib.influence.early import EARLY_AUTHORS, MINIMUM_TOPICS, POST_COLUMNS, early_authors, early_posts
from trend_assets.lib.influence.past import COUNTED_PAST, EARLY_PAST, GROWTH_HOURS, JUDGED_PAST
from trend_assets.tables import TABLES

START = datetime(2026, 9, 1, tzinfo=UTC)
EARLY, COUNTS = TABLES["influencers/early_posts"], TABLES["topics/topic_hours"]
CLEAN, ASSIGNED, REGISTRY = TABLES["social/clean_posts"], TABLES["topics/topic_assignments"], TABLES["topics/topics"]
Post = tuple[float, str, str]


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


def hours(first: int, last: int) -> list[datetime]:
    return [hour(number) for number in range(first, last + 1)]


def found(posts: list[Post], born: dict[str, int], at: Iterable[int], kind: str = "post") -> pa.Table:
    """Early posts among (hour, author, topic) in the hours ``at``."""
    rows = [
        {"network": "x", "post_id": str(number), "author": author, "created_at": hour(when), "kind": kind, "topic_id": topic}
        for number, (when, author, topic) in enumerate(posts)
    ]
    clean = pa.Table.from_pylist(rows, schema=pa.schema([CLEAN.schema.field(name) for name in POST_COLUMNS]))
    columns = ["network", "post_id", "created_at", "topic_id"]
    assigned = pa.Table.from_pylist(rows, schema=pa.schema([ASSIGNED.schema.field(name) for name in columns]))
    registry = pa.Table.from_pylist(
        [{"hour": hour(at), "topic_id": topic, "born_at": hour(one)} for topic, one in born.items() for at in range(int(one), 100)],
        schema=pa.schema([REGISTRY.schema.field(name) for name in ("hour", "topic_id", "born_at")]),
    )
    return early_posts([hour(number) for number in at], clean_posts=clean, assignments=assigned, topics=registry)


def told(table: pa.Table) -> list[tuple[str, str, int]]:
    return [(row["topic_id"], row["author"], row["arrival"]) for row in table.to_pylist()]


def early(*rows: tuple[float, str, str, int]) -> pa.Table:
    """Rows of (hour, author, topic, place)."""
    return EARLY.from_rows(
        {"created_at": hour(at), "network": "x", "post_id": str(number), "author": author, "topic_id": topic, "arrival": place}
        for number, (at, author, topic, place) in enumerate(rows)
    )


def counts(*rows: tuple[int, str, int]) -> pa.Table:
    """Rows of (hour, topic, authors)."""
    zeros = {
        "posts": 0, "reposts": 0, "near_duplicate_groups": 0, "french_posts": 0, "english_posts": 0, "top_author_share": 0.0,
    }  # fmt: skip
    return COUNTS.from_rows({"hour": hour(at), "topic_id": topic, "authors": authors, **zeros} for at, topic, authors in rows)


def test_the_first_authors_of_a_young_topic_by_time() -> None:
    posts = [(1.5, "b", "t"), (1.2, "a", "t"), (1.9, "a", "t"), (2.1, "c", "t"), (30.0, "d", "t")]
    assert told(found(posts, {"t": 1}, range(40))) == [("t", "a", 1), ("t", "b", 2), ("t", "c", 3)]
    assert told(found(posts, {"t": 1}, [2])) == [("t", "c", 3)]


def test_nobody_is_early_after_the_first_twenty_nor_by_a_repost_nor_in_a_topic_that_is_not_registered() -> None:
    crowd = [(1 + number / 100, f"author{number:02}", "t") for number in range(EARLY_AUTHORS + 5)]
    assert len(told(found(crowd, {"t": 1}, [1]))) == EARLY_AUTHORS
    assert told(found(crowd, {"t": 1}, [1], kind="repost")) == []
    assert told(found(crowd, {}, [1])) == []


def test_order_of_rows_and_hours_loaded_before_do_not_matter() -> None:
    random = np.random.default_rng(0)
    posts = [
        (float(at), f"a{author}", f"t{at // 12:.0f}")
        for at, author in zip(random.random(600) * 72, random.integers(0, 40, 600), strict=True)
    ]
    born = {f"t{number}": 12 * number for number in range(6)}
    whole = found(posts, born, range(72))
    shuffled = [posts[place] for place in random.permutation(len(posts))]
    columns = ["created_at", "author", "topic_id", "arrival"]
    assert whole.select(columns).equals(found(shuffled, born, range(72)).select(columns))
    for number in range(0, 72, 5):
        seen = [post for post in posts if number - EARLY_PAST / timedelta(hours=1) <= post[0] < number + 1]
        alone = found(seen, born, [number])
        same_hour = pc.equal(pc.floor_temporal(whole["created_at"], unit="hour"), pa.scalar(hour(number), EARLY.schema.field(0).type))
        assert alone.select(columns).equals(whole.filter(same_hour).select(columns))


def world(seed: int = 0) -> tuple[pa.Table, pa.Table]:
    """Sixty topics, of which every third grows; "seer" is early on those that do, "other" on those that don't, "anyone" on all."""
    random = np.random.default_rng(seed)
    posts: list[tuple[float, str, str, int]] = []
    sizes: list[tuple[int, str, int]] = []
    for number in range(60):
        at, topic, grows = 30 + 2 * number, f"t{number}", number % 3 == 0
        posts.append((at + 0.1, "seer" if grows else "other", topic, 1))
        posts.append((at + 0.2, "anyone", topic, 2))
        posts.append((at + 0.3, f"passer{random.integers(0, 10)}", topic, 3))
        sizes.append((at, topic, 3))
        sizes += [(at + later, topic, 8 if grows else 1) for later in (2, 5, 9)]
    return early(*posts), counts(*sizes)


def test_an_author_early_on_what_grew_has_foresight_beyond_chance() -> None:
    posts, sizes = world()
    rows = {row["author"]: row for row in early_authors([hour(190)], early=posts, topic_hours=sizes).to_pylist()}
    seer, other, anyone = rows["seer"], rows["other"], rows["anyone"]
    assert (seer["early_topics"], seer["grown_topics"]) == (20, 20)
    assert seer["expected_grown_topics"] == pytest.approx(20 / 3, rel=0.2)
    assert seer["rank"] == 1
    assert seer["foresight_low"] > 1.2 > anyone["foresight"] > 0.8 > other["foresight_high"]
    assert seer["foresight"] < 3  # shrunk: 20 of 6.7 would be 3
    assert seer["reason"].startswith("Among the first 20 authors in 20 new topics of 7 days; 20 of them grew within 24 hours, ")
    assert all(row["foresight_low"] < row["foresight"] < row["foresight_high"] for row in rows.values())


def test_few_topics_say_little_and_fewer_than_three_nothing() -> None:
    posts, sizes = world()
    lucky = early(*[(30.05 + 6 * number, "lucky", f"t{3 * number}", 1) for number in range(MINIMUM_TOPICS)])
    once = early((30.04, "once", "t0", 1))
    result = early_authors([hour(190)], early=pa.concat_tables([posts, lucky, once]), topic_hours=sizes)
    rows = {row["author"]: row for row in result.to_pylist()}
    assert "once" not in rows
    assert rows["lucky"]["grown_topics"] == rows["lucky"]["early_topics"] == MINIMUM_TOPICS
    assert rows["lucky"]["foresight_low"] < rows["seer"]["foresight_low"]


def test_growth_by_one_author_alone_is_none() -> None:
    alone = [(at, f"t{topic}", 1) for topic in range(4) for at in range(10, 34)]
    posts = early(*[(10.5, "spammer", f"t{topic}", 1) for topic in range(4)], *[(10.6, "u", f"t{topic}", 2) for topic in range(4)])
    assert early_authors([hour(60)], early=posts, topic_hours=counts(*alone)).num_rows == 0  # nothing grew, so nothing to expect


def test_nothing_after_the_hour_is_looked_at() -> None:
    posts, sizes = world()
    at = 100
    known = pc.less(posts["created_at"], hour(at + 1))
    counted = pc.less(sizes["hour"], hour(at + 1))
    with_future = early_authors([hour(at)], early=posts, topic_hours=sizes)
    assert with_future.num_rows > 0
    assert with_future.equals(early_authors([hour(at)], early=posts.filter(known), topic_hours=sizes.filter(counted)))
    # An early post is judged when its day of growth has passed, not before.
    first = 30
    assert early_authors([hour(first + GROWTH_HOURS - 1)], early=posts, topic_hours=sizes).num_rows == 0


def test_a_range_equals_hour_by_hour_and_row_order_does_not_matter() -> None:
    posts, sizes = world(1)
    wanted = hours(60, 330)[::30]
    at_once = early_authors(wanted, early=posts, topic_hours=sizes)
    alone = []
    for moment in wanted:
        recent = pc.greater_equal(posts["created_at"], moment - JUDGED_PAST)
        counted = pc.greater_equal(sizes["hour"], moment - COUNTED_PAST)
        alone.append(early_authors([moment], early=posts.filter(recent), topic_hours=sizes.filter(counted)))
    assert at_once.num_rows > 20
    assert at_once.equals(pa.concat_tables(alone).combine_chunks())
    mixed = np.random.default_rng(0).permutation(posts.num_rows)
    assert at_once.equals(early_authors(wanted, early=posts.take(mixed), topic_hours=sizes.take(np.arange(sizes.num_rows)[::-1])))


def test_bad_input() -> None:
    posts, sizes = world()
    assert early_authors([], early=posts, topic_hours=sizes).num_rows == 0
    assert early_authors([hour(190)], early=EARLY.empty(), topic_hours=COUNTS.empty()).num_rows == 0
    assert early_authors([hour(190)], early=posts, topic_hours=COUNTS.empty()).num_rows == 0
    assert early_authors([hour(190)], early=early((30.1, "a", "t", 1)), topic_hours=sizes).num_rows == 0
    assert found([], {}, [1]).schema.equals(EARLY.schema)
    assert found([(1.5, "a", "t")], {"t": 1}, []).num_rows == 0
