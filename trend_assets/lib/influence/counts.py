"""Decayed counts of acts received, at several half-lives in one pass over the acts, exact whatever was loaded before.

What belongs here: the compiled pass and its sums after any hour. What doesn't: who is behind a number (``accounts``), what counts
say about the next hours (``outlook``), rankings (``rankings``). Importing this module loads numba: import it inside functions.

Each source counts once per target, by its latest act: a new act of the same pair takes the place of the one before. A count is
therefore "distinct amplifiers, each halved every half-life since it last acted", and no source, however busy, adds more than one.
Columns that count every act, without that, come out of the same pass.

How it is computed: an act's value at the end of its hour is a whole number (in units of 2⁻³²), values are added to the cell of
(hour, node), and the value an act takes the place of is subtracted from its own cell. Sums of whole numbers do not depend on order,
so neither the order of arrival nor the hours loaded before a window change a bit of it. A count after hour h is the sum of the
last 168 hours' cells in time order, each times 2^(-hours since / half-life). Cohen and Strauss (Maintaining time-decaying stream
aggregates, 2006) treat such sums in general.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from trend_assets.lib.influence.past import LOOKBACK_HOURS
from trend_assets.lib.trends.history import Floats, Integers

MICROSECONDS_PER_HOUR = 3_600_000_000
_UNIT = float(2**32)


class Acts(NamedTuple):
    """Acts as arrays (n,), in time order: microseconds since 1970, target's node, source's code, weight of the act in (0, 1]."""

    at: Integers
    node: Integers
    source: Integers
    weight: Floats

    @classmethod
    def in_time_order(cls, at: Integers, node: Integers, source: Integers, weight: Floats | None = None) -> tuple[Acts, Integers | None]:
        """The acts sorted by time where they are not, and the order taken (None: as they were). O(n), else O(n log n)."""
        weight = np.ones(at.size) if weight is None else weight
        if not at.size or bool(np.all(at[1:] >= at[:-1])):
            return cls(at, node, source, weight), None
        order = np.argsort(at, kind="stable")
        return cls(at[order], node[order], source[order], weight[order]), order


class DecayedCounts:
    """Decayed counts (nodes, half-lives) after one hour after the other; time only goes forward.

    ``half_lives`` (hours), shape (k,); ``squared``: of which columns the values are squared, as the variance of a weighted count
    needs; ``repeats``: in which columns every act counts. Setting up is O(acts × k), a sum O(cells of the week × k), memory
    O(acts × k). Raises ``ValueError`` for a half-life that is not positive, acts out of order or weights outside (0, 1].
    """

    def __init__(
        self, acts: Acts, nodes: int, half_lives: Floats, *, squared: Sequence[bool] | None = None, repeats: Sequence[bool] | None = None
    ) -> None:
        half_lives = np.asarray(half_lives, dtype=np.float64)
        power = np.ones(half_lives.size) if squared is None else np.where(squared, 2.0, 1.0)
        self._once = np.ones(half_lives.size, dtype=bool) if repeats is None else ~np.asarray(repeats, dtype=bool)
        if not np.all(half_lives > 0):
            raise ValueError(f"half-lives must be positive, got {half_lives.tolist()}")
        if acts.at.size and (np.any(acts.at[1:] < acts.at[:-1]) or acts.weight.min() <= 0 or acts.weight.max() > 1):
            raise ValueError("acts must be in time order and weights in (0, 1]")
        self.nodes = nodes
        self.hour = np.floor_divide(acts.at, MICROSECONDS_PER_HOUR)
        sources = int(acts.source.max()) + 1 if acts.source.size else 1
        self._earlier = _earlier_of_pair(acts.node * sources + acts.source, _table_bits(acts.at.size))
        self._value = _values(acts.at, acts.weight, power / half_lives, power)
        self.cell, self.cell_hour, self.cell_node = _cells(self.hour, acts.node, nodes)
        self._sums = np.zeros((self.cell_hour.size, half_lives.size), dtype=np.int64)
        self._sources = np.zeros(self.cell_hour.size, dtype=np.int64)
        self._decay = np.exp2(-np.outer(np.arange(LOOKBACK_HOURS), power / half_lives))
        self._applied = 0
        self._after = -(2**62)

    def advance(self, hour: int) -> None:
        """Take in all acts up to the end of ``hour`` (whole hours since 1970). Raises ``ValueError`` for an hour gone by."""
        if hour < self._after:
            raise ValueError(f"hour {hour} is before {self._after}, which was already taken in")
        stop = int(np.searchsorted(self.hour, hour, side="right"))
        _take_in(self._applied, stop, self.cell, self._earlier, self._value, self._once, self._sums, self._sources)
        self._applied, self._after = stop, hour

    def after(self, hour: int) -> Floats:
        """Counts (nodes, k) at the end of ``hour``."""
        self.advance(hour)
        low, high = self.cells_of(hour, LOOKBACK_HOURS)
        out = np.zeros((self.nodes, self._decay.shape[1]))
        _add_up(low, high, hour, self.cell_hour, self.cell_node, self._sums, self._decay, out)
        return out

    def sources_of(self, hour: int, hours: int) -> Integers:
        """Distinct sources (nodes,) whose latest act towards the node is in the last ``hours`` hours up to ``hour``."""
        self.advance(hour)
        low, high = self.cells_of(hour, hours)
        return np.bincount(self.cell_node[low:high], self._sources[low:high], minlength=self.nodes).astype(np.int64)

    def cells_of(self, hour: int, hours: int) -> tuple[int, int]:
        """First and one past the last cell of the last ``hours`` hours up to ``hour``."""
        low, high = np.searchsorted(self.cell_hour, (hour - hours + 1, hour + 1))
        return int(low), int(high)

    def latest(self, hour: int) -> Integers:
        """Rows (m,) of the acts of the last week that no later act of the same pair has taken the place of by the end of ``hour``."""
        low, high = np.searchsorted(self.hour, (hour - LOOKBACK_HOURS + 1, hour + 1))
        return _latest(int(low), int(high), self._earlier)


def _table_bits(rows: int) -> int:
    return max(4, int(2 * rows).bit_length())


@njit(cache=True)
def _earlier_of_pair(pair: Integers, bits: int) -> Integers:
    """For each row the row before it with the same pair, or -1: an open-addressing hash table, expected O(n)."""
    size = 1 << bits
    rows = np.full(size, -1, np.int64)
    earlier = np.empty(pair.size, np.int64)
    shift = np.uint64(64 - bits)
    for row in range(pair.size):
        slot = np.int64((np.uint64(pair[row]) * np.uint64(0x9E3779B97F4A7C15)) >> shift)
        while rows[slot] >= 0 and pair[rows[slot]] != pair[row]:
            slot = (slot + 1) & (size - 1)
        earlier[row] = rows[slot]
        rows[slot] = row
    return earlier


@njit(cache=True)
def _values(at: Integers, weight: Floats, rate: Floats, power: Floats) -> Integers:
    """Value (n, k) of each act at the end of its hour: weight^power × 2^(-rate × hours to the end), in units of 2⁻³²."""
    value = np.empty((at.size, rate.size), np.int64)
    for row in range(at.size):
        age = (MICROSECONDS_PER_HOUR - at[row] % MICROSECONDS_PER_HOUR) / MICROSECONDS_PER_HOUR
        for column in range(rate.size):
            counted = weight[row] * weight[row] if power[column] == 2.0 else weight[row]
            value[row, column] = np.int64(np.round(counted * np.exp2(-age * rate[column]) * _UNIT))
    return value


@njit(cache=True)
def _cells(hour: Integers, node: Integers, nodes: int) -> tuple[Integers, Integers, Integers]:
    """Cell (n,) of each act, and hour and node of each cell; rows are in hour order, so cells are too."""
    cell = np.empty(hour.size, np.int64)
    cell_hour = np.empty(hour.size, np.int64)
    cell_node = np.empty(hour.size, np.int64)
    newest = np.full(nodes, -1, np.int64)
    count = 0
    for row in range(hour.size):
        place = newest[node[row]]
        if place < 0 or cell_hour[place] != hour[row]:
            place = count
            cell_hour[place] = hour[row]
            cell_node[place] = node[row]
            newest[node[row]] = place
            count += 1
        cell[row] = place
    return cell, cell_hour[:count].copy(), cell_node[:count].copy()


@njit(cache=True)
def _take_in(
    first: int,
    stop: int,
    cell: Integers,
    earlier: Integers,
    value: Integers,
    once: npt.NDArray[np.bool_],
    sums: Integers,
    sources: Integers,
) -> None:  # pragma: no cover - compiled
    for row in range(first, stop):
        before = earlier[row]
        sources[cell[row]] += 1
        if before >= 0:
            sources[cell[before]] -= 1
        for column in range(value.shape[1]):
            sums[cell[row], column] += value[row, column]
            if before >= 0 and once[column]:
                sums[cell[before], column] -= value[before, column]


@njit(cache=True)
def _add_up(low: int, high: int, hour: int, cell_hour: Integers, cell_node: Integers, sums: Integers, decay: Floats, out: Floats) -> None:
    for cell in range(low, high):
        since = hour - cell_hour[cell]
        for column in range(decay.shape[1]):
            out[cell_node[cell], column] += sums[cell, column] / _UNIT * decay[since, column]


@njit(cache=True)
def _latest(low: int, high: int, earlier: Integers) -> Integers:
    replaced = np.zeros(high - low, np.bool_)
    for row in range(low, high):
        if earlier[row] >= low:
            replaced[earlier[row] - low] = True
    kept = np.empty(high - low, np.int64)
    count = 0
    for row in range(low, high):
        if not replaced[row - low]:
            kept[count] = row
            count += 1
    return kept[:count].copy()
