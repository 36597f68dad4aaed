"""The page where posts are labelled: one at a time, by somebody with a name, and what strangers wrote stays text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from trend_assets.board import cache
from trend_assets.lake.lake import Lake
from trend_assets.monitoring.labels import read
from trend_assets.partitions import hour_key
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets_tests.board.conftest import HOSTILE
from trend_assets_tests.lib.learning.opinions import START, opinion_posts

_PAGE = """
from trend_assets.board.sections import labels
labels.page()
"""


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """A lake with a queue of four posts, the first hostile."""
    monkeypatch.setenv("TREND_ASSETS_DATA", str(tmp_path))
    load_settings.cache_clear()
    st.cache_resource.clear()
    lake = Lake(load_settings().lake_root)
    posts = opinion_posts(4, days=1).drop_columns(["sentiment"])
    place = posts.column_names.index("clean_text")
    posts = posts.set_column(place, "clean_text", pa.array([HOSTILE, *posts["clean_text"].to_pylist()[1:]]))
    table = TABLES["social/clean_posts"]
    keys = [hour_key(START + timedelta(hours=number)) for number in range(24)]
    lake.publish(table, {key: part for key, part in lake.split(table, table.conform(posts), keys).items() if part.num_rows})
    rows = [
        {name: row[name] for name in ("network", "post_id", "created_at", "language")}
        | {"rank": number, "item": f"q-{number}", "reason": "random", "sampling_probability": 0.5}
        for number, row in enumerate(posts.to_pylist(), start=1)
    ]
    lake.publish(TABLES["sentiment/label_queue"], {"all": TABLES["sentiment/label_queue"].from_rows(rows)})
    yield lake
    load_settings.cache_clear()
    st.cache_resource.clear()


def opened(who: str = "", language: str = "en") -> AppTest:
    test = AppTest.from_string(_PAGE, default_timeout=60)
    test.session_state["language"] = language
    test.session_state["label_task"] = "sentiment"
    test.session_state["labeller"] = who
    return ran(test)


def ran(test: AppTest) -> AppTest:
    test.run()
    assert not test.exception, test.exception
    return test


def words(test: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in test.get("html"))


def press(test: AppTest, start: str) -> AppTest:
    next(button for button in test.button if button.key.startswith(start)).click()
    return ran(test)


def test_what_a_stranger_wrote_stays_text_and_the_models_opinion_is_not_shown(lake: Lake) -> None:
    page = words(opened("ada"))
    assert "&lt;img src=x" in page
    assert "<img" not in page
    assert "probability" not in page


def test_without_a_name_nothing_can_be_labelled(lake: Lake) -> None:
    test = opened()
    assert all(button.disabled for button in test.button)
    assert read(lake, "sentiment").num_rows == 0


def test_an_answer_is_kept_and_the_next_post_comes_and_another_person_begins_at_the_first(lake: Lake) -> None:
    test = press(opened("ada"), "label-sentiment-q-1-negative")
    [row] = read(lake, "sentiment").to_pylist()
    assert (row["label"], row["labeller"], row["source"], row["reason"], row["sampling_probability"]) == (
        "negative", "ada", "board", "random", 0.5,
    )  # fmt: skip
    assert any(button.key.startswith("label-sentiment-q-2") for button in test.button)
    press(test, "skip-sentiment-q-2")
    assert any(button.key.startswith("label-sentiment-q-3") for button in test.button)
    assert read(lake, "sentiment").num_rows == 1
    assert any(button.key.startswith("label-sentiment-q-1") for button in opened("bob").button)


def test_the_end_of_the_queue_is_said_in_both_languages(lake: Lake) -> None:
    for language, told in (("en", "every post of the queue"), ("fr", "tous les messages")):
        test = opened(f"ada-{language}", language)
        for number in range(1, 5):
            test = press(test, f"label-sentiment-q-{number}-neutral")
        assert told in words(test)
    assert "100% of pairs agree" in words(test)


def test_an_answer_that_cannot_be_saved_is_told(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    test = opened("ada")
    monkeypatch.setattr(type(lake), "append", _full)
    press(test, "label-sentiment-q-1-negative")
    assert "disk full" in test.session_state["failure"]
    assert cache.lake() is not None


def _full(*_: object, **__: object) -> None:
    raise OSError("disk full")
