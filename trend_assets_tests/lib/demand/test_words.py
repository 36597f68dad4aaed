"""Words of posts find the words of the catalogue whatever their form, and only those."""

from __future__ import annotations

import pyarrow as pa
import pytest

from trend_assets.lib.demand.words import build_catalogue, match_posts, stem, words_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Théière Émaillée à l'Œillet", ["theiere", "emaillee", "oeillet"]),
        ("Men's Chelsea Boots (size 42)", ["men", "chelsea", "boot", "size", "42"]),
        ("bijoux et gâteaux", ["bijou", "et", "gateau"]),
        ("Barrel-Leg_Jeans", ["barrel", "leg", "jean"]),
    ],
)
def test_names_become_folded_singular_words(text: str, expected: list[str]) -> None:
    assert words_of(text) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [("dresses", "dress"), ("glass", "glass"), ("shoes", "shoe"), ("bus", "bus"), ("candies", "candy"), ("iris", "iris")],
)
def test_plurals_are_singular_and_other_words_stay(word: str, expected: str) -> None:
    assert stem(word) == expected


def matched(posts: list[list[str]], hashtags: list[list[str]] | None = None) -> tuple[list[set[str]], list[set[str]]]:
    """Catalogue words found in each post: spelt right, and misspelt."""
    names = [(0, "Corduroy Overshirt"), (1, "Channel Ring"), (1, "Bague canal")]
    catalogue = build_catalogue(names, [(0, "shirt"), (1, "jewellery")], ["shirt", "jewellery"], [])
    table = pa.table(
        {
            "tokens": pa.array(posts, pa.list_(pa.string())),
            "lemmas": pa.array(posts, pa.list_(pa.string())),
            "hashtags": pa.array(hashtags or [[] for _ in posts], pa.list_(pa.string())),
        }
    )
    found = match_posts(table, catalogue)
    return tuple(
        [{catalogue.words[word] for word in matrix[row].indices} for row in range(len(posts))] for matrix in (found.exact, found.misspelt)
    )  # type: ignore[return-value]


def test_a_hashtag_of_two_words_written_as_one_is_both() -> None:
    assert matched([["new"]], [["corduroyovershirts"]])[0] == [{"corduroy", "overshirt"}]


def test_a_rarer_near_spelling_is_a_typo_of_the_frequent_word() -> None:
    spelt, misspelt = matched([["corduroy"], ["corduroy"], ["corduroy"], ["cordurroy"], ["overcast"]])
    assert misspelt == [set(), set(), set(), {"corduroy"}, set()]
    assert spelt[3] == set()


def test_a_word_more_frequent_than_its_likeness_is_a_word_of_its_own() -> None:
    assert matched([["chanel"], ["chanel"], ["chanel"], ["channel"], ["channel"]])[1] == [set()] * 5
