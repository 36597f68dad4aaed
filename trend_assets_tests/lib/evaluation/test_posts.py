"""A user's labelled posts become clean posts whatever form their columns have; what cannot be read is left out and told."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from trend_assets.lib.evaluation.posts import read_evaluation_posts
from trend_assets.tables import TABLES
from trend_assets_tests.lib.evaluation.labelled import labelled_table

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def table(**columns: list) -> pa.Table:
    rows = max(len(values) for values in columns.values())
    default = {"post_id": [str(row) for row in range(rows)], "created_at": [NOON] * rows, "text": ["the storm reaches the coast"] * rows}
    return pa.table(default | columns)


def times(values: pa.Array) -> list[datetime | None]:
    return read_evaluation_posts(table(created_at=values)).column("created_at").to_pylist()


@pytest.mark.parametrize("placeholder", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_placeholder_is_no_time(placeholder: str) -> None:
    """What databases write where there is no date would be centuries to walk through, hour by hour."""
    assert times(pa.array([placeholder, NOON.isoformat()])) == [NOON]


def test_posts_come_out_clean_in_time_order_with_their_labels_beside() -> None:
    posts = read_evaluation_posts(labelled_table(), truth="event_id", by="day")
    assert posts.select(TABLES["social/clean_posts"].schema.names).schema.equals(TABLES["social/clean_posts"].schema)
    moments = posts.column("created_at").to_pylist()
    assert moments == sorted(moments)
    assert set(posts.column("by").to_pylist()) == {"day 0", "day 1"}
    assert posts.column("truth").null_count == 18
    assert posts.column("brand").null_count == posts.num_rows
    assert len(posts.column("lemmas")[0].as_py()) == len(posts.column("tokens")[0].as_py()) > 0


def test_the_order_of_the_rows_makes_no_difference() -> None:
    given = labelled_table()
    backwards = given.take(pa.array(range(given.num_rows - 1, -1, -1)))
    assert read_evaluation_posts(given, truth="event_id").equals(read_evaluation_posts(backwards, truth="event_id"))


def test_accounts_are_pseudonyms_and_nothing_of_them_is_left_in_the_table() -> None:
    rows = table(author_id=["jane.doe"], user_mentions=[["SomeBody"]], text=["hello @SomeBody here"])
    posts = read_evaluation_posts(rows)
    assert "jane.doe" not in str(posts.to_pydict())
    assert "somebody" not in str(posts.to_pydict()).lower()
    from_text = read_evaluation_posts(rows.drop_columns(["user_mentions"]))
    assert from_text.column("mentions").to_pylist() == posts.column("mentions").to_pylist()


@pytest.mark.parametrize(
    "values",
    [
        pa.array([NOON], pa.timestamp("ms", tz="Europe/Paris")),
        pa.array([datetime(2026, 9, 1, 12)], pa.timestamp("ns")),
        pa.array(["2026-09-01T12:00:00Z"]),
        pa.array(["2026-09-01 12:00:00"], pa.large_string()),
        pa.array(["2026-09-01T14:00:00+02:00"]).dictionary_encode(),
        pa.array(["Tue Sep 01 12:00:00 +0000 2026"]),
        pa.array([1788264000]),
        pa.array([1788264000.0]),
        pa.array([1788264000000]),
        pa.array([1788264000000000]),
        pa.array([1788264000000000000]),
        pa.array(["1788264000"]),
    ],
    ids=str,
)
def test_a_time_is_read_in_any_usual_form(values: pa.Array) -> None:
    assert times(values) == [NOON]


def test_times_of_several_forms_are_read_one_by_one() -> None:
    assert times(pa.array(["2026-09-01T12:00:00Z", "Tue Sep 01 12:00:00 +0000 2026", "2026-09-01 12:00:00"])) == [NOON] * 3


@pytest.mark.parametrize(
    "values",
    [
        pa.array([["Storm", "Coast"], None]),
        pa.array(['["Storm", "Coast"]', None]),
        pa.array(["['Storm', 'Coast']", ""]),
        pa.array(["#Storm #Coast", ""]),
        pa.array(["storm,coast", None]).dictionary_encode(),
        pa.array([[{"text": "Storm"}, {"text": "coast"}], []]),
    ],
    ids=str,
)
def test_hashtags_are_read_as_lists_or_as_text(values: pa.Array) -> None:
    posts = read_evaluation_posts(table(hashtags=values))
    assert posts.column("hashtags").to_pylist() == [["storm", "coast"], []]


def test_hashtags_and_mentions_that_no_column_holds_are_taken_from_the_text() -> None:
    posts = read_evaluation_posts(table(text=["the #Storm reaches @harbour", "nothing here"]))
    assert posts.column("hashtags").to_pylist() == [["storm"], []]
    assert [len(names) for names in posts.column("mentions").to_pylist()] == [1, 0]


def test_rows_that_are_no_posts_are_left_out_counted_and_told() -> None:
    told: list[str] = []
    rows = pa.table(
        {
            "post_id": ["a", "a", None, "b", "c", "d"],
            "created_at": ["2026-09-01T13:00:00Z", "2026-09-01T12:00:00Z", "2026-09-01T12:00:00Z", "soon", "2026-09-01", None],
            "text": ["later", "first", "no id", "no time", None, "no time"],
        }
    )
    posts = read_evaluation_posts(rows, note=told.append)
    assert posts.column("clean_text").to_pylist() == ["first"]
    said = "; ".join(told)
    assert "1 rows without an id" in said
    assert "1 rows without text" in said
    assert "2 rows without a readable created_at left out, such as 'soon'" in said
    assert "1 rows repeat an id" in said
    assert "every post counts as its own author's" in said
    assert len(set(posts.column("author").to_pylist())) == 1


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    with pytest.raises(ValueError, match=r"lack the columns post_id or tweet_id, topic; there are: created_at, text$"):
        read_evaluation_posts(table(text=["x"]).drop_columns(["post_id"]), truth="topic")


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"text": [["a", "list"]]}, "expected text"),
        ({"created_at": [True]}, "created_at holds bool"),
        ({"post_id": [2.0**60]}, "floating-point numbers"),
        ({"hashtags": [3]}, "hashtags holds int64"),
    ],
)
def test_a_column_of_the_wrong_type_is_named(columns: dict[str, list], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_evaluation_posts(table(**columns))


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["😀😀"], ["مرحبا بالعالم", "שלום עולם"], ["x" * 100_000], ["same words here"] * 1000, ["ᚠᚢᚦ", "\u0000\u200b"]],
    ids=["none", "empty", "emoji", "right to left", "very long", "copies", "unknown scripts"],
)
def test_odd_texts_have_a_defined_result(texts: list[str]) -> None:
    given = pa.table(
        {
            "post_id": pa.array([str(number) for number in range(len(texts))], pa.string()),
            "created_at": pa.array([datetime(2099, 1, 1, tzinfo=UTC)] * len(texts), pa.timestamp("us", tz="UTC")),
            "text": pa.array(texts, pa.string()),
        }
    )
    assert read_evaluation_posts(given).num_rows == len(texts)


def test_numbers_with_gaps_keep_their_digits() -> None:
    posts = read_evaluation_posts(table(event=[7.0, None], text=["one", "two"]), truth="event")
    assert posts.column("truth").to_pylist() == ["7", None]
