"""clean_posts as a whole: schema, entities of the source, chunks, hostile texts."""

from __future__ import annotations

import time

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trend_assets.lib.text import clean
from trend_assets.lib.text.clean import STAGES, clean_posts
from trend_assets.lib.text.length import weighted_length
from trend_assets.tables import TABLES
from trend_assets_tests.lib.text.posts import raw_posts

HOSTILE = [
    "",
    " ",
    "😍🔥",
    "\x00\x01\x02",
    "a\x00b",
    "\u200d\u200d\u200d",
    "\u202eright to left\u202c مرحبا",
    "עברית וגם English",
    "a" * 100_000,
    "a." * 50_000,
    "&amp;" * 20_000,
    "&#" + "9" * 50_000 + ";",
    "@" * 100_000,
    "#" * 100_000,
    "$A " * 33_333,
    "日本" * 50_000,
    "Z" + "\u0301" * 50_000,
    "http://" * 14_000,
    "rt @a: " * 14_000,
    "'" * 100_000,
    "x@y.z" * 20_000,
    "1,2" * 33_333,
    "👨‍" * 50_000,
    "\ufffe\uffff\U0010ffff",
    "＠＃．",
    "ﷺ" * 5_000,
]


def test_a_post_by_example() -> None:
    text = "RT @Alice: L'été d'Hermès &amp; Zara 😍 #Mode #Été https://t.co/abc1 $LVMH zara.com/fr @zara"
    cleaned = clean_posts(raw_posts([text], mentions=["p1", "p2"]), public_handles=frozenset({"Zara"})).to_pylist()[0]
    assert cleaned["clean_text"] == "RT @user: L'été d'Hermès & Zara 😍 #Mode #Été https://t.co/abc1 $LVMH zara.com/fr @zara"
    assert cleaned["language"] == "fr"
    assert cleaned["tokens"] == ["l", "été", "d", "hermès", "zara", "mode", "été", "lvmh"]
    assert cleaned["lemmas"][0] == "le"
    assert cleaned["hashtags"] == ["mode", "été"]
    assert cleaned["mentions"] == ["p1", "p2"]
    assert cleaned["urls"] == ["https://t.co/abc1", "zara.com/fr"]
    assert cleaned["cashtags"] == ["LVMH"]
    assert cleaned["emoji"] == ["😍"]
    assert cleaned["weighted_length"] == weighted_length(text.replace("&amp;", "&"))


def test_entities_of_the_source_win() -> None:
    given_ = {"hashtags": ["#Coat", "WINTER"], "urls": ["https://shop.example/full"]}
    with_entities, without = clean_posts(raw_posts(["#other https://t.co/a1"] * 2, [given_, {}])).to_pylist()
    assert (with_entities["hashtags"], with_entities["urls"]) == (["coat", "winter"], ["https://shop.example/full"])
    assert (without["hashtags"], without["urls"]) == (["other"], ["https://t.co/a1"])


def test_no_posts_make_a_table_without_rows() -> None:
    assert clean_posts(TABLES["social/raw_posts"].empty()).schema.equals(TABLES["social/clean_posts"].schema)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_texts_have_a_result_in_bounded_time(text: str) -> None:
    started = time.process_time()
    cleaned = clean_posts(raw_posts([text, "a normal post in English"]))
    assert time.process_time() - started < 5
    assert cleaned.schema.equals(TABLES["social/clean_posts"].schema)
    assert cleaned["language"].to_pylist()[1] == "en"
    assert "\x00" not in cleaned["clean_text"].to_pylist()[0]


def test_ten_thousand_copies_cost_little_and_agree() -> None:
    started = time.process_time()
    cleaned = clean_posts(raw_posts(["RT @a: The new coat is here, run! https://t.co/x"] * 10_000))
    assert time.process_time() - started < 2
    assert len(pc.unique(cleaned["near_duplicate_key"])) == len(pc.unique(cleaned["clean_text"])) == 1


_TEXTS = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(
                ["zara.com", "https://t.co/a", "#mode", "😍", "1️⃣", "l'été", " ", "\n", "日本", "@bob", "&amp;", "\u202e", "$AB", "the", "é"]
            ),
            max_size=12,
        ).map(" ".join),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=25)
@given(_TEXTS, st.integers(1, 4))
def test_cleaning_in_pieces_equals_cleaning_at_once(texts: list[str], size: int) -> None:
    hints = [{"language_hint": (None, "fr", "en", "qme")[number % 4]} for number in range(len(texts))]
    posts = raw_posts(texts, hints)
    whole = clean_posts(posts)
    pieces = [clean_posts(posts.slice(start, size)) for start in range(0, len(texts), size)]
    assert whole.equals(pa.concat_tables([TABLES["social/clean_posts"].empty(), *pieces]).combine_chunks())


@settings(deadline=None, max_examples=25)
@given(_TEXTS)
def test_every_post_keeps_its_row_and_its_invariants(texts: list[str]) -> None:
    cleaned = clean_posts(raw_posts(texts))
    assert cleaned.schema.equals(TABLES["social/clean_posts"].schema)
    assert cleaned["post_id"].to_pylist() == [str(number) for number in range(len(texts))]
    for row in cleaned.to_pylist():
        assert len(row["tokens"]) == len(row["lemmas"])
        assert all(token and " " not in token and token == token.lower() for token in row["tokens"])
        assert all(row["lemmas"])
        assert 0 <= row["language_confidence"] <= 1
        assert row["language"] == "und" or len(row["language"]) == 2
        assert "  " not in row["clean_text"]


@settings(deadline=None, max_examples=25)
@given(_TEXTS)
def test_lengths_of_arrays_equal_those_of_single_texts(texts: list[str]) -> None:
    plain_texts = [text.replace("&", "") for text in texts]
    assert clean_posts(raw_posts(plain_texts))["weighted_length"].to_pylist() == [weighted_length(text) for text in plain_texts]


def test_slices_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    posts = raw_posts([f"post number {number} about the new coat, l'été #a{number % 3}x" for number in range(50)])
    whole = clean_posts(posts)
    monkeypatch.setattr(clean, "_SLICE", 7)
    assert clean_posts(posts).equals(whole)


def test_every_stage_is_reported_once_a_slice() -> None:
    laps: list[str] = []
    clean_posts(raw_posts(["a", "b"]), lap=laps.append)
    assert tuple(laps) == STAGES
