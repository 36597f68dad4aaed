"""What would change our mind is true: told the fact, the rules say what the statement says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from trend_assets.lib.demand.cards import decision_cards
from trend_assets.lib.demand.reconsider import Turn, turns
from trend_assets.lib.demand.situation import DEFAULT_RULES, falling
from trend_assets.tables.topics import STAGES
from trend_assets_tests.lib.demand.test_cards import DAY, ROW, SCHEMA


def decide(row: dict[str, Any]) -> dict[str, Any] | None:
    cards = decision_cards(pa.Table.from_pylist([row], schema=SCHEMA), DAY).to_pylist()
    return cards[0] if cards else None


def told(row: dict[str, Any], peak: float | None = None) -> tuple[dict[str, Any], dict[str, Turn]]:
    """The row's card and what would turn it, by kind."""
    card = decide(row)
    assert card is not None
    found = turns([card], {} if peak is None else {card["topic_id"]: peak})[card["card_id"]]
    return card, {turn.kind: turn for turn in found}


rows = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(STAGES),
        "daily_units": st.floats(0.1, 60).map(lambda value: round(value, 2)),
        "growth": st.floats(0.2, 5),
        "seen": st.floats(0.5, 4),
        "available_units": st.integers(-5, 400),
        "inbound_units": st.integers(0, 100),
        "due_in": st.none() | st.integers(-4, 20),
        "lead_time_days": st.none() | st.integers(1, 30),
        "link_score": st.floats(0.1, 1),
    }
).map(
    lambda drawn: (
        ROW
        | {key: value for key, value in drawn.items() if key not in ("growth", "seen", "due_in")}
        | {
            "growth_24h": drawn["growth"],
            "last_3_days_units": drawn["seen"] * drawn["daily_units"],
            "next_due_on": None if drawn["due_in"] is None else DAY + timedelta(days=drawn["due_in"]),
        }
    )
)


@settings(max_examples=25, deadline=None)
@given(rows)
def test_whatever_is_said_would_turn_the_decision_as_said(row):
    """Each fact is put into the row that dbt would deliver, without knowing how it was found; then the rules decide."""
    card = decide(row)
    if card is None:
        return
    _, found = told(row)
    expected = card["expected_daily_units"]
    usual = card["daily_units"]
    as_now = {"expected_daily_units": expected, "confidence": card["confidence"]}
    for kind, turn in found.items():
        assert turn.action != card["action"]
        changed: dict[str, Any] = row | as_now
        if kind == "stock":
            changed["available_units"] += int(turn.amount or 0)
        elif kind == "delivery_by":
            changed["next_due_on"] = turn.by
        elif kind == "lead_time":
            changed["lead_time_days"] = int(turn.amount or 0)
        elif kind == "settles":
            changed["stage"] = "steady"
        elif kind == "demand":  # seen, so no longer in doubt; what the trend cannot explain, the sales themselves have become
            explained = usual <= turn.amount <= 2.5 * usual if not falling(row) else turn.amount <= usual
            explained = explained and turn.amount >= usual if falling(row) else explained
            changed |= {"expected_daily_units": turn.amount, "confidence": 1.0} | ({} if explained else {"usual_daily_units": turn.amount})
        elif kind == "fades":
            lower = min(usual, expected)
            changed |= {"stage": "fading", "growth_24h": None, "usual_daily_units": usual, "expected_daily_units": lower}
        else:
            changed |= {"stage": "rising", "expected_daily_units": usual}
        then = decide(changed)
        assert then is not None
        assert then["action"] == turn.action, (kind, turn, row)


def test_a_reorder_turns_with_less_demand_or_more_stock():
    card, found = told(ROW | {"available_units": 20, "lead_time_days": 3, "daily_units": 4.0})
    assert card["action"] == "reorder"
    assert found["demand"].action == "hold"
    assert found["demand"].amount == 1.7  # twenty last eleven days at 1.8
    assert found["stock"].action == "hold"


def test_a_delivery_in_time_makes_expediting_needless():
    card, found = told(ROW | {"available_units": 10, "inbound_units": 30, "next_due_on": DAY + timedelta(days=6), "lead_time_days": 9})
    assert card["action"] == "expedite"
    by = found["delivery_by"].by
    assert by is not None
    assert DAY <= by < DAY + timedelta(days=6)


def test_too_late_turns_with_a_faster_supplier():
    card, found = told(ROW | {"lead_time_days": 20})
    assert card["action"] == "too_late"
    assert found["lead_time"].action == "reorder"
    assert found["lead_time"].amount == DEFAULT_RULES.life["rising"] - DEFAULT_RULES.review


def test_an_unknown_lead_time_is_what_a_hold_waits_for():
    card, found = told(ROW | {"lead_time_days": None, "available_units": 5})
    assert card["action"] == "hold"
    assert found["lead_time"].action == "reorder"


def test_fading_names_half_of_the_peak_of_posts():
    _, found = told(ROW | {"available_units": 24, "lead_time_days": 3}, peak=31.0)
    assert found["fades"].amount == 16.0


def test_a_card_that_its_numbers_do_not_reproduce_says_nothing():
    card = decide(ROW)
    assert card is not None
    wrong = card | {"action": "mark_down"}
    assert turns([wrong], {})[card["card_id"]] == ()


def test_a_day_without_cards_and_cards_of_several_days():
    card = decide(ROW)
    assert card is not None
    assert turns([], {}) == {}
    other = card | {"day": date(2026, 9, 6), "card_id": "other"}
    found = turns([card, other], {})
    assert found[card["card_id"]] == found["other"]


def test_rules_with_other_constants_are_asked_as_they_are():
    card = decide(ROW | {"lead_time_days": 20})
    assert card is not None
    patient = replace(DEFAULT_RULES, life={**DEFAULT_RULES.life, "rising": 40})
    assert turns([card], {}, patient)[card["card_id"]] == ()  # under these rules the card would not be what it is
