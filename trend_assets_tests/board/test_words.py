"""Both languages say everything, and write numbers, money and days as people there do."""

from __future__ import annotations

import ast
import re
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter

import pytest

import trend_assets.board
from trend_assets.board import words
from trend_assets.board.words import TEXTS, text
from trend_assets.tables.demand import ACTIONS
from trend_assets.tables.topics import LANES, STAGES


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_is_there_in_both_languages_with_the_same_values(key):
    english, french = TEXTS[key]
    assert english
    assert french
    assert placeholders(english) == placeholders(french)


def test_every_action_stage_and_lane_has_words():
    for key in (*ACTIONS, *STAGES, *(f"lane_{lane}" for lane in LANES)):
        assert key in TEXTS


def test_every_text_the_pages_ask_for_exists():
    asked = set()
    folder = Path(trend_assets.board.__file__).parent
    for path in [*folder.rglob("*.py"), folder.parent / "board/digest.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            arguments = node.args if name == "say" else node.args[1:] if name == "text" else []
            asked |= {argument.value for argument in arguments[:1] if isinstance(argument, ast.Constant)}
    assert len(asked) > 40
    assert asked - set(TEXTS) == set()


def test_numbers_money_and_days():
    assert words.number("en", 1234.5, 1) == "1,234.5"
    assert words.number("fr", 1234.5, 1) == "1\u202f234,5"
    assert words.money("en", 1234, "EUR") == "€1,234"
    assert words.money("fr", 1234, "EUR") == "1\u202f234\u00a0€"
    assert words.money("en", 1234, "") == "1,234"
    assert words.money("en", 1234, "SEK") == "1,234\u00a0SEK"
    assert words.day("en", date(2026, 9, 27)) == "Sun 27 Sep"
    assert words.long_day("fr", date(2026, 9, 27)) == "dim. 27 sept. 2026"
    assert words.moment("fr", datetime(2026, 8, 1, 7, 5, tzinfo=UTC)) == "sam. 1 août 07:05 UTC"


def test_french_punctuation_keeps_to_its_word():
    for key in TEXTS:
        assert not re.search(r" [:;?!]", words.typeset("fr", TEXTS[key][1])), key
    assert text("fr", "digest_wrong") == "Avions-nous raison\u00a0?"


def test_a_trend_whose_words_were_all_of_few_people_says_so():
    assert words.trend_name("en", "scarf") == "scarf"
    assert words.trend_name("en", "") == "(words of too few people)"
    assert words.trend_name("fr", "") == "(mots de trop peu de personnes)"
