"""The neighbour graph: exact against brute force, symmetric, bounded."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.topics.neighbours import neighbour_graph


def vectors(documents: int, terms: int, each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    columns = np.sort(np.stack([dice.choice(terms, each, replace=False) for _ in range(documents)]), axis=1)
    weights = dice.random((documents, each)) + 0.1
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    return np.arange(documents + 1) * each, columns.ravel().astype(np.int32), weights.ravel().astype(np.float32)


def dense(starts: np.ndarray, columns: np.ndarray, weights: np.ndarray, terms: int) -> np.ndarray:
    matrix = np.zeros((len(starts) - 1, terms))
    matrix[np.repeat(np.arange(len(starts) - 1), np.diff(starts)), columns] = weights
    return matrix


def test_links_are_the_nearest_by_cosine_from_either_side() -> None:
    starts, columns, weights = vectors(80, 40, 6)
    rows, others, cosines = neighbour_graph(starts, columns, weights, 40, neighbours=5, minimum_similarity=0.1, posting_limit=1000)
    matrix = dense(starts, columns, weights, 40)
    cosine = matrix @ matrix.T
    np.fill_diagonal(cosine, -1)
    fifth = np.sort(cosine, axis=1)[:, -5]
    wanted = (cosine >= 0.1) & ((cosine >= fifth[:, None] - 1e-6) | (cosine >= fifth[None, :] - 1e-6))
    found = np.zeros_like(wanted)
    ones = np.repeat(np.arange(80), np.diff(rows))
    found[ones, others] = True
    assert (found == wanted).all()
    assert np.allclose(cosines, cosine[ones, others], atol=1e-5)


def test_strong_links_go_beyond_the_usual_number() -> None:
    same = np.tile(np.array([0, 1], np.int32), 50)
    starts = np.arange(51) * 2
    weights = np.full(100, np.sqrt(0.5), np.float32)
    few, _, _ = neighbour_graph(starts, same, weights, 2, neighbours=3, minimum_similarity=0.1, posting_limit=1000)
    many, _, _ = neighbour_graph(
        starts, same, weights, 2, neighbours=3, minimum_similarity=0.1, posting_limit=1000, strong_neighbours=40, strong_similarity=0.5
    )
    assert np.diff(few).min() == 3
    assert np.diff(many).min() >= 40


@pytest.mark.parametrize("limit", [1, 10])
def test_a_frequent_term_links_only_to_the_posts_just_before(limit: int) -> None:
    starts, columns, weights = np.arange(101), np.zeros(100, np.int32), np.ones(100, np.float32)
    rows, others, _ = neighbour_graph(starts, columns, weights, 1, neighbours=50, minimum_similarity=0.1, posting_limit=limit)
    ones = np.repeat(np.arange(100), np.diff(rows))
    assert np.abs(ones - others).max() == limit


def test_no_documents_no_links() -> None:
    rows, others, _ = neighbour_graph(
        np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32), 0, neighbours=5, minimum_similarity=0.1, posting_limit=10
    )
    assert rows.tolist() == [0]
    assert len(others) == 0
