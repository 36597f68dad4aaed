"""Where posts name a brand."""

from __future__ import annotations

import pyarrow as pa

from trend_assets.lib.relevance.brands import mentions_of, neighbours
from trend_assets_tests.lib.relevance.shop_talk import posts


def named(text: str, *terms: str) -> bool:
    return bool(mentions_of(posts([text]), terms).named[0])


def test_a_name_is_found_however_its_words_are_joined() -> None:
    for text in ("my maison lune bag", "MAISON LUNE", "#MaisonLune", "the maisonlune bag"):
        assert named(text, "Maison  Lune"), text
        assert named(text, "maisonlune"), text
    assert not named("a maison by the lune", "maison lune")
    assert not named("lune", "maison lune")


def test_a_possessive_inside_a_name_may_be_written_or_not() -> None:
    for text in ("Ada's Garden", "adas garden", "Ada’s Garden", "#adasgarden"):
        assert named(text, "adasgarden"), text


def test_part_of_a_word_is_no_name() -> None:
    assert not named("marlowe and unmarlo", "marlo")


def test_a_name_does_not_run_over_from_one_post_to_the_next() -> None:
    assert not mentions_of(posts(["my maison", "lune rises"]), ["maison lune"]).named.any()


def test_names_in_several_words_are_told_from_hashtags() -> None:
    found = mentions_of(posts(["maison lune", "#maisonlune"]), ["maison lune"])
    assert (found.named.tolist(), found.in_words.tolist()) == ([True, True], [True, False])


def test_the_words_beside_a_name_are_kept_as_written() -> None:
    texts = pa.array(["saw Marlo Vance live", "Ada Marlo's house", "#Marlo", "marlo-vance", "premarlo Vance", ""])
    before, after = (found.to_pylist() for found in neighbours(texts, ["marlo"]))
    assert [one and one["word"] for one in after] == ["Vance", "house", None, None, None, None]
    assert [one and one["word"] for one in before] == ["saw", "Ada", None, None, None, None]


def test_no_brand_names_nothing() -> None:
    assert not mentions_of(posts(["marlo"]), ["", "  "]).named.any()
    assert mentions_of(posts([]), ["marlo"]).named.shape == (0,)
