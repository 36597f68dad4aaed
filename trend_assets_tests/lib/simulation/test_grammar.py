"""Sentences come from a grammar, and from their own seed only."""

from __future__ import annotations

import pytest

from trend_assets.lib.simulation import texts_en, texts_fr
from trend_assets.lib.simulation.grammar import Dice, Grammar, decorate, elongate, misspell, without_accents
from trend_assets.lib.simulation.planted import planted_trends
from trend_assets.lib.simulation.planted_templates import trend_rules


def test_a_sentence_fills_its_slots_and_repeats_for_the_same_state() -> None:
    grammar = Grammar(
        {"line": ("{who} likes {what}",), "who": ("Ann", "Bob"), "what": ("tea", "{colour} tea"), "colour": ("green", "black")}
    )
    sentences = {grammar.expand("line", Dice(state)) for state in range(50)}
    assert sentences == {f"{who} likes {what}" for who in ("Ann", "Bob") for what in ("tea", "green tea", "black tea")}
    assert grammar.expand("line", Dice(7)) == grammar.expand("line", Dice(7))


@pytest.mark.parametrize("rules", [{"line": ("{nobody}",)}, {"line": ("a {other}",), "other": ("b {line}",)}])
def test_unknown_and_circular_symbols_are_refused(rules: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match="unknown, or names itself"):
        Grammar(rules)


def test_slips_change_a_word_by_one_letter_and_keep_its_ends() -> None:
    for state in range(40):
        slipped = misspell("cardigan", Dice(state))
        assert abs(len(slipped) - 8) <= 1
        assert slipped[0] == "c"
    assert elongate("so", Dice(1)).startswith("sooo")
    assert without_accents("écharpe à carreaux") == "echarpe a carreaux"


def test_decoration_keeps_handles_links_and_hashtags() -> None:
    text = "Look at this dress @MaisonCarrel #WrapDress https://t.co/AbC123"
    for state in range(300):
        decorated = decorate(text, 0xFFFF, Dice(state), ("🎉",), french=False)
        assert "@MaisonCarrel" in decorated
        assert "https://t.co/AbC123" in decorated
        assert "#wrapdress" in decorated.lower()


def test_every_word_list_and_every_trend_makes_sentences_in_both_languages() -> None:
    for words, code in ((texts_en, "en"), (texts_fr, "fr")):
        grammars = [Grammar(words.SHARED | topic) for topic in words.CHATTER.values()]
        for family in ("development", "evaluation"):
            grammars += [
                Grammar(trend_rules(trend, family, code, words.SHARED) | {"core": ("{post}",)}) for trend in planted_trends(family, 99)
            ]
        for grammar in grammars:
            for symbol in ("core", "reply", "quote"):
                for state in range(30):
                    sentence = grammar.expand(symbol, Dice(state * 7919))
                    assert "{" not in sentence
                    assert sentence.strip()
