"""What language models name in a text."""

from __future__ import annotations

from trend_assets.lib.topics.names import NOTHING, names_in


def test_entities_persons_and_things_are_told_apart() -> None:
    found = names_in("Emma Watson wore a red dress in Paris.", "en")
    assert ("emma", "watson") in found.persons <= found.entities
    assert ("paris",) in found.entities - found.persons
    assert ("red", "dress") in found.things


def test_french_is_read_by_a_french_model() -> None:
    found = names_in("Emmanuel Macron a visité une petite boutique à Lyon.", "fr")
    assert ("emmanuel", "macron") in found.persons
    assert any("boutique" in words for words in found.things)


def test_handles_addresses_and_hash_signs_are_not_read() -> None:
    found = names_in("@someone see https://t.co/abc about #Paris", "en")
    assert not any("someone" in word or "t.co" in word for words in found.entities | found.things for word in words)


def test_other_languages_and_texts_without_letters_say_nothing() -> None:
    assert names_in("Emma Watson war in Berlin", "de") == NOTHING
    for text in ("", "🎉🎉", "12 34", "@a https://t.co/b"):
        assert names_in(text, "en") == NOTHING


def test_a_text_of_any_length_is_read_in_bounded_time() -> None:
    assert len(names_in("Paris " * 100_000, "en").entities) < 100
