"""Sentences say what the numbers say, in both languages."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from trend_assets.board import sentences
from trend_assets.board.outcomes import Outcome
from trend_assets.lib.demand.reconsider import Turn
from trend_assets.tables.demand import CARD_EVIDENCE, COUNTER_EVIDENCE, STOCK_DOUBTS

CARD: dict[str, Any] = {
    "action": "reorder", "daily_units": 4.0, "expected_daily_units": 6.0, "available_units": 20, "inbound_units": 10, "stage": "rising",
    "days_of_cover": 5.0, "lead_time_days": 9, "data_origin": "real", "promotion": False, "confidence": 0.7, "money_at_risk": 100.0,
    "evidence_names": ["sales_rose", "robust"], "counter_evidence": [], "stock_doubt": None, "growth_24h": 2.0, "authors_24h": 60,
    "link_score": 0.8,
    "price_change": None, "stress_grade": "A", "gap_share": 0.0, "out_of_stock_days": 0, "minimum_order_quantity": 6, "horizon_days": 13,
    "demand_low": 40.0, "demand_median": 66.0, "demand_high": 101.0, "cover_low": 3.2, "cover_median": 5.1, "cover_high": 8.0,
}  # fmt: skip


def outcome(expected: float, sold: float, *, ran_out: bool = False) -> Outcome:
    return Outcome(date(2026, 9, 5), "Linen Dress", "Robe en lin", "linen", "reorder", 4.0, expected, sold, 7, ran_out)


def test_the_arithmetic_of_a_card():
    assert sentences.arithmetic("en", CARD) == (
        "4.0 usually sold a day × 1.50 = 6.0 expected; 20 in stock + 10 on its way = 5.0 days of cover; "
        "13 days needed (9 lead time + 4); trend rising, lifts sales about 11 days more."
    )
    assert sentences.arithmetic("fr", CARD).startswith("4,0 vendu(s) par jour d'ordinaire × 1,50 = 6,0 attendu(s)\u00a0; 20 en stock")


def test_what_is_unknown_is_said_and_not_calculated():
    unknown = CARD | {"lead_time_days": None, "days_of_cover": None, "daily_units": 0.0, "expected_daily_units": 0.0}
    assert "lead time unknown" in sentences.arithmetic("en", unknown)
    assert "no end of stock in sight" in sentences.arithmetic("en", unknown)
    assert sentences.unknowns("en", unknown | {"counter_evidence": ["unknown_lead_time"]}) == [
        "The supplier's lead time is unknown.",
        "Nothing sold in 14 days: there is nothing to build on.",
    ]
    assert sentences.unknowns("en", CARD) == []
    assert sentences.cover_range("en", unknown | {"cover_low": None}) == "–"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_everything_that_speaks_for_or_against_a_card_has_words(language):
    told = CARD | {
        "evidence_names": list(CARD_EVIDENCE),
        "counter_evidence": list(COUNTER_EVIDENCE),
        "stress_grade": "C",
        "gap_share": 0.25,
    }
    said = [
        *sentences.proofs(language, told | {"stock_doubt": "negative"}),
        *(line for doubt in STOCK_DOUBTS for line in sentences.unknowns(language, told | {"stock_doubt": doubt})),
    ]
    assert len(set(said)) == len(CARD_EVIDENCE) + len(COUNTER_EVIDENCE) + len(STOCK_DOUBTS) - 1
    assert not [line for line in said if "{" in line or "None" in line]
    assert any("25" in line for line in said)


def test_the_range_of_demand_and_a_move_are_said():
    assert sentences.range_of_demand("en", CARD) == (
        "40 to 101 units wanted within 13 days, 66 in the middle; stock lasts 3.2–8 days (8 chances in 10)."
    )
    assert "40 à 101 unités" in sentences.range_of_demand("fr", CARD)
    moved = CARD | {"action": "move", "from_store_id": "S02", "from_store_name": "Lyon", "from_surplus_units": 31}
    assert sentences.arithmetic("en", moved).endswith("; Lyon has 31 units more than it needs.")


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", ["delivery_by", "lead_time", "demand", "stock", "fades", "settles", "returns"])
def test_every_kind_of_fact_has_a_sentence(language, kind):
    turn = Turn(kind, "hold", 7.0, date(2026, 9, 8))
    told = sentences.turn(language, turn, CARD)
    assert told.startswith("If " if language == "en" else ("Si ", "S'il "))
    assert told.endswith("do nothing." if language == "en" else "ne rien faire.")


def test_a_verdict_needs_more_than_thirty_per_cent_and_stock_to_sell():
    assert sentences.verdict(outcome(6.0, 5.0)) == "right"
    assert sentences.verdict(outcome(6.0, 3.0)) == "high"
    assert sentences.verdict(outcome(6.0, 3.0, ran_out=True)) == "unclear"
    assert sentences.verdict(outcome(6.0, 12.0, ran_out=True)) == "low"
    assert sentences.outcome("en", outcome(6.0, 3.0)).endswith("6.0 a day expected, 3.0 sold over 7 days (4.0 before): too high.")
    assert sentences.outcome("fr", outcome(6.0, 3.0)).startswith("Robe en lin, fiche du sam. 5 sept.")


@pytest.mark.parametrize(
    ("reason", "french"),
    [
        ("4 posts that day, at least 5 are needed", "4 message(s) ce jour, il en faut au moins 5"),
        (
            "only 'lit' of a product's name is in the posts (9% of them): too little to tell",
            "seul 'lit' d'un nom de produit est dans les messages (9 % d'entre eux)\u00a0: trop peu pour conclure",
        ),
        (
            "41 of 56 posts use 'school', '{0}' of its name, which other posts hardly do; 4 products share these words",
            "41 messages sur 56 emploient 'school', '{0}' de son nom, ce que les autres messages ne font guère\u00a0; "
            "4 produits partagent ces mots",
        ),
        ("a sentence of tomorrow", "a sentence of tomorrow"),
        (
            "the posts speak of lamp ('lamp'), but of no one product: 'sun' names 9 products, too many to choose from",
            "les messages parlent de lamp ('lamp'), mais d'aucun produit en particulier\u00a0: 'sun' désigne 9 produits, trop pour choisir",
        ),
        (
            "the posts say in other words what the name 'Table Lamp' means (likeness 0.41, next name 0.20 less)",
            "les messages disent autrement ce que 'Table Lamp' veut dire (proximité 0.41, le nom suivant 0.20 de moins)",
        ),
    ],
)
def test_reasons_of_links_are_french_on_a_french_page(reason, french):
    assert sentences.link_reason("fr", reason) == french
    assert sentences.link_reason("en", reason) == reason
