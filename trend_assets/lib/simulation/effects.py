"""What lifts or lowers demand from outside the shop: planted trends, waves that nobody posts about, slow drifts.

What belongs here: effects as products, places and a course over days. What doesn't: prices, promotions, seasons
(``demand_model.py``), posts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trend_assets.lib.simulation.catalogue import Catalogue
from trend_assets.lib.simulation.planted import PlantedTrend
from trend_assets.lib.simulation.town import TownParameters, stream

_WEB_FELT = 0.5
"""What the web feels of an effect that belongs to some regions or countries."""


@dataclass(frozen=True)
class Effect:
    """One cause of more or less demand. ``extra`` per day from ``first_day`` on is added to the usual 1, times ``felt`` per place.

    ``kind`` is that of the planted trend, or ``wave`` (sales rise without any post) or ``drift`` (slow change all along).
    """

    effect_id: str
    kind: str
    products: np.ndarray
    felt: np.ndarray
    first_day: int
    extra: np.ndarray

    def on(self, day: int) -> float:
        """Added share of demand on a day, where it is felt fully."""
        index = day - self.first_day
        return float(self.extra[index]) if 0 <= index < len(self.extra) else 0.0


def felt_by_place(catalogue: Catalogue, countries: tuple[str, ...], regions: tuple[str, ...]) -> np.ndarray:
    """How much of an effect each place feels: all of it where it belongs, half on the web, nothing elsewhere."""
    if not countries and not regions:
        return np.ones(len(catalogue.stores))
    return np.array(
        [
            _WEB_FELT if store.channel == "web" else float(store.country in countries or store.region in regions)
            for store in catalogue.stores
        ]
    )


def trend_effects(parameters: TownParameters, catalogue: Catalogue, trends: tuple[PlantedTrend, ...]) -> list[Effect]:
    """The effects of trends that have one."""
    items = np.array([product.item for product in catalogue.products])
    days = np.arange(parameters.days)
    return [
        Effect(
            trend.trend_id,
            trend.kind,
            np.flatnonzero(np.isin(items, trend.items)),
            felt_by_place(catalogue, trend.countries, trend.regions),
            0,
            trend.demand_factor(days) - 1.0,
        )
        for trend in trends
        if trend.uplift != 1.0
    ]


def planted_effects(parameters: TownParameters, catalogue: Catalogue, trends: tuple[PlantedTrend, ...]) -> list[Effect]:
    """Every effect of a town: its trends with an uplift, its waves and its drifts."""
    items = np.array([product.item for product in catalogue.products])
    taken = {item for trend in trends for item in trend.items}
    return (
        trend_effects(parameters, catalogue, trends)
        + _waves(parameters, catalogue, items, taken)
        + _drifts(parameters, catalogue, items, taken)
    )


def wave_count(parameters: TownParameters) -> int:
    """Sales waves of a town: ten a month for the full one, three for the small one."""
    return round((10 if parameters.size == "full" else 3) * (parameters.days + parameters.history_days) / 30)


def _waves(parameters: TownParameters, catalogue: Catalogue, items: np.ndarray, taken: set[str]) -> list[Effect]:
    rng = stream(parameters, "waves")
    free = sorted(set(items.tolist()) - taken)
    countries = sorted({store.country for store in catalogue.stores if store.country})
    total = parameters.days + parameters.history_days
    found = []
    for number in range(wave_count(parameters)):
        item = free[int(rng.integers(0, len(free)))]
        where = (countries[int(rng.integers(0, len(countries)))],) if rng.random() < 0.3 else ()
        starts = float(rng.uniform(0, total)) - parameters.history_days
        peaks = starts + float(rng.uniform(2, 6))
        wave = PlantedTrend(
            "", "organic", "", starts, peaks, peaks + float(rng.uniform(4, 12)), 0.0, (), uplift=float(rng.uniform(1.6, 3.5))
        )
        days = np.arange(int(np.floor(starts)), int(np.ceil(peaks)) + 30)
        felt = felt_by_place(catalogue, where, ())
        found.append(
            Effect(f"W{number + 1:02d}", "wave", np.flatnonzero(items == item), felt, int(days[0]), wave.demand_factor(days) - 1.0)
        )
    return found


def _drifts(parameters: TownParameters, catalogue: Catalogue, items: np.ndarray, taken: set[str]) -> list[Effect]:
    """Ranges whose demand slowly doubles, or falls to a third, over half a year: no trend, however long one looks."""
    rng = stream(parameters, "drifts")
    free = np.array(sorted(set(items.tolist()) - taken))
    chosen = rng.choice(free, max(2, round(len(free) * 0.06)), replace=False)
    days = np.arange(-parameters.history_days, parameters.days)
    found = []
    for number, item in enumerate(chosen.tolist()):
        rate = float(rng.uniform(np.log(1 / 3), np.log(2.0))) / 182.0
        extra = np.exp(rate * (days - days[0])) - 1.0
        everywhere = np.ones(len(catalogue.stores))
        found.append(Effect(f"S{number + 1:02d}", "drift", np.flatnonzero(items == item), everywhere, int(days[0]), extra))
    return found
