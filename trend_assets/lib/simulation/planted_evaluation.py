"""Planted trends of the evaluation family, drawn by seed: what methods are reported on, never tuned on.

What belongs here: the draw: which ranges, when, how strong, how late, where, and what disturbs. What doesn't: words
(``planted_evaluation_words.py``), sentences around them (``planted_templates.py``), the development family
(``planted_development.py``), which shares no range, name, context or sentence with this one. Two seeds are two problems.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, TypeVar

import numpy as np

from trend_assets.lib.simulation import planted_evaluation_words as words
from trend_assets.lib.simulation.catalogue import catalogue
from trend_assets.lib.simulation.catalogue_full import Range, full_ranges, small_ranges
from trend_assets.lib.simulation.planted import Kind, PlantedTrend

COUNTS: dict[str, dict[Kind, int]] = {
    "small": {"organic": 8, "lifestyle": 2, "fad": 2, "seasonal": 1, "giveaway": 2, "bots": 2, "collision": 2, "news": 3},
    "full": {"organic": 14, "lifestyle": 4, "fad": 4, "seasonal": 2, "giveaway": 3, "bots": 3, "collision": 3, "news": 5},
}
"""Planted trends of each kind in 30 days, by size of town; and resale listings, one all along."""

_COMMUNITIES = {
    "fashion": "fashion", "home": "home", "kitchen": "food", "food": "food", "kids": "kids", "gifts": "books", "beauty": "fashion",
    "garden": "outings",
}  # fmt: skip
_LETTERS: dict[Kind, str] = {
    "organic": "O", "lifestyle": "L", "fad": "F", "seasonal": "S", "giveaway": "G", "bots": "B", "resale": "R", "collision": "C",
    "news": "N",
}  # fmt: skip
_RESALE = PlantedTrend(
    "ER01", "resale", "Resale listings of our brand", 0.0, 15.0, 60.0, 1.0, names_en=("Maison Carrel",), authors=40, french_share=0.35,
    templates_en=(
        "Selling my Maison Carrel {piece} ({size}), £{price} ono https://t.co/{code}",
        "{piece} by Maison Carrel, {size}, £{price}. Bundle and save https://t.co/{code}",
    ),
    templates_fr=(
        "Je vends {piece} Maison Carrel ({size}), {price} € à débattre https://t.co/{code}",
        "Vide-dressing : {piece} Maison Carrel, {size}, {price} € https://t.co/{code}",
    ),
)  # fmt: skip
_Thing = TypeVar("_Thing")


@lru_cache(maxsize=32)
def evaluation_trends(days: int, seed: int, size: Literal["small", "full"]) -> tuple[PlantedTrend, ...]:
    """The family's trends for a seed: those of 30 days, or of all days where there are more, in order of kind and start."""
    return _Draw(max(days, 30), seed, size).trends()


class _Draw:
    """One draw of the family. Every kind takes its ranges from those not yet taken, so that no two trends name one range."""

    def __init__(self, horizon: int, seed: int, size: Literal["small", "full"]) -> None:
        self._horizon = horizon
        self._rng = np.random.default_rng([seed, 0xE7A1, horizon, size == "full"])
        self._counts = {kind: max(1, round(count * horizon / 30)) for kind, count in COUNTS[size].items()}
        self._stores = catalogue("small").stores  # people of the town live where the small town has stores
        items, names = _of_development()
        ranges = small_ranges() if size == "small" else full_ranges()
        forms = {
            candidate.item: {candidate.english, candidate.french, *candidate.short_english, *candidate.short_french} for candidate in ranges
        }
        free = [candidate for candidate in ranges if candidate.item not in items and not forms[candidate.item] & names]
        self._free = [free[index] for index in self._rng.permutation(len(free)).tolist()]
        self._ranges = list(self._free)
        self._used_types: set[str] = set()
        self._lifestyles = _shuffled(words.LIFESTYLES, self._rng)
        self._patterns = _shuffled(words.COLLISIONS, self._rng)
        self._events = _shuffled(words.NEWS, self._rng)

    def trends(self) -> tuple[PlantedTrend, ...]:
        """All trends of the draw."""
        found = [
            *(self._organic(number, start) for number, start in self._starts("organic", 1.0, 9.0)),
            *(self._lifestyle(number, start) for number, start in self._starts("lifestyle", 2.0, 5.0)),
            *(self._fad(number, start) for number, start in self._starts("fad", 2.0, 3.0)),
            *(self._seasonal(number, start) for number, start in self._starts("seasonal", 8.0, 10.0)),
            *(self._giveaway(number, start) for number, start in self._starts("giveaway", 3.0, 3.0)),
            *(self._bots(number, start) for number, start in self._starts("bots", 3.0, 2.0)),
            *(self._collision(number, start) for number, start in self._starts("collision", 2.0, 4.0)),
            *(self._news(number, start) for number, start in self._starts("news", 2.0, 2.0)),
        ]
        return (*found, _RESALE)

    def _starts(self, kind: Kind, first: float, last: float) -> list[tuple[int, float]]:
        """Start days of a kind: one at random in each of as many equal parts of the time, ``last`` days before its end free."""
        count = self._counts[kind]
        edges = np.linspace(first, self._horizon - last, count + 1)
        return [(number, float(start)) for number, start in enumerate(self._rng.uniform(edges[:-1], edges[1:]).round(2).tolist(), start=1)]

    def _range(self, seasons: str = "-swx") -> Range:
        """The next range of a type that no trend has yet (any type, once all have been taken; a second time, once all ranges have)."""
        self._ranges = self._ranges or list(self._free)
        fitting = [candidate for candidate in self._ranges if candidate.season in seasons]
        fresh = [candidate for candidate in fitting if candidate.product_type not in self._used_types]
        chosen = (fresh or fitting or self._ranges)[0]
        self._ranges.remove(chosen)
        self._used_types.add(chosen.product_type)
        return chosen

    def _some(self, things: Sequence[_Thing], count: int) -> tuple[_Thing, ...]:
        return tuple(things[index] for index in self._rng.permutation(len(things))[:count].tolist())

    def _between(self, low: float, high: float) -> float:
        return round(float(self._rng.uniform(low, high)), 2)

    def _names(self, chosen: Range) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What people call the range: its name, short for it, and two nicknames."""
        english = [chosen.english, *chosen.short_english]
        french = [chosen.french, *chosen.short_french]
        english += [name.format(short=chosen.short_english[0]) for name in self._some(words.NICKNAMES_EN, 2)]
        french += [name.format(short=chosen.short_french[0]) for name in self._some(words.NICKNAMES_FR, 2)]
        return tuple(dict.fromkeys(english)), tuple(dict.fromkeys(french))

    def _hashtags(self, chosen: Range) -> tuple[str, ...]:
        noun = chosen.short_english[0].split(" ")[-1]
        joined = chosen.short_english[0].replace(" ", "").replace("-", "").replace("'", "")
        return joined, noun.replace("-", "") + words.HASHTAG_ENDINGS[int(self._rng.integers(0, len(words.HASHTAG_ENDINGS)))]

    def _where(self) -> tuple[tuple[str, ...], tuple[str, ...], float]:
        """Countries, regions and share of French: seven of ten trends are everywhere, two in one country, one in two regions."""
        draw = float(self._rng.random())
        if draw < 0.7:
            return (), (), self._between(0.15, 0.55)
        if draw < 0.9:
            return (("FR",), (), 0.85) if self._rng.random() < 0.5 else (("GB",), (), 0.05)
        country = ("FR", "GB")[int(self._rng.integers(0, 2))]
        regions = self._some([store.region for store in self._stores if store.country == country], 2)
        return (), regions, 0.85 if country == "FR" else 0.05

    def _organic(self, number: int, start: float) -> PlantedTrend:
        chosen = self._range()
        names, names_fr = self._names(chosen)
        countries, regions, french = self._where()
        peak = start + self._between(1.6, 3.8)
        # Sales must have time to follow: who comes late comes with a short lag.
        lag = min(int(self._rng.integers(2, 11)), max(2, int(self._horizon - peak - 1)))
        return PlantedTrend(
            self._id("organic", number), "organic", chosen.english.capitalize(), start, round(peak, 2), round(peak + self._between(3.0,
            8.0), 2),
            self._between(0.75, 1.35), names, names_fr, self._some(words.CONTEXTS_EN, 5), self._some(words.CONTEXTS_FR, 5),
            self._hashtags(chosen), (chosen.item,), lag, self._between(2.1, 3.8), countries, regions,
            int(self._rng.integers(8, 17)) if self._rng.random() < 0.8 else 34, french, community=_COMMUNITIES[chosen.category],
        )  # fmt: skip

    def _lifestyle(self, number: int, start: float) -> PlantedTrend:
        community, title, names, names_fr, contexts, contexts_fr, hashtags = self._lifestyles[(number - 1) % len(self._lifestyles)]
        peak = start + self._between(2.0, 4.0)
        return PlantedTrend(
            self._id("lifestyle", number), "lifestyle", title, start, round(peak, 2), round(peak + self._between(4.0, 8.0), 2),
            self._between(0.8, 1.1), names, names_fr, contexts, contexts_fr, hashtags, community=community,
            french_share=self._between(0.2, 0.5),
        )  # fmt: skip

    def _fad(self, number: int, start: float) -> PlantedTrend:
        chosen = self._range()
        way = int(self._rng.integers(0, len(words.FADS_EN)))
        peak = start + self._between(0.8, 1.5)
        return PlantedTrend(
            self._id("fad", number), "fad", f"Fad: {chosen.english}", start, round(peak, 2), round(peak + self._between(1.8, 3.5), 2),
            self._between(0.8, 1.1), tuple(name.format(short=chosen.short_english[0]) for name in words.FADS_EN[way]),
            tuple(name.format(short=chosen.short_french[0]) for name in words.FADS_FR[way]), self._some(words.FAD_CONTEXTS_EN, 3),
            self._some(words.FAD_CONTEXTS_FR, 3), self._hashtags(chosen), (chosen.item,), cover_days=80,
            french_share=self._between(0.2, 0.5), community=_COMMUNITIES[chosen.category],
        )  # fmt: skip

    def _seasonal(self, number: int, start: float) -> PlantedTrend:
        chosen = self._range("w")
        names, names_fr = self._names(chosen)
        peak = start + self._between(5.0, 9.0)
        return PlantedTrend(
            self._id("seasonal", number), "seasonal", f"Season of {chosen.english}", start, round(peak, 2),
            round(peak + self._between(5.0, 8.0), 2), self._between(1.0, 1.3), names[:3], names_fr[:3], words.SEASON_CONTEXTS_EN,
            words.SEASON_CONTEXTS_FR, self._hashtags(chosen)[:1], (chosen.item,), 1, self._between(1.8, 2.4), community="weather",
        )  # fmt: skip

    def _copied(self, kind: Kind, number: int, start: float, pool: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> PlantedTrend:
        """A giveaway or a bot wave: the same few sentences about a product, from a few accounts."""
        chosen = self._range()
        english, french = pool[int(self._rng.integers(0, len(pool)))]
        lasts = self._between(1.2, 2.2) if kind == "giveaway" else self._between(0.4, 0.7)
        authors = int(self._rng.integers(100, 150)) if kind == "giveaway" else int(self._rng.integers(12, 20))

        def filled(template: str, name: str) -> str:
            return template.replace("{Thing}", name.title() if name == chosen.english else name.capitalize()).replace("{thing}", name)

        return PlantedTrend(
            self._id(kind, number), kind, f"{kind.capitalize()}: {chosen.english}", start, round(start + 0.2 * lasts, 2),
            round(start + lasts, 2), self._between(0.6, 0.8), (chosen.english,), items=(chosen.item,), authors=authors,
            french_share=self._between(0.1, 0.5), templates_en=tuple(filled(template, chosen.english) for template in english),
            templates_fr=tuple(filled(template, chosen.french) for template in french),
        )  # fmt: skip

    def _giveaway(self, number: int, start: float) -> PlantedTrend:
        return self._copied("giveaway", number, start, words.GIVEAWAYS)

    def _bots(self, number: int, start: float) -> PlantedTrend:
        return self._copied("bots", number, start, words.BOTS)

    def _collision(self, number: int, start: float) -> PlantedTrend:
        community, title, names, templates, hashtag = self._patterns[(number - 1) % len(self._patterns)]
        word = self._free[int(self._rng.integers(0, len(self._free)))].short_english[0].split(" ")[-1].rstrip("s").capitalize()
        peak = start + self._between(0.4, 1.0)
        return PlantedTrend(
            self._id("collision", number), "collision", title.format(Word=word), start, round(peak, 2),
            round(peak + self._between(2.5, 4.0), 2), self._between(0.8, 1.2), tuple(name.format(Word=word) for name in names),
            hashtags=(hashtag,), community=community, french_share=0.1, templates_en=tuple(template for template in templates),
        )  # fmt: skip

    def _news(self, number: int, start: float) -> PlantedTrend:
        title, community, french, names, names_fr, templates, templates_fr, hashtags = self._events[(number - 1) % len(self._events)]
        peak = start + self._between(0.06, 0.4)
        return PlantedTrend(
            self._id("news", number), "news", title, start, round(peak, 2), round(peak + self._between(0.6, 1.4), 2),
            self._between(1.0, 1.4), names, names_fr, hashtags=hashtags, community=community, french_share=french,
            templates_en=templates, templates_fr=templates_fr,
        )  # fmt: skip

    @staticmethod
    def _id(kind: Kind, number: int) -> str:
        return f"E{_LETTERS[kind]}{number:02d}"


def _of_development() -> tuple[set[str], set[str]]:
    """Ranges and names that belong to the development family."""
    from trend_assets.lib.simulation.planted_development import TRENDS

    items = {item for trend in TRENDS for item in trend.items}
    return items, {name for trend in TRENDS for name in trend.names_en + trend.names_fr}


def _shuffled(things: Sequence[_Thing], rng: np.random.Generator) -> list[_Thing]:
    return [things[index] for index in rng.permutation(len(things)).tolist()]
