"""Structural entropy: the objective is what the docstring derives, and Louvain finds obvious communities."""

from __future__ import annotations

import numpy as np

from trend_assets.lib.topics.communities import communities, connected_parts


def compressed(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, columns = np.nonzero(matrix)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(matrix)))]).astype(np.int64)
    return starts, columns.astype(np.int32), matrix[rows, columns].astype(np.float64)


def cliques(sizes: list[int], bridge: float = 0.05) -> np.ndarray:
    matrix = np.zeros((sum(sizes), sum(sizes)))
    first = 0
    for size in sizes:
        matrix[first : first + size, first : first + size] = 1
        if first:
            matrix[first - 1, first] = matrix[first, first - 1] = bridge
        first += size
    np.fill_diagonal(matrix, 0)
    return matrix


def entropy(matrix: np.ndarray, labels: np.ndarray) -> float:
    """Two-dimensional structural entropy as Li & Pan define it."""
    degrees, total = matrix.sum(axis=1), matrix.sum()
    value = 0.0
    for cluster in np.unique(labels):
        inside = labels == cluster
        volume, cut = degrees[inside].sum(), matrix[inside][:, ~inside].sum()
        value -= cut / total * np.log(volume / total) + (degrees[inside] / total * np.log(degrees[inside] / volume)).sum()
    return value


def quality(matrix: np.ndarray, labels: np.ndarray, resolution: float = 1.0) -> float:
    degrees, total = matrix.sum(axis=1), matrix.sum()
    value = 0.0
    for cluster in np.unique(labels):
        inside = labels == cluster
        value += matrix[inside][:, inside].sum() / 2 * (resolution * np.log(total) - np.log(degrees[inside].sum()))
    return value


def test_the_objective_is_structural_entropy_up_to_a_constant() -> None:
    dice = np.random.default_rng(3)
    matrix = dice.random((20, 20)) + 0.01
    matrix += matrix.T
    np.fill_diagonal(matrix, 0)
    sums = []
    for _ in range(5):
        labels = dice.integers(0, 4, 20)
        sums.append(entropy(matrix, labels) + 2 / matrix.sum() * quality(matrix, labels))
    assert np.allclose(sums, sums[0])


def test_cliques_are_communities_numbered_by_their_first_node() -> None:
    labels = communities(*compressed(cliques([6, 9, 4])), np.zeros(19, np.int64), resolution=1.2)
    assert labels.tolist() == [0] * 6 + [1] * 9 + [2] * 4


def test_louvain_reaches_what_no_single_move_improves() -> None:
    dice = np.random.default_rng(5)
    matrix = (dice.random((40, 40)) < 0.1) * dice.random((40, 40))
    matrix += matrix.T
    np.fill_diagonal(matrix, 0)
    labels = communities(*compressed(matrix), np.zeros(40, np.int64), resolution=1.2)
    assert quality(matrix, labels, 1.2) > quality(matrix, np.arange(40), 1.2)
    assert quality(matrix, labels, 1.2) > quality(matrix, np.zeros(40, np.int64), 1.2)


def test_a_higher_resolution_joins_more() -> None:
    matrix = cliques([5] * 8, bridge=0.9)
    counts = [len(set(communities(*compressed(matrix), np.zeros(40, np.int64), resolution=value).tolist())) for value in (1.0, 6.0)]
    assert counts[0] > counts[1]


def test_links_between_different_outer_clusters_do_not_count() -> None:
    matrix = np.ones((6, 6)) - np.eye(6)
    labels = communities(*compressed(matrix), np.array([0, 0, 0, 1, 1, -1]), resolution=1.2)
    assert labels.tolist() == [0, 0, 0, 1, 1, 2]


def test_a_graph_without_links_is_all_alone() -> None:
    assert communities(*compressed(np.zeros((3, 3))), np.zeros(3, np.int64), resolution=1.2).tolist() == [0, 1, 2]


def test_parts_are_what_strong_links_within_a_label_connect() -> None:
    weights = np.zeros((6, 6))
    for one, other, weight in [(0, 1, 0.5), (1, 2, 0.2), (2, 3, 0.5), (3, 4, 0.9)]:
        weights[one, other] = weights[other, one] = weight
    labels = np.array([0, 0, 0, 0, 1, 1])
    assert connected_parts(*compressed(weights), labels, 0.3).tolist() == [0, 0, 1, 1, 2, 3]
    assert connected_parts(*compressed(weights), labels, 0.2).tolist() == [0, 0, 0, 0, 1, 2]
