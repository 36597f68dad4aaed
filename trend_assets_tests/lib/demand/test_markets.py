"""Where a trend is spoken of: cells add up to the trend, and none is of fewer than five authors."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from trend_assets.lib.demand.markets import POST_COLUMNS, trend_markets
from trend_assets.tables import TABLES
from trend_assets.tables.markets import FEWEST_AUTHORS, UNKNOWN, WITHHELD

DAY = date(2026, 9, 3)
Told = list[tuple[str | None, str | None, list[str]]]


def posts(told: Told, topic: str = "t", kind: str = "post") -> pa.Table:
    """Posts of a topic: (place, language, author of each post)."""
    rows = [
        {"network": "x", "post_id": f"{topic}{number}{author}", "author": author, "kind": kind, "language": language, "place": place}
        for number, (place, language, authors) in enumerate(told)
        for author in authors
    ]
    table = pa.Table.from_pylist(rows, schema=TABLES["social/clean_posts"].schema.empty_table().select(POST_COLUMNS).schema)
    return table.append_column("topic_id", pa.array([topic] * table.num_rows, pa.string()))


def people(count: int, prefix: str = "a") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def cells(table: pa.Table) -> dict[tuple[str, str], tuple[int, int]]:
    return {(row["region"], row["language"]): (row["posts"], row["authors"]) for row in table.to_pylist()}


def test_posts_are_counted_by_region_and_language() -> None:
    told = posts([("London", "en", [*people(6), "a0"]), ("London", "fr", people(5)), (None, "en", people(7, "b"))])
    assert cells(trend_markets(told, ["t"], DAY)) == {("London", "en"): (7, 6), ("London", "fr"): (5, 5), (UNKNOWN, "en"): (7, 7)}


def test_cells_of_few_authors_are_counted_together() -> None:
    told = posts([("London", "en", people(6)), ("Paris", "fr", people(3, "b")), ("Lyon", "fr", people(4, "c"))])
    assert cells(trend_markets(told, ["t"], DAY)) == {("London", "en"): (6, 6), (WITHHELD, WITHHELD): (7, 7)}


def test_one_small_cell_takes_the_smallest_other_along_so_that_subtraction_tells_nothing() -> None:
    told = posts([("London", "en", people(9)), ("Paris", "fr", people(6, "b")), ("Lyon", "fr", ["c0"])])
    assert cells(trend_markets(told, ["t"], DAY)) == {("London", "en"): (9, 9), (WITHHELD, WITHHELD): (7, 7)}


def test_a_topic_of_few_authors_is_left_out() -> None:
    assert trend_markets(posts([("London", "en", people(4)), (None, "en", people(3))]), ["t"], DAY).num_rows == 0


def test_other_topics_and_reposts_are_not_counted() -> None:
    both = pa.concat_tables([posts([("London", "en", people(5))]), posts([("London", "en", people(9))], topic="other")])
    both = pa.concat_tables([both, posts([("London", "en", people(9, "r"))], kind="repost")])
    assert cells(trend_markets(both, ["t"], DAY)) == {("London", "en"): (5, 5)}


@pytest.mark.parametrize("place", ["", "  ", WITHHELD, UNKNOWN, None])
def test_a_place_that_is_none_is_unknown(place: str | None) -> None:
    assert cells(trend_markets(posts([(place, "en", people(5))]), ["t"], DAY)) == {(UNKNOWN, "en"): (5, 5)}


@pytest.mark.parametrize("place", ["القاهرة", "東京", "🙂", "x" * 100_000])
def test_any_script_and_length_is_a_place(place: str) -> None:
    assert cells(trend_markets(posts([(place, None, people(5))]), ["t"], DAY)) == {(place, "und"): (5, 5)}


@pytest.mark.parametrize("told", [posts([]), posts([("London", "en", ["a0"])]), posts([("London", "en", ["a0"] * 10_000)])])
def test_nothing_one_post_and_one_author_of_ten_thousand_give_nothing(told: pa.Table) -> None:
    assert trend_markets(told, ["t"], DAY).num_rows == 0


def test_order_does_not_matter_and_every_row_keeps_the_promise() -> None:
    told = posts([(f"r{number % 7}", "en", people(number, f"p{number}")) for number in range(12)])
    expected = trend_markets(told, ["t"], DAY)
    assert trend_markets(told.take(list(reversed(range(told.num_rows)))), ["t"], DAY).equals(expected)
    assert min(expected["authors"].to_pylist()) >= FEWEST_AUTHORS
    assert sum(expected["posts"].to_pylist()) == told.num_rows
