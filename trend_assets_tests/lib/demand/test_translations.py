"""A catalogue's own pairs of names teach which word stands for which; names without a pair are translated with that."""

from __future__ import annotations

from trend_assets.lib.demand.translations import learn_translations

PAIRS = [
    ("Linen Dress", "Robe en lin"),
    ("Satin Dress", "Robe en satin"),
    ("Linen Shirt", "Chemise en lin"),
    ("Satin Shirt", "Chemise en satin"),
]


def test_words_that_always_meet_translate_each_other() -> None:
    learnt = learn_translations(PAIRS)
    assert learnt.forward == {"dress": "robe", "linen": "lin", "satin": "satin", "shirt": "chemise"}
    assert learnt.of("Linen Dress") == "lin robe"
    assert learnt.of("Robe en lin") == "dress en linen"


def test_a_name_of_mostly_unknown_words_is_left_alone() -> None:
    learnt = learn_translations(PAIRS)
    assert learnt.of("Wavy Brass Linen Mirror") is None
    assert learnt.of("") is None
    assert learnt.of("Satin") is None


def test_copies_of_a_pair_teach_nothing() -> None:
    assert learn_translations([("Brass Lamp", "Lampe en laiton")] * 50).forward == {}


def test_nothing_to_learn_from_is_an_answer() -> None:
    assert learn_translations([]).of("Linen Dress") is None
    assert learn_translations([("", ""), ("🦄", "🦄")]).forward == {}
