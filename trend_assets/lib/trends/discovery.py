"""Many topics are tested every hour: which of them may be called discoveries.

What belongs here: corrections for multiple tests. What doesn't: the tests (``bursts``).
"""

from __future__ import annotations

import numpy as np

from trend_assets.lib.trends.history import Floats


def benjamini_hochberg(p_values: Floats, tests: int | None = None) -> Floats:
    """q-values of Benjamini and Hochberg (1995), shape as given: the smallest false-discovery rate at which each is a discovery.

    ``tests`` is the number of hypotheses where some with p = 1 were left out; at least the number of p-values.
    Calling everything with q <= rate a discovery keeps the expected share of false ones at or under the rate when the
    p-values are independent or positively dependent (PRDS: Benjamini & Yekutieli 2001). Topics share one stream, and
    the expectation is conditional on the other topics' volume, so they compete for posts: mildly *negative*
    dependence, for which the bound is not proved but holds closely in simulation (see the tests). Under arbitrary
    dependence multiply by 1 + 1/2 + ... + 1/tests. Counts are discrete, so p-values err on the large, safe side.
    """
    count = p_values.size
    if count == 0:
        return p_values.copy()
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * max(tests or 0, count) / np.arange(1, count + 1)
    monotone = np.minimum.accumulate(scaled[::-1])[::-1]
    result = np.empty_like(p_values)
    result[order] = np.minimum(monotone, 1.0)
    return result
