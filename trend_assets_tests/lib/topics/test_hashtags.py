"""Words inside hashtags."""

from __future__ import annotations

import pytest

from trend_assets.lib.topics.hashtags import hashtag_words


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("RoarLikeALion", "Roar Like A Lion"),
        ("BBCNews", "BBC News"),
        ("ADAxMARLOWE", "ADA x MARLOWE"),
        ("SS22Show", "SS 22 Show"),
        ("La_Nuit", "La Nuit"),
        ("ÉtéÀParis", "Été À Paris"),
        ("", ""),
        ("x" * 500, "x" * 500),
        ("مرحبا", "مرحبا"),
    ],
)
def test_capitals_digits_and_underscores_part_words(tag: str, words: str) -> None:
    assert hashtag_words(tag, ()) == words


def test_letters_of_one_case_are_covered_by_known_words() -> None:
    assert hashtag_words("adawinsagain", {"ada", "wins", "again"}) == "ada wins again"
    assert hashtag_words("modeautomne", {"mode"}, "fr") == "mode automne"
    assert hashtag_words("qzxvbrt", {"ada"}) == "qzxvbrt"
    assert hashtag_words("modeautomne", {"ada"}, "fr") == "modeautomne"  # nobody says mode, nor automne


def test_a_word_that_is_known_stays_whole() -> None:
    assert hashtag_words("wardrobe", {"ward", "robe"}, "en") == "wardrobe"
