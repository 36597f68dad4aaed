"""Dividing a neighbour graph by two-dimensional structural entropy with a Louvain loop.

What belongs here: the objective and its compiled optimiser. What doesn't: where the graph comes from (``neighbours.py``) or
what the clusters mean (``assign.py``). Importing this module loads numba: import it inside functions.

Objective. The two-dimensional structural entropy of a graph under a partition (Li & Pan, "Structural Information and
Dynamical Complexity of Networks", IEEE Trans. Information Theory 2016), which HISEvent (Cao et al., "Hierarchical and
Incremental Structural Entropy Minimization for Unsupervised Social Event Detection", AAAI 2024) minimises greedily, is

    H2 = -Σ_c g(c)/vol · log(V(c)/vol) - Σ_c Σ_{i in c} d(i)/vol · log(d(i)/V(c))

with d(i) the weighted degree of node i, V(c) the sum of degrees in c, g(c) = V(c) - 2·w(c) the weight leaving c, w(c) the
weight of the links inside c and vol = Σ d. Putting g(c) in, all terms in V(c)·log V(c) cancel and

    H2 = constant - (2/vol) · Σ_c w(c) · ln(vol / V(c))

so minimising H2 is maximising Σ_c w(c)·(ln vol - ln V(c)). Alone it divides too finely; a resolution γ on the first logarithm
moves the balance:

    Q = Σ_c w(c) · (γ·ln vol - ln V(c))

Gain of node i (degree d, own loop s, weight k to c) joining cluster c:  (w + k + s)·(γ·ln vol - ln(V + d)) - w·(γ·ln vol - ln V),
from w(c) and V(c) alone, so a move costs O(neighbours) and a pass O(links). The loop is Louvain's (Blondel et al., "Fast
unfolding of communities in large networks", 2008): move nodes until nothing gains, make each cluster a node, repeat.
Nodes are visited in the order given and ties keep the first cluster met: the result is a function of the graph alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_MAXIMUM_LEVELS = 32
_VISITS_PER_NODE = 64  # a bound on local moving; about 5 visits a node are typical
_SMALLEST_GAIN = 1e-9


@njit(cache=True, nogil=True)
def _move(  # noqa: C901 - the loop is the algorithm; splitting it would cost a call per node
    starts: np.ndarray, links: np.ndarray, weights: np.ndarray, loops: np.ndarray, degrees: np.ndarray, reach: float
) -> tuple[np.ndarray, int]:
    """Local moving with a queue: clusters of the nodes and the number of moves. ``reach`` is γ·ln vol."""
    nodes = len(starts) - 1
    # Unsigned: numba then leaves out the test for indices from the end.
    neighbour = links.view(np.uint32)
    cluster = np.arange(nodes).astype(np.uint32)
    volume = degrees.copy()
    inside = loops.copy()
    log_volume = np.zeros(nodes, np.float64)
    for node in range(nodes):
        if volume[node] > 0.0:
            log_volume[node] = np.log(volume[node])
    toward = np.zeros(nodes, np.float64)
    met = np.empty(nodes + 1, np.uint32)
    queue = np.arange(nodes).astype(np.uint32)
    waiting = np.ones(nodes, np.bool_)
    head = 0
    length = nodes
    moves = 0
    budget = nodes * _VISITS_PER_NODE
    while length > 0 and budget > 0:
        budget -= 1
        node = queue[head]
        head = head + 1 if head + 1 < nodes else 0
        length -= 1
        waiting[node] = False
        degree = degrees[node]
        if starts[node] == starts[node + 1]:
            continue
        home = cluster[node]
        count = np.uint64(1)
        met[0] = home
        toward[home] = 0.0
        for position in range(starts[node], starts[node + 1]):
            there = cluster[neighbour[position]]
            before = toward[there]
            met[count] = there  # stays only if new: written without a branch, which couldn't be foretold
            count += np.uint64((before == 0.0) & (there != home))
            toward[there] = before + weights[position]
        volume[home] -= degree
        inside[home] -= toward[home] + loops[node]
        log_volume[home] = np.log(volume[home]) if volume[home] > 1e-12 else 0.0
        best = home
        best_gain = -np.inf
        for number in range(count):
            there = met[number]
            link = toward[there] + loops[node]
            # ln(V + d) is at least ln V, so this bounds the gain from above without a logarithm.
            if link * (reach - log_volume[there]) <= best_gain:
                continue
            gain = (inside[there] + link) * (reach - np.log(volume[there] + degree)) - inside[there] * (reach - log_volume[there])
            if gain > best_gain + _SMALLEST_GAIN:
                best_gain = gain
                best = there
        volume[best] += degree
        inside[best] += toward[best] + loops[node]
        log_volume[best] = np.log(volume[best])
        for number in range(count):
            toward[met[number]] = 0.0
        if best != home:
            cluster[node] = best
            moves += 1
            for position in range(starts[node], starts[node + 1]):
                other = neighbour[position]
                if not waiting[other] and cluster[other] != best:
                    waiting[other] = True
                    tail = head + length
                    queue[tail if tail < nodes else tail - nodes] = other
                    length += 1
    return cluster.astype(np.int64), moves


@njit(cache=True, nogil=True)
def _renumber(cluster: np.ndarray) -> int:
    """Number clusters 0, 1, ... by their first node, in place. Returns how many there are."""
    number_of = np.full(len(cluster), -1, np.int64)
    count = 0
    for node in range(len(cluster)):
        if number_of[cluster[node]] < 0:
            number_of[cluster[node]] = count
            count += 1
        cluster[node] = number_of[cluster[node]]
    return count


@njit(cache=True, nogil=True)
def _aggregate(
    starts: np.ndarray, links: np.ndarray, weights: np.ndarray, loops: np.ndarray, degrees: np.ndarray, cluster: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The graph whose nodes are the clusters; links inside become loops (each counted once)."""
    nodes = len(cluster)
    first = np.zeros(count + 1, np.int64)
    for node in range(nodes):
        first[cluster[node] + 1] += 1
    for number in range(count):
        first[number + 1] += first[number]
    place = first[:-1].copy()
    members = np.empty(nodes, np.int64)
    for node in range(nodes):
        members[place[cluster[node]]] = node
        place[cluster[node]] += 1

    new_starts = np.zeros(count + 1, np.int64)
    new_links = np.empty(len(links), np.int32)
    new_weights = np.empty(len(links), np.float64)
    new_loops = np.zeros(count, np.float64)
    new_degrees = np.zeros(count, np.float64)
    slot = np.full(count, -1, np.int64)
    end = 0
    for number in range(count):
        begin = end
        for member in range(first[number], first[number + 1]):
            node = members[member]
            new_loops[number] += loops[node]
            new_degrees[number] += degrees[node]
            for position in range(starts[node], starts[node + 1]):
                other = cluster[links[position]]
                if other == number:
                    new_loops[number] += 0.5 * weights[position]
                elif slot[other] < begin:
                    slot[other] = end
                    new_links[end] = other
                    new_weights[end] = weights[position]
                    end += 1
                else:
                    new_weights[slot[other]] += weights[position]
        new_starts[number + 1] = end
    return new_starts, new_links[:end], new_weights[:end], new_loops, new_degrees


@njit(cache=True, nogil=True)
def _louvain(starts: np.ndarray, links: np.ndarray, weights: np.ndarray, within: np.ndarray, resolution: float) -> np.ndarray:
    nodes = len(starts) - 1
    labels = np.arange(nodes)
    kept_starts = np.zeros(nodes + 1, np.int64)
    kept_links = np.empty(len(links), np.int32)
    kept_weights = np.empty(len(links), np.float64)
    degrees = np.zeros(nodes, np.float64)
    total = 0.0
    end = 0
    for node in range(nodes):
        if within[node] < 0:
            for position in range(starts[node], starts[node + 1]):
                total += weights[position]
            kept_starts[node + 1] = end
            continue
        for position in range(starts[node], starts[node + 1]):
            total += weights[position]
            if within[links[position]] == within[node]:
                kept_links[end] = links[position]
                kept_weights[end] = weights[position]
                degrees[node] += weights[position]
                end += 1
        kept_starts[node + 1] = end
    if total <= 0.0:
        return labels
    starts, links, weights = kept_starts, kept_links[:end], kept_weights[:end]
    loops = np.zeros(nodes, np.float64)
    reach = resolution * np.log(total)
    for _ in range(_MAXIMUM_LEVELS):
        cluster, moves = _move(starts, links, weights, loops, degrees, reach)
        if moves == 0:
            break
        count = _renumber(cluster)
        for node in range(nodes):
            labels[node] = cluster[labels[node]]
        starts, links, weights, loops, degrees = _aggregate(starts, links, weights, loops, degrees, cluster, count)
    _renumber(labels)
    return labels


def communities(starts: np.ndarray, links: np.ndarray, weights: np.ndarray, within: np.ndarray, *, resolution: float) -> np.ndarray:
    """Cluster of each node (int64, numbered by first node) that locally maximises Q of the module's docstring.

    ``starts`` (nodes + 1), ``links`` and ``weights`` are a symmetric graph in compressed rows without loops. Only links between
    nodes of the same ``within`` (-1: none) count, vol is that of the whole graph: a second pass inside the clusters of a first one.
    Complexity: O(links) a pass, a handful of passes a level, levels shrink geometrically.
    """
    return _louvain(starts, links, weights, within, resolution)


@njit(cache=True, nogil=True)
def connected_parts(starts: np.ndarray, links: np.ndarray, weights: np.ndarray, labels: np.ndarray, smallest: float) -> np.ndarray:
    """Part of each node (nodes,), from 0 by first node: nodes of a label that links of ``smallest`` or more connect. O(links)."""
    nodes = len(starts) - 1
    part = np.full(nodes, -1, np.int64)
    waiting = np.empty(nodes, np.int64)
    parts = 0
    for first in range(nodes):
        if part[first] >= 0:
            continue
        part[first] = parts
        waiting[0] = first
        length = 1
        while length > 0:
            length -= 1
            node = waiting[length]
            for position in range(starts[node], starts[node + 1]):
                other = links[position]
                if weights[position] >= smallest and part[other] < 0 and labels[other] == labels[node]:
                    part[other] = parts
                    waiting[length] = other
                    length += 1
        parts += 1
    return part
