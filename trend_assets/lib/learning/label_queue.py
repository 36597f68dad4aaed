"""Which posts a person should label next: uncertain and disputed ones first, and a random share that says how good the model is.

What belongs here: the choice, as a function of a table of posts and what models say of them. What doesn't: reading posts and running
models (``trend_assets/monitoring/queue.py``), keeping labels (``trend_assets/monitoring/labels.py``).

Least margin is uncertainty sampling (Settles 2009, "Active Learning Literature Survey", section 3.1), disagreement of two models is
query by committee (the same, 3.2). Posts chosen so say nothing of the average post. The random share does: of each whole day a sample
in three phases, one post of each group of near-duplicates, one of each author, then a few of those that are left. The probability of
being drawn is kept with each; its inverse as weight makes means unbiased (Särndal, Swensson, Wretman 1992, chapter 9: two-phase
sampling). Each phase has permanent random numbers (a hash of the post), so a day's sample is the same whenever it is drawn.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

DISPUTED, DISAGREED, UNCERTAIN, SECOND, RANDOM = "disputed", "disagreed", "uncertain", "second_opinion", "random"
REASONS = (DISPUTED, DISAGREED, UNCERTAIN, SECOND, RANDOM)
"""Two labellers differ; two models differ; small margin; one person labelled it, another should; drawn at random."""
SHARES = {DISPUTED: 0.2, DISAGREED: 0.3, SECOND: 0.1, RANDOM: 0.3}
"""Largest share of the queue by reason; uncertain posts take what is left."""
PER_DAY = 10
"""Posts of the random share drawn of each day."""
POOL = 10
"""Posts are spread over languages and topics among the most uncertain ones, this many times as many as are wanted."""


def entropy(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Entropy of each row (n,), bits, of probabilities (n, labels)."""
    logs = np.log2(np.where(probabilities > 0, probabilities, 1.0))
    return np.asarray(-(probabilities * logs).sum(axis=1) + 0.0)


def margin(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The likeliest label's probability minus the second's (n,)."""
    ordered = np.sort(probabilities, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])


def permanent(salt: str, networks: Sequence[str], posts: Sequence[str]) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each post (n,), the same for ever; other salts give independent ones."""
    names = (f"{salt}\0{network}\0{post}".encode() for network, post in zip(networks, posts, strict=True))
    digests = b"".join(hashlib.blake2b(name, digest_size=8).digest() for name in names)
    return np.asarray((np.frombuffer(digests, dtype="<u8") >> np.uint64(11)).astype(np.float64) / 2.0**53)


def random_share(
    days: npt.NDArray[np.int64],
    authors: npt.NDArray[np.str_],
    copies: npt.NDArray[np.int64],
    networks: Sequence[str],
    posts: Sequence[str],
    task: str,
    per_day: int = PER_DAY,
) -> npt.NDArray[np.float64]:
    """Probability with which each of n posts was drawn, 0 for those that were not (n,).

    days: day of each post; every post of a day must be given, a day is a population of its own. copies: near-duplicate keys.
    """
    found = np.zeros(len(days))
    phases = [permanent(f"{task}:{phase}", networks, posts) for phase in ("copy", "author", "post")]
    for day in np.unique(days).tolist():
        rows = np.flatnonzero(days == day)
        rows, first = _one_of_each(rows, copies[rows], phases[0][rows])
        rows, second = _one_of_each(rows, authors[rows], phases[1][rows])
        drawn = np.argsort(phases[2][rows], kind="stable")[:per_day]
        survived = first[np.isin(first[:, 0], rows[drawn])]
        of_copy = dict(zip(survived[:, 0].astype(int).tolist(), survived[:, 1].tolist(), strict=True))
        of_author = dict(zip(second[:, 0].astype(int).tolist(), second[:, 1].tolist(), strict=True))
        for row in rows[drawn].tolist():
            found[row] = of_copy[row] * of_author[row] * min(per_day, len(rows)) / len(rows)
    return found


def _one_of_each(
    rows: npt.NDArray[np.int64], groups: npt.NDArray[np.generic], numbers: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The row with the least number of each group, in the order of ``rows``; and (row, one over the group's size) of each (m, 2)."""
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.lexsort((numbers, group))
    firsts = np.sort(order[np.unique(group[order], return_index=True)[1]])
    return rows[firsts], np.column_stack([rows[firsts], 1.0 / sizes[group[firsts]]])


def choose(posts: pa.Table, size: int) -> pa.Table:
    """Rows of ``posts`` in the order in which they should be labelled, at most ``size``, with columns ``reason`` and ``rank`` (from 1).

    posts: author, language, topic_id (null: none), near_duplicate_key, margin (null: no model looked at it), other_differs (two models
    say different labels), labellers (how many labelled it), differ (they said different labels), sampling_probability (of the random
    share, else 0), network, post_id. A post of the random share is chosen for nothing else, or its being labelled would depend on how
    sure the model is. Of one author, and of near-duplicates, there is one post in the queue beside the random share.
    """
    count = posts.num_rows
    columns = {name: np.asarray(posts[name].to_pylist()) for name in ("author", "language", "near_duplicate_key")}
    strata = list(zip(columns["language"].tolist(), posts["topic_id"].to_pylist(), strict=True))
    margins = np.array([np.nan if value is None else value for value in posts["margin"].to_pylist()], dtype=float)
    differs, labellers, differ = (np.asarray(posts[name].to_pylist()) for name in ("other_differs", "labellers", "differ"))
    drawn = np.asarray(posts["sampling_probability"].to_pylist(), dtype=float) > 0
    numbers = permanent("queue", posts["network"].to_pylist(), posts["post_id"].to_pylist())
    taken_authors: set[str] = set()
    taken_copies: set[int] = set()

    def free(rows: npt.NDArray[np.int64]) -> Iterator[int]:
        for row in rows.tolist():
            author, copy = columns["author"][row], columns["near_duplicate_key"][row]
            if author not in taken_authors and copy not in taken_copies:
                taken_authors.add(author)
                taken_copies.add(copy)
                yield row

    def take(wanted: npt.NDArray[np.bool_], order: npt.NDArray[np.float64], most: int) -> list[int]:
        rows = np.flatnonzero(wanted)
        rows = rows[np.argsort(order[rows], kind="stable")][: POOL * most]
        found: list[int] = []
        for row in free(_spread(rows, strata)):
            if len(found) == most:
                taken_authors.discard(columns["author"][row])
                taken_copies.discard(columns["near_duplicate_key"][row])
                break
            found.append(row)
        return found

    if not count:
        return _ordered(posts, [])
    unlabelled, known = (labellers == 0) & ~drawn, ~np.isnan(margins)
    randomly = np.flatnonzero(drawn & (labellers == 0))
    # the newest days first: of a queue that is never finished the latest weeks are known
    newest = np.argsort(numbers[randomly], kind="stable")
    days = np.asarray(posts["day"].to_pylist())[randomly][newest] if len(randomly) else np.empty(0)
    randomly = randomly[newest][np.argsort(days, kind="stable")[::-1]][: int(SHARES[RANDOM] * size) if known.any() else size]
    for row in randomly.tolist():
        taken_authors.add(columns["author"][row])
        taken_copies.add(columns["near_duplicate_key"][row])
    disputed = take((labellers >= 2) & differ, -labellers.astype(float), int(SHARES[DISPUTED] * size))
    disagreed = take(unlabelled & known & differs, margins, int(SHARES[DISAGREED] * size))
    second = take((labellers == 1), numbers, int(SHARES[SECOND] * size))
    left = size - len(randomly) - len(disputed) - len(disagreed) - len(second)
    chosen = np.zeros(count, dtype=bool)
    chosen[disagreed] = True
    uncertain = take(unlabelled & known & ~chosen, margins, left)
    parts = ((DISPUTED, disputed), (DISAGREED, disagreed), (UNCERTAIN, uncertain), (SECOND, second), (RANDOM, randomly.tolist()))
    return _ordered(posts, [(row, reason) for reason, rows in parts for row in rows])


def _spread(rows: npt.NDArray[np.int64], strata: Sequence[tuple[str, str | None]]) -> npt.NDArray[np.int64]:
    """The rows with the first of each stratum first, then the second of each, and so on; within a round in their order."""
    seen: Counter[tuple[str, str | None]] = Counter()
    rounds = []
    for row in rows.tolist():
        rounds.append(seen[strata[row]])
        seen[strata[row]] += 1
    return rows[np.argsort(np.asarray(rounds, dtype=np.int64), kind="stable")]


def _ordered(posts: pa.Table, chosen: Sequence[tuple[int, str]]) -> pa.Table:
    rows = posts.take(pa.array([row for row, _ in chosen], pa.int64()))
    rows = rows.append_column("reason", pa.array([reason for _, reason in chosen], pa.string()))
    return rows.append_column("rank", pa.array(range(1, len(chosen) + 1), pa.int64()))
