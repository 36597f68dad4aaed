"""Which posts a task is about.

What belongs here: choosing rows of clean posts. What doesn't: the lanes of topics (``lib/trends/lanes.py``).
"""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.learning.contract import Task


def in_scope(task: Task, clean_posts: pa.Table, brands: Collection[str]) -> npt.NDArray[np.bool_]:
    """Whether the task says something about each post (n,): written posts, not reposts, that name a brand where it asks for it.

    Without any brand there is nothing to look for, and every post counts.
    """
    written = np.asarray(pc.not_equal(clean_posts["kind"], "repost"))
    if task.about == "all" or not any(brand.strip() for brand in brands):
        return written
    return written & names_a_brand(clean_posts["clean_text"], brands)


def names_a_brand(texts: pa.ChunkedArray, brands: Collection[str]) -> npt.NDArray[np.bool_]:
    """Whether each text (n,) holds one of the brands as a whole word, as a handle or as a hashtag, in any case."""
    words = sorted({r"\s+".join(re.escape(part) for part in brand.split()) for brand in brands if brand.strip()})
    pattern = rf"(?i)(?:^|[^\pL\pN_])(?:{'|'.join(words)})(?:$|[^\pL\pN_])"
    return np.asarray(pc.match_substring_regex(texts, pattern))
