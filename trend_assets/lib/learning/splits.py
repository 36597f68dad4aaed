"""Which labelled posts a model learns from and which it is judged on.

What belongs here: the split. What doesn't: labels (``labels.py``), metrics.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

TRAIN, EVALUATION, LEFT_OUT = "train", "evaluation", "left_out"
OF_FILES = ("file", "image")
"""Networks of examples that are no posts: their times are of another story, so they are split by themselves."""


def split(
    times: npt.NDArray[np.int64], authors: npt.NDArray[np.str_], copies: npt.NDArray[np.int64], evaluation_share: float
) -> npt.NDArray[np.str_]:
    """For each of n examples ``train``, ``evaluation`` or ``left_out``; all arguments have shape (n,).

    Training is on the earlier posts, evaluation on the later ``evaluation_share``, as a model is used on posts written
    after it was trained. Of the later posts those are left out whose author, or whose text up to near-duplication
    (``copies``: equal keys are copies), is in training: recognising them would be no merit. Where labels of earlier posts are
    added, the cut moves back: what a champion was trained on can be in evaluation now, and must be left out where it is judged.
    """
    if not len(times):
        return np.empty(0, dtype="<U10")
    ordered = np.sort(times)
    cut = ordered[min(int(np.ceil(len(times) * (1.0 - evaluation_share))), len(times) - 1)]
    early = times < cut
    known = np.isin(authors, np.unique(authors[early])) | np.isin(copies, np.unique(copies[early]))
    return np.where(early, TRAIN, np.where(known, LEFT_OUT, EVALUATION))


def split_undated(groups: Sequence[str], evaluation_share: float) -> npt.NDArray[np.str_]:
    """For each of n examples without a time ``train`` or ``evaluation``: by a hash of its group (n,), so that a group is never parted.

    The same groups fall on the same side whatever else there is.
    """
    drawn = [int.from_bytes(hashlib.blake2b(group.encode(), digest_size=8).digest()) / 2**64 for group in groups]
    return np.where(np.asarray(drawn, dtype=float) < evaluation_share, EVALUATION, TRAIN).astype("<U10")


def without_the_known(sides: npt.NDArray[np.str_], authors: npt.NDArray[np.str_], copies: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
    """Sides (n,) where evaluation examples whose author or text is in training are ``left_out``."""
    early = sides == TRAIN
    known = np.isin(authors, np.unique(authors[early])) | np.isin(copies, np.unique(copies[early]))
    return np.where((sides == EVALUATION) & known, LEFT_OUT, sides)


def sides_of(rows: pa.Table, evaluation_share: float) -> npt.NDArray[np.str_]:
    """Side of each of n examples: dated ones by time, posts and files apart; others by a hash of the author; what training knows left out.

    rows: columns network, author, created_at (null for no time), near_duplicate_key.
    """
    authors, copies = np.asarray(rows["author"].to_pylist(), dtype=str), np.asarray(rows["near_duplicate_key"])
    dated = np.asarray(pc.is_valid(rows["created_at"]))
    posts = ~np.isin(np.asarray(rows["network"].to_pylist(), dtype=str), OF_FILES)
    sides = split_undated(authors.tolist(), evaluation_share)
    times = np.asarray(pc.fill_null(rows["created_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()), 0))
    for chosen in (dated & posts, dated & ~posts):
        sides[chosen] = split(times[chosen], authors[chosen], copies[chosen], evaluation_share)
    return without_the_known(sides, authors, copies)
