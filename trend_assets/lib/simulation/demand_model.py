"""What customers want on a day, whatever there is in stock: rates, seasons, prices, promotions, trends, chance.

What belongs here: demand by product and place. What doesn't: stock and sales (``retail_chain.py``). Everything is drawn without
looking at stock, so that two policies meet the same customers; a price a policy reduces raises the same draws' counts.

Buyers are a Poisson count around a gamma-distributed rate (a negative binomial: Agrawal & Smith 1996 find it fits retail sales),
who take one unit and, of cheap goods, some more. The rate is a product of factors: popularity (log-normal over products), share
of the place, taste, weekday, season, holidays, a slow common mood of the product (autoregressive), list price and promotion to
the power of the product's elasticity, planted effects; and a dip after a promotion, because customers bought ahead.
"""

from __future__ import annotations

import numpy as np

from trend_assets.lib.simulation.catalogue import Catalogue
from trend_assets.lib.simulation.catalogue_full import season_of
from trend_assets.lib.simulation.common_numbers import poisson_counts
from trend_assets.lib.simulation.effects import planted_effects
from trend_assets.lib.simulation.planted import PlantedTrend
from trend_assets.lib.simulation.retail import Promotion
from trend_assets.lib.simulation.town import TownParameters, stream
from trend_assets.lib.simulation.trading_calendar import black_friday, is_sales_day, place_factors, season_factor

USUAL_UNITS = 2.4
"""A product's mean sales a day over all places, in a year's mean."""
_SPREAD = 1.35  # of the logarithm of popularity: most products sell little
_PLANTED_UNITS = (4.0, 14.0)  # sales a day of ranges that trends name: a lift of what never sells could not be seen
_DISPERSION = 4.0  # shape of the gamma noise of one product, place and day
_DAY_DISPERSION = 7.0  # shape of the gamma noise of one product and day, the same in all places
_MOOD_MEMORY, _MOOD_SPREAD = 0.94, 0.22
_PLACE_MOOD = 0.4  # ups and downs of a place, and of all places together, beside those of a product
_MORE_UNITS, _CHEAP = 2.2, 18.0  # units beyond the first a buyer takes of what costs nothing, and the price at which it's a third
_BOUGHT_AHEAD, _DIP_MEMORY = 0.22, 0.8
_BULK_SIZES = np.array([4, 6, 6, 10, 12, 24, 36])
_BULK_SHARE = 0.0035  # orders in bulk per unit of usual demand, on the web
_LAUNCHED = 0.05  # share of products that are new within the simulated days


class DemandModel:
    """Demand of a town. ``rate`` is a usual day's by product and place, 0 where the product isn't sold (``listed``)."""

    def __init__(self, parameters: TownParameters, catalogue: Catalogue, trends: tuple[PlantedTrend, ...]) -> None:
        self.parameters, self.catalogue = parameters, catalogue
        self.first_day, self.days = -parameters.history_days, parameters.history_days + parameters.days
        self.named = np.isin([product.item for product in catalogue.products], [item for trend in trends for item in trend.items])
        self.effects = planted_effects(parameters, catalogue, trends)
        self._seasons = [season_of(product) for product in catalogue.products]
        self._countries = [store.country for store in catalogue.stores]
        self.base_price = np.array([product.unit_price for product in catalogue.products])
        self.units_a_buyer = 1.0 + _MORE_UNITS * np.exp(-self.base_price / _CHEAP)
        self.launch = self._launches()
        self.listed, self.rate = self._rates()
        self.elasticity = stream(parameters, "elasticity").uniform(1.2, 2.8, len(self.base_price))
        self._mood = self._moods()
        self._price = self._prices()
        self.promotions = self._plan_promotions()
        self._pantry = np.zeros(self.rate.shape)

    def _launches(self) -> np.ndarray:
        rng = stream(self.parameters, "launches")
        new = (rng.random(len(self.base_price)) < _LAUNCHED) & ~self.named
        return np.where(new, rng.integers(self.first_day, self.first_day + self.days, len(new)), self.first_day - 1_000)

    def _rates(self) -> tuple[np.ndarray, np.ndarray]:
        rng = stream(self.parameters, "popularity")
        count, stores = len(self.base_price), self.catalogue.stores
        popularity = np.exp(rng.normal(0.0, _SPREAD, count)) * (self.base_price / 40.0) ** -0.6
        popularity *= USUAL_UNITS / popularity.mean()
        popularity = np.where(self.named, np.clip(popularity, *_PLANTED_UNITS), popularity)
        shares = np.array([store.share for store in stores])
        taste = np.exp(rng.normal(0.0, 0.35, (count, len(stores))))
        # The best sellers are everywhere; the others are in the bigger stores first, and the web has all.
        rank = np.argsort(np.argsort(-popularity)) / count
        size = shares / shares[:-1].max()
        listed = rng.random((count, len(stores))) < np.clip(0.35 + 0.75 * size - 0.45 * rank[:, None], 0.12, 1.0)
        listed[(rank < 0.15) | self.named] = True
        listed[:, self.catalogue.web] = True
        return listed, popularity[:, None] * shares * taste * listed

    def _moods(self) -> np.ndarray:
        """Slow common ups and downs of each product and, beside them, each place; shape (days, products + places)."""
        rng = stream(self.parameters, "moods")
        width = len(self.base_price) + len(self.catalogue.stores) + 1
        shocks = rng.standard_normal((self.days, width), dtype=np.float32) * np.float32(_MOOD_SPREAD * np.sqrt(1 - _MOOD_MEMORY**2))
        shocks[0] /= np.float32(np.sqrt(1 - _MOOD_MEMORY**2))
        for day in range(1, self.days):
            shocks[day] += np.float32(_MOOD_MEMORY) * shocks[day - 1]
        shocks[:, len(self.base_price) :] *= np.float32(_PLACE_MOOD)
        shocks[:, len(self.base_price) : -1] += shocks[:, -1:]  # what all places feel: weather, money, news
        return shocks[:, :-1]

    def _prices(self) -> np.ndarray:
        """List prices, shape (days, products): some change, by 4 to 15 %, more often upwards, about once in a year."""
        rng = stream(self.parameters, "prices")
        changes = rng.random((self.days, len(self.base_price))) < 1.0 / 365.0
        changes[0] = False
        steps = rng.uniform(0.04, 0.15, changes.shape) * np.where(rng.random(changes.shape) < 0.65, 1, -1)
        prices = self.base_price * np.cumprod(np.where(changes, 1 + steps, 1.0), axis=0)
        return np.where(np.cumsum(changes, axis=0) > 0, np.round(prices), self.base_price).clip(min=1.0)

    def _plan_promotions(self) -> list[Promotion]:
        rng = stream(self.parameters, "promotions")
        categories = np.array([product.category for product in self.catalogue.products])
        names = sorted(set(categories.tolist()))
        free = ~self.named
        promotions: list[Promotion] = []

        def add(products: np.ndarray, places: np.ndarray, first: int, last: int, discount: float) -> None:
            promotions.append(Promotion(f"PROMO-{len(promotions) + 1:03d}", np.sort(products), places, first, last, discount))

        web, every = np.array([self.catalogue.web]), np.arange(len(self.catalogue.stores))
        for _ in range(max(2, round(self.days * (22 if self.parameters.size == "full" else 9) / 30))):
            category = np.flatnonzero(free & (categories == names[int(rng.integers(0, len(names)))]))
            chosen = rng.choice(category, min(len(category), int(rng.integers(5, 26))), replace=False)
            reach = rng.random()
            country = self._countries[int(rng.integers(0, len(self._countries) - 1))]
            places = web if reach < 0.35 else np.flatnonzero(np.array(self._countries) == country) if reach < 0.55 else every
            first = self.first_day + int(rng.integers(-3, self.days))
            add(chosen, places, first, first + int(rng.integers(3, 15)), float(rng.choice([0.1, 0.15, 0.2, 0.25, 0.3, 0.4])))
        start = self.parameters.start.date()
        for year in range(start.year - 3, start.year + 3):
            first = (black_friday(year) - start).days
            chosen = rng.choice(np.flatnonzero(free), int(free.sum() * 0.2), replace=False)
            if self.first_day <= first + 3 and first < self.parameters.days:
                add(chosen, every, first, first + 3, 0.25)
        return promotions

    def price_on(self, day: int) -> np.ndarray:
        """List price of each product on the day."""
        price: np.ndarray = self._price[day - self.first_day]
        return price

    def listed_on(self, day: int) -> np.ndarray:
        """Where each product is sold on the day."""
        listed: np.ndarray = self.listed & (self.launch <= day)[:, None]
        return listed

    def discount_on(self, day: int, promotions: list[Promotion]) -> np.ndarray:
        """The best price reduction by product and place, 0 where there is none."""
        discount = np.zeros(self.rate.shape)
        for promotion in promotions:
            if promotion.first_day <= day <= promotion.last_day:
                where = np.ix_(promotion.products, promotion.places)
                discount[where] = np.maximum(discount[where], promotion.discount)
        return discount

    def season_on(self, day: int) -> np.ndarray:
        """Season factor of each product on the day."""
        date = self.parameters.start.date().fromordinal(self.parameters.start.date().toordinal() + day)
        factors = {season: season_factor(date, season) for season in "-swx"}
        return np.array([factors[season] for season in self._seasons])

    def factor_on(self, day: int) -> np.ndarray:
        """Multiplier of demand by planted effects, by product and place: 1 and what each adds."""
        factors = np.ones(self.rate.shape)
        for effect in self.effects:
            extra = effect.on(day)
            if extra:
                factors[effect.products] += extra * effect.felt
        return factors

    def demand_on(self, day: int, discount: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Units wanted by product and place, and the largest order in bulk among them; call once for each day in order."""
        rng = stream(self.parameters, "wants", day)
        date = self.parameters.start.date().fromordinal(self.parameters.start.date().toordinal() + day)
        products = len(self.base_price)
        mood = np.exp(self._mood[day - self.first_day])
        expected = self.rate * place_factors(date, self._countries, self.catalogue.web) * mood[products:]
        age = np.clip((day - self.launch + 1) / 14.0, 0.0, 1.0)
        expected *= (self.season_on(day) * mood[:products] * (self.price_on(day) / self.base_price) ** -self.elasticity * age)[:, None]
        expected *= self.factor_on(day)
        lift = (1.0 - discount) ** -self.elasticity[:, None] * np.where(discount > 0, 1.1, 1.0)
        # Bought ahead: part of what a promotion adds is missing later, fading over some days.
        expected *= np.where(discount > 0, lift, 1.0 / (1.0 + self._pantry))
        self._pantry = _DIP_MEMORY * self._pantry + np.where(discount > 0, _BOUGHT_AHEAD * (lift - 1.0) * (1 - _DIP_MEMORY) * 3, 0.0)
        if is_sales_day(date):
            expected *= 1.0 + 0.3 * (discount > 0)
        expected *= rng.standard_gamma(_DISPERSION, expected.shape) / _DISPERSION
        expected *= (rng.standard_gamma(_DAY_DISPERSION, products) / _DAY_DISPERSION / self.units_a_buyer)[:, None]
        buyers = poisson_counts(rng.random(expected.shape), expected)
        demand = buyers + poisson_counts(rng.random(expected.shape), buyers * (self.units_a_buyer[:, None] - 1.0))
        bulk = self._bulk(rng, self.listed_on(day))
        return demand + bulk, bulk

    def _bulk(self, rng: np.random.Generator, listed: np.ndarray) -> np.ndarray:
        """Offices and other shops that order many at once, on the web: at most one such order per product and day."""
        web = self.catalogue.web
        bulk = np.zeros(self.rate.shape, np.int64)
        orders = rng.random(len(self.base_price)) < _BULK_SHARE * np.sqrt(self.rate[:, web])
        sizes = _BULK_SIZES[rng.integers(0, len(_BULK_SIZES), len(self.base_price))]
        bulk[:, web] = np.where(orders & (self.base_price < 60) & listed[:, web], sizes, 0)
        return bulk
