"""Entities beyond the suite: emoji, odd characters, hostile texts in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trend_assets.lib.text.emoji_sequences import extract_emoji
from trend_assets.lib.text.entities import extract_cashtags, extract_hashtags, extract_mentions
from trend_assets.lib.text.urls import extract_urls

_PIECES = [
    "http://",
    "https://t.co/",
    "a.co",
    ".",
    "/",
    "?",
    "(",
    ")",
    "_",
    "-",
    "日本",
    "x",
    "9",
    " ",
    "@",
    "#",
    "$",
    "。",
    "xn--",
    "中国",
    "'",
    ":80",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so cute 😍😍", ["😍", "😍"]),
        ("👨‍👩‍👧 family", ["👨‍👩‍👧"]),
        ("👍🏽 ok 👍", ["👍🏽", "👍"]),
        ("🇫🇷🇬🇧", ["🇫🇷", "🇬🇧"]),
        ("1️⃣ and 1 and #️⃣", ["1️⃣", "#️⃣"]),
        ("❤️ ❤", ["❤️", "❤"]),
        ("❤︎ text style", []),
        ("© 2026 ®", []),
        ("©️", ["©️"]),
        ("日本 no emoji 你好", []),
    ],
)
def test_emoji(text: str, expected: list[str]) -> None:
    assert [found.value for found in extract_emoji(text)] == expected


def test_a_hashtag_ends_at_a_number_that_is_no_digit() -> None:
    assert [found.value for found in extract_hashtags("#km² #Ⅷ #été2026")] == ["km", "été2026"]


def test_short_links_take_the_same_way_alone_and_among_others() -> None:
    assert [found.value for found in extract_urls("a https://t.co/Ab1 b")] == ["https://t.co/Ab1"]
    assert [found.value for found in extract_urls("a https://t.co/Ab1 b zara.com/fr")] == ["https://t.co/Ab1", "zara.com/fr"]
    assert extract_urls("#https://t.co/Ab1") == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_urls_lie_in_the_text_in_order_and_apart(text: str) -> None:
    position = 0
    for url in extract_urls(text):
        assert position <= url.start < url.end
        assert text[url.start : url.end] == url.value
        assert "." in url.value
        assert " " not in url.value
        position = url.end


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(_PIECES), max_size=10).map("".join), st.lists(st.sampled_from(_PIECES), max_size=10).map("".join))
def test_a_text_between_spaces_does_not_change_its_neighbours(first: str, second: str) -> None:
    joined = [url.value for url in extract_urls(f"{first}  {second}")]
    # One space is no part of any URL, two keep a text from starting right behind another.
    assert joined == [url.value for url in extract_urls(f"{first} ")] + [url.value for url in extract_urls(f" {second}")]


@pytest.mark.parametrize(
    "piece",
    ["a.", "a.b_", "a-", "http://", "http://a.co/(", "a.co/((", "a.co?'", "日.", "日本。a", "@a", "#a", "#", "$a ", "xn--", "a.co,",
     "/a.co",
     "_a.co", "RT@", "rt:@a", "👨‍", "🏴", "1️⃣", "#️", "a\u0301", "http://a.co/'", "é.com", "a.co:1", "co.", "．"],
)  # fmt: skip
def test_hostile_repetition_takes_linear_time(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    started = time.process_time()
    extract_urls(text)
    extract_hashtags(text, ())
    extract_mentions(text)
    extract_cashtags(text)
    extract_emoji(text)
    assert time.process_time() - started < 3
