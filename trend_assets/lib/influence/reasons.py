"""Why an author is ranked where they are, in a sentence that names the facts.

What belongs here: words. What doesn't: the numbers (``rankings``). A sentence tells what was received, never what anybody is.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.influence.shrinkage import LEVEL, Rates
from trend_assets.lib.trends.history import Floats, Integers
from trend_assets.tables.influencers import INTERACTION_KINDS

_KIND_WORDS = {"repost": "reposts", "quote": "quotes", "reply": "replies", "mention": "mentions"}
_CERTAINTY = f"with {50 * (1 + LEVEL):.0f} % certainty"


def reasons(kinds: Integers, amplifiers: Integers, rates: Rates, counts: Floats, half_life_hours: float) -> pa.Array:
    """A sentence per row.

    "42 interactions by 31 authors in 24 hours, mostly reposts (30); authors counted once, halved every 24 hours: 25.3, so 0.73 an
    hour, at least 0.55 with 95 % certainty". ``kinds``: (n, kinds) interactions of the last 24 hours, in the order of
    ``INTERACTION_KINDS``; the others (n,). O(n).
    """
    total = kinds.sum(axis=1)
    most = kinds.argmax(axis=1)
    words = pa.array([_KIND_WORDS[kind] for kind in INTERACTION_KINDS]).take(pa.array(most))
    texts = [pc.cast(pa.array(values), pa.string()) for values in (total, amplifiers, kinds.max(axis=1))]
    measured = pc.binary_join_element_wise(
        f"authors counted once, halved every {half_life_hours:g} hours: ",
        _rounded(counts, 1),
        ", so ",
        _rounded(rates.mean, 2),
        " an hour, at least ",
        _rounded(rates.low, 2),
        f" {_CERTAINTY}",
        "",
    )
    lively = pc.binary_join_element_wise(
        texts[0],
        pa.array(np.where(total == 1, " interaction by ", " interactions by ")),
        texts[1],
        pa.array(np.where(amplifiers == 1, " author in 24 hours, mostly ", " authors in 24 hours, mostly ")),
        words,
        " (",
        texts[2],
        "); ",
        measured,
        "",
    )
    quiet = pc.binary_join_element_wise("No interaction in 24 hours, only earlier ones; ", measured, "")
    return pc.if_else(pa.array(total > 0), lively, quiet)


def _rounded(values: Floats, digits: int) -> pa.Array:
    return pc.cast(pa.array(np.round(values, digits)), pa.string())
