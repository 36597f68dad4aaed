"""Each rule of the decision cards, by a case a buyer can follow."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.demand.cards import CARDS, decision_cards

DAY = date(2026, 9, 5)
ROW: dict[str, Any] = {
    "day": DAY,
    "topic_id": "t1",
    "label": "wrap dress",
    "product_id": "P1",
    "product_name": "Linen Wrap Dress",
    "store_id": "S01",
    "stage": "rising",
    "suppressed": False,
    "trend_score": 3.0,
    "trend_q_value": 0.01,
    "growth_24h": 2.0,
    "link_score": 0.8,
    "daily_units": 4.0,
    "last_3_days_units": 4.0,
    "available_units": 20,
    "inbound_units": 0,
    "next_due_on": None,
    "lead_time_days": 3,
    "minimum_order_quantity": 6,
    "unit_price": 50.0,
    "unit_cost": 20.0,
    "promotion": False,
    "data_origin": "real",
}
SCHEMA = pa.schema(
    [
        ("day", pa.date32()),
        *((name, pa.string()) for name in ("topic_id", "label", "product_id", "product_name", "store_id", "stage")),
        ("suppressed", pa.bool_()),
        *(
            (name, pa.float64())
            for name in ("trend_score", "trend_q_value", "growth_24h", "link_score", "daily_units", "last_3_days_units")
        ),
        *((name, pa.int64()) for name in ("available_units", "inbound_units")),
        ("next_due_on", pa.date32()),
        ("lead_time_days", pa.int32()),
        ("minimum_order_quantity", pa.int64()),
        *((name, pa.float64()) for name in ("unit_price", "unit_cost")),
        ("promotion", pa.bool_()),
        ("data_origin", pa.string()),
        *((name, pa.float64()) for name in ("usual_daily_units", "recent_daily_units", "expected_daily_units", "confidence")),
        *((name, pa.float64()) for name in ("gap_share", "price_change")),
        ("stress_grade", pa.string()),
        *((name, pa.int64()) for name in ("out_of_stock_days", "adjusted_units", "authors_24h")),
    ]
)


def cards(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    found = decision_cards(pa.Table.from_pylist([ROW | change for change in changes], schema=SCHEMA), DAY)
    assert found.equals(CARDS.conform(found))
    return found.to_pylist()


def card(**change: Any) -> dict[str, Any]:
    return cards(change)[0]


def test_too_little_cover_and_a_quick_supplier_is_a_reorder_with_its_arithmetic() -> None:
    found = card()
    # uplift 1 + .85 × .8 = 1.68; 4 × 1.68 = 6.72 a day; 20 / 6.72 = 3 days of cover against 3 + 1 + 3
    assert found["action"] == "reorder"
    assert found["expected_daily_units"] == pytest.approx(6.72)
    assert found["days_of_cover"] == pytest.approx(20 / 6.72)
    # the trend asks for 11 × 6.72 = 73.9, 53.9 more than there are, of which some 10 are wanted before an order comes;
    # a margin of 30 against 5 for a unit left over is worth 6 chances in 7
    assert found["quantity"] == 71
    assert found["act_by"] == DAY
    assert found["money_at_risk"] == pytest.approx(53.92 * 30)
    # all left over if the trend is false, but for what ordinary demand sells beyond the 20: well under 10 each
    assert 0 < found["money_if_false"] < 10 * found["quantity"]
    assert found["confidence"] == pytest.approx(0.8 * 0.99)
    assert "4.0 units a day × 1.68 = 6.7 expected" in found["reason"]
    assert "20 available + 0 inbound = 3.0 days of cover; 7 needed (3 lead + 1 order + 3 safety)" in found["reason"]


def test_the_suppliers_minimum_is_respected_and_an_absurd_one_is_pointed_out() -> None:
    found = card(minimum_order_quantity=90)
    assert (found["action"], found["quantity"]) == ("reorder", 90)
    assert "the supplier's minimum is 90" in found["reason"]
    absurd = card(minimum_order_quantity=500)
    assert (absurd["action"], absurd["quantity"]) == ("hold", 0)
    assert "minimum of 500 is expected to cost" in absurd["reason"]
    assert "125 days of ordinary sales" in absurd["reason"]
    assert "minimum_order" in absurd["counter_evidence"]


def test_enough_cover_is_a_hold() -> None:
    found = card(available_units=120)
    assert (found["action"], found["quantity"], found["act_by"]) == ("hold", 0, None)


def test_goods_already_on_their_way_count_as_cover() -> None:
    assert card(inbound_units=100, next_due_on=DAY + timedelta(days=2))["action"] == "hold"


def test_a_delivery_after_stock_out_is_to_be_expedited() -> None:
    found = card(inbound_units=20, next_due_on=DAY + timedelta(days=6))
    assert found["action"] == "expedite"
    assert found["quantity"] == 20  # 6 − 20/6.72 days without stock, at 6.72 a day, and no more than there is to come
    assert found["act_by"] == DAY + timedelta(days=2)


def test_a_delivery_is_not_hurried_for_less_than_that_costs() -> None:
    """Hurrying costs a tenth of the purchase price of all 200 units; the trend asks for twenty of them."""
    assert card(inbound_units=200, next_due_on=DAY + timedelta(days=6))["action"] == "hold"


def test_a_late_delivery_is_to_be_expedited_while_the_trend_lasts() -> None:
    found = card(inbound_units=20, next_due_on=DAY - timedelta(days=2))
    assert found["action"] == "expedite"
    assert "was due 2 days ago" in found["reason"]
    assert card(inbound_units=40, next_due_on=DAY - timedelta(days=2), available_units=200)["action"] == "hold"


def test_an_order_that_lands_after_the_trend_is_too_late() -> None:
    found = card(lead_time_days=14)
    assert (found["action"], found["quantity"]) == ("too_late", 0)
    assert "lands in 15 days, the trend is expected to lift sales for 11" in found["reason"]
    assert "ordinary demand needs a normal order" in found["reason"]


def test_a_fading_trend_with_far_too_much_stock_is_marked_down() -> None:
    found = card(stage="fading", growth_24h=0.5, available_units=500)
    assert found["action"] == "mark_down"
    assert found["quantity"] == 500 - 4 * 90
    assert found["money_at_risk"] == pytest.approx(140 * 20)
    assert found["act_by"] == DAY + timedelta(days=2)
    assert found["expected_daily_units"] < found["daily_units"]


def test_uplift_is_bounded_whatever_the_growth() -> None:
    assert card(growth_24h=1e9, link_score=1.0)["expected_daily_units"] == pytest.approx(4 * 1.85)
    assert card(growth_24h=0.0, link_score=1.0)["expected_daily_units"] == pytest.approx(4 * 1.85)
    assert card(last_3_days_units=1e9)["expected_daily_units"] == pytest.approx(10)
    assert card(stage="fading", growth_24h=0.0)["expected_daily_units"] == pytest.approx(2.8)


def test_a_trend_that_came_today_is_not_fading_whatever_the_evening_says() -> None:
    """Posts die down within a day; the sales that follow them are still to come."""
    assert card(stage="fading", growth_24h=3.0)["expected_daily_units"] == card()["expected_daily_units"]
    assert card(stage="fad", growth_24h=3.0)["horizon_days"] == card()["horizon_days"]


def test_usual_sales_of_a_place_are_drawn_towards_those_of_all_places() -> None:
    """Ten places sell .1 a day but for one that sold .5 by chance: it is believed less."""
    places = [{"store_id": f"S{number:02d}", "daily_units": 0.1, "last_3_days_units": 0.0} for number in range(10)]
    more = [{**place, "product_id": "P2"} for place in places]
    places[3]["daily_units"] = 0.5
    found = {(one["product_id"], one["store_id"]): one["daily_units"] for one in cards(*places, *more)}
    assert 0.1 < found["P1", "S00"] < found["P1", "S03"] < 0.45
    assert found["P2", "S00"] == pytest.approx(0.1, abs=0.03)


def test_an_unknown_lead_time_spends_nothing_and_says_so() -> None:
    found = card(lead_time_days=None)
    assert found["action"] == "hold"
    assert found["money_at_risk"] > 0
    assert "lead time is unknown" in found["reason"]
    assert found["confidence"] < card()["confidence"]
    assert card(lead_time_days=None, available_units=0, stage="peak")["action"] == "too_late"


def test_without_a_price_no_money_is_counted_and_it_is_said() -> None:
    found = card(unit_price=None, unit_cost=None)
    assert found["money_at_risk"] == 0
    assert "no price is known" in found["reason"]


def test_what_speaks_against_a_card_is_on_it() -> None:
    found = card(promotion=True, data_origin="simulated", link_score=0.35, trend_q_value=0.2)
    for doubt in ("promotion runs", "simulated", "weak (0.35)", "may be chance (q 0.20)"):
        assert doubt in found["reason"]
    assert found["confidence"] == pytest.approx(0.35 * 0.8 * 0.7)


def test_nothing_sold_is_no_demand_to_plan_for() -> None:
    found = card(daily_units=0.0, last_3_days_units=0.0)
    assert (found["action"], found["days_of_cover"]) == ("hold", None)


def test_suppressed_trends_other_days_and_products_without_stock_or_sales_get_no_card() -> None:
    assert (
        cards({"suppressed": True}, {"day": DAY - timedelta(days=1)}, {"available_units": 0, "daily_units": 0.0, "last_3_days_units": 0.0})
        == []
    )


def test_a_topic_keeps_the_cards_with_the_most_at_stake() -> None:
    found = cards(*({"product_id": f"P{number:02d}", "unit_price": float(number + 1)} for number in range(30)))
    assert len(found) == 20
    assert found[0]["product_id"] == "P29"
    assert len({row["card_id"] for row in found}) == 20


def test_negative_stock_and_missing_numbers_do_not_break_a_card() -> None:
    found = card(available_units=-5, growth_24h=None, last_3_days_units=None, trend_q_value=None, minimum_order_quantity=None)
    assert found["action"] == "reorder"
    assert found["available_units"] == -5
    assert found["confidence"] == 0


def test_three_days_of_sales_are_compared_with_three_usual_days() -> None:
    """Twelve units in three days at four a day are usual: only the posts lift the expectation."""
    assert card(last_3_days_units=12.0)["expected_daily_units"] == pytest.approx(6.72)
    # 30 in three days against 12, each with four more: 34 / 16
    assert card(last_3_days_units=30.0)["expected_daily_units"] == pytest.approx(4 * 34 / 16)


def test_usual_sales_are_those_of_days_with_stock() -> None:
    found = card(usual_daily_units=6.0, recent_daily_units=6.0, out_of_stock_days=3)
    assert found["daily_units"] == 6.0
    assert "out_of_stock" in found["counter_evidence"]
    assert "3 of 14 days ended without stock" in found["reason"]


def test_quantiles_say_how_sure_the_cover_is() -> None:
    found = card()
    assert found["demand_low"] < found["demand_median"] < found["demand_high"]
    assert found["cover_low"] < found["cover_median"] < found["cover_high"]
    assert found["horizon_days"] == 11
    doubtful = card(link_score=0.3)
    assert doubtful["demand_high"] < found["demand_high"]


def test_a_doubtful_trend_is_ordered_for_less_than_a_sure_one() -> None:
    assert card(confidence=0.2, expected_daily_units=10.0)["quantity"] < card(confidence=0.9, expected_daily_units=10.0)["quantity"]


def test_another_place_with_more_than_it_needs_gives_before_anything_is_ordered() -> None:
    short, rich = (
        {"store_id": "S01", "available_units": 5, "lead_time_days": 9},
        {"store_id": "S02", "available_units": 200, "lead_time_days": 9},
    )
    found = {one["store_id"]: one for one in cards(short, rich)}
    assert found["S01"]["action"] == "move"
    assert found["S01"]["from_store_id"] == "S02"
    assert found["S01"]["quantity"] == 32  # within the seven days that the trend lives, less five in stock
    assert found["S02"]["action"] == "hold"
    assert found["S01"]["quantity"] <= found["S01"]["from_surplus_units"] < 200
    assert "S02 has" in found["S01"]["reason"]


def test_a_place_gives_away_only_what_it_does_not_need() -> None:
    needy = {"store_id": "S02", "available_units": 40, "lead_time_days": 14}
    found = {one["store_id"]: one for one in cards({"available_units": 5, "lead_time_days": 14}, needy)}
    assert found["S01"]["action"] == "too_late"
    assert found["S01"]["from_store_id"] is None


def test_two_places_are_not_given_the_same_units() -> None:
    rows = [{"store_id": place, "available_units": 2, "lead_time_days": 9} for place in ("S01", "S02", "S03")]
    found = cards(*rows, {"store_id": "S09", "available_units": 220, "lead_time_days": 9})
    moved = [one for one in found if one["action"] == "move"]
    assert 1 <= len(moved) < 3
    assert sum(one["quantity"] for one in moved) <= max(one["from_surplus_units"] for one in moved)


def of_place(found: list[dict[str, Any]], place: str) -> dict[str, dict[str, Any]]:
    return {one["topic_id"]: one for one in found if one["store_id"] == place}


def test_two_trends_on_one_product_and_place_order_once() -> None:
    """The surer one speaks and names the other; the other says which card covers it and puts no money at risk twice."""
    found = of_place(cards({"topic_id": "t2", "label": "linen", "link_score": 0.6}, {"topic_id": "t3", "link_score": 0.5}, {}), "S01")
    assert [one["topic_id"] for one in found.values() if one["action"] == "reorder"] == ["t1"]
    first, other = found["t1"], found["t2"]
    assert first["quantity"] == card()["quantity"]  # one wave of attention seen twice is no reason to order twice
    assert first["evidence_names"][0] == "other_trends"
    assert "2 other trends of the day ask too" in first["reason"]
    assert (other["action"], other["quantity"], other["money_at_risk"], other["money_if_false"]) == ("hold", 0, 0, 0)
    assert other["covered_by"] == found["t3"]["covered_by"] == first["card_id"]
    assert "the card of another trend (reorder) speaks for the same product here and covers this one" in other["reason"]
    assert first["covered_by"] is None


def test_a_sure_trend_that_asks_for_nothing_does_not_silence_another() -> None:
    found = of_place(cards({"topic_id": "sure", "confidence": 0.9, "expected_daily_units": 1.5}, {"topic_id": "t2"}), "S01")
    assert (found["sure"]["action"], found["sure"]["covered_by"]) == ("hold", None)
    assert found["t2"]["action"] == "reorder"
    assert "other_trends" not in found["t2"]["evidence_names"]


def test_what_is_lost_for_want_of_time_is_told_once() -> None:
    """Two trends for which an order comes too late; and one of them beside a trend that lives long enough to order for."""
    late = {"lead_time_days": 14}
    found = of_place(cards(late, late | {"topic_id": "t2", "link_score": 0.5}), "S01")
    assert [(one["action"], one["covered_by"]) for one in found.values()] == [("too_late", None), ("hold", found["t1"]["card_id"])]
    assert found["t2"]["money_at_risk"] == 0 < found["t1"]["money_at_risk"]
    assert "other_trends" not in found["t1"]["evidence_names"]
    fading = {"topic_id": "t2", "stage": "fading", "growth_24h": 0.5, "link_score": 0.9}
    found = of_place(cards({"lead_time_days": 8}, fading | {"lead_time_days": 8}), "S01")
    assert (found["t1"]["action"], found["t2"]["action"], found["t2"]["covered_by"]) == ("reorder", "hold", found["t1"]["card_id"])


def test_two_trends_on_one_product_and_place_move_once_and_promise_no_unit_twice() -> None:
    short = [
        {"topic_id": topic, "store_id": place, "available_units": 2, "lead_time_days": 9, "link_score": score}
        for topic, score in (("t1", 0.8), ("t2", 0.7))
        for place in ("S01", "S02", "S03")
    ]
    rich = {"store_id": "S09", "available_units": 200, "lead_time_days": 9}
    found = cards(*short, rich, {**rich, "topic_id": "t2", "link_score": 0.7})
    moved = [one for one in found if one["action"] == "move"]
    assert moved
    assert len({(one["product_id"], one["store_id"]) for one in moved}) == len(moved)
    alone = {one["store_id"]: one["from_surplus_units"] for one in cards(*short[:3], rich)}
    # what the place needs itself stays there, however many trends and places ask
    assert sum(one["quantity"] for one in moved) <= max(units for units in alone.values() if units)
    acting = [(one["product_id"], one["store_id"]) for one in found if one["action"] not in ("hold", "too_late")]
    assert len(acting) == len(set(acting))


def test_what_is_moved_away_is_not_marked_down_too() -> None:
    fading = {"stage": "fading", "growth_24h": 0.5, "lead_time_days": 9, "available_units": 500}
    alone = cards({"store_id": "S09", **fading})[0]
    found = {one["store_id"]: one for one in cards({"store_id": "S09", **fading}, {"available_units": 2, "lead_time_days": 9})}
    assert (alone["action"], found["S09"]["action"], found["S01"]["action"]) == ("mark_down", "mark_down", "move")
    assert found["S09"]["quantity"] == alone["quantity"] - found["S01"]["quantity"]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_trends_and_stock_one_card_acts_for_a_place_and_no_unit_is_promised_twice(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = []
    for product in ("P1", "P2"):
        lead = int(random.integers(2, 15))
        for place in ("S01", "S02", "S03", "S04"):
            usual, stock = float(random.choice([0.2, 1.0, 4.0])), int(random.choice([0, 2, 10, 60, 300, 700]))
            due = {"inbound_units": 20, "next_due_on": DAY + timedelta(days=int(random.integers(1, 8)))} if random.random() < 0.3 else {}
            for topic in ("t1", "t2", "t3"):
                fading = {"stage": "fading", "growth_24h": 0.5} if random.random() < 0.3 else {}
                trend = {"topic_id": topic, "link_score": float(random.uniform(0.4, 1)), **fading}
                where = {"product_id": product, "store_id": place, "lead_time_days": lead, "available_units": stock}
                rows.append({**trend, **where, **due, "daily_units": usual, "last_3_days_units": 3 * usual})
    found = cards(*rows)
    speaking = [one for one in found if one["action"] != "hold"]
    assert len({(one["product_id"], one["store_id"]) for one in speaking}) == len(speaking)
    assert {one["covered_by"] for one in found if one["covered_by"]} <= {one["card_id"] for one in speaking}
    for one in found:
        where = (one["product_id"], one["store_id"])
        taken = sum(other["quantity"] for other in found if (other["product_id"], other["from_store_id"]) == where)
        cleared = one["quantity"] if one["action"] == "mark_down" else 0
        assert taken + cleared <= max(one["available_units"], 0)
        if taken:
            assert one["available_units"] - taken >= 42 * one["daily_units"] - 1e-9
            assert one["action"] not in ("reorder", "expedite", "move")


def test_a_card_that_speaks_for_others_is_kept_however_many_its_trend_has() -> None:
    more = [{"product_id": f"P{number:02d}", "unit_price": 500.0 + number} for number in range(30)]
    found = cards(*more, {"product_id": "PX"}, {"product_id": "PX", "topic_id": "t2", "link_score": 0.7})
    both = {one["topic_id"]: one for one in found if one["product_id"] == "PX"}
    assert both["t2"]["covered_by"] == both["t1"]["card_id"]


def test_a_stock_record_below_nothing_counts_as_none_and_takes_nothing_from_deliveries() -> None:
    """Minus thirty is a wrong record: what is on its way still covers days, and the card says that stock is to be counted."""
    due = {"inbound_units": 60, "next_due_on": DAY + timedelta(days=1), "lead_time_days": 9}
    wrong, empty = card(available_units=-30, **due), card(available_units=0, **due)
    for name in ("action", "quantity", "days_of_cover", "money_at_risk", "act_by"):
        assert wrong[name] == empty[name]
    assert wrong["stock_doubt"] == "negative"
    assert "stock_doubtful" in wrong["counter_evidence"]
    assert "reckoned as none, count before acting" in wrong["reason"]


def test_what_speaks_for_and_against_is_named() -> None:
    found = card(stress_grade="C", gap_share=0.25, price_change=0.8, adjusted_units=3, recent_daily_units=9.0, usual_daily_units=4.0)
    assert found["evidence_names"][0] == "sales_rose"
    assert found["counter_evidence"] == ["price_change", "stock_doubtful", "weak_stress_test", "collection_gap"]
    assert found["stock_doubt"] == "corrected"
    assert card(available_units=-2)["stock_doubt"] == "negative"
    assert card(usual_daily_units=4.0, recent_daily_units=0.0)["stock_doubt"] == "unsold"
    assert card(stress_grade="insufficient data")["counter_evidence"] == ["untested"]
    assert found["confidence"] < card(stress_grade="A")["confidence"]


def test_stock_is_moved_to_bridge_the_wait_for_an_order() -> None:
    rich = {"store_id": "S02", "available_units": 500, "lead_time_days": 5}
    found = {one["store_id"]: one for one in cards({"available_units": 5, "lead_time_days": 5}, rich)}
    assert found["S01"]["action"] == "move"
    # six days until an order is there, at some 6.7 a day
    assert 25 <= found["S01"]["quantity"] <= 40
    poor = rich | {"available_units": 150}
    nobody = {one["store_id"]: one for one in cards({"available_units": 5, "lead_time_days": 5}, poor)}
    assert nobody["S01"]["action"] == "reorder"
