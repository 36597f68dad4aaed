"""What would be sold on each day, product and place if nothing but weekday, season, price and stock moved.

What belongs here: the expectation and how far sales scatter around it. What doesn't: rows to arrays (``shelf_days.py``), which excess is an
uplift (``uplift.py``).

Demand of a product at a place is a rate, times the rhythm of its market (weekday, and what moved the whole market on a day), times the
season its category had a year before, times price to the power of an elasticity. What is *sold* of it is no more than there was: where a
shelf was emptied, the expectation is E[min(demand, stock)], and the rate is fitted so that expected and real sales agree, an EM step for
right-censored counts (Nahmias, Operations Research 1994; Conrad, Operational Research Quarterly 1976), so that an empty shelf is no sign of
little demand. Counts scatter as a negative binomial, with room for the level's own uncertainty (Noufaily et al., Statistics in Medicine
2013, after Farrington et al., JRSS A 1996).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trend_assets.lib.demand.shelf_days import Booleans, Floats, Integers, ShelfDays

ROUNDS = 4
"""Rate, rhythm and elasticity are fitted in turn so often; later rounds change expectations by less than a per cent."""
USUAL_ELASTICITY, ELASTICITY_SPREAD = 2.5, 1.0
"""Before anything is seen of our own reductions (Bijmolt, van Heerde & Pieters, Journal of Marketing Research 2005: mean 2.6)."""
_SHARED_DAYS = 7.0  # days of exposure that the shares of places weigh against a product's own sales at a place
_RHYTHM_UNITS = 200.0  # expected units of a market's day that weigh as much as "nothing happened"
_SEASON_UNITS = 200.0
_SEASON_DAYS = 3
_TESTABLE_RANGE = 3.0
_OUTLIER = 3.0


@dataclass(frozen=True)
class Expectation:
    """``sales`` (days, products, places): units expected to be sold; ``demand``: expected to be wanted; ``elasticity`` of price."""

    sales: Floats
    demand: Floats
    elasticity: float


def expected_sales(shelf: ShelfDays, baseline: Booleans, season: Floats | None = None) -> Expectation:
    """The expectation of every day, fitted on the days of ``baseline`` (days,) alone, market-wide moves of a day excepted.

    ``season`` (days, categories): what the year before lets us expect of each day, over the baseline's mean; see :func:`last_years_season`.
    Complexity: O(days x products x places) a round.
    """
    fitted = baseline & shelf.open_days
    calendar = np.ones_like(shelf.sold[:, :, :1]) if season is None else season[:, shelf.category_of][:, :, None]
    rhythm = np.ones((len(shelf.days), len(shelf.places)))
    elasticity = USUAL_ELASTICITY
    rate = np.zeros(shelf.sold.shape[1:])
    scarce = np.isfinite(shelf.available)
    for _ in range(ROUNDS):
        factor = rhythm[:, None, :] * calendar * shelf.price**-elasticity * shelf.open_days[:, None, None]
        rate = _rates(shelf, factor, fitted, rate, scarce)
        demand = rate * factor
        sales = _sold_of(demand, shelf.available, scarce)
        elasticity = _elasticity(shelf, sales, fitted, elasticity)
        rhythm = rhythm * _market_moves(shelf, sales, fitted)[:, shelf.market]
    factor = rhythm[:, None, :] * calendar * shelf.price**-elasticity * shelf.open_days[:, None, None]
    demand = _rates(shelf, factor, fitted, rate, scarce) * factor
    return Expectation(_sold_of(demand, shelf.available, scarce), demand, elasticity)


def _sold_of(demand: Floats, available: Floats, scarce: Booleans) -> Floats:
    """E[min(D, S)] of a Poisson demand where stock ran out: m P(D <= S-2) + S P(D >= S)."""
    from scipy.special import pdtr

    sales = demand.copy()
    mean, stock = demand[scarce], available[scarce]
    below = np.where(stock >= 2, pdtr(np.maximum(stock - 2, 0), mean), 0.0)
    at_least = np.where(stock >= 1, 1 - pdtr(np.maximum(stock - 1, 0), mean), 1.0)
    sales[scarce] = np.minimum(mean * below + stock * at_least, mean)
    return sales


def _rates(shelf: ShelfDays, factor: Floats, fitted: Booleans, before: Floats, scarce: Booleans) -> Floats:
    """Usual units a day (products, places): sales over exposure, places of little sale leaning on the product's and the place's totals."""
    sold = shelf.sold[fitted].sum(axis=0)
    exposed = factor[fitted]
    if before.any() and scarce.any():
        demand = before * exposed
        seen = _sold_of(demand, shelf.available[fitted], scarce[fitted])
        exposed = exposed * np.where(demand > 0, seen / np.where(demand > 0, demand, 1.0), 1.0)
        # a shelf that was empty all day shows nothing, whatever the rate
        exposed = np.where(scarce[fitted] & (shelf.available[fitted] <= 0), 0.0, exposed)
    exposure = exposed.sum(axis=0)
    of_product = sold.sum(axis=1) / np.maximum(exposure.sum(axis=1), 1e-9) * len(shelf.places)
    share = sold.sum(axis=0) / max(float(sold.sum()), 1e-9)
    prior = of_product[:, None] * share
    return np.asarray((sold + _SHARED_DAYS * prior) / (exposure + _SHARED_DAYS))


def _elasticity(shelf: ShelfDays, sales: Floats, fitted: Booleans, used: float) -> float:
    """Elasticity that makes sales at unusual prices likeliest (Poisson), near the usual one where little was seen."""
    unusual = (np.abs(shelf.price - 1) > 0.03) & fitted[:, None, None] & (sales > 0)
    log_price = np.log(shelf.price[unusual])
    usual = sales[unusual] * shelf.price[unusual] ** used
    candidates = np.arange(0.0, 8.01, 0.1)
    fits = [
        float((-shelf.sold[unusual] * value * log_price - usual * np.exp(-value * log_price)).sum())
        - (value - USUAL_ELASTICITY) ** 2 / (2 * ELASTICITY_SPREAD**2)
        for value in candidates.tolist()
    ]
    return float(candidates[int(np.argmax(fits))])


def _market_moves(shelf: ShelfDays, sales: Floats, fitted: Booleans) -> Floats:
    """What moved whole markets, (days, markets): each weekday's share, and each day's, which ranges that rise alone must not make.

    A weekday's move is sales over expectation of the baseline's days; a day's is the median over ranges that sell enough, plus the third
    of a unit by which a Poisson's median is below its mean, leaning towards none where a market sells little.
    """
    moves = np.ones((len(shelf.days), len(shelf.markets)))
    weekday = np.array([day.weekday() for day in shelf.days])
    for market in range(len(shelf.markets)):
        here = shelf.market == market
        sold, expected = shelf.sold[:, :, here].sum(axis=2), sales[:, :, here].sum(axis=2)
        for one in range(7):
            days = (weekday == one) & fitted
            moves[weekday == one, market] = (sold[days].sum() + _RHYTHM_UNITS / 2) / (expected[days].sum() + _RHYTHM_UNITS / 2)
        sold, expected = _by_range(sold, shelf.range_of, len(shelf.ranges)), _by_range(expected, shelf.range_of, len(shelf.ranges))
        expected = expected * moves[:, market][:, None]
        for day in np.flatnonzero(shelf.open_days).tolist():
            enough = expected[day] >= _TESTABLE_RANGE
            if enough.sum() < 10:
                continue
            middle = float(np.median((sold[day, enough] + 1 / 3) / expected[day, enough]))
            weight = float(expected[day].sum())
            moves[day, market] *= (middle * weight + _RHYTHM_UNITS) / (weight + _RHYTHM_UNITS)
    return moves


def _by_range(values: Floats, range_of: Integers, ranges: int) -> Floats:
    """Sums over the products (axis 1) of each range."""
    result = np.zeros((values.shape[0], ranges))
    np.add.at(result.T, range_of, values.T)
    return result


def last_years_season(units: Floats, categories: Integers, shelf: ShelfDays, baseline: Booleans) -> Floats:
    """What the year before lets us expect, (days, categories): smoothed units of each day 364 days earlier over the baseline's mean.

    ``units`` (days, n) of last year's same weekdays, columns ``categories`` (n,) as in the shelf. A category with little or no sale then
    has factors near 1.
    """
    totals = np.zeros((len(shelf.days), len(shelf.categories)))
    np.add.at(totals.T, categories, units.T)
    known = units.sum(axis=1) > 0
    if known.sum() < 0.8 * len(known):
        return np.ones_like(totals)
    kernel = np.ones(2 * _SEASON_DAYS + 1)
    nearby = np.convolve(known, kernel, "same")
    smooth = np.stack([np.convolve(totals[:, one], kernel, "same") / np.maximum(nearby, 1) for one in range(totals.shape[1])], axis=1)
    told = nearby > 0
    usual = smooth[baseline & told if (baseline & told).any() else told].mean(axis=0)
    smooth[~told] = usual  # a week in which nothing was known says nothing of the season
    weight = usual * len(kernel)
    return np.asarray((smooth / np.maximum(usual, 1e-9) * weight + _SEASON_UNITS) / (weight + _SEASON_UNITS))


def scatter(sold: Floats, expected: Floats, least: float = 0.2) -> float:
    """Size of the negative binomial of sums (n,) around their expectations: variance mean + mean^2 / size; large where they are Poisson.

    By moments, residuals cut at three standard deviations: what rises, or was mistaken, must not teach what is ordinary.
    """
    usable = expected >= least
    mean, count = expected[usable], sold[usable]
    if mean.size < 20:
        return 10.0
    size = 10.0
    for _ in range(5):
        deviation = np.sqrt(mean + mean**2 / size)
        squared = np.minimum(np.abs(count - mean), _OUTLIER * deviation) ** 2
        excess = float((squared - mean).sum() / (mean**2).sum())
        size = float(np.clip(1 / max(excess, 1e-3), 0.5, 1000.0))
    return size
