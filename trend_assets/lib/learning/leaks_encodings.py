"""Features that were made from the labels of the rows that they are features of: target encodings.

What belongs here: the rule that finds them by group. What doesn't: features that say the label alone (``leaks_values.py``).

An honest encoding says of a group of rows (a category, an account) what earlier labels of other rows suggest. It may know the group's
true share of a label, but not the chance by which these very rows differ from it. So, over the groups, the rows' shares must lie around
what the feature predicts at least as widely as a binomial draw does: true differences that the feature misses only widen it. A feature
that was fitted on these rows follows their chance too, and the shares lie too close. That is tested as underdispersion of Pearson's
statistic (McCullagh and Nelder, *Generalized Linear Models*, 1989, 4.5), with its exact mean and variance under binomial draws.

On training rows honest encodings (of other folds, or of earlier rows) depend on the group's labels as well, but then are lower within a
group where the own label is 1; a feature that does not show that, or shows it without any noise (leave-one-out), is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lib.learning.leaks import Leak, Sides, as_numbers, is_text
from trend_assets.lib.learning.leaks_values import LEAST_ROWS

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

TOO_CLOSE = 1e-6
"""Probability of a statistic as small by chance, at which it is refused: there are many features, groupings and labels."""
LEAST_GROUPS = 15
KNOTS = 6
"""Degrees of freedom at most that the shares are predicted with."""
HIDES = -3.0
"""Standard deviations of the association within groups below which an encoding is one of other rows."""


def encoded_targets(sides: Sides) -> list[Leak]:
    """Leaks of the family ``target_encoding``: features that know the chance in the labels of their own rows."""
    if sides.training.num_rows < LEAST_ROWS:
        return []
    train, held, labels = sides.labels()
    shared = [name for name in sides.training.column_names if sides.has(name)]
    everything = pa.concat_tables([sides.training.select(shared), sides.evaluation.select(shared)], promote_options="permissive")
    found = []
    for name in sides.features:
        first = sides.training[name]
        if name == sides.label or is_text(first) or pa.types.is_list(first.type):
            continue
        told = None
        for side, rows_of, truth in (
            ("evaluation", sides.evaluation, held),
            ("training", sides.training, train),
            ("training and evaluation", everything, np.concatenate([train, held])),
        ):
            values = _values(rows_of[name])
            for by, groups in _groupings(sides, name, rows_of):
                for number, label in enumerate(labels if len(labels) > 2 else labels[:1]):
                    told = _too_close(values, groups, (truth == number).astype(np.float64))
                    if told:
                        evidence = f"knows the labels of the {side} rows themselves: shares of {label!r} by {by} {told}"
                        found.append(Leak("target_encoding", name, evidence, len(truth)))
                        break
                if told:
                    break
            if told:
                break
    return found


@dataclass(frozen=True)
class _Values:
    """A feature's values; ``ordered`` where they are numbers."""

    numbers: Floats
    ordered: bool


def _values(column: pa.ChunkedArray) -> _Values:
    numbers = as_numbers(column)
    if numbers is not None:
        return _Values(numbers, True)
    return _Values(np.unique([str(one) for one in column.to_pylist()], return_inverse=True)[1].astype(np.float64), False)


def _groupings(sides: Sides, name: str, rows: pa.Table) -> Iterator[tuple[str, Codes]]:
    """Ways to group rows: by columns that are no numbers with fractions, and by the feature's own values."""
    for column in (*sides.features, *sides.others):
        kind = rows[column].type
        groupable = pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_date(kind)
        if column == name or column in sides.identity or not groupable or is_text(rows[column]):
            continue
        yield column, np.unique([str(one) for one in rows[column].to_pylist()], return_inverse=True)[1].astype(np.int64)
    own = rows[name].to_pylist()
    yield "its own values", np.unique([repr(one) for one in own], return_inverse=True)[1].astype(np.int64)


def _too_close(values: _Values, groups: Codes, hits: Floats) -> str | None:
    """Whether shares of hits by group lie too close to what the feature predicts; in words."""
    usable = np.isfinite(values.numbers)
    numbers, place = values.numbers[usable], np.unique(groups[usable], return_inverse=True)[1]
    hits = hits[usable]
    sizes = np.bincount(place).astype(np.float64) if place.size else np.empty(0)
    if sizes.size < LEAST_GROUPS or not 0 < hits.sum() < hits.size or sizes.size > 0.8 * hits.size:
        return None
    shares = np.bincount(place, hits) / sizes
    predicted, used = _predicted(numbers, values.ordered, place, sizes, shares)
    if predicted is None or sizes.size - used < LEAST_GROUPS:
        return None
    chance = _chance(shares, predicted, sizes, used)
    if chance > TOO_CLOSE:
        return None
    within = _within(numbers, hits, place, sizes) if values.ordered else 0.0
    if -np.inf < within < HIDES:
        return None
    return f"lie closer to it in {sizes.size} groups than chance allows (probability {max(chance, 1e-99):.0e})"


def _predicted(numbers: Floats, ordered: bool, place: Codes, sizes: Floats, shares: Floats) -> tuple[Floats | None, int]:
    """Share of hits in each group as a smooth function of its mean feature; codes without order: the mean of equal codes."""
    if not ordered:
        codes = _only(numbers, place)
        if codes is None or np.unique(codes).size > 0.5 * sizes.size:
            return None, 0
        kept = np.unique(codes, return_inverse=True)[1]
        return (np.bincount(kept, shares * sizes) / np.bincount(kept, sizes))[kept], int(kept.max()) + 1
    means = np.bincount(place, numbers) / sizes
    if np.unique(means).size < 4:
        return None, 0
    return _smooth(means, sizes, shares)


def _only(numbers: Floats, place: Codes) -> Floats | None:
    """The one code of each group; ``None`` where a group has several."""
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(place[order]) > 0])
    low, high = np.minimum.reduceat(numbers[order], starts), np.maximum.reduceat(numbers[order], starts)
    return low if (low == high).all() else None


def _smooth(means: Floats, sizes: Floats, shares: Floats) -> tuple[Floats, int]:
    """Weighted least squares on a piecewise linear basis with knots at quantiles, cut to (0, 1)."""
    knots = np.unique(np.quantile(means, np.linspace(0, 1, KNOTS)))
    middle = knots[1:-1]
    spread = float(np.std(means)) or 1.0
    basis = np.column_stack([np.ones_like(means), means / spread, *(np.maximum(means - knot, 0) / spread for knot in middle)])
    weight = np.sqrt(sizes)[:, None]
    solution = np.linalg.lstsq(basis * weight, shares * weight[:, 0], rcond=None)[0]
    return basis @ solution, basis.shape[1]


def _chance(shares: Floats, predicted: Floats, sizes: Floats, used: int) -> float:
    """Probability that binomial shares lie as close to their predictions: a gamma law with the statistic's mean and variance."""
    from scipy.stats import gamma

    overall = float((shares * sizes).sum() / sizes.sum())
    expected = np.clip(0.98 * predicted + 0.02 * overall, 0.02 * overall, 1 - 0.02 * (1 - overall))
    variance = expected * (1 - expected)
    statistic = float((sizes * (shares - predicted) ** 2 / variance).sum())
    mean = sizes.size - used
    # variance of a squared standardised binomial: 2 + (1 - 6 p q) / (m p q)
    spread = max(float((2 + (1 - 6 * variance) / (sizes * variance)).mean()), 0.1) * mean
    return float(gamma.cdf(statistic, mean**2 / spread, scale=spread / mean))


def _within(numbers: Floats, hits: Floats, place: Codes, sizes: Floats) -> float:
    """Association of feature and hit within groups, in standard deviations; minus infinity where it is exact, 0 without any."""
    feature = numbers - (np.bincount(place, numbers) / sizes)[place]
    hit = hits - (np.bincount(place, hits) / sizes)[place]
    if not float(hit @ hit) or float(feature @ feature) <= 1e-12 * max(float(numbers @ numbers), 1e-300):
        return 0.0
    correlation = float(feature @ hit / np.sqrt((feature @ feature) * (hit @ hit)))
    freedom = max(len(hits) - sizes.size - 1, 1)
    if correlation < -0.98 or _exact_within(feature, hit, place):
        return -np.inf
    return correlation * np.sqrt(freedom / max(1 - correlation**2, 1e-9))


def _exact_within(feature: Floats, hit: Floats, place: Codes) -> bool:
    """Whether each group of five rows or more has one value for its hits and a higher one for the others: the own label was taken out."""
    mixed = 0
    order = np.argsort(place, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(place[order])) + 1):
        ones, zeros = feature[rows][hit[rows] > 0], feature[rows][hit[rows] <= 0]
        if not ones.size or not zeros.size or rows.size < 5:
            continue
        if ones.max() >= zeros.min() or np.ptp(ones) > 1e-9 or np.ptp(zeros) > 1e-9:
            return False
        mixed += 1
    return mixed >= LEAST_GROUPS
