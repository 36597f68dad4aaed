"""Features whose values say the label, the time of the row, or what is known only later.

What belongs here: statistical rules on one column at a time. What doesn't: encodings of the label by group (``leaks_encodings.py``),
texts (``leaks_texts.py``).

Each rule asks for an association that honest features do not reach, on the training and again on the evaluation rows, so that chance
alone is no reason to refuse. Strong honest predictors, seasons and slow growth stay below; the limits are chosen on the development
families of ``benchmarks/leaks.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.learning.leaks import Leak, Sides, as_numbers, family_of, is_text

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

LEAST_ROWS = 60
"""Rows on the training side below which values say nothing."""
SAYS_LABEL = 0.985
"""Balanced accuracy, on either side, of the rule that reads the label off one column."""
MARKS_LABEL, MARKED_ROWS = 0.99, 0.3
"""Or: purity of the values that mark a label, and the share of every label's rows that have one."""
SAYS_TIME = 0.9
"""Share of the variance of the row's time that a column explains, degrees of freedom taken off."""
SAYS_LATER = 0.9
"""Rank correlation with a later column, or share of its rows that follow from it exactly."""
BINS = 40


def columns_that_tell(sides: Sides) -> list[Leak]:
    """Leaks of the families ``label``, ``time_in_id``, ``final_counts`` and ``future`` by the values of single features."""
    if sides.training.num_rows < LEAST_ROWS:
        return []
    found = []
    rows = sides.training.num_rows + sides.evaluation.num_rows
    times = _times(sides)
    for name in sides.features:
        first, second = sides.columns(name)
        if name == sides.label or is_text(first) or pa.types.is_list(first.type):
            continue
        if told := _says_label(sides, first, second):
            found.append(Leak("label", name, told, rows))
        if times is not None and (told := _says_time(first, second, *times)):
            found.append(Leak("time_in_id", name, told, rows))
        found += [Leak(family_of(column), name, told, rows) for column, told in _says_later(sides, name)]
    return found


def codes_of(first: pa.ChunkedArray, second: pa.ChunkedArray) -> tuple[Codes, Codes, int]:
    """A column as small whole numbers on both sides: numbers in ``BINS`` quantiles of the training side, else one for each value."""
    numbers = as_numbers(first)
    if numbers is not None:
        other = as_numbers(second)
        assert other is not None
        cuts = np.unique(np.nanquantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1])) if np.isfinite(numbers).any() else np.empty(0)
        distinct = np.unique(numbers[np.isfinite(numbers)])
        if distinct.size <= BINS:
            cuts = (distinct[1:] + distinct[:-1]) / 2
        sides = [np.where(np.isfinite(side), np.searchsorted(cuts, side, side="right") + 1, 0) for side in (numbers, other)]
        return sides[0].astype(np.int64), sides[1].astype(np.int64), int(cuts.size) + 2
    known: dict[object, int] = {}
    coded = [np.array([known.setdefault(one, len(known)) for one in side.to_pylist()], dtype=np.int64) for side in (first, second)]
    return coded[0], coded[1], len(known)


def _says_label(sides: Sides, first: pa.ChunkedArray, second: pa.ChunkedArray) -> str | None:
    """A column's values, or the first or last letters of its codes, that say the label."""
    told = _values_say_label(sides, first, second)
    if told or not pa.types.is_string(first.type) or pc.count_distinct(first).as_py() <= BINS:
        return told
    for letters in (1, 2, 3):
        for how, start, stop in (("first", 0, letters), ("last", -letters, None)):
            told = _values_say_label(sides, *(pc.utf8_slice_codeunits(one, start, stop) for one in (first, second)))
            if told:
                return f"in its {how} {letters} letters {told}"
    return None


def _values_say_label(sides: Sides, first_column: pa.ChunkedArray, second_column: pa.ChunkedArray) -> str | None:
    """The rule that says each value's commonest label of the training rows, judged on both sides."""
    train, held, labels = sides.labels()
    first, second, values = codes_of(first_column, second_column)
    if len(labels) < 2 or min(np.bincount(train, minlength=len(labels)).min(), 1) < 1 or values > 0.2 * len(first) + BINS:
        return None
    table = np.zeros((values, len(labels)))
    np.add.at(table, (first, train), 1)
    # each label counts the same, so that a rare one cannot be missed
    best = (table / np.maximum(table.sum(axis=0), 1)).argmax(axis=1)
    scores = [_balanced(best[codes], truth, len(labels)) for codes, truth in ((first, train), (second, held))]
    if min(scores) >= SAYS_LABEL:
        return f"says the label alone: balanced accuracy {scores[0]:.3f} on training and {scores[1]:.3f} on evaluation rows"
    if (numbers := as_numbers(first_column)) is not None and np.unique(numbers).size > BINS:
        return None  # bins of a strong predictor are pure at its ends
    pure = (table.max(axis=1) >= MARKS_LABEL * table.sum(axis=1)) & (table.sum(axis=1) >= 10)
    shares = []
    for codes, truth in ((first, train), (second, held)):
        right = pure[codes] & (best[codes] == truth)
        wrong = pure[codes] & (best[codes] != truth)
        if wrong.sum() > (1 - MARKS_LABEL) * max(pure[codes].sum(), 1) + 1:
            return None
        shares.append(min((right[truth == one].mean() for one in np.unique(truth)), default=0.0))
    if min(shares) >= MARKED_ROWS:
        return f"has values that mark every label, on at least {min(shares):.0%} of its rows"
    return None


def _balanced(said: Codes, truth: Codes, labels: int) -> float:
    recalls = [float((said[truth == one] == one).mean()) for one in range(labels) if (truth == one).any()]
    return float(np.mean(recalls)) if recalls else 0.0


def _times(sides: Sides) -> tuple[Floats, Floats] | None:
    """Rank of each row's time among all, of both sides; ``None`` where times are missing or all rows are of a few moments."""
    if not sides.has(sides.time):
        return None
    pair = [as_numbers(column) for column in sides.columns(sides.time)]
    if pair[0] is None or pair[1] is None or not all(np.isfinite(one).all() for one in pair if one is not None):
        return None
    together = np.concatenate([pair[0], pair[1]])
    if np.unique(together).size < 20:
        return None
    ranks = ranked(together)
    return ranks[: len(pair[0])], ranks[len(pair[0]) :]


def ranked(values: Floats) -> Floats:
    """Average ranks (n,), scaled to 0 to 1."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), dtype=np.float64) / max(len(values), 1)


def _says_time(first: pa.ChunkedArray, second: pa.ChunkedArray, early: Floats, late: Floats) -> str | None:
    times = np.concatenate([early, late])
    for how, values in _readings(first, second):
        explained = explained_variance(values, times)
        if explained >= SAYS_TIME:
            return f"tells when the row is of: {explained:.0%} of the variance of its time{how}"
    return None


def _readings(first: pa.ChunkedArray, second: pa.ChunkedArray) -> Iterator[tuple[str, Codes]]:
    """Ways to read a column as codes: its values in order, and for ids their leading parts, trailing parts and digits."""
    both = pa.chunked_array([*first.chunks, *second.cast(first.type).chunks], first.type)
    numbers = as_numbers(both)
    if numbers is not None:
        yield "", _binned(numbers)
        whole = numbers[np.isfinite(numbers)]
        if whole.size == numbers.size and (whole == np.floor(whole)).all() and np.unique(whole).size > 20 and whole.min() >= 0:
            exact = np.array([int(one) for one in both.cast(pa.int64(), safe=False).to_pylist()], dtype=np.uint64)
            for bits in (10, 16, 22, 32):
                if int(exact.max()) >> bits > 20:
                    yield f", without its last {bits} bits", _binned((exact >> np.uint64(bits)).astype(np.float64))
            for digits in range(2, 16):
                if 10**digits < int(exact.max()):
                    yield f", in its last {digits} digits", _binned((exact % np.uint64(10**digits)).astype(np.float64))
            backwards = np.array([float(str(one)[::-1]) for one in exact.tolist()])
            yield ", read backwards", _binned(backwards)
        return
    texts = [str(one) if one is not None else "" for one in both.to_pylist()]
    yield "", np.unique(texts, return_inverse=True)[1].astype(np.int64)
    for how, read in (("", texts), (", read backwards", [one[::-1] for one in texts])):
        if np.unique(read).size > 20:
            yield f", in the order of its letters{how}", _binned(np.unique(read, return_inverse=True)[1].astype(np.float64))
    length = min((len(one) for one in texts), default=0)
    for start in range(1, min(length, 24)):
        part = [one[start:] for one in texts]
        yield f", from its letter {start + 1} on", _binned(np.unique(part, return_inverse=True)[1].astype(np.float64))


def _binned(values: Floats) -> Codes:
    """Values in up to ``BINS`` quantiles; what is not known in one of its own."""
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values), dtype=np.int64)
    cuts = np.unique(np.quantile(values[known], np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.where(known, np.searchsorted(cuts, values, side="right") + 1, 0).astype(np.int64)


def explained_variance(codes: Codes, target: Floats) -> float:
    """Share of the target's variance between groups of equal codes, groups' degrees of freedom taken off (adjusted eta squared).

    Groups of a single row explain themselves and are left out; where fewer than half of the rows remain, 0.
    """
    _groups, place, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    several = sizes[place] >= 2
    if several.sum() < max(0.5 * len(codes), 20):
        return 0.0
    place, target = np.unique(place[several], return_inverse=True)[1], target[several]
    count = int(place.max()) + 1
    if count < 2 or len(target) <= count + 1 or not float(target.var()):
        return 0.0
    means = np.bincount(place, target) / np.bincount(place)
    within = float(((target - means[place]) ** 2).sum()) / (len(target) - count)
    return 1.0 - within / (float(((target - target.mean()) ** 2).sum()) / (len(target) - 1))


def _says_later(sides: Sides, name: str) -> Iterator[tuple[str, str]]:
    """Later columns that a feature tells: by rank, by a ratio to another column, or exactly."""
    both = [column for side in [sides.columns(name)] for column in side]
    for later in sides.later:
        if later == name or not sides.has(later):
            continue
        outcomes = [as_numbers(column) for column in sides.columns(later)]
        if outcomes[0] is None or outcomes[1] is None:
            continue
        outcome = np.concatenate([outcomes[0], outcomes[1]])
        feature = _codes_or_numbers(both[0], both[1])
        told = _tells(*feature, outcome) or _tells_beside_others(sides, name, feature, outcome)
        if told:
            yield later, f"tells {later}, which is known only after the prediction: {told}"


def _codes_or_numbers(first: pa.ChunkedArray, second: pa.ChunkedArray) -> tuple[Floats, bool]:
    pair = [as_numbers(column) for column in (first, second)]
    if pair[0] is not None and pair[1] is not None:
        return np.concatenate([pair[0], pair[1]]), True
    known: dict[object, int] = {}
    return np.array([known.setdefault(one, len(known)) for side in (first, second) for one in side.to_pylist()], dtype=np.float64), False


def _tells(feature: Floats, ordered: bool, outcome: Floats) -> str | None:
    usable = np.isfinite(feature) & np.isfinite(outcome)
    values, outcome = feature[usable], outcome[usable]
    if values.size < LEAST_ROWS or np.unique(outcome).size < 3 or np.unique(values).size < 2:
        return None
    ranks = ranked(outcome)
    if ordered:
        correlation = float(np.corrcoef(ranked(values), ranks)[0, 1])
        if abs(correlation) >= SAYS_LATER:
            return f"rank correlation {correlation:.2f}"
    codes = np.unique(values, return_inverse=True)[1].astype(np.int64)
    explained = explained_variance(_binned(values) if ordered and np.unique(values).size > 2 * BINS else codes, ranks)
    if explained >= SAYS_LATER**2:
        return f"{explained:.0%} of the variance of its ranks"
    follows = _follows(outcome, codes)
    return f"it follows from it in {follows:.0%} of the pairs of rows" if follows >= SAYS_LATER else None


def _follows(outcome: Floats, codes: Codes) -> float:
    """How far equal outcomes have equal values, beyond chance (Cohen's kappa over pairs of rows): 1 where values follow exactly."""
    from scipy.sparse import coo_matrix

    place = np.unique(outcome, return_inverse=True)[1]
    table = np.asarray(coo_matrix((np.ones(len(place)), (place, codes))).tocsr().data)
    sizes, values = np.bincount(place).astype(float), np.bincount(codes).astype(float)
    rows = float(len(place))
    pairs = float((sizes * (sizes - 1)).sum())
    if pairs < 4 * rows or values.max() > 0.9 * rows:
        return 0.0
    agree = float((table * (table - 1)).sum()) / pairs
    chance = float((values * (values - 1)).sum()) / (rows * (rows - 1))
    return (agree - chance) / (1 - chance)


def _tells_beside_others(sides: Sides, name: str, feature: tuple[Floats, bool], outcome: Floats) -> str | None:
    """The same of the feature times or plus another number of the row: ratios and differences hide a count."""
    values, ordered = feature
    if not ordered:
        return None
    for other in (*sides.features, *sides.others):
        if other == name:
            continue
        pair = [as_numbers(column) for column in sides.columns(other)]
        if pair[0] is None or pair[1] is None:
            continue
        beside = np.concatenate([pair[0], pair[1]])
        alone = _tells(beside, True, outcome)
        if alone:
            continue  # what tells it by itself is told of itself
        for how, joined in ((f"times {other}", values * beside), (f"plus {other}", values + beside)):
            found = _tells(joined, True, outcome)
            if found:
                return f"{how}: {found}"
    return None
