"""How alike topics and products are written: character n-grams of a topic's telling words against those of product names.

What belongs here: hashed n-gram vectors, the nearest products of each topic. What doesn't: what is a link
(``links.py``), likeness of meaning (``embeddings.py``). Words need not be equal to be alike, so inflections, compounds
and words that two languages share count without a rule of any language.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

GRAM_SIZES = (3, 4)
BUCKETS = 2**18
"""Places that n-grams are hashed to; 50,000 products have about 100,000 different n-grams, so few share a place."""
COMMON_SHARE, COMMON_NAMES = 0.02, 1000
"""N-grams in a larger share of names, and in more names, are left out: they tell little apart and cost the most."""
CHUNK = 256
"""Topics compared at once: bounds memory at chunk × names cells."""
LEAST_SIMILARITY = 0.1


@dataclass(frozen=True)
class Nearest:
    """The products most alike to one topic, best first. ``products``: indices; ``similarities``: cosines, 0..1."""

    products: np.ndarray
    similarities: np.ndarray


def grams_of(words: Sequence[str]) -> sparse.csr_matrix:
    """Unit-length rows of hashed character n-grams, word boundaries marked. Shape (words, ``BUCKETS``)."""
    rows, columns = [], []
    for number, word in enumerate(words):
        marked = f"<{word[:40]}>"
        sizes = [size for size in GRAM_SIZES if size < len(marked)] or [len(marked)]
        grams = {marked[start : start + size] for size in sizes for start in range(len(marked) - size + 1)}
        rows += [number] * len(grams)
        columns += [zlib.crc32(gram.encode()) % BUCKETS for gram in sorted(grams)]
    matrix = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(words), BUCKETS))
    matrix.sum_duplicates()
    return unit_rows(matrix)


def unit_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows scaled to length 1; empty rows stay empty."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags((1 / np.where(lengths > 0, lengths, 1)).astype(np.float32)) @ matrix)


def nearest_products(
    topics: sparse.csr_matrix, names: sparse.csr_matrix, product: np.ndarray, most: int, chunk: int = CHUNK
) -> list[Nearest]:
    """For each topic the ``most`` products whose names are most alike: a product counts by its best name.

    ``topics``: (topics × grams) and ``names``: (names × grams), unit rows; ``product``: the product of each name. Sparse matrix
    products in chunks of topics: time O(sum over a topic's grams of the names that have them), memory O(chunk × names).
    """
    spread = np.bincount(names.indices, minlength=names.shape[1])
    kept = spread <= max(COMMON_SHARE * names.shape[0], COMMON_NAMES)
    if not kept.all():
        names = sparse.csr_matrix(names @ sparse.diags(kept.astype(np.float32)))
        names.eliminate_zeros()
    columns = sparse.csr_matrix(names.T)
    found: list[Nearest] = []
    for start in range(0, topics.shape[0], chunk):
        cosines = sparse.csr_matrix(topics[start : start + chunk] @ columns)
        for row in range(cosines.shape[0]):
            place = slice(cosines.indptr[row], cosines.indptr[row + 1])
            found.append(_best(cosines.data[place], cosines.indices[place], product, most))
    return found


def _best(cosines: np.ndarray, names: np.ndarray, product: np.ndarray, most: int) -> Nearest:
    enough = cosines >= LEAST_SIMILARITY
    cosines, names = np.round(cosines[enough].astype(np.float64), 4), names[enough]
    wanted = 8 * most  # several names of a product, and ties to be broken by product
    if len(cosines) > wanted:
        least = np.partition(cosines, len(cosines) - wanted)[len(cosines) - wanted]
        kept = cosines >= least
        cosines, names = cosines[kept], names[kept]
    owners = product[names]
    order = np.lexsort((owners, -cosines))
    _, first = np.unique(owners[order], return_index=True)
    best = order[np.sort(first)][:most]
    return Nearest(owners[best], np.clip(cosines[best], 0.0, 1.0))
