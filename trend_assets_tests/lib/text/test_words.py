"""Words, lemmas and word types."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from trend_assets.lib.text.clean import clean_posts
from trend_assets.lib.text.lemmas import lemmatise, word_types
from trend_assets.lib.text.words import letters, letters_by_expressions, plain, tokenise, tokenise_by_expressions
from trend_assets_tests.lib.text.posts import raw_posts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, WORLD!", ["hello", "world"]),
        ("L'été d’Hermès, qu'elle n'oublie pas", ["l", "été", "d", "hermès", "qu", "elle", "n", "oublie", "pas"]),
        ("aujourd'hui don't rock'n'roll", ["aujourd'hui", "don't", "rock'n'roll"]),
        ("Zara's coat, it’s 'new'", ["zara", "coat", "it", "new"]),
        ("T-shirt v-neck sous-vêtements a-t-il", ["t-shirt", "v-neck", "sous", "vêtements", "a", "t", "il"]),
        ("19,99 € or 19.99 in 2026.", ["19.99", "or", "19.99", "in", "2026"]),
        ("#BlackFriday #black_friday", ["blackfriday", "black", "friday"]),
        ("RT @Bob: RT @Al: nice @you.bsky.social me@x.org", ["nice"]),
        ("cut https://t.c… off", ["cut", "off"]),
        ("😍 👨‍👩‍👧 1️⃣ ™ ok 🆒", ["ok"]),
        ("𝗕𝗟𝗔𝗖𝗞 ｆｕｌｌ", ["black", "full"]),
        ("日本語です", ["日本", "本語", "語で", "です"]),
        ("a日b", ["a", "日", "b"]),
        ("สวัสดี", ["สวั", "วัส", "สดี"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("", []),
        ("... !!!", []),
        ("'' ' '", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokenise(plain(pa.array([text]))).to_pylist() == [expected]


def test_letters_hold_what_near_copies_share() -> None:
    first, second = letters(plain(pa.array(["RT @a: New Coat, 50% off!! #Sale", "new coat 30 % OFF sale 😍"]))).to_pylist()
    assert first == second == "new coat off sale"


def test_lemmas_are_by_language() -> None:
    tokens = pa.array([["l", "robes", "19.99"], ["bags", "better"], ["bags"], []])
    assert lemmatise(tokens, pa.array(["fr", "en", "de", "en"])).to_pylist() == [["le", "robe", "19.99"], ["bag", "good"], ["bags"], []]


def test_no_lemma_is_empty() -> None:
    tokens = pa.array([["a" * 100_000, "٣", "i", "don't", "t-shirts"]])
    lemmas = lemmatise(tokens, pa.array(["en"])).to_pylist()[0]
    assert len(lemmas) == 5
    assert all(lemmas)


def test_word_types_count_tokens_by_language() -> None:
    posts = clean_posts(raw_posts(["the new bags are in the shop today", "les nouveaux sacs sont dans la boutique et les robes aussi"]))
    types = {(row["word"], row["language"]): (row["lemma"], row["count"]) for row in word_types(posts).to_pylist()}
    assert types["the", "en"] == ("the", 2)
    assert types["bags", "en"] == ("bag", 1)
    assert types["sacs", "fr"] == ("sac", 1)
    assert sum(count for _, count in types.values()) == sum(len(tokens) for tokens in posts["tokens"].to_pylist())
    assert word_types(posts.slice(0, 0)).num_rows == 0


PIECES = (
    "'", "’", "ʼ", "s", "l", "qu", "jusqu", "a", "bc", "-", ".", ",", "1", "23", " ", " ", "_", "#", "é", "e\u0301", "²", "٣", "؟", "م",
    "ก", "日", "😍", "❤️", "ß", " 's ", "t-shirt", "l'", "\u200d", "Ⅷ", "х", "½",
)  # fmt: skip


def test_the_compiled_loops_cut_as_the_expressions_do() -> None:
    dice = random.Random(1)
    written = pa.array(["".join(dice.choices(PIECES, k=dice.randint(0, 14))) for _ in range(20_000)] + ["x" * 100_000, "l'" * 50_000])
    for texts in (written, plain(written), written.slice(17, 100), written.slice(0, 0)):
        assert tokenise(texts).equals(tokenise_by_expressions(texts))
        assert letters(texts).equals(letters_by_expressions(texts))
    assert tokenise(pa.array([None, "a b"])).to_pylist() == [[], ["a", "b"]]
