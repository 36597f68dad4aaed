"""Words of product names and of posts, brought to one vocabulary: which word of the catalogue does a post's word stand for?

What belongs here: folding, word forms, joined words, typos. What doesn't: what the words say about a topic
(``links.py``). There is no list of words of any language here: forms are compared as texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
TYPO_SIMILARITY = 0.6
"""Least cosine of character n-grams for a misspelling; .6 admits one wrong, missing or swapped letter in six."""
_SHORTEST_TYPO = 6
_LETTER_FOLDS = str.maketrans({"ß": "ss", "œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "’": "'"})


def fold(text: str) -> str:
    """Case, accents and ligatures removed: "Étoilée" -> "etoilee"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTER_FOLDS))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def stem(word: str) -> str:
    """A folded word without its plural ending, English or French: "dresses" -> "dress", "bijoux" -> "bijou", "shoes" -> "shoe".

    Deliberately little: only -s, -x, -es after a hissing sound and -ies; words of three letters or fewer stay.
    """
    word = word.removesuffix("'s")
    if len(word) <= 3:
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("aux"):
        return word[:-1]
    if word.endswith(("s", "x")) and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def words_of(text: str) -> list[str]:
    """Stemmed, folded words of a text in order; single letters and bare numbers of one digit are left out, French elisions split."""
    found = []
    for word in _WORD.findall(fold(text)):
        elided = word.split("'")
        # l'eau, d'or: what precedes the apostrophe is an article; men's: what follows is an ending
        word = elided[-1] if len(elided[0]) <= 2 and len(elided) > 1 else elided[0]
        if len(word) > 1:
            found.append(stem(word))
    return found


@dataclass(frozen=True)
class Catalogue:
    """Names of the products as sets of words.

    ``words``: vocabulary, sorted. ``names``: binary matrix (names × words). ``product``: index of the product of each
    name (a product has one per language it is named in). ``joined``: two neighbouring words written as one -> the two.
    ``products_with``: number of products that each word names. ``kinds``: binary matrix (products × words) of types and
    categories. ``colour_words``: true for words that are colours of products. ``one_type``: of the
    products that each word names, the share that its most frequent type has (1 where types are unknown).
    ``types``: different types of products, the finest that is known of each. ``type_share``: matrix (words × types): of the
    products that a word names, by name, type or category, the share of each type; ``share_of_type``: the reverse, of the
    products of each type the share that the word names. ``different_names``: in how many names, colours left out, a word is.
    """

    words: list[str]
    names: sparse.csr_matrix
    product: np.ndarray
    joined: dict[str, tuple[int, int]]
    products_with: np.ndarray
    kinds: sparse.csr_matrix
    colour_words: np.ndarray
    one_type: np.ndarray
    types: list[str]
    type_share: sparse.csr_matrix
    share_of_type: sparse.csr_matrix
    different_names: np.ndarray
    products: int


def build_catalogue(
    names: Sequence[tuple[int, str]], kinds: Sequence[tuple[int, str]], types: Sequence[str | None], colours: Sequence[tuple[int, str]]
) -> Catalogue:
    """The catalogue from (product index, text) pairs, several per product where there are several, and each product's type."""
    products = len(types)
    split_kind = {kind: words_of(kind) for kind in sorted({kind for _, kind in kinds})}
    split = [(product, words) for product, name in names if (words := words_of(name))]
    vocabulary = sorted({word for _, words in split for word in words} | {word for words in split_kind.values() for word in words})
    place = {word: number for number, word in enumerate(vocabulary)}
    joined: dict[str, tuple[int, int]] = {}
    rows: list[int] = []
    columns: list[int] = []
    for owner, (_, words) in enumerate(split):
        rows += [owner] * len(words)
        columns += [place[word] for word in words]
        for left, right in pairwise(words):
            if left != right and len(left) + len(right) >= _SHORTEST_TYPO:
                joined.setdefault(left + right, (place[left], place[right]))
    matrix = _incidence(rows, columns, (len(split), len(vocabulary)))
    owners = np.array([product for product, _ in split], dtype=np.int64)
    by_product = sparse.csc_matrix(_incidence(owners, np.arange(len(split)), (products, len(split))) @ matrix)
    kind_pairs = [(product, place[word]) for product, kind in kinds for word in split_kind[kind]]
    kind_matrix = _incidence([product for product, _ in kind_pairs], [word for _, word in kind_pairs], (products, len(vocabulary)))
    colour_words = np.zeros(len(vocabulary), dtype=bool)
    for colour in {colour for _, colour in colours}:
        colour_words[[place[word] for word in words_of(colour) if word in place]] = True
    by_product.data[:] = 1
    products_with = np.diff(by_product.indptr).astype(np.int64)
    different = sorted({kind for kind in types if kind})
    type_place = {kind: number for number, kind in enumerate(different)}
    typed = [(type_place[kind], product) for product, kind in enumerate(types) if kind]
    type_matrix = _incidence([number for number, _ in typed], [product for _, product in typed], (max(len(different), 1), products))
    largest = np.asarray(sparse.csc_matrix(type_matrix @ by_product).max(axis=0).toarray()).ravel()
    one_type = largest / np.maximum(products_with, 1) if different else np.ones(len(vocabulary))
    described = sparse.csr_matrix(type_matrix @ _binary(by_product + kind_matrix)).T
    totals = np.asarray(described.sum(axis=1)).ravel()
    sizes = np.asarray(type_matrix.sum(axis=1)).ravel()
    return Catalogue(
        words=vocabulary,
        names=matrix,
        product=owners,
        joined=joined,
        products_with=products_with,
        kinds=kind_matrix,
        colour_words=colour_words,
        one_type=one_type,
        types=different,
        type_share=sparse.csr_matrix(sparse.diags(1 / np.maximum(totals, 1)) @ described),
        share_of_type=sparse.csr_matrix(described @ sparse.diags(1 / np.maximum(sizes, 1))),
        different_names=_different_names(matrix, colour_words),
        products=products,
    )


def _different_names(names: sparse.csr_matrix, colour_words: np.ndarray) -> np.ndarray:
    """For each word, in how many names it is that differ in more than colour: four colours of a dress name one thing."""
    plain = sparse.csr_matrix(names @ sparse.diags(1.0 - colour_words))
    plain.eliminate_zeros()
    plain.sort_indices()
    sets = {tuple(plain.indices[plain.indptr[row] : plain.indptr[row + 1]].tolist()) for row in range(plain.shape[0])}
    return np.bincount([word for words in sets for word in words], minlength=names.shape[1]).astype(np.int64)


@dataclass(frozen=True)
class PostWords:
    """What words each post has. ``exact``, ``misspelt``: binary matrices (posts × catalogue words).

    ``types``: different words as they are written, of the catalogue or not. ``stems``: the stemmed words in each of them.
    ``occurrence``: binary matrix (posts × types).
    """

    exact: sparse.csr_matrix
    misspelt: sparse.csr_matrix
    types: list[str]
    stems: list[list[str]]
    occurrence: sparse.csr_matrix


def match_posts(posts: pa.Table, catalogue: Catalogue) -> PostWords:
    """Posts' words as catalogue words: same stem, lemma, joined as in a hashtag, or (apart) misspelt.

    Parameters: ``posts`` with list columns ``tokens``, ``lemmas``, ``hashtags``. A misspelling is a word the catalogue
    does not know, of six letters or more, that begins with the same letter and shares most character n-grams with a
    catalogue word that is more frequent in the posts: a word more frequent than its "correction" is a word of its own.
    """
    types, occurrence = _word_types(posts)
    place = {word: number for number, word in enumerate(catalogue.words)}
    stems = [words_of(text) for text in types]
    type_rows, type_columns, unknown = [], [], []
    for number, words in enumerate(stems):
        known = [place[word] for word in words if word in place]
        if not known and len(words) == 1:
            known = list(catalogue.joined.get(words[0], ()))
            if not known:
                unknown.append(number)
        type_rows += [number] * len(known)
        type_columns += known
    shape = (len(types), len(catalogue.words))
    exact = _binary(occurrence @ _incidence(type_rows, type_columns, shape))
    frequency = np.asarray(occurrence.sum(axis=0)).ravel()
    pairs = _misspellings(
        [stems[number][0] for number in unknown], frequency[unknown], catalogue.words, np.asarray(exact.sum(axis=0)).ravel()
    )
    corrections = _incidence([unknown[source] for source, _ in pairs], [target for _, target in pairs], shape)
    return PostWords(exact, _binary(occurrence @ corrections), types, stems, occurrence)


def _word_types(posts: pa.Table) -> tuple[list[str], sparse.csr_matrix]:
    """Different words of all posts, and the binary matrix (posts × words)."""
    owners, values = [], []
    for name in ("tokens", "lemmas", "hashtags"):
        column = posts[name].combine_chunks()
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        owners.append(pc.list_parent_indices(column).to_numpy(zero_copy_only=False))
        values.append(pc.list_flatten(column).cast(pa.string()).fill_null(""))
    encoded = pa.chunked_array(values).combine_chunks().dictionary_encode()
    types = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return types, _incidence(np.concatenate(owners), codes, (posts.num_rows, len(types)))


def _incidence(rows: Sequence[int] | np.ndarray, columns: Sequence[int] | np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Binary matrix with ones at the given places, however often they are given."""
    return _binary(sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape))


def _binary(matrix: sparse.spmatrix) -> sparse.csr_matrix:
    result = sparse.csr_matrix(matrix)
    result.sum_duplicates()
    result.data[:] = 1
    return result


def _gram_matrix(words: Sequence[str], vocabulary: dict[str, int], grow: bool) -> sparse.csr_matrix:
    """Unit-length rows of character 2- and 3-gram counts, word boundaries marked."""
    rows, columns = [], []
    for number, word in enumerate(words):
        marked = f"<{word}>"
        for size in (2, 3):
            for start in range(len(marked) - size + 1):
                gram = marked[start : start + size]
                column = vocabulary.setdefault(gram, len(vocabulary)) if grow else vocabulary.get(gram)
                if column is not None:
                    rows.append(number)
                    columns.append(column)
    matrix = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(words), len(vocabulary)))
    matrix.sum_duplicates()
    lengths = np.array([max(2 * len(word) + 1, 1) for word in words], dtype=np.float32)  # grams of the word, known or not
    return sparse.csr_matrix(sparse.diags(1 / np.sqrt(lengths)) @ matrix) if len(words) else matrix


def _misspellings(
    sources: Sequence[str], source_frequency: np.ndarray, targets: Sequence[str], target_frequency: np.ndarray, block: int = 4096
) -> list[tuple[int, int]]:
    """(source, target) pairs: each unknown word with the catalogue word it most likely misspells."""
    source_places = [number for number, word in enumerate(sources) if len(word) >= _SHORTEST_TYPO and not word.isdigit()]
    target_places = [
        number
        for number, word in enumerate(targets)
        if len(word) >= _SHORTEST_TYPO - 1 and target_frequency[number] >= 2 and not word.isdigit()
    ]
    if not source_places or not target_places:
        return []
    vocabulary: dict[str, int] = {}
    target_grams = _gram_matrix([targets[place] for place in target_places], vocabulary, grow=True)
    source_grams = _gram_matrix([sources[place] for place in source_places], vocabulary, grow=False)
    pairs = []
    for start in range(0, len(source_places), block):
        similarity = sparse.csr_matrix(source_grams[start : start + block] @ target_grams.T)
        similarity.data[similarity.data < TYPO_SIMILARITY] = 0
        similarity.eliminate_zeros()
        for row in range(similarity.shape[0]):
            source = source_places[start + row]
            found = range(similarity.indptr[row], similarity.indptr[row + 1])
            candidates = [(-float(similarity.data[place]), target_places[similarity.indices[place]]) for place in found]
            for _, target in sorted(candidates):
                if targets[target][0] == sources[source][0] and source_frequency[source] < target_frequency[target]:
                    pairs.append((source, target))
                    break
    return pairs
