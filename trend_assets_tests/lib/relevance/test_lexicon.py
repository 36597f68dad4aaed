"""Which words count as words of trade."""

from __future__ import annotations

import pyarrow as pa

from trend_assets.lib.relevance.lexicon import lexicon_for, shipped
from trend_assets.lib.relevance.signs import first_words, mostly_figures
from trend_assets_tests.lib.relevance.shop_talk import posts


def word(text: str, language: str = "en", **options: object) -> str | None:
    found: str | None = first_words(posts([text], language=language), lexicon_for(**options))[0].as_py()  # type: ignore[arg-type]
    return found


def test_words_count_in_any_form_and_case() -> None:
    assert word("She bought two DRESSES") == "bought"
    assert word("J'ai adoré cette robe", "fr") == "robe"
    assert word("nothing to see") is None


def test_a_word_counts_in_the_posts_of_its_language() -> None:
    assert word("das Kleid ist schön und sehr lang geworden", "de") == "kleid"
    assert word("the mode of the airport and the tram", "en") is None


def test_words_are_found_in_hashtags_and_in_scripts_without_spaces() -> None:
    assert word("so happy #marlojacket") == "marlojacket"
    assert word("この香水が好きです", "ja") == "香水"
    assert word("그녀가 입은 드레스가 예뻐요", "ko") == "드레스"


def test_a_brands_own_name_is_no_evidence_for_it() -> None:
    assert word("linen everywhere", brands=["linen"]) is None
    assert word("linen everywhere", brands=["marlo"]) == "linen"


def test_food_counts_where_the_catalogue_sells_food() -> None:
    grocer = pa.table({"product_name": ["Dark chocolate", "Ground coffee"], "category": ["Sweets", "Drinks"]})
    assert word("so much chocolate") is None
    assert word("so much chocolate", catalogue=grocer) == "chocolate"
    assert word("sweets for all", catalogue=grocer) == "sweets"


def test_instruments_are_told_by_their_figures() -> None:
    texts = ["Wind 12.1 mph Baro 1013 Rain 0.2", "3 for 2 today only at the shop", ""]
    assert mostly_figures(posts(texts)).tolist() == [True, False, False]


def test_the_shipped_list_is_plain_words_of_known_subjects() -> None:
    found = shipped()
    assert {subject for subject, _, _ in found} == {"trade", "fashion", "beauty", "home", "food", "renown", "business", "resale", "line"}
    assert all(word and " " not in word and len(language) == 2 for _, language, word in found)
