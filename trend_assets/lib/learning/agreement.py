"""How far people who label the same items agree, beyond chance.

What belongs here: the coefficient and its interval. What doesn't: where labels are kept (``trend_assets/monitoring``), metrics of models.

Krippendorff's alpha for nominal labels (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"): any number of labellers, any
of them may have skipped items. 1 is full agreement, 0 what chance gives; labels below .667 carry no conclusion by his rule of thumb.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES, SEED = 400, 20_261_122
INTERVAL = (0.05, 0.95)
ALL = "all"


@dataclass(frozen=True)
class Agreement:
    """Of the items that two or more labelled: how many, alpha with a 90 % bootstrap interval over items, share of pairs that agree.

    alpha and its ends are ``None`` where they are not defined: fewer than two such items, or one label only was ever given.
    """

    items: int
    alpha: float | None
    low: float | None
    high: float | None
    share: float | None


def counts_of(items: npt.NDArray[np.str_], labels: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """How often each label was given to each item that has two labels or more: shape (items, labels).

    items, labels: of each of n judgements, one a labeller and item.
    """
    names, item = np.unique(items, return_inverse=True)
    kinds, label = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(names), len(kinds)), dtype=np.int64)
    np.add.at(counts, (item, label), 1)
    return counts[counts.sum(axis=1) >= 2]


def alpha(counts: npt.NDArray[np.int64]) -> float | None:
    """Krippendorff's nominal alpha of counts (items, labels), each item with two judgements or more; ``None`` where undefined."""
    if len(counts) < 2:
        return None
    judged = counts.sum(axis=1)
    # coincidences of unlike labels within items, and what they would be if labels were dealt out at random
    unlike = ((judged * judged - (counts * counts).sum(axis=1)) / (judged - 1)).sum()
    totals = counts.sum(axis=0)
    everything = int(totals.sum())
    expected = (everything * everything - int((totals * totals).sum())) / (everything - 1)
    return None if expected == 0 else float(1.0 - unlike / expected)


def agreement(items: npt.NDArray[np.str_], labels: npt.NDArray[np.str_]) -> Agreement:
    """Agreement of n judgements: ``items`` and ``labels`` have shape (n,); the interval resamples items, seed fixed."""
    counts = counts_of(items, labels)
    found = alpha(counts)
    if not len(counts):
        return Agreement(0, None, None, None, None)
    judged = counts.sum(axis=1)
    pairs = (judged * (judged - 1)).sum()
    share = float((counts * (counts - 1)).sum() / pairs)
    if found is None:
        return Agreement(len(counts), None, None, None, share)
    draw = np.random.default_rng(SEED).integers(0, len(counts), size=(RESAMPLES, len(counts)))
    drawn = [value for value in (alpha(counts[rows]) for rows in draw) if value is not None]
    low, high = np.quantile(drawn, INTERVAL) if drawn else (np.nan, np.nan)
    return Agreement(len(counts), found, float(low), float(high), share) if drawn else Agreement(len(counts), found, None, None, share)


def by_language(
    items: npt.NDArray[np.str_], labels: npt.NDArray[np.str_], languages: npt.NDArray[np.str_], least: int = 10
) -> dict[str, Agreement]:
    """Agreement of all judgements (``ALL``) and of each language with ``least`` items that two or more labelled."""
    found = {ALL: agreement(items, labels)}
    for language in np.unique(languages).tolist():
        rows = languages == language
        one = agreement(items[rows], labels[rows])
        if one.items >= least:
            found[language] = one
    return found


def in_words(found: Agreement) -> str:
    """A sentence for a person."""
    if not found.items:
        return "no item was labelled by two people: agreement is not known"
    told = f"{found.items} items labelled by two or more, {found.share:.0%} of pairs agree"
    if found.alpha is None:
        return f"{told}; alpha is not defined (too few items, or one label only)"
    interval = "" if found.low is None else f" (90 % interval {found.low:.2f} to {found.high:.2f})"
    return f"{told}; Krippendorff's alpha {found.alpha:.2f}{interval}"
