"""Products come near by parts of words; the result depends neither on chunks nor on the order of names."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from trend_assets.lib.demand.similarity import grams_of, nearest_products, unit_rows

NAMES = ["gaufrette plaid", "couverture gaufree", "lampe", "lampe", "طاولة", "x", "🦄"]


def vectors(texts: list[str]) -> sparse.csr_matrix:
    words = sorted({word for text in texts for word in text.split()})
    rows = [row for row, text in enumerate(texts) for _ in text.split()]
    columns = [words.index(word) for text in texts for word in text.split()]
    counts = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(texts), len(words)))
    return unit_rows(sparse.csr_matrix(counts @ grams_of(words)))


def near(text: str, names: list[str] = NAMES, **options: int) -> list[tuple[int, float]]:
    (found,) = nearest_products(vectors([text]), vectors(names), np.arange(len(names)), 5, **options)
    return list(zip(found.products.tolist(), found.similarities.tolist(), strict=True))


def test_an_inflected_word_is_near_and_another_word_is_not() -> None:
    assert [product for product, _ in near("plaid gaufre")] == [0, 1]
    assert near("velo") == []


def test_equal_names_are_equally_near_in_order_of_product() -> None:
    assert near("lampe") == [(2, 1.0), (3, 1.0)]


@pytest.mark.parametrize(("text", "product"), [("طاولة", 4), ("x", 5), ("🦄", 6)])
def test_any_script_and_a_single_letter_have_n_grams(text: str, product: int) -> None:
    assert near(text) == [(product, 1.0)]


def test_nothing_is_near_to_nothing() -> None:
    assert near("") == []
    assert near("lampe", names=[""]) == []


def test_chunks_do_not_matter() -> None:
    topics = vectors(["lampe", "plaid gaufre", "velo", "x lampe"])
    whole = nearest_products(topics, vectors(NAMES), np.arange(len(NAMES)), 3)
    parts = nearest_products(topics, vectors(NAMES), np.arange(len(NAMES)), 3, chunk=1)
    assert [one.products.tolist() for one in whole] == [one.products.tolist() for one in parts]
    assert [one.similarities.tolist() for one in whole] == [one.similarities.tolist() for one in parts]


def test_a_product_of_two_names_counts_by_its_better_one() -> None:
    (found,) = nearest_products(vectors(["lampe"]), vectors(["table lamp", "lampe"]), np.array([0, 0]), 5)
    assert (found.products.tolist(), found.similarities.tolist()) == ([0], [1.0])
