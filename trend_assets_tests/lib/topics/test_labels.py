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


def test_a_name_outlives_what_it_says_by_no_hour() -> None:
    assert still_fits(["sage", "linen"], STRENGTH, "Sage Linen Dress")
    assert still_fits(["dress", "sage"], STRENGTH, "dresses")
    assert still_fits(["sage", "linen"], {"backinstock": 1.0, "sage": 0.1}, "Back In Stock")
    assert not still_fits(["sage", "linen"], STRENGTH, "Storm Warning")


def test_a_name_is_whole_though_only_half_of_it_is_a_keyword() -> None:
    texts = ["so it was Ada Marlowe who said it", "yes, Ada Marlowe again", "I met Ada Marlowe once", "who is marlowe anyway"]
    assert label(texts, {}, {"marlowe": 0.9}) == "Ada Marlowe"


def test_shouting_is_put_in_title_case_and_abbreviations_stay() -> None:
    assert label(["ADA MARLOWE found herself there", "and ADA MARLOWE left"], {}, {"ada": 0.5, "marlowe": 0.9}) == "Ada Marlowe"
    assert label(["live on BBC", "on BBC now"], {}, {"bbc": 0.9}) == "BBC"


def test_an_emphasised_word_is_no_name() -> None:
    texts = ["Why WERE two men allowed near a griffin here", "why were two men allowed near the griffin", "Why were they, a griffin said"]
    assert label(texts, {}, {"griffin": 0.9}, language="en") == "griffin"


def test_hashtags_are_taken_apart() -> None:
    assert label(["yes #AdaForMarlowe", "#AdaForMarlowe now"], {}, {"adaformarlowe": 0.9}) == "Ada For Marlowe"
    texts = ["they are back in stock", "the dress is back in stock #backinstock", "#backinstock"]
    assert label(texts, {}, {"backinstock": 0.9}) == "back in stock"


def test_no_part_says_again_what_another_said() -> None:
    texts = ["Ada Marlowe sings #AdaMarlowe", "Ada Marlowe sings tonight #AdaMarlowe"]
    assert label(texts, {}, {"ada": 0.5, "marlowe": 0.5, "adamarlowe": 0.6}) == "Ada Marlowe"


def test_codes_give_way_to_words() -> None:
    texts = ["WND GST, harbour 12", "WND GST, harbour 14"]
    assert label(texts, {}, {"wnd": 0.6, "gst": 0.6, "harbour": 0.5}).startswith("harbour")


def test_a_language_model_knows_things_from_what_is_said_of_them() -> None:
    texts = ["The orange bikini was quickly sold", "She sold the orange bikini quickly", "an orange bikini quickly sold"]
    assert label(texts, {}, {"quickly": 0.5, "bikini": 0.5, "orange": 0.4}, language="en").startswith("orange bikini")


def test_labels_are_short_whatever_people_write() -> None:
    hostile = ["x" * 100_000, "🎉" * 300, "مرحبا " * 2_000, "#" + "a" * 500, "\u202eevil\u202c", " ".join(["word"] * 10_000), "ﷺ" * 60]
    for text in hostile:
        words = dict.fromkeys(text.lower().split()[:8], 1.0)
        for language in ("en", "fr", "ar", "und"):
            assert len(label([text] * 3, {}, words, language=language)) <= 60
    long = {f"{'w' * 30}{number}": 1.0 for number in range(8)}
    assert len(label([" ".join(long)] * 2, {}, long)) <= 60
