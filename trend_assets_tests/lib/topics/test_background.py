"""Everyday language: common words are expected, names aren't, whatever the language."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.topics.background import LANGUAGES, expected_share, word_frequencies
from trend_assets.lib.topics.vectors import Vocabulary, encode_terms, weigh_documents


def test_common_words_are_expected_and_unlisted_terms_are_not() -> None:
    terms = ["the", "handbag", "zqxv", "#the", "@the", "", "🎃"]
    share = expected_share(word_frequencies(terms), np.full(len(terms), 5), 12.0)
    assert share[0] > 0.1 > share[1] > 0
    assert share[2:].tolist() == [0.0] * 5


@pytest.mark.parametrize(("words", "language"), [(["the", "and", "you", "with"], "en"), (["le", "et", "vous", "avec"], "fr")])
def test_the_language_of_the_posts_decides_what_is_common(words: list[str], language: str) -> None:
    """ "die" is an article in German and an event in English: among English words it is not expected of every second post."""
    terms = [*words, "die"]
    share = expected_share(word_frequencies(terms), np.array([200, 200, 200, 200, 3]), 12.0)
    own = expected_share(word_frequencies(terms)[:, [LANGUAGES.index(language)]], np.ones(5), 12.0)
    np.testing.assert_allclose(share, own, atol=0.02)


def test_no_terms_and_no_known_terms_are_defined() -> None:
    assert expected_share(word_frequencies([]), np.empty(0), 0.0).shape == (0,)
    assert expected_share(word_frequencies(["zqxv"]), np.ones(1), 3.0).tolist() == [0.0]


def test_the_name_of_the_windows_biggest_event_outweighs_everyday_words() -> None:
    """Half of a small window is about one name: counts of the window alone would call it as common as "the"."""
    documents = [["the", "zephyrine", f"w{number % 7}"] if number % 2 else ["the", "day", f"w{number % 7}"] for number in range(40)]
    lists = pa.array(documents, pa.list_(pa.string()))
    vocabulary = Vocabulary()
    none = pa.nulls(len(documents), lists.type)
    vectors = weigh_documents(*encode_terms((lists, none, none), vocabulary), np.arange(40), vocabulary, dropped=0.0)
    idf = dict(zip([vocabulary.terms[number] for number in vectors.term], vectors.idf, strict=True))
    assert idf["the"] == 0.0  # in every document
    assert idf["zephyrine"] > 1.2 * idf["day"] > 0
