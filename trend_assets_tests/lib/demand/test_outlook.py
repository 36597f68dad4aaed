"""The distribution of demand to come against draws from it, and the arithmetic of the newsvendor."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.demand.outlook import Outlook, fractile

OUTLOOK = Outlook(
    usual=np.array([4.0, 0.3, 4.0, 20.0]),
    uplift=np.array([2.0, 2.0, 2.0, 0.8]),
    spread=np.full(4, 0.3),
    probability=np.array([0.8, 0.8, 0.0, 1.0]),
    life=np.array([7.0, 7.0, 7.0, 2.0]),
    known_days=11.0,
)
DAYS, STOCK = np.full(4, 10.0), np.array([45.0, 1.0, 30.0, 200.0])


def draws(row: int, count: int = 200_000) -> np.ndarray:
    """Units wanted within ten days, drawn from the stated mixture of negative binomials."""
    random = np.random.default_rng(row)
    weights, means, shapes = (part[row] for part in OUTLOOK.parts(DAYS))
    part = random.choice(4, count, p=weights)
    return random.poisson(random.gamma(shapes[part], means[part] / shapes[part]))


@pytest.mark.parametrize("row", range(4))
def test_mean_quantiles_and_shortage_are_those_of_draws(row):
    drawn = draws(row)
    assert OUTLOOK.mean(DAYS)[row] == pytest.approx(drawn.mean(), rel=0.02)
    for level in (0.1, 0.5, 0.9):
        assert OUTLOOK.quantile(level, DAYS)[row] == pytest.approx(np.quantile(drawn, level), abs=1)
    assert OUTLOOK.shortage(STOCK, DAYS)[row] == pytest.approx(np.maximum(drawn - STOCK[row], 0).mean(), rel=0.05)


def test_stock_lasts_as_long_as_demand_within_these_days_reaches_it():
    days = OUTLOOK.days_of(STOCK, 0.5)
    assert OUTLOOK.chance_within(STOCK - 1, days) == pytest.approx(0.5, abs=0.01)
    low, high = OUTLOOK.days_of(STOCK, 0.1), OUTLOOK.days_of(STOCK, 0.9)
    assert (low < days).all()
    assert (days < high).all()


def test_a_trend_that_is_false_changes_nothing_and_a_likelier_one_asks_for_more():
    false, true = (Outlook(np.array([5.0]), np.array([2.0]), np.array([0.3]), np.array([p]), np.array([7.0]), 11.0) for p in (0.0, 1.0))
    seven = np.array([7.0])
    assert false.mean(seven) == pytest.approx([35.0])
    assert true.mean(seven) == pytest.approx([70.0], rel=0.01)
    assert true.quantile(0.8, seven)[0] > false.quantile(0.8, seven)[0]
    assert true.shortage(np.array([40.0]), seven, real=False)[0] == pytest.approx(false.shortage(np.array([40.0]), seven)[0])


def test_the_order_that_earns_most_is_the_critical_fractile():
    margin, leftover, stock = 30.0, 10.0, 20.0
    one = OUTLOOK.take(np.array([0]))
    ten = np.array([10.0])

    def earned(units: float) -> float:
        served = one.shortage(np.array([stock]), ten) - one.shortage(np.array([stock + units]), ten)
        return float(margin * served[0] - leftover * (units - served[0]))

    best = max(range(200), key=earned)
    asked = one.quantile(fractile(np.array([margin]), np.array([leftover])), ten)[0] - stock
    assert best == pytest.approx(asked, abs=1)


def test_nothing_sold_no_stock_and_no_money_have_defined_answers():
    nothing = Outlook(np.array([0.0]), np.array([1.0]), np.array([0.3]), np.array([0.5]), np.array([7.0]), 11.0)
    assert nothing.quantile(0.9, np.array([10.0]))[0] == 0
    assert nothing.days_of(np.array([3.0]), 0.5)[0] == 365
    assert OUTLOOK.days_of(np.array([0.0, -5.0, 0.0, 0.0]), 0.5) == pytest.approx([0.0] * 4)
    assert fractile(np.array([0.0]), np.array([0.0]))[0] == 0.75
