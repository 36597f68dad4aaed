"""PageRank of a weighted graph of acts: attention of those who receive attention counts for more.

What belongs here: the power iteration. What doesn't: which acts are edges, and how they decay (``rankings``).
"""

from __future__ import annotations

import numpy as np

from trend_assets.lib.trends.history import Floats, Integers

DAMPING = 0.85


def page_rank(
    source: Integers, target: Integers, weight: Floats, size: int, *, damping: float = DAMPING, tolerance: float = 1e-7, rounds: int = 100
) -> Floats:
    """PageRank (size,) of the nodes that act or are acted towards; 0 for all others, 1 in sum.

    ``source``, ``target``, ``weight``, shape (m,): edges from who acts to who receives; parallel edges add up. A node without acts of
    its own hands its rank to all nodes. Iterates until the ranks move less than ``tolerance`` in sum, at most ``rounds`` times:
    O(edges × rounds) on one thread, sums in the order of the nodes: graphs without parallel edges that are equal give equal bits.
    Method: Brin and Page (The anatomy of a large-scale hypertextual web search engine, 1998). Raises ``ValueError`` for a damping
    outside [0, 1).
    """
    from scipy import sparse

    if not 0 <= damping < 1:
        raise ValueError(f"damping is {damping}; it must be in [0, 1)")
    result = np.zeros(size)
    if not source.size:
        return result
    present = np.zeros(size, dtype=bool)
    present[source], present[target] = True, True
    nodes = np.flatnonzero(present)
    place = np.cumsum(present) - 1
    matrix = sparse.csr_matrix((weight, (place[target], place[source])), shape=(nodes.size, nodes.size))
    matrix.sum_duplicates()  # also sorts the edges, so the order of rows decides nothing
    out = np.asarray(matrix.sum(axis=0)).ravel()
    share = np.divide(1.0, out, out=np.zeros(nodes.size), where=out > 0)
    idle = (out == 0).astype(np.float64) / nodes.size
    rank = np.full(nodes.size, 1 / nodes.size)
    for _ in range(rounds):
        moved = damping * (matrix @ (rank * share) + rank @ idle) + (1 - damping) / nodes.size
        change = np.abs(moved - rank).sum()
        rank = moved
        if change < tolerance:
            break
    result[nodes] = rank
    return result
