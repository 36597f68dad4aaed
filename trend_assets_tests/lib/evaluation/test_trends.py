"""Every alert of a user's file, on posts about invented brands."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from trend_assets.lib.evaluation.trends import evaluate_trends

START = datetime(2026, 9, 1, tzinfo=UTC)
CHATTER = [
    "bus", "rain", "morning", "coffee", "garden", "neighbour", "tooth", "window", "train", "lunch", "radio", "queue", "cloud", "bread",
    "stairs", "pencil", "river", "lamp", "dog", "bicycle", "moon", "paper", "salt", "tunnel", "orange", "button", "castle", "winter",
]  # fmt: skip
OPENING = ["crowd", "opening", "tunic", "velvet", "store", "coat", "bought", "dress", "sale"]
CONCERT = ["Vance", "encore", "stadium", "sang", "ballad", "tickets", "band", "crying", "tonight"]
DAYS = 3
NOON = START + timedelta(days=DAYS - 1, hours=12)


def brand_file(moment: str, seed: int = 1) -> pa.Table:
    """Three days of posts that name marlo, eight an hour, and on the third at noon forty posts in an hour about something."""
    dice = random.Random(seed)
    rows: list[dict[str, Any]] = []

    def post(at: datetime, words: list[str]) -> None:
        rows.append({"tweet_id": len(rows), "created_at": at, "text": " ".join(words), "user_id": dice.randrange(10_000), "firm": "marlo"})

    for hour in range(24 * DAYS):
        at = START + timedelta(hours=hour)
        for _ in range(8):
            post(at + timedelta(seconds=dice.randrange(3600)), [*dice.sample(CHATTER, 5), "marlo"])
        if hour == 24 * (DAYS - 1) + 12:
            for _ in range(40):
                name = ["Marlo", *dice.sample(OPENING, 5)] if moment == "opening" else ["Marlo", "Vance", *dice.sample(CONCERT[1:], 5)]
                post(at + timedelta(seconds=dice.randrange(3600)), [*name, dice.choice(CHATTER)])
    return pa.Table.from_pylist(dice.sample(rows, len(rows)))


def test_a_moment_of_the_brand_is_one_alert_with_its_evidence() -> None:
    found = evaluate_trends(brand_file("opening"), brand_column="firm")
    (alert,) = [one for one in found["alerts"] if one["raised"]]
    assert NOON < datetime.fromisoformat(alert["at"]) < NOON + timedelta(minutes=30)
    assert (alert["group"], alert["lane"]) == ("marlo", "brand")
    assert 5 <= alert["authors"] <= alert["posts"] <= 30
    assert set(alert["keywords"]) & set(OPENING)
    assert "speak of things to buy, shops or brands" in alert["reason"]
    assert alert["exemplars"]
    assert json.loads(json.dumps(found)) == found


def test_a_moment_of_a_namesake_is_held_back_with_the_reason() -> None:
    alerts = evaluate_trends(brand_file("concert"), brand_column="firm")["alerts"]
    assert not [one for one in alerts if one["raised"]]
    held = next(one for one in alerts if "vance" in one["keywords"])
    assert held["reason"].startswith("Suppressed, another name: ")
    assert "'Marlo Vance'" in held["reason"]


def test_without_a_brand_column_all_posts_are_one_group() -> None:
    found = evaluate_trends(brand_file("concert"))["alerts"]
    assert [(one["group"], one["lane"]) for one in found if one["raised"]] == [("all posts", "lifestyle")]


def test_neither_the_order_of_rows_nor_missing_ids_matter() -> None:
    posts = brand_file("opening")
    expected = evaluate_trends(posts, brand_column="firm")
    assert evaluate_trends(posts.take(list(range(posts.num_rows))[::-1]), brand_column="firm") == expected
    said: list[str] = []
    found = evaluate_trends(posts.sort_by("created_at").drop_columns(["tweet_id"]), brand_column="firm", progress=said.append)
    assert [one["at"] for one in found["alerts"] if one["raised"]] == [one["at"] for one in expected["alerts"] if one["raised"]]
    assert "there are no ids: rows are numbered" in said


@pytest.mark.parametrize(
    "texts",
    [[], ["marlo"], ["marlo coat"] * 300, ["🎉"] * 20, ["مرحبا بالعالم"] * 5, ["x" * 100_000], ["\u202emarlo\u202c", "ﷺ", "#", "12"]],
    ids=["nothing", "one", "copies", "emoji", "right to left", "long", "odd"],
)
def test_any_posts_have_an_answer(texts: list[str]) -> None:
    count = len(texts)
    posts = pa.table(
        {
            "post_id": pa.array([str(number) for number in range(count)], pa.string()),
            "created_at": pa.array([START + timedelta(minutes=number) for number in range(count)], pa.timestamp("us", "UTC")),
            "text": pa.array(texts, pa.string()),
            "firm": pa.array(["marlo"] * count, pa.string()),
        }
    )
    assert not [one for one in evaluate_trends(posts, brand_column="firm")["alerts"] if one["raised"]]


def event_file() -> tuple[pa.Table, datetime]:
    """Eight hours of talk and, from a moment on, an event: a post a minute by different people; columns as users have them."""
    dice = random.Random(5)
    begin = START + timedelta(hours=6, minutes=7)
    rows = [
        {"at": START + timedelta(seconds=dice.randrange(8 * 3600)), "text": " ".join(dice.choices(CHATTER, k=7)), "user": f"t{number}"}
        for number in range(200)
    ]
    harbour = ["ferry", "collides", "pier", "Bellport", "passengers", "rescued", "harbourmaster", "capsized"]
    rows += [
        {"at": begin + timedelta(minutes=number), "text": " ".join([*dice.sample(harbour, 5), dice.choice(CHATTER)]), "user": f"e{number}"}
        for number in range(15)
    ]
    columns = {"post_id": [str(number) for number in range(len(rows))], "created_at": [row["at"] for row in rows]}
    return pa.table(columns | {"text": [row["text"] for row in rows], "author_id": [row["user"] for row in rows]}), begin


def test_an_event_under_talk_is_raised_within_minutes_with_what_was_known_then() -> None:
    posts, begin = event_file()
    found = evaluate_trends(posts, peers=True)
    (alert,) = [one for one in found["alerts"] if one["raised"]]
    at = datetime.fromisoformat(alert["at"])
    assert begin < at <= begin + timedelta(minutes=5)
    published = dict(zip(posts["text"].to_pylist(), posts["created_at"].to_pylist(), strict=True))
    assert alert["exemplars"]
    assert all(begin <= published[text].replace(tzinfo=UTC) <= at for text in alert["exemplars"])
    assert 3 <= alert["authors"] <= alert["posts"] <= (at - begin) / timedelta(minutes=1) + 1
    assert {"ferry", "bellport", "pier"} & set(alert["keywords"])
    for method in found["peers"].values():
        for one in method["alerts"]:
            assert set(one) == set(alert)
    stories = found["peers"]["first-story detection"]["alerts"]
    assert any("ferry" in one["keywords"] for one in stories)


def test_what_comes_later_never_changes_an_alert() -> None:
    posts, _ = event_file()
    times = [moment.replace(tzinfo=UTC) for moment in posts["created_at"].to_pylist()]
    (whole,) = [one for one in evaluate_trends(posts)["alerts"] if one["raised"]]
    soon = datetime.fromisoformat(whole["at"])
    cut = posts.filter(pa.array([moment <= soon for moment in times]))
    assert [one for one in evaluate_trends(cut)["alerts"] if one["raised"]] == [whole]


def test_a_file_without_a_usable_post_or_brand_says_so() -> None:
    nothing = pa.table({"post_id": ["1", None], "created_at": ["never", "2026-09-01"], "text": ["a", "b"], "firm": [None, None]})
    with pytest.raises(ValueError, match="none of the 2 rows is a post"):
        evaluate_trends(nothing)
    unbranded = pa.table({"post_id": ["1"], "created_at": ["2026-09-01"], "text": ["a"], "firm": pa.nulls(1, pa.string())})
    with pytest.raises(ValueError, match="has a brand in the column firm"):
        evaluate_trends(unbranded, brand_column="firm")


def test_stray_dates_cost_no_empty_years() -> None:
    times = [datetime(1971, 1, 1, tzinfo=UTC), START, datetime(2999, 1, 1, tzinfo=UTC)]
    posts = pa.table({"post_id": ["1", "2", "3"], "created_at": pa.array(times, pa.timestamp("us", "UTC")), "text": ["a", "b", "c"]})
    assert evaluate_trends(posts) == {"alerts": []}


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="brand"):
        evaluate_trends(brand_file("opening"), brand_column="brand")
