"""Which labelled posts a model learns from and which it is judged on.

What belongs here: the split. What doesn't: labels (``labels.py``), metrics.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

TRAIN, EVALUATION, LEFT_OUT = "train", "evaluation", "left_out"
OF_FILES = ("file", "image")
"""Networks of examples that are no posts: their times are of another story, so they are split by themselves."""
Authors = npt.NDArray[np.str_] | npt.NDArray[np.object_]
"""Names (n,); null or blank where nobody knows."""
Copies = npt.NDArray[np.int64] | npt.NDArray[np.str_]
"""Keys (n,); equal ones are the same text or picture, or nearly so."""


def people(authors: Sequence[str | None], copies: Sequence[Hashable]) -> npt.NDArray[np.str_]:
    """Whom each of n examples is by, shape (n,), for keeping people apart: its author's name.

    An example without an author (null or blank) is by somebody of its own, whom it shares with its copies without an author only
    (``copies``: equal keys are copies). Taken for one person, all of them would lie on one side of every split.
    """
    given = zip(authors, copies, strict=True)
    return np.array([author if author and author.strip() else f"unknown of {copy}" for author, copy in given], dtype=np.str_)


def together(authors: Authors, copies: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Groups (n,) of examples that authors or copies connect, chains included, each named by the smallest key of copies in it."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not len(copies):
        return np.empty(0, dtype=np.int64)
    _, writer = np.unique(people(authors.tolist(), copies.tolist()), return_inverse=True)
    keys, text = np.unique(copies, return_inverse=True)
    size, links = len(keys) + int(writer.max()) + 1, (np.ones(len(copies), dtype=bool), (text, writer + len(keys)))
    _, group = connected_components(coo_matrix(links, shape=(size, size)), directed=False)
    smallest = np.full(int(group.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, group[: len(keys)], keys)
    return smallest[group[text]]


def split(times: npt.NDArray[np.int64], authors: Authors, copies: Copies, evaluation_share: float) -> npt.NDArray[np.str_]:
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
    return without_the_known(np.where(times < cut, TRAIN, EVALUATION), authors, copies)


def split_undated(groups: Sequence[str], evaluation_share: float) -> npt.NDArray[np.str_]:
    """For each of n examples without a time ``train`` or ``evaluation``: by a hash of its group (n,), so that a group is never parted.

    The same groups fall on the same side whatever else there is.
    """
    drawn = [int.from_bytes(hashlib.blake2b(group.encode(), digest_size=8).digest()) / 2**64 for group in groups]
    return np.where(np.asarray(drawn, dtype=float) < evaluation_share, EVALUATION, TRAIN).astype("<U10")


def without_the_known(sides: npt.NDArray[np.str_], authors: Authors, copies: Copies) -> npt.NDArray[np.str_]:
    """Sides (n,) where evaluation examples whose author or text is in training are ``left_out``."""
    early, who = sides == TRAIN, people(authors.tolist(), copies.tolist())
    known = np.isin(who, np.unique(who[early])) | np.isin(copies, np.unique(copies[early]))
    return np.where((sides == EVALUATION) & known, LEFT_OUT, sides)


def newest_apart(times: npt.NDArray[np.int64], authors: Authors, copies: Copies, share: float) -> npt.NDArray[np.bool_]:
    """Which of n examples decide when training stops: of the newest ``share`` those by nobody, and copies of nothing, among the rest.

    All others are learnt from: ``split`` leaves some out, and these would be lost to a small training set.
    """
    sides = split(times, authors, copies, share)
    while (sides == LEFT_OUT).any():  # what is learnt from after all may be by an author, or a copy, of what was held out
        sides = without_the_known(np.where(sides == LEFT_OUT, TRAIN, sides), authors, copies)
    return sides == EVALUATION


def sides_of(rows: pa.Table, evaluation_share: float) -> npt.NDArray[np.str_]:
    """Side of each of n examples: dated ones by time, posts and files apart; others by a hash of the author; what training knows left out.

    rows: columns network, author (``people`` says what is made of none), created_at (null for no time), near_duplicate_key.
    """
    copies = np.asarray(rows["near_duplicate_key"])
    authors = people(rows["author"].to_pylist(), copies.tolist())
    dated = np.asarray(pc.is_valid(rows["created_at"]))
    posts = ~np.isin(np.asarray(rows["network"].to_pylist(), dtype=str), OF_FILES)
    sides = split_undated(authors.tolist(), evaluation_share)
    times = np.asarray(pc.fill_null(rows["created_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()), 0))
    for chosen in (dated & posts, dated & ~posts):
        sides[chosen] = split(times[chosen], authors[chosen], copies[chosen], evaluation_share)
    return without_the_known(sides, authors, copies)
