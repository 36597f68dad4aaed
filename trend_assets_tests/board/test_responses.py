"""Answers to cards: which one holds, when a snoozed card comes back, and that two browsers lose nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trend_assets.board.responses import MOST_NOTE_CHARACTERS, TABLE, answers, due_back, latest, respond, standing
from trend_assets.lake.lake import Lake

DAY = date(2026, 9, 5)
NOON = datetime(2026, 9, 5, 12, tzinfo=UTC)


def card(number: int = 1, day: date = DAY, place: str = "S01") -> dict[str, Any]:
    names = {"card_id": f"c{number}-{day}-{place}", "topic_id": "t1", "product_id": f"P{number}", "store_id": place}
    return {"day": day, "action": "reorder", "quantity": 12, **names}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def holding(lake: Lake, first: date = DAY, last: date = DAY + timedelta(days=30)):
    return latest(answers(lake, first, last).rows)


def answer(lake, cards, response, moment, **more):
    respond(lake, cards, response, moment, **{"note": "as agreed"} | more)


@pytest.mark.parametrize("response", ["accepted", "declined", "snoozed"])
def test_an_answer_needs_a_reason_but_taking_it_back_does_not(lake, response):
    until = DAY + timedelta(days=2) if response == "snoozed" else None
    with pytest.raises(ValueError, match="needs a reason"):
        respond(lake, [card()], response, NOON, snoozed_until=until, note="  \n")
    assert lake.partitions(TABLE) == []
    respond(lake, [card()], "reopened", NOON)


def test_an_answer_is_in_the_lake_with_what_was_answered(lake):
    answer(lake, [card(), card(place="S02")], "accepted", NOON, note="  call\nsupplier ", responded_by=" Ada ")
    rows = lake.read(TABLE).to_pylist()
    assert {(row["store_id"], row["response"], row["quantity"], row["note"], row["responded_by"]) for row in rows} == {
        ("S01", "accepted", 12, "call supplier", "Ada"),
        ("S02", "accepted", 12, "call supplier", "Ada"),
    }


def test_the_same_answer_sent_twice_is_one_answer(lake):
    for _ in range(2):
        answer(lake, [card()], "accepted", NOON)
    assert lake.read(TABLE).num_rows == 1


def test_the_latest_answer_holds_and_one_that_is_taken_back_is_none(lake):
    answer(lake, [card()], "accepted", NOON)
    answer(lake, [card()], "declined", NOON + timedelta(seconds=1))
    assert holding(lake)[card()["card_id"]].response == "declined"
    assert standing(card(), holding(lake), DAY).state == "answered"
    answer(lake, [holding(lake)[card()["card_id"]].as_card()], "reopened", NOON + timedelta(seconds=2))
    assert holding(lake) == {}
    assert standing(card(), holding(lake), DAY).state == "open"
    assert lake.read(TABLE).num_rows == 3  # nothing is ever changed


def test_a_snoozed_card_is_away_until_its_day_on_later_days_too_and_then_back(lake):
    answer(lake, [card()], "snoozed", NOON, snoozed_until=DAY + timedelta(days=2))
    assert standing(card(), holding(lake), DAY).state == "snoozed"
    next_day = card(day=DAY + timedelta(days=1))
    assert standing(next_day, holding(lake), DAY + timedelta(days=1)).state == "snoozed"
    assert due_back(holding(lake), [], DAY + timedelta(days=1)) == []
    on_its_day = card(day=DAY + timedelta(days=2))
    assert standing(on_its_day, holding(lake), DAY + timedelta(days=2)).state == "open"
    assert standing(card(), holding(lake), DAY + timedelta(days=2)).state == "open"
    assert [answer.card_id for answer in due_back(holding(lake), [], DAY + timedelta(days=2))] == [card()["card_id"]]
    assert due_back(holding(lake), [on_its_day], DAY + timedelta(days=2)) == []


def test_a_later_card_of_the_same_product_and_place_shows_what_was_decided_before(lake):
    answer(lake, [card()], "accepted", NOON)
    later = standing(card(day=DAY + timedelta(days=1)), holding(lake), DAY + timedelta(days=1))
    assert later.state == "open"
    assert later.earlier is not None
    assert later.earlier.response == "accepted"
    assert standing(card(place="S02", day=DAY + timedelta(days=1)), holding(lake), DAY).earlier is None


def test_an_answer_under_another_trend_is_shown_but_its_snooze_is_its_own(lake):
    other = card(day=DAY + timedelta(days=1)) | {"topic_id": "another", "card_id": "another"}
    answer(lake, [card()], "snoozed", NOON, snoozed_until=DAY + timedelta(days=3))
    found = standing(other, holding(lake), DAY + timedelta(days=1))
    assert (found.state, found.earlier.response) == ("open", "snoozed")


@pytest.mark.parametrize(
    ("response", "until", "message"),
    [
        ("maybe", None, "is no answer"),
        ("snoozed", None, "needs the day"),
        ("accepted", DAY + timedelta(days=1), "nothing else may have one"),
        ("snoozed", DAY, "after its own"),
        ("snoozed", DAY + timedelta(days=31), "until 2026-10-05"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused_with_a_reason(lake, response, until, message):
    with pytest.raises(ValueError, match=message):
        answer(lake, [card()], response, NOON, snoozed_until=until)
    assert lake.partitions(TABLE) == []


def test_a_note_is_cut_and_kept_as_text(lake):
    answer(lake, [card()], "declined", NOON, note="<b>" + "x" * 600)
    [note] = lake.read(TABLE)["note"].to_pylist()
    assert len(note) == MOST_NOTE_CHARACTERS
    assert note.startswith("<b>x")


def test_answers_of_several_browsers_at_once_are_all_kept(tmp_path):
    """Six writers, each with a lake of its own as separate processes have, answer cards of one day at the same moment."""
    writers, each = 6, 5

    def browser(number: int) -> None:
        lake = Lake(str(tmp_path))
        for count in range(each):
            answer(lake, [card(number * 100 + count)], "accepted", NOON + timedelta(microseconds=number), responded_by=f"buyer {number}")

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(browser, range(writers)))
    kept = latest(answers(Lake(str(tmp_path)), DAY, DAY).rows)
    assert len(kept) == writers * each
    assert {answer.responded_by for answer in kept.values()} == {f"buyer {number}" for number in range(writers)}


def test_only_days_asked_for_are_read(lake):
    answer(lake, [card(), card(day=DAY + timedelta(days=40))], "accepted", NOON)
    assert set(holding(lake)) == {card()["card_id"]}
