"""Whether a run took much longer than runs of its kind do.

What belongs here: the rule. What doesn't: reading Dagster's record of runs (``operations/run_times.py``), telling people.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LEAST = 8
"""Earlier runs of the same kind, fewer of which are no norm."""
TIMES, DEVIATIONS, SECONDS = 2.0, 5.0, 60.0
"""A run is slow where it took twice the median, and five times the usual deviation (MAD of logarithms) more, and a minute more."""


def limit(earlier: Sequence[float]) -> float | None:
    """Seconds above which a run is slow, given the seconds of earlier runs of its kind; ``None`` for too few of them.

    Median and MAD of logarithms: one run that hung, or a quick failure, moves neither.
    """
    seconds = np.log(np.maximum(np.asarray(earlier, dtype=float), 0.1))
    if seconds.size < LEAST:
        return None
    middle = float(np.median(seconds))
    deviation = 1.4826 * float(np.median(np.abs(seconds - middle)))
    usual = float(np.exp(middle))
    return max(usual * TIMES, usual * float(np.exp(DEVIATIONS * deviation)), usual + SECONDS)


def size_class(partitions: int) -> str:
    """Runs over few partitions are no norm for runs over many: one, a few, a day of hours, more."""
    return next((name for most, name in ((1, "one"), (6, "few"), (24, "a day")) if partitions <= most), "many")
