"""What is compared of summaries: their counts as cells over windows.

What belongs here: from a list of summaries to ``drift.Cells``. What doesn't: counting (``drift_summaries.py``), statistics
(``drift.py``, ``drift_sequential.py``), the verdict (``drift_judged.py``).

Numbers are compared by where they lie (mean of logarithms), how far they spread (their standard deviation) and by parts of the past
windows' distribution: a few rows in another unit move no mean, but fill a tail.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from trend_assets.lib.quality import drift
from trend_assets.lib.quality.drift_summaries import BINS_PER_OCTAVE, NOT_A_NUMBER, NULL, ZERO, Summary, bucket_of

MOST_CATEGORIES = 60
"""Categories of a column that are compared one by one, the commonest; the others together."""
_FURTHEST = 5
_FAR = 3.0
"""Distances from middle to quartile beyond which a number is in a tail: two standard deviations of a normal distribution."""
_EDGES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Shares of the past windows' numbers at which a column's are cut; tails by themselves, because that is where wrong units land."""


def columns_of(windows: Sequence[Summary], days: Sequence[date], *, slow: bool = False) -> list[drift.Cells]:
    """The cells that are compared of windows, oldest first and the newest last. days: of each window.

    slow: only those of which a slow change means something: words come and go every week, and hours say what the day says.
    """
    weekdays = tuple(day.weekday() for day in days)
    columns = [_all_rows(windows, weekdays)]
    for name in [] if slow else _columns(windows, "volume"):
        categories, counts = table_of(windows, "volume", name)
        cells = drift.volumes("volume", categories, counts, "rows")
        columns.append(drift.Cells("volume by hour", cells.categories, cells.values, cells.variances, cells.shown, cells.unit, weekdays))
    for name in _columns(windows, "share"):
        columns.append(drift.shares(name, *_commonest(*table_of(windows, "share", name))))
    for name in _columns(windows, "number"):
        columns += number_columns(name, *table_of(windows, "number", name))
    return columns if slow else [*columns, *word_columns(windows)]


def table_of(windows: Sequence[Summary], kind: str, column: str) -> tuple[list[str], drift.Counts]:
    """Counts of one column of one kind: categories in order and counts, shape (windows, categories)."""
    found = [window.of(kind, column) for window in windows]
    categories = sorted(set().union(*found)) if found else []
    return categories, np.array([[one.get(category, 0) for category in categories] for one in found], dtype=float)


def number_columns(name: str, bins: Sequence[str], counts: drift.Counts) -> list[drift.Cells]:
    """Cells of a numeric column from its bins: position and spread of those above zero, shares of parts, of nulls and of the rest.

    Bins that are no bins of ``drift_summaries.binned`` (tenths of a probability) are shares as they are.
    """
    if not all(one in (NULL, ZERO, NOT_A_NUMBER) or one[0] in "+-" for one in bins):
        return [drift.shares(name, bins, counts)]
    positive = np.array([one[0] == "+" for one in bins], dtype=bool)
    columns = []
    if positive.any() and (counts[:, positive].sum(axis=1) > 1).all():
        places = np.array([int(one[1:]) for one in bins if one[0] == "+"])
        whole = np.zeros((len(counts), int(np.ptp(places)) + 1))
        whole[:, places - places.min()] = counts[:, positive]
        columns = [*_moments(name, places.min(), whole), *_tails(name, whole)]
    names, grouped = _parts_of(bins, counts)
    return [*columns, drift.shares(name, names, grouped)]


def word_columns(windows: Sequence[Summary]) -> list[drift.Cells]:
    """Share of words that the seven windows before did not have, and distance of the distribution of words; none without words."""
    buckets = [window.buckets for window in windows if window.buckets is not None]
    if len(buckets) < max(len(windows), 2):
        return []
    whole = np.array(buckets)
    used = np.flatnonzero(whole.any(axis=0))
    counts = whole[:, used].astype(float)
    return [*_unseen(counts), _distance(counts, used.tolist(), windows)]


def _all_rows(windows: Sequence[Summary], weekdays: tuple[int, ...]) -> drift.Cells:
    cells = drift.volumes("volume", ("all day",), np.array([[window.rows] for window in windows], dtype=float), "rows")
    return drift.Cells("volume", cells.categories, cells.values, cells.variances, cells.shown, cells.unit, weekdays)


def _columns(windows: Sequence[Summary], kind: str) -> list[str]:
    return sorted({name for window in windows for name in window.columns(kind)})


def _commonest(categories: Sequence[str], counts: drift.Counts) -> tuple[list[str], drift.Counts]:
    """The commonest categories in their order, those of the newest window among them; the others as one."""
    if len(categories) <= MOST_CATEGORIES:
        return list(categories), counts
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    order = np.argsort(-np.maximum(share[:-1].mean(axis=0), share[-1]), kind="stable")
    chosen = np.sort(order[: MOST_CATEGORIES - 1])
    rest = np.setdiff1d(np.arange(len(categories)), chosen)
    names = [*(categories[number] for number in chosen.tolist()), drift.OTHER]
    return names, np.column_stack([counts[:, chosen], counts[:, rest].sum(axis=1)])


def _moments(name: str, first: int, counts: drift.Counts) -> list[drift.Cells]:
    """Mean and logarithm of the standard deviation of logarithms (base 2), with their sampling variances. counts: from bin ``first`` on."""
    middles = (first + 0.5 + np.arange(counts.shape[1])) / BINS_PER_OCTAVE
    rows = counts.sum(axis=1)
    mean = counts @ middles / rows
    centred = middles - mean[:, None]
    variance = np.maximum((counts * centred**2).sum(axis=1) / rows, 1e-4)
    fourth = (counts * centred**4).sum(axis=1) / rows
    kurtosis = np.clip(fourth / variance**2, 1.5, 100.0)
    cells = [
        ("typical value", mean, variance / rows, np.exp2(mean), ""),
        ("spread", 0.5 * np.log(variance), (kurtosis - 1.0) / (4.0 * rows), np.sqrt(variance), "octaves"),
    ]
    return [
        drift.Cells(name, (category,), values[:, None], variances[:, None], shown[:, None], unit)
        for category, values, variances, shown, unit in cells
    ]


def _tails(name: str, counts: drift.Counts) -> list[drift.Cells]:
    """Shares far above and far below the window's own middle, by its own quartiles: so a day on which everything is dearer has no more."""
    rows = counts.sum(axis=1)
    below = np.column_stack([np.zeros(len(counts)), np.cumsum(counts, axis=1)])
    edges = np.arange(below.shape[1], dtype=float)
    found = np.zeros((len(counts), 2))
    for number, cumulative in enumerate(below):
        low, middle, high = np.interp(np.array([0.25, 0.5, 0.75]) * rows[number], cumulative, edges)
        far = np.interp([middle - _FAR * (middle - low), middle + _FAR * (high - middle)], edges, cumulative)
        found[number] = far[0], rows[number] - far[1]
    rest = rows[:, None] - found
    return [
        drift.only(drift.shares(name, (category, "the rest"), np.column_stack([found[:, side], rest[:, side]])), category)
        for side, category in enumerate(("far below the middle", "far above the middle"))
    ]


def _parts_of(bins: Sequence[str], counts: drift.Counts) -> tuple[list[str], drift.Counts]:
    """Bins put together up to each of ``_EDGES`` of the past windows' rows; nulls, zeros and the rest by themselves."""
    order = sorted((number for number, one in enumerate(bins) if one[0] in "+-"), key=lambda number: _place(bins[number]))
    shares = counts[:-1, order] / np.maximum(counts[:-1, order].sum(axis=1, keepdims=True), 1.0)
    # A bin belongs to the part in which its middle lies.
    held = shares.mean(axis=0) if len(shares) else np.zeros(len(order))
    part = np.searchsorted(_EDGES, np.cumsum(held) - held / 2, side="right")
    groups = [np.asarray(order)[part == number].tolist() for number in np.unique(part).tolist()]
    names = [_range(bins[group[0]], bins[group[-1]]) for group in groups]
    single = [number for number, one in enumerate(bins) if one[0] not in "+-"]
    found = [counts[:, group].sum(axis=1) for group in groups] + [counts[:, number] for number in single]
    return [*names, *(bins[number] for number in single)], np.column_stack(found) if found else np.zeros((len(counts), 0))


def _place(one: str) -> float:
    """Where a bin lies on the line of numbers, in an order that keeps signs."""
    place = int(one[1:]) + 1_000.0
    return place if one[0] == "+" else -place


def _range(first: str, last: str) -> str:
    def edge(one: str, upper: bool) -> float:
        outwards = upper if one[0] == "+" else not upper
        value = 2.0 ** ((int(one[1:]) + outwards) / BINS_PER_OCTAVE)
        return value if one[0] == "+" else -value

    return f"{edge(first, False):.3g} to {edge(last, True):.3g}"


def _unseen(counts: drift.Counts) -> list[drift.Cells]:
    """Share of each window's words in buckets that none of the seven windows before used, as often as they occur and once each."""
    memory = min(drift.MEMORY, (len(counts) - 1) // 2)
    words, distinct = [], []
    for number in range(memory, len(counts)):
        new = ~counts[number - memory : number].any(axis=0)
        words.append([float(counts[number][new].sum()), float(counts[number][~new].sum())])
        distinct.append([float(np.count_nonzero(counts[number][new])), float(np.count_nonzero(counts[number][~new]))])
    return [
        drift.only(drift.shares("vocabulary", (name, "seen"), np.array(rows).reshape(-1, 2)), name)
        for name, rows in (("unseen words", words), ("unseen distinct words", distinct))
    ]


def _distance(counts: drift.Counts, used: Sequence[int], windows: Sequence[Summary]) -> drift.Cells:
    """Half the squared Hellinger distance of each window's words from the other past windows', and what is furthest off in the newest."""
    past = counts[:-1].sum(axis=0)
    roots = np.sqrt(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0))
    others = np.maximum(past - counts, 0.0)
    others[-1] = past
    distances = 1.0 - (roots * np.sqrt(others / np.maximum(others.sum(axis=1, keepdims=True), 1.0))).sum(axis=1)
    gap = dict(zip(used, ((roots[-1] - np.sqrt(past / max(past.sum(), 1.0))) ** 2).tolist(), strict=True))
    named = {word for window in windows for word in window.of("word")}
    furthest = sorted(named, key=lambda word: (-gap.get(bucket_of(word), 0.0), word))[:_FURTHEST]
    category = f"use of words ({', '.join(furthest)})" if furthest else "use of words (of few people each, so none is named)"
    return drift.measures("vocabulary", (category,), np.maximum(distances, 0.0)[:, None], drift.DISTANCE)
