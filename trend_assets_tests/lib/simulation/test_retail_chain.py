"""Towns of full size or with a history: books that add up, customers who don't depend on the policy, errors, the acts of a policy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from trend_assets.lib.simulation.catalogue import catalogue
from trend_assets.lib.simulation.demand_model import DemandModel
from trend_assets.lib.simulation.retail import Retailer, open_retailer
from trend_assets.lib.simulation.retail_tables import RetailCourse, retail_course, retail_tables, truth_of
from trend_assets.lib.simulation.town import TownParameters
from trend_assets.tables.retail import ORDERS

FULL = TownParameters(size="full", days=5, seed=4)
HISTORY = TownParameters(days=16, history_days=60, seed=4)


@pytest.fixture(scope="module")
def course() -> RetailCourse:
    return retail_course(HISTORY)


def test_the_full_town_has_two_thousand_products_in_twenty_stores_and_the_web() -> None:
    full = catalogue("full")
    assert len(full.products) == len({product.product_id for product in full.products}) == 2_000
    assert len({product.name for product in full.products}) == len({product.name_fr for product in full.products}) == 2_000
    assert [store.channel for store in full.stores].count("store") == 20
    assert full.stores[full.web].channel == "web"
    assert sum(store.share for store in full.stores) == pytest.approx(1.0)
    assert full.products[:300] == catalogue("small").products
    assert all(0 < product.unit_cost < product.unit_price for product in full.products)


def test_the_books_of_every_day_follow_from_those_of_the_day_before(course: RetailCourse) -> None:
    moves = course.received - course.sold + course.returned + course.adjusted
    assert (course.on_hand[1:] == course.on_hand[:-1] + moves[1:]).all()


def test_the_first_days_sell_like_the_later_ones() -> None:
    course = retail_course(TownParameters(size="full", days=14, seed=4))
    weeks = course.demand.sum(axis=(1, 2)).reshape(2, 7).sum(axis=1)
    assert weeks.min() > 0.75 * weeks.max()
    assert course.sold[:7].sum() > 0.93 * course.demand[:7].sum()


def test_customers_get_no_more_than_there_is_and_what_they_miss_is_the_truth(course: RetailCourse) -> None:
    assert (course.physical >= 0).all()
    assert (course.demand >= course.lost).all()
    bought = course.sold + course.cancelled
    # Units bought are those wanted and there, and those bought instead of something else.
    assert bought.sum() == (course.demand - course.lost).sum() + course.substituted.sum()
    assert 0 < course.substituted.sum() < course.lost.sum()
    truth = truth_of(course)
    assert sum(truth.lost["units"].to_pylist()) == course.lost.sum()
    assert sum(truth.demand["units"].to_pylist()) == course.demand.sum()


def test_books_and_stock_differ_somewhere_until_counted(course: RetailCourse) -> None:
    differs = (course.on_hand != course.physical)[-1]
    assert 0.02 < differs.mean() < 0.4
    assert (course.adjusted != 0).sum() > 20


def test_the_same_parameters_give_the_same_days_and_another_seed_others() -> None:
    first, again = retail_course(FULL), retail_course(FULL)
    for name in ("demand", "sold", "on_hand", "discount", "price"):
        assert (getattr(first, name) == getattr(again, name)).all()
    other = retail_course(TownParameters(size="full", days=5, seed=5))
    assert (first.demand != other.demand).mean() > 0.05


@pytest.mark.parametrize("parameters", [HISTORY, TownParameters(days=20, seed=4)])
def test_customers_want_the_same_whatever_the_policy_does(parameters: TownParameters) -> None:
    def policy(day: int, retailer: Retailer) -> None:
        if day % 3 == 0:
            retailer.transfer(day, 3, 0, 1, 2)
            number = retailer.place_order(day, 5, 2, 60)
            retailer.expedite(number, day)

    usual, other = retail_course(parameters), retail_course(parameters, automatic=False, act=policy)
    assert (usual.demand == other.demand).all()
    assert (usual.sold != other.sold).any()


@pytest.mark.parametrize("parameters", [HISTORY, TownParameters(days=20, seed=4)])
def test_a_markdown_only_adds_customers_and_only_where_it_holds(parameters: TownParameters) -> None:
    def policy(day: int, retailer: Retailer) -> None:
        if day == 2:
            retailer.mark_down(7, [0, 1], 2, 5, 0.4)

    usual, other = retail_course(parameters), retail_course(parameters, act=policy)
    more = (other.demand - usual.demand)[parameters.history_days + 2 : parameters.history_days + 6]
    assert (more >= 0).all()
    assert more[:, 7, :2].sum() == more.sum() > 0
    before = slice(0, parameters.history_days + 2)
    assert (other.demand[before] == usual.demand[before]).all()


@pytest.mark.parametrize("parameters", [TownParameters(days=20, seed=4), HISTORY])
def test_what_a_policy_orders_moves_and_hastens_arrives(parameters: TownParameters) -> None:
    retailer = open_retailer(parameters, automatic=False)
    for day in range(retailer.first_day, 1):
        retailer.trade(day)
    quick = next(index for index, product in enumerate(retailer.catalogue.products) if product.supplier_id == "SUP02")
    number = retailer.place_order(1, quick, 0, 200)
    due = next(line.due for line in retailer.open_lines() if line.delivery_id == number)
    assert retailer.expedite(number, 1) == 1 + (due - 1 + 1) // 2
    stock = retailer.on_hand[:, 3]
    product = int(np.argmax(stock))
    moved = retailer.transfer(1, product, 3, 4, 10)
    assert moved > 0
    assert retailer.on_order[quick, 0] >= 200
    days = [retailer.trade(day) for day in range(1, 15)]
    assert days[0].adjusted[product, 3] <= -moved + 3
    assert days[2].received[product, 4] >= moved
    assert sum(int(day.received[quick, 0]) for day in days) >= 100  # it may come late and short, as any delivery
    with pytest.raises(KeyError, match="not an open delivery"):
        retailer.expedite(number, 15)


_WRONG: list[tuple[str, Callable[[Retailer], object]]] = [
    ("no product", lambda retailer: retailer.place_order(0, 9_999, 0, 50)),
    ("no place", lambda retailer: retailer.transfer(0, 0, 0, 77, 1)),
    ("no fewer than", lambda retailer: retailer.place_order(0, 0, 0, 1)),
    ("between 0 and 1", lambda retailer: retailer.mark_down(0, [0], 0, 3, 1.0)),
    ("can't end", lambda retailer: retailer.mark_down(0, [0], 3, 0, 0.2)),
]


@pytest.mark.parametrize(("message", "act"), _WRONG)
def test_an_impossible_act_is_refused(message: str, act: Callable[[Retailer], object]) -> None:
    with pytest.raises(ValueError, match=message):
        act(open_retailer(TownParameters(days=3)))


def test_days_out_of_order_and_unknown_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="in order"):
        open_retailer(HISTORY).trade(0)
    with pytest.raises(ValueError, match="unknown size"):
        TownParameters(size="vast")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="days of history"):
        TownParameters(history_days=-1)


def test_the_tables_conform_and_agree_with_each_other() -> None:
    tables = retail_tables(TownParameters(days=6, history_days=2))
    assert {name.partition("/")[2] for name in tables} == {"products", "stores", "inventory", "orders", "deliveries", "promotions"}
    for name, table in tables.items():
        assert table.num_rows > 0, name
        table.validate(full=True)
    orders, inventory = tables["retail/orders"], tables["retail/inventory"]
    assert orders.schema == ORDERS.schema
    sold = sum(inventory["sold"].to_pylist())
    assert sold == sum(row["quantity"] for row in orders.to_pylist() if row["kind"] in ("sale", "cancellation"))
    received = sum(inventory["received"].to_pylist())
    assert received == sum(tables["retail/deliveries"]["quantity_received"].to_pylist())
    keys = set(zip(*(inventory[name].to_pylist() for name in ("day", "product_id", "store_id")), strict=True))
    assert len(keys) == inventory.num_rows
    assert {(row["day"], row["product_id"], row["store_id"]) for row in orders.to_pylist() if row["kind"] == "sale"} <= keys


def test_one_table_can_be_asked_for_and_none_that_does_not_exist() -> None:
    assert list(retail_tables(TownParameters(days=2), names=["stores"])) == ["retail/stores"]
    with pytest.raises(ValueError, match="no tables of the retailer: retail/wishes"):
        retail_tables(TownParameters(days=2), names=["wishes"])


def test_planted_effects_multiply_demand_by_their_factor_and_nothing_else() -> None:
    """The same customers with and without the planted effects: the ratio of their demand is the factor that the truth tells."""
    course = retail_course(TownParameters(days=20, history_days=1, seed=2))
    truth = truth_of(course).effects
    assert set(truth["kind"].to_pylist()) >= {"organic", "drift"}
    retailer = course.retailer
    ids = {product.product_id: index for index, product in enumerate(retailer.catalogue.products)}
    places = {store.store_id: index for index, store in enumerate(retailer.catalogue.stores)}
    days = {day: index for index, day in enumerate(course.dates)}
    factor = np.ones(course.demand.shape)
    for row in truth.to_pylist():
        factor[days[row["day"]], ids[row["product_id"]], places[row["store_id"]]] += row["factor"] - 1.0
    plain = DemandModel(retailer.parameters, retailer.catalogue, retailer.trends)
    touched = np.unique(np.concatenate([effect.products for effect in plain.effects]))
    plain.effects = []
    without = np.array([plain.demand_on(day, plain.discount_on(day, plain.promotions))[0] for day in range(-1, 20)])
    strong, others = factor > 1.8, np.delete(np.arange(len(ids)), touched)
    assert strong.sum() > 200
    assert course.demand[strong].sum() == pytest.approx((without * factor)[strong].sum(), rel=0.08)
    assert (course.demand[:, others] == without[:, others]).all()
