"""Made windows for the benchmark of drift: rows of five columns, days that wobble or do not, shifts of a known size.

What belongs here: the generator, in numpy alone, because the peers' environments run it too. What doesn't: detectors
(``drift.py``, ``drift_peer_runner.py``).

Two families that share no distribution: what is developed on ``development`` is reported on ``reported``. A window is a dict of arrays:
``language`` and ``category`` and ``word`` (numbers of categories), ``length`` and ``price`` (positive numbers).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CATEGORICAL, NUMERIC = ("language", "category", "word"), ("length", "price")
SHIFTS = ("language", "category", "vocabulary", "numeric mean", "numeric scale")
"""Of the size's share of the rows: another language · another category · a word never used before · a price three times as
high · a length three times as far from the middle."""
ALL_PRICES = "every price"
"""Every price is higher by the size: as small as what a wobbling day does by itself."""
REGIMES = ("clean", "wobbling")
SIZES = (0.05, 0.15)
PAST = 28
FAMILIES = {"development": 1, "reported": 2}
_WORDS, _NEW_WORDS = 500, 40

Window = dict[str, npt.NDArray[np.float64] | npt.NDArray[np.int64]]


@dataclass
class Series:
    """Days of one source. wobble: how much shares and values vary from day to day by themselves, 0 or drawn from 2 to 5 %."""

    family: str
    rows: int
    regime: str
    seed: int

    def __post_init__(self) -> None:
        self._rng = rng = np.random.default_rng([FAMILIES[self.family], self.rows, REGIMES.index(self.regime), self.seed])
        self.wobble = 0.0 if self.regime == "clean" else float(rng.uniform(0.02, 0.05))
        if self.family == "development":
            self._shares = {
                "language": np.array([0.6, 0.25, 0.08, 0.04, 0.02, 0.01]),
                "category": 1.0 / np.arange(1, 21) / (1.0 / np.arange(1, 21)).sum(),
                "word": _zipf(_WORDS, 1.1, 0.0),
            }
        else:
            self._shares = {
                "language": np.sort(rng.dirichlet(np.full(6, 1.2)) + 0.01)[::-1],
                "category": rng.dirichlet(np.full(20, 2.0)),
                "word": rng.permutation(_zipf(_WORDS, rng.uniform(0.8, 1.3), rng.uniform(1.0, 20.0))),
            }
            self._shares = {name: shares / shares.sum() for name, shares in self._shares.items()}

    def window(self, shift: str = "", size: float = 0.0) -> Window:
        """The next day; of a share ``size`` of its rows a shift is planted."""
        rng, rows = self._rng, self.rows
        found: Window = {name: self._drawn(shares) for name, shares in self._shares.items()}
        location, spread = np.exp(self._noise(2))
        if self.family == "development":
            found["length"] = np.ceil(rng.gamma(4.0, 20.0 * location, rows))
            found["price"] = np.exp(rng.normal(3.0, 0.5 * spread, rows)) * location
        else:
            found["length"] = 1.0 + rng.negative_binomial(3, 3.0 / (3.0 + 70.0 * location), rows)
            cheap = rng.random(rows) < 0.7
            found["price"] = rng.gamma(np.where(cheap, 6.0, 12.0), np.where(cheap, 4.0, 9.0) * location)
        if shift:
            self._plant(found, shift, size)
        return found

    def _plant(self, found: Window, shift: str, size: float) -> None:
        rng = self._rng
        chosen = rng.random(self.rows) < size
        if shift == ALL_PRICES:
            found["price"] = found["price"] * (1.0 + size)
        elif shift == "vocabulary":
            found["word"][chosen] = _WORDS + rng.integers(0, _NEW_WORDS, chosen.sum())
        elif shift == "numeric mean":
            found["price"][chosen] *= 3.0
        elif shift == "numeric scale":
            middle = np.median(found["length"])
            found["length"][chosen] = np.maximum(middle + 3.0 * (found["length"][chosen] - middle), 1.0)
        else:  # from the commonest to one of the middle of the list
            shares = self._shares[shift]
            order = np.argsort(shares)
            pool = np.flatnonzero(found[shift] != order[len(order) // 2])
            moved = rng.choice(pool, min(int(size * self.rows), len(pool)), replace=False)
            found[shift][moved] = order[len(order) // 2]

    def _noise(self, number: int) -> npt.NDArray[np.float64]:
        if self.family == "development":
            return self._rng.normal(0.0, self.wobble, number)
        return self._rng.uniform(-1.0, 1.0, number) * self.wobble * np.sqrt(3.0)

    def _drawn(self, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        today = shares * np.exp(self._noise(len(shares)))
        ends = np.cumsum(today)
        return np.searchsorted(ends / ends[-1], self._rng.random(self.rows), side="right").astype(np.int64)


def _zipf(words: int, exponent: float, offset: float) -> npt.NDArray[np.float64]:
    shares = 1.0 / (np.arange(1, words + 1) + offset) ** exponent
    return shares / shares.sum()
