"""Sentences say what the numbers say, in both languages."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from trend_assets.board import sentences
from trend_assets.board.outcomes import Outcome
from trend_assets.lib.demand.reconsider import Turn

CARD: dict[str, Any] = {
    "action": "reorder", "daily_units": 4.0, "expected_daily_units": 6.0, "available_units": 20, "inbound_units": 10, "stage": "rising",
    "days_of_cover": 5.0, "lead_time_days": 9, "data_origin": "real", "promotion": False, "confidence": 0.7, "money_at_risk": 100.0,
}  # fmt: skip


def outcome(expected: float, sold: float, *, ran_out: bool = False) -> Outcome:
    return Outcome(date(2026, 9, 5), "Linen Dress", "Robe en lin", "linen", "reorder", 4.0, expected, sold, 7, ran_out)


def test_the_arithmetic_of_a_card():
    assert sentences.arithmetic("en", CARD) == (
        "4.0 sold a day × 1.50 = 6.0 expected; 20 in stock + 10 on its way = 5.0 days of cover; "
        "13 days needed (9 lead time + 4); trend rising, about 7 days left."
    )
    assert sentences.arithmetic("fr", CARD).startswith("4,0 vendu(s) par jour × 1,50 = 6,0 attendu(s)\u00a0; 20 en stock")


def test_what_is_unknown_is_said_and_not_calculated():
    unknown = CARD | {"lead_time_days": None, "days_of_cover": None, "daily_units": 0.0, "expected_daily_units": 0.0}
    assert "lead time unknown" in sentences.arithmetic("en", unknown)
    assert "no end of stock in sight" in sentences.arithmetic("en", unknown)
    assert len(sentences.unknowns("en", unknown | {"data_origin": "simulated", "promotion": True, "confidence": 0.1})) == 5
    assert sentences.unknowns("en", CARD) == []


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
