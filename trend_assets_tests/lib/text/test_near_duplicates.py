"""What shares a near-duplicate key, and what must not."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trend_assets.lib.text.clean import clean_posts
from trend_assets_tests.lib.text.posts import raw_posts

_WORDS = st.lists(st.text(alphabet="abcdefghijéèçüßœñдж", min_size=1, max_size=8), min_size=1, max_size=12)


def _keys(texts: list[str], rows: list[dict[str, object]] | None = None) -> list[int]:
    return clean_posts(raw_posts(texts, rows))["near_duplicate_key"].to_pylist()


@settings(deadline=None, max_examples=25)
@given(_WORDS, st.data())
def test_case_spaces_punctuation_digits_urls_mentions_and_repost_prefix_do_not_count(words: list[str], data: st.DataObject) -> None:
    noise = st.sampled_from([" ", "  ", ", ", "! ", "\n", " 12 ", " @someone ", " https://t.co/Ab9 ", " 😍 ", " #", " - "])
    changed = "".join(data.draw(st.sampled_from([word, word.upper(), word.title()])) + data.draw(noise) for word in words)
    prefix = data.draw(st.sampled_from(["", "RT @someone: ", "rt @a RT @b: ", "@someone "]))
    assert len(set(_keys([" ".join(words), prefix + changed]))) == 1


@settings(deadline=None, max_examples=25)
@given(_WORDS, _WORDS)
def test_other_letters_make_another_key(first: list[str], second: list[str]) -> None:
    same = "".join(first).casefold() == "".join(second).casefold()
    assert (len(set(_keys([" ".join(first), " ".join(second)]))) == 1) == same


def test_texts_without_letters_merge_only_where_identical() -> None:
    texts = ["😍", "😍😍", "😍", "5", "6", "https://t.co/a1", "https://t.co/a2", "RT @x: https://t.co/a1", ""]
    keys = _keys(texts)
    assert keys[0] == keys[2]
    assert keys[5] == keys[7]
    assert len(set(keys)) == len(texts) - 2


def test_pictures_without_words_are_told_apart() -> None:
    keys = _keys(["😍", "😍", "😍"], [{"media": ["m1"]}, {"media": ["m2"]}, {"media": ["m1"]}])
    assert keys[0] == keys[2] != keys[1]


def test_empty_reposts_go_by_their_original() -> None:
    reposts = [{"kind": "repost", "reposted_post": post} for post in ("1", "2", "1")]
    keys = _keys(["", "", ""], reposts)
    assert keys[0] == keys[2] != keys[1]


def test_a_repost_shares_the_key_of_its_original() -> None:
    keys = _keys(["The new #coat is here! https://t.co/q", "RT @Brand: The new #coat is here! https://t.co/z"], [{}, {"kind": "repost"}])
    assert keys[0] == keys[1]


@pytest.mark.parametrize("seed", ["0", "1"])
def test_keys_are_the_same_in_every_process(seed: str) -> None:
    program = (
        "from trend_assets.lib.text.clean import clean_posts\n"
        "from trend_assets_tests.lib.text.posts import raw_posts\n"
        "print(clean_posts(raw_posts(['The new coat', '😍']))['near_duplicate_key'].to_pylist())"
    )
    done = subprocess.run([sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.strip() == str(_keys(["The new coat", "😍"])) == "[-2461739296031377089, -5698579507840296109]"
