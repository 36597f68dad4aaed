"""Purchase lines and transfers as columns: what was ordered, when it is due, when it will really come.

What belongs here: the book of lines, suppliers' reliability. What doesn't: when to order (``retail_chain.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from trend_assets.lib.simulation.common_numbers import keyed_uniform
from trend_assets.lib.simulation.retail import PurchaseLine


@dataclass(frozen=True)
class LineColumns(Sequence[PurchaseLine]):
    """Purchase lines as arrays of equal length; iterating gives them one by one. ``sender`` is -1 for the supplier."""

    number: np.ndarray
    product: np.ndarray
    place: np.ndarray
    ordered: np.ndarray
    due: np.ndarray
    arrives: np.ndarray
    quantity: np.ndarray
    delivered: np.ndarray
    sender: np.ndarray

    def __len__(self) -> int:
        return len(self.number)

    @overload
    def __getitem__(self, index: int) -> PurchaseLine: ...
    @overload
    def __getitem__(self, index: slice) -> list[PurchaseLine]: ...
    def __getitem__(self, index: int | slice) -> PurchaseLine | list[PurchaseLine]:
        return list(self)[index]

    def __iter__(self) -> Iterator[PurchaseLine]:
        columns = (self.product, self.place, self.ordered, self.due, self.arrives, self.quantity, self.delivered, self.sender)
        for name, *values in zip(self.names(), *(column.tolist() for column in columns), strict=True):
            yield PurchaseLine(name, *values)

    def where(self, kept: np.ndarray) -> LineColumns:
        """The lines of a mask."""
        return LineColumns(*(column[kept] for column in _columns(self)))

    def names(self) -> list[str]:
        """Delivery ids: PO for orders, TR for transfers."""
        return [
            f"{'PO' if sender < 0 else 'TR'}-{number:07d}"
            for number, sender in zip(self.number.tolist(), self.sender.tolist(), strict=True)
        ]


class PurchaseBook:
    """All lines ever ordered. ``lead``, ``late_chance``, ``short_chance`` are per product: days, and shares of its lines.

    How late and how short a line comes depends on seed, product, place and day of the order only, so two policies that place
    the same order are served alike. Adding is O(lines added), a day's receipt O(lines open).
    """

    def __init__(self, seed: int, shape: tuple[int, int], lead: np.ndarray, late_chance: np.ndarray, short_chance: np.ndarray) -> None:
        self._seed = seed
        self._lead, self._late_chance, self._short_chance = lead, late_chance, short_chance
        self.on_order = np.zeros(shape, np.int64)
        empty = np.empty(0, np.int64)
        self._open = LineColumns(*([empty] * 9))
        self._count = 0

    def order(self, day: int, product: np.ndarray, place: np.ndarray, quantity: np.ndarray, lead: np.ndarray | None = None) -> list[int]:
        """Order from the suppliers; returns the numbers of the new lines. ``lead`` replaces the suppliers' stated days."""
        due = day + (self._lead[product] if lead is None else lead)
        chance = keyed_uniform(self._seed, 1, day, product, place)
        late = np.where(
            chance < self._late_chance[product],
            1 + np.floor(np.exp(1.1 + 0.8 * (2 * keyed_uniform(self._seed, 2, day, product, place) - 1))).astype(np.int64),
            0,
        )
        early = (chance > 0.93) & (due - day > 2)  # some come a day early
        part = 0.5 + 0.45 * keyed_uniform(self._seed, 3, day, product, place)
        short = keyed_uniform(self._seed, 4, day, product, place) < self._short_chance[product]
        delivered = np.where(short, np.maximum(1, np.floor(quantity * part)).astype(np.int64), quantity)
        return self._add(day, product, place, due, due + late - early, quantity, delivered, np.full(len(product), -1))

    def send(self, day: int, product: int, sender: int, place: int, quantity: int, days: int) -> int:
        """Record goods on the way from one of our places to another; returns the line's number."""
        one = [np.array([value], np.int64) for value in (product, place, day + days, day + days, quantity, quantity, sender)]
        return self._add(day, *one)[0]

    def _add(self, day: int, product: np.ndarray, place: np.ndarray, due: np.ndarray, arrives: np.ndarray, quantity: np.ndarray,
             delivered: np.ndarray, sender: np.ndarray) -> list[int]:  # fmt: skip
        numbers = np.arange(self._count + 1, self._count + 1 + len(product))
        self._count += len(product)
        np.add.at(self.on_order, (product, place), quantity)
        ordered = np.full(len(product), day)
        self._open = joined(self._open, LineColumns(numbers, product, place, ordered, due, arrives, quantity, delivered, sender))
        return [int(number) for number in numbers.tolist()]

    def receive(self, day: int) -> tuple[np.ndarray, LineColumns]:
        """Units received on the day by product and place, and the lines received, which leave the book."""
        due = self._open.arrives <= day
        received = np.zeros_like(self.on_order)
        arrived = self._open.where(due)
        if len(arrived):
            np.add.at(received, (arrived.product, arrived.place), arrived.delivered)
            np.add.at(self.on_order, (arrived.product, arrived.place), -arrived.quantity)
            self._open = self._open.where(~due)
        return received, arrived

    @property
    def open(self) -> LineColumns:
        """Lines not yet received."""
        return self._open

    def expedite(self, number: int, day: int) -> int:
        """Half of the days left until the line is due, at least one; returns the new due day. Raises ``KeyError``."""
        found = np.flatnonzero(self._open.number == number)
        if not found.size:
            raise KeyError(number)
        index = int(found[0])
        # Columns already handed out stay as they were.
        self._open = LineColumns(*(column.copy() for column in _columns(self._open)))
        due = day + max(1, (int(self._open.due[index]) - day + 1) // 2)
        self._open.arrives[index] = max(day + 1, int(self._open.arrives[index]) - max(int(self._open.due[index]) - due, 0))
        self._open.due[index] = due
        return due


def joined(first: LineColumns, second: LineColumns) -> LineColumns:
    """The lines of both, in this order."""
    return LineColumns(*(np.concatenate([one, other]) for one, other in zip(_columns(first), _columns(second), strict=True)))


def _columns(lines: LineColumns) -> tuple[np.ndarray, ...]:
    return (
        lines.number, lines.product, lines.place, lines.ordered, lines.due, lines.arrives, lines.quantity, lines.delivered, lines.sender,
    )  # fmt: skip
