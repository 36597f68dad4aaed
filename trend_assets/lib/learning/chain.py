"""Which model reads which model's output, and what it means that one of them changes.

What belongs here: the edges, and the comparison of what a downstream model says before and after. What doesn't: running models
(``trend_assets/models/chain_guard.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

import numpy as np
import numpy.typing as npt

EDGES: Mapping[str, tuple[str, ...]] = {
    "language": (),
    "sentiment": ("language",),
    "topic": ("sentiment",),
    "link": ("topic",),
    "demand": ("link",),
}
"""The chain: each model and those whose output it reads. ``sentiment/topic_hours`` joins the first two, cards read the rest."""
LEAST_ROWS = 30
ALARM_LEVEL = 0.01
"""Chance that an unchanged downstream is called changed, shared among its categories."""
_SMALL = 0.02


def upstream_of(direct: Iterable[str], edges: Mapping[str, tuple[str, ...]] = EDGES) -> tuple[str, ...]:
    """Every model upstream of one that reads ``direct``, directly or through others, sorted."""
    found: set[str] = set()
    left = list(direct)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += edges.get(name, ())
    return tuple(sorted(found))


def upstream_first(declared: Mapping[str, Sequence[str]]) -> list[str]:
    """Names, each after those among them that it reads. Raises ``ValueError`` where they read one another in a circle."""
    return list(TopologicalSorter({name: [one for one in reads if one in declared] for name, reads in declared.items()}).static_order())


def downstream_of(name: str, declared: Mapping[str, Sequence[str]], edges: Mapping[str, tuple[str, ...]] = EDGES) -> tuple[str, ...]:
    """Models that read ``name``'s output themselves: in the chain, and tasks by their ``depends_on`` (declared), sorted."""
    reads = {**{one: tuple(others) for one, others in edges.items()}, **{one: tuple(others) for one, others in declared.items() if others}}
    return tuple(sorted(one for one, others in reads.items() if name in others))


@dataclass(frozen=True)
class Shift:
    """One category's share of a model's output before and after, and whether that is more than noise and more than little."""

    category: str
    before: float
    after: float
    changed: bool

    def __str__(self) -> str:
        return f"{self.category}: {self.before:.1%} before, {self.after:.1%} after"


def shifts(before: Sequence[str], after: Sequence[str]) -> list[Shift]:
    """What a changed upstream does to outputs of the same n examples, by category.

    A share is changed where more examples went one way than the other beyond chance (McNemar 1947, one alarm level for all categories)
    and it moved by more than two points: a model that is better corrects some examples, it does not move the world.
    """
    if len(before) != len(after):
        raise ValueError(f"{len(before)} outputs before, {len(after)} after: they must be of the same examples")
    categories = sorted({*before, *after})
    return [_shift(category, np.asarray(before) == category, np.asarray(after) == category, len(categories)) for category in categories]


def _shift(category: str, before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_], categories: int) -> Shift:
    from scipy.stats import binomtest

    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    chance = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    old, new = (float(one.mean()) if len(one) else 0.0 for one in (before, after))
    return Shift(category, old, new, bool(chance < ALARM_LEVEL / categories and abs(new - old) > _SMALL))


@dataclass(frozen=True)
class ShareError:
    """How far shares of labels are from the true ones (total variation, 0 to 1) before and after; low: of the change, one-sided 95 %."""

    before: float
    after: float
    low: float

    @property
    def worse(self) -> bool:
        """Whether the error grew beyond noise and by more than two points."""
        return self.low > 0.0 and self.after - self.before > _SMALL

    def __str__(self) -> str:
        return f"shares of labels {self.before:.1%} from the true ones before, {self.after:.1%} after"


def share_error(
    truth: npt.NDArray[np.int64], before: npt.NDArray[np.int64], after: npt.NDArray[np.int64], labels: int, resamples: int = 1_000
) -> ShareError:
    """What a table that counts labels loses: all arguments are columns of labels, shape (n,). Paired bootstrap, seed fixed."""

    def error(rows: npt.NDArray[np.int64], said: npt.NDArray[np.int64]) -> float:
        true, told = (np.bincount(one[rows], minlength=labels) for one in (truth, said))
        return float(np.abs(true - told).sum()) / 2 / max(len(rows), 1)

    rng, everything = np.random.default_rng(20_261_122), np.arange(len(truth))
    drawn = [rng.integers(0, len(truth), len(truth)) for _ in range(resamples)] if len(truth) else []
    changes = [error(rows, after) - error(rows, before) for rows in drawn]
    return ShareError(error(everything, before), error(everything, after), float(np.quantile(changes, 0.05)) if changes else 0.0)
