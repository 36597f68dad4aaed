"""Normal form and masking."""

from __future__ import annotations

import pyarrow as pa
import pytest

from trend_assets.lib.text.normalise import mask_handles, tidy, unescape_and_compose


def _tidy(text: str) -> str:
    return tidy(unescape_and_compose(pa.array([text])))[0].as_py()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tom &amp; Jerry &lt;3 &#39;ok&#x27;", "Tom & Jerry <3 'ok'"),
        ("&amp;amp; once", "&amp; once"),
        ("https://x.co/?a=1&copy=2", "https://x.co/?a=1&copy=2"),
        ("&#0; &#xD800; &#99999999999999999999;", "\ufffd \ufffd &#99999999999999999999;"),
        ("cafe\u0301", "café"),
        ("cafe\u200b\u0301", "café"),
        ("  two\n\nlines\u00a0and\u3000more\t ", "two lines and more"),
        ("a\x00b\x07c\ufeffd\u202ee", "abcde"),
        ("👨\u200d👩\u200d👧 می\u200cخواهم", "👨\u200d👩\u200d👧 می\u200cخواهم"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_normal_form(text: str, expected: str) -> None:
    assert _tidy(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RT @Alice_1: hi @bob!", "RT @user: hi @user!"),
        ("＠alice", "@user"),
        ("ask @alice.bsky.social or @bob@mastodon.example.org", "ask @user or @user"),
        ("mail jane.doe+x@example.co.uk.", "mail @user."),
        ("thanks @Zara, love @zara's and @ZARA", "thanks @Zara, love @zara's and @ZARA"),
        ("@zara_fan @zara @zarah.", "@user @zara @user."),
        ("@zara.example.com", "@user"),
        ("look @zara. And @zara...", "look @zara. And @zara..."),
        ("me@zara.com", "@user"),
        ("@ alone and a @ b", "@ alone and a @ b"),
    ],
)
def test_only_public_handles_stay(text: str, expected: str) -> None:
    assert mask_handles(pa.array([text]), frozenset({"zara"}))[0].as_py() == expected
