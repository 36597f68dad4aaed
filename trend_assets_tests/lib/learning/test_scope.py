"""Which posts a task about the brand sees: whole words, handles and hashtags; never reposts."""

from __future__ import annotations

import pyarrow as pa

from trend_assets.lib.learning.discovery import load_task
from trend_assets.lib.learning.scope import in_scope, names_a_brand

BRANDS = ("Maison Carrel", "maisoncarrel")


def test_brands_are_found_as_words_handles_and_hashtags() -> None:
    texts = {
        "love Maison  Carrel": True,
        "@maisoncarrel help": True,
        "#MaisonCarrel!": True,
        "maison carrel, again": True,
        "maisoncarrels": False,
        "chez Odile Carrel": False,
        "démaison carrel": False,
        "": False,
    }
    assert dict(zip(texts, names_a_brand(pa.chunked_array([list(texts)]), BRANDS).tolist(), strict=True)) == texts


def test_a_brand_is_no_pattern() -> None:
    assert names_a_brand(pa.chunked_array([["c+a is open", "cca is open"]]), ["C+A"]).tolist() == [True, False]


def test_reposts_are_left_out_and_without_a_brand_every_post_counts() -> None:
    posts = pa.table({"kind": ["post", "repost", "post"], "clean_text": ["maison carrel", "maison carrel", "rain"]})
    task = load_task("sentiment")
    assert in_scope(task, posts, BRANDS).tolist() == [True, False, False]
    assert in_scope(task, posts, []).tolist() == [True, False, True]
