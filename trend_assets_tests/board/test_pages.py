"""The pages' logic: cards are shown, answers are kept, what strangers wrote stays text, absent data are said."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

import trend_assets.board
from trend_assets.board import sentences
from trend_assets.board.data import EVERY_POST, ask_rows, sentiment
from trend_assets.board.responses import TABLE
from trend_assets.lake.reader import manifest_path
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets.warehouse.engine import Warehouse
from trend_assets_tests.board.conftest import DAYS, HOSTILE, BoardTown, some_row

APPLICATION = Path(trend_assets.board.__file__).with_name("app.py")


def opened(page: str = "decisions", language: str = "en") -> AppTest:
    """A new browser on one page."""
    test = AppTest.from_string(_PAGE.format(page=page), default_timeout=60)
    test.session_state["language"] = language
    return _ran(test)


# AppTest cannot click links of st.navigation: a page is called as the application calls it
_PAGE = """
from trend_assets.board.sections import {page}
{page}.page()
"""
_GUARDED = """
from trend_assets.board.app import _guarded
from trend_assets.board.sections import health
_guarded(health.page)()
"""


def _ran(test: AppTest) -> AppTest:
    test.run()
    assert not test.exception, test.exception
    return test


def words(test: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in test.get("html"))


def buttons(test: AppTest, start: str) -> list[str]:
    return [button.key for button in test.button if button.key and button.key.startswith(start)]


def answer(test: AppTest, key: str, reason: str = "The figures convince us") -> AppTest:
    if not key.startswith("undo-"):
        test.selectbox(key=f"reason-{key.partition('-')[2]}").select(reason)
    test.button(key=key).click()
    return _ran(test)


def test_the_application_starts_with_the_newest_days_cards(inside):
    test = _ran(AppTest.from_file(str(APPLICATION), default_timeout=60))
    assert test.selectbox(key="card_day").value == DAYS[1]
    assert "What would change our mind" in words(test)
    assert "simulated data" in words(test)


def test_an_accepted_card_is_in_the_lake_moves_to_answered_and_comes_back_by_undo(inside):
    test = opened()
    before = buttons(test, "accept-")
    key = before[0]
    answer(test, key)
    rows = [
        row for row in inside.lake.read(TABLE).to_pylist() if key.startswith(f"accept-{row['day']}-{row['topic_id']}-{row['product_id']}")
    ]
    assert {row["response"] for row in rows} == {"accepted"}
    assert key not in buttons(test, "accept-")
    assert any(label.startswith("Answered") for label in (expander.label for expander in test.expander))
    [undo] = [
        one for one in buttons(test, "undo-") if one.removeprefix("undo-").startswith(f"{rows[0]['topic_id']}-{rows[0]['product_id']}")
    ]
    answer(test, undo)
    assert key in buttons(test, "accept-")


def test_a_click_without_a_reason_saves_nothing_and_says_what_is_missing(inside):
    test = opened()
    before = inside.lake.read(TABLE).num_rows
    test.button(key=buttons(test, "accept-")[0]).click()
    _ran(test)
    assert test.session_state["failure"] == "Choose or write a reason first, then answer."
    assert inside.lake.read(TABLE).num_rows == before


def test_another_browser_sees_the_answer_and_answers_of_both_are_kept(inside):
    one, other = opened(), opened()
    first, second = buttons(one, "decline-")[:2]
    answer(one, first)
    answer(other, second)  # this browser had not seen the first answer yet
    third = opened()
    assert not {first, second} & set(buttons(third, "decline-"))


def test_a_snoozed_card_with_a_note_for_one_place_leaves_the_other_places_open(inside):
    test = opened()
    test.selectbox(key="card_day").select(DAYS[0])
    _ran(test)
    choice = test.multiselect[0]
    name = choice.key.removeprefix("places-")
    place = choice.value[0]
    choice.set_value([place])
    test.text_input(key=f"note-{name}").input("<b>wait</b> for the *supplier*")
    test.button(key=f"snooze-{name}").click()
    _ran(test)
    [row] = [row for row in inside.lake.read(TABLE).to_pylist() if row["response"] == "snoozed"]
    assert (row["store_id"], row["snoozed_until"], row["note"]) == (place, date(2026, 9, 6), "<b>wait</b> for the *supplier*")
    assert f"snooze-{name}" in buttons(test, "snooze-")
    assert "&lt;b&gt;wait" in words(test)
    assert "<b>wait" not in words(test)


def test_no_page_lets_what_strangers_wrote_become_markup(inside):
    trends = opened("trends")
    trends.selectbox(key="trend_day").select(DAYS[1])
    _ran(trends)
    hostile = [option for option in trends.selectbox(key=f"trend-{DAYS[1]}").options if "onerror" in option]
    assert hostile, "the hostile label is offered, as text"
    trends.selectbox(key=f"trend-{DAYS[1]}").select(hostile[0])
    shown = words(_ran(trends))
    assert "&lt;img src=x onerror=" in shown
    assert "<img" not in shown
    assert "<script" not in shown


def test_a_trends_page_shows_curve_sales_stock_links_posts_and_carriers(inside):
    test = opened("trends")
    test.selectbox(key="trend_day").select(DAYS[0])
    _ran(test)
    test.selectbox(key=f"trend-{DAYS[0]}").select(inside.topic)
    shown = words(_ran(test))
    assert len(test.get("vega_lite_chart")) == 3
    assert "Linked products" in shown
    assert "its name, which other posts hardly do" in shown
    assert "&lt;img src=x onerror=" in shown, "the poisoned exemplar is shown as text"
    assert "<img" not in shown
    assert "do not copy or export" in shown


def test_a_trends_page_says_how_people_speak_of_us_in_all_and_in_the_trend(inside):
    test = opened("trends")
    test.selectbox(key="trend_day").select(DAYS[0])
    _ran(test)
    test.selectbox(key=f"trend-{DAYS[0]}").select(inside.topic)
    shown = words(_ran(test))
    warehouse = Warehouse(inside.folder / "lake" / "trends.duckdb")
    of_all = sentiment(warehouse, EVERY_POST, DAYS[0])
    assert of_all is not None
    assert f"What people say about us: </b>{round(100 * of_all.shares['positive'])} % positive, " in shown
    assert f"of {of_all.posts} posts by {of_all.authors} people in the day to Sun 6 Sep 00:00 UTC" in shown
    assert "Where it names us: </b>75 % positive, 25 % said by too few to tell of 40 posts by 25 people" in shown
    assert sum(of_all.shares.values()) == pytest.approx(1)


def test_no_reason_of_a_link_in_a_town_stays_english_on_a_french_page(inside):
    rows = ask_rows(Warehouse(inside.folder / "lake" / "trends.duckdb"), "select distinct reason from demand.product_trend_links")
    assert len(rows) > 5
    assert [row["reason"] for row in rows if sentences.link_reason("fr", row["reason"]) == row["reason"]] == []


def test_without_a_model_nothing_is_said_of_sentiment(inside):
    assert sentiment(Warehouse(inside.folder / "lake" / "trends.duckdb"), EVERY_POST, date(2026, 8, 1)) is None
    test = opened("trends")
    test.selectbox(key="trend_day").select(DAYS[1])
    assert "Where it names us" not in words(_ran(test))


@pytest.mark.parametrize(
    ("page", "english", "french"),
    [
        ("decisions", "What we don&#x27;t know", "Ce que nous ne savons pas"),
        ("trends", "Who carries it", "Qui la porte"),
        ("influencers", "Amplified by, 24 h", "Relayé par, 24 h"),
        ("health", "Is anything lost?", "Manque-t-il quelque chose"),
    ],
)
def test_every_page_speaks_both_languages(inside, page, english, french):
    assert english in words(opened(page))
    assert french in words(opened(page, "fr"))


def test_health_says_that_nothing_is_lost_and_what_checks_said(inside):
    shown = words(opened("health"))
    assert "every one accounted for" in shown
    assert "checks passed when last run" in shown
    assert "No alerts." in shown


def test_health_does_not_call_it_good_where_no_check_can_be_read(inside, monkeypatch):
    monkeypatch.delenv("DAGSTER_HOME")
    shown = words(opened("health"))
    assert "No result of checks can be read" in shown
    assert "Something needs a look." in shown


def test_a_new_publication_shows_at_the_next_click(inside: BoardTown):
    test = opened()
    file = inside.folder / "lake" / "trends.duckdb"
    newer = file.with_name("newer.duckdb")
    newer.write_bytes(file.read_bytes())
    with duckdb.connect(str(newer)) as connection:
        connection.execute("update demand.decision_cards set product_name = 'Renamed Overnight'")
    os.replace(newer, file)  # noqa: PTH105 - as the publisher does
    assert "Renamed Overnight" in words(_ran(test))


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Iterator[Path]:
    """The published file of a data folder that holds nothing else."""
    import streamlit

    monkeypatch.setenv("TREND_ASSETS_DATA", str(tmp_path))
    load_settings.cache_clear()
    streamlit.cache_resource.clear()
    (tmp_path / "lake").mkdir()
    yield tmp_path / "lake" / "trends.duckdb"
    load_settings.cache_clear()
    streamlit.cache_resource.clear()


def started() -> str:
    return words(_ran(AppTest.from_file(str(APPLICATION), default_timeout=60)))


def test_without_data_the_board_says_what_to_do(elsewhere):
    assert "Nothing has been published yet" in started()


def test_a_damaged_warehouse_file_is_a_page_that_says_what_to_do(elsewhere):
    elsewhere.write_bytes(b"half a file")
    assert "The published tables cannot be read: run the marts job" in started()


def test_a_warehouse_file_that_somebody_writes_is_a_page_that_says_so(elsewhere):
    write = f"import duckdb, sys; connection = duckdb.connect({str(elsewhere)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", write], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert "The published tables are being written" in started()
        writer.communicate()


def test_damaged_answers_of_a_day_cost_no_card_and_are_told(inside):
    before = buttons(opened(), "accept-")
    day = (DAYS[1] - timedelta(days=2)).isoformat()
    path = manifest_path(TABLE, day)
    inside.lake.storage.write_new(path, b'{"format": 1, "parts": [')
    try:
        test = opened()
        assert f"Answers to cards of {day} cannot be read" in words(test)
        assert "is not a manifest" in words(test)
        assert buttons(test, "accept-") == before
    finally:
        inside.lake.storage.delete(path)


def test_a_damaged_table_of_the_lake_is_told_in_the_application(inside, monkeypatch):
    path = manifest_path(TABLES["social/landing_counts"], "2026-09-05-12:00")
    whole = inside.lake.storage.read(path)
    file = inside.folder / "lake" / path
    file.write_bytes(whole[:50])
    try:
        test = AppTest.from_string(_GUARDED, default_timeout=60)
        test.session_state["language"] = "en"
        assert "What this page shows cannot be read." in words(_ran(test))
    finally:
        file.write_bytes(whole)


def test_live_trends_are_shown_as_provisional_and_escaped(inside):
    table = TABLES["topics/live_trends"]
    moment = datetime(2026, 9, 7, 23, 50, tzinfo=UTC)
    row = some_row(table, moment) | {"label": HOSTILE, "suppressed": False, "stage": "rising"}
    inside.lake.publish(table, {"all": table.from_rows([row])})
    shown = words(opened("trends"))
    assert "Right now (provisional)" in shown
    assert "it may change until the hour is sealed" in shown
    assert "<img" not in shown
