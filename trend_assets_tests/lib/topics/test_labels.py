"""Labels and keywords: telling words in the spelling people use."""

from __future__ import annotations

from trend_assets.lib.topics.labels import keywords, label, still_fits

STRENGTH = {"sage": 0.6, "linen": 0.5, "dress": 0.4, "restock": 0.1}
TEXTS = [
    "The Sage Linen Dress is back in stock https://shop.example/sage",
    "finally got the Sage Linen Dress! @user look",
    "sage linen dress restock when",
]


def test_a_label_is_the_phrase_people_write() -> None:
    assert label(TEXTS, {}, STRENGTH) == "Sage Linen Dress"


def test_a_label_joins_phrases_that_share_no_word() -> None:
    texts = ["Robe verte at La Grande Épicerie", "une robe verte", "la robe verte", "La Grande Épicerie !"]
    assert label(texts, {}, {"robe": 0.5, "verte": 0.5, "épicerie": 0.6, "grande": 0.4}) == "robe verte · Grande Épicerie"


def test_words_are_found_by_their_lemma() -> None:
    assert label(["New dresses today", "two new dresses"], {"dresses": "dress"}, {"dress": 1.0}) == "dresses"


def test_keywords_leave_out_what_is_common_everywhere_and_what_names_nobody() -> None:
    terms = ["the", "#sage", "sage", "@someone", "a", "2026", "linen"]
    found = keywords(terms, [0.9, 0.5, 0.4, 0.9, 0.9, 0.9, 0.3], [0.1, 1, 1, 1, 1, 1, 1])
    assert list(found) == ["sage", "linen"]


def test_common_words_serve_when_nothing_else_is_left() -> None:
    assert list(keywords(["the"], [1.0], [0.01])) == ["the"]


def test_no_mention_and_no_address_in_a_label() -> None:
    found = label(["@user www.example.com sage"] * 3, {}, {"sage": 1.0, "user": 0.9, "www.example.com": 0.9})
    assert found == "sage"


def test_a_label_without_words_is_empty() -> None:
    assert label([], {}, {}) == ""
    assert label(["🎉🎉"], {}, {}) == ""


def test_a_name_stays_while_its_words_do() -> None:
    assert still_fits(["sage", "linen"], STRENGTH)
    assert not still_fits(["storm", "coast", "wind"], STRENGTH)
