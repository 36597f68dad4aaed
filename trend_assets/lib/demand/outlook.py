"""Demand to come at a product and place under a trend that may be real or not: a distribution, its quantiles and what to order for it.

What belongs here: the distribution and the newsvendor's arithmetic, vectorised over rows. What doesn't: which action follows
(``cards.py``), how stock and sales come together (dbt model ``int_trend_product_stock``).

The distribution of the units wanted within t days is a mixture of negative binomials, chosen because each part can be checked by hand:

* with probability p the trend lifts (or, when it fades, lowers) this product's sales: usual units a day times an uplift while the trend
  lives, usual ones after. The uplift is log-normal around its median, by its three Gauss-Hermite points (weights 1/6, 2/3, 1/6);
* else usual demand goes on.

Each part has the coefficient of variation of the usual rate's own estimate (gamma posterior of the counts of ``known_days``), of the days'
ups and downs and of a floor for what no history tells. Given a shortage cost and an overage cost, the quantity that earns most in
expectation is the critical fractile of that mixture (Arrow, Harris & Marschak 1951, *Optimal inventory policy*; Silver, Pyke & Thomas
2017, *Inventory and Production Management in Supply Chains*, ch. 9-10); a fixed minimum order is taken only where it still earns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_NODES = np.array([-1.7320508075688772, 0.0, 1.7320508075688772])
_WEIGHTS = np.array([1 / 6, 2 / 3, 1 / 6])
_STEPS = 18
"""Halvings of an interval of at most some hundred thousand units."""


@dataclass(frozen=True)
class Outlook:
    """Demand to come of n rows; arrays of length n.

    ``usual``: units a day without the trend. ``uplift``: median multiplier while the trend lives, if it is real. ``spread``: standard
    deviation of the uplift's logarithm. ``probability`` that the trend is real for this product. ``life``: days the trend still lifts
    sales. ``known_days``: days behind ``usual``. ``dispersion``: variance of one day's rate over its square. ``floor``: the same of the
    rate over any horizon, which longer horizons do not average away.
    """

    usual: Floats
    uplift: Floats
    spread: Floats
    probability: Floats
    life: Floats
    known_days: float
    dispersion: float = 0.12
    floor: float = 0.03

    def parts(self, days: Floats) -> tuple[Floats, Floats, Floats]:
        """Weights, means and shapes of the mixture for demand within ``days`` (each (n, 4); the last column is the false trend)."""
        days = np.maximum(np.asarray(days, np.float64), 1e-9)
        lifted = np.minimum(days, self.life)
        uplifts = self.uplift[:, None] * np.exp(self.spread[:, None] * _NODES - self.spread[:, None] ** 2 / 2)
        uplifts = np.column_stack([uplifts, np.ones_like(self.usual)])
        means = self.usual[:, None] * (uplifts * lifted[:, None] + (days - lifted)[:, None])
        real = self.probability[:, None] * _WEIGHTS
        weights = np.column_stack([real, 1 - self.probability])
        variation = 1 / (self.known_days * self.usual + 0.5) + self.dispersion / np.maximum(days, 1.0) + self.floor
        shapes = np.broadcast_to(1 / variation[:, None], means.shape)
        return weights, np.maximum(means, 1e-9), shapes

    def mean(self, days: Floats) -> Floats:
        """Expected units within ``days``."""
        weights, means, _ = self.parts(days)
        return np.asarray((weights * means).sum(axis=1))

    def chance_within(self, units: Floats, days: Floats) -> Floats:
        """Probability that no more than ``units`` are wanted within ``days``."""
        weights, means, shapes = self.parts(days)
        return np.asarray((weights * _cdf(np.asarray(units, np.float64)[:, None], means, shapes)).sum(axis=1))

    def quantile(self, level: Floats | float, days: Floats) -> Floats:
        """Fewest units that suffice with probability ``level`` within ``days``; O(n × halvings)."""
        weights, means, shapes = self.parts(days)
        level = np.broadcast_to(np.asarray(level, np.float64), self.usual.shape)
        low = np.full(self.usual.shape, -1.0)
        high = np.ceil(np.max(means + 8 * np.sqrt(means + means**2 / shapes), axis=1) + 8)
        for _ in range(_STEPS):
            middle = np.floor((low + high) / 2)
            enough = (weights * _cdf(middle[:, None], means, shapes)).sum(axis=1) >= level
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return high

    def shortage(self, units: Floats, days: Floats, *, real: bool | None = None) -> Floats:
        """Expected units wanted within ``days`` beyond ``units``; of the real or the false trend alone where ``real`` says so."""
        weights, means, shapes = self.parts(days)
        short = _shortage(np.maximum(np.asarray(units, np.float64), 0.0)[:, None], means, shapes)
        if real is None:
            return np.asarray((weights * short).sum(axis=1))
        return np.asarray((_WEIGHTS * short[:, :3]).sum(axis=1) if real else short[:, 3])

    def days_of(self, units: Floats, level: float, longest: float = 365.0) -> Floats:
        """Days within which ``units`` run out with probability ``level``: quantile of the days of cover, at most ``longest``."""
        units = np.asarray(units, np.float64)
        low, high = np.zeros(self.usual.shape), np.full(self.usual.shape, longest)
        for _ in range(_STEPS):
            middle = (low + high) / 2
            gone = 1 - self.chance_within(units - 1, middle) >= level  # as many wanted as there are: nothing is left
            low, high = np.where(gone, low, middle), np.where(gone, middle, high)
        return np.where(units <= 0, 0.0, high)

    def take(self, rows: Any) -> Outlook:
        """The outlook of some rows."""
        return Outlook(
            self.usual[rows],
            self.uplift[rows],
            self.spread[rows],
            self.probability[rows],
            self.life[rows],
            self.known_days,
            self.dispersion,
            self.floor,
        )


def fractile(margin: Floats, leftover: Floats) -> Floats:
    """The newsvendor's critical fractile: margin lost per unit short over that plus the cost of a unit left over; .75 without money."""
    total = margin + leftover
    return np.where(total > 0, margin / np.where(total > 0, total, 1.0), 0.75)


def _cdf(units: Floats, means: Floats, shapes: Floats) -> Floats:
    from scipy.special import betainc

    counted = np.maximum(units, 0.0)
    return np.where(units < 0, 0.0, betainc(shapes, counted + 1, shapes / (shapes + means)))


def _shortage(units: Floats, means: Floats, shapes: Floats) -> Floats:
    """E[(D − units)+] of negative binomials: m·P(D' ≥ units) − units·P(D > units), D' with one more in its shape."""
    from scipy.special import betainc

    share = shapes / (shapes + means)
    beyond = 1 - betainc(shapes, units + 1, share)
    shifted = np.where(units < 1, 1.0, 1 - betainc(shapes + 1, np.maximum(units, 1e-9), share))
    return np.maximum(means * shifted - units * beyond, 0.0)
