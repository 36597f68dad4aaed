"""A trend links to a product when its posts name it, and says why when they don't."""

from __future__ import annotations

import random
from datetime import date

import pyarrow as pa
import pytest

from trend_assets.lib.demand.links import LINKS, product_trend_links
from trend_assets.lib.demand.words import words_of

DAY = date(2026, 9, 5)
COLOURS = ("Sage", "Rust", "Navy", "Plum")
ITEMS = (
    ("Linen Wrap Dress", "Robe portefeuille en lin", "dress"),
    ("Satin Slip Dress", "Robe nuisette en satin", "dress"),
    ("Mushroom Table Lamp", "Lampe champignon", "lamp"),
    ("Brass Reading Lamp", "Liseuse en laiton", "lamp"),
    ("Tartan Wool Scarf", "Écharpe écossaise en laine", "scarf"),
    ("Wool Socks", "Chaussettes en laine", "socks"),
    *((f"Plain {thing} {number}", f"{thing} uni {number}", thing) for thing in ("bowl", "vase", "rug", "throw") for number in range(4)),
)
PRODUCTS = pa.table(
    {
        "product_id": [f"P{item:02d}-{colour}" for item in range(len(ITEMS)) for colour in COLOURS],
        "product_name": [f"{english} {colour}" for english, _, _ in ITEMS for colour in COLOURS],
        "product_name_fr": [f"{french} {colour.lower()}" for _, french, _ in ITEMS for colour in COLOURS],
        "product_type": [kind for _, _, kind in ITEMS for _ in COLOURS],
        "category": ["all"] * len(ITEMS) * len(COLOURS),
        "colour": [colour for _ in ITEMS for colour in COLOURS],
    }
)
CHATTER = words_of("the bus was late again and then it rained so we had soup for dinner while watching a film about trains with my sister")


def posts(topics: dict[str | None, list[str]], authors: int = 1000, seed: int = 1) -> pa.Table:
    """Posts of the given phrases, each in a sentence of chatter of its own, among 300 posts about nothing."""
    chance = random.Random(seed)
    rows = [(topic, phrase) for topic, phrases in topics.items() for phrase in phrases] + [(None, "")] * 300
    tokens = [chance.sample(CHATTER, 6) + phrase.lower().split() for _, phrase in rows]
    nothing: list[list[str]] = [[] for _ in rows]
    return pa.table(
        {
            "topic_id": pa.array([topic for topic, _ in rows], pa.string()),
            "tokens": pa.array(tokens, pa.list_(pa.string())),
            "lemmas": pa.array(tokens, pa.list_(pa.string())),
            "hashtags": pa.array(nothing, pa.list_(pa.string())),
            "clean_text": [" ".join(words) for words in tokens],
            "author": [f"a{chance.randrange(authors)}" for _ in rows],
        }
    )


def links(table: pa.Table, products: pa.Table = PRODUCTS) -> dict[str, list[dict]]:
    topics = sorted({topic for topic in table["topic_id"].to_pylist() if topic})
    found = product_trend_links(pa.table({"topic_id": topics}), table, products, DAY)
    assert found.equals(LINKS.conform(found))
    rows: dict[str, list[dict]] = {}
    for row in found.to_pylist():
        rows.setdefault(row["topic_id"], []).append(row)
    return rows


def linked(rows: list[dict]) -> set[str]:
    return {row["product_id"] for row in rows if row["linked"]}


def every_colour(item: int) -> set[str]:
    return {f"P{item:02d}-{colour}" for colour in COLOURS}


def test_posts_in_either_language_link_to_every_colour_of_what_they_name() -> None:
    english = ["linen wrap dress", "wrap dress in linen", "linen wrap", "wrap dress"] * 5
    french = ["robe portefeuille en lin", "robe portefeuille", "la portefeuille en lin"] * 6
    found = links(posts({"en": english, "fr": french}))
    assert linked(found["en"]) == linked(found["fr"]) == every_colour(0)
    best = found["en"][0]
    assert best["rank"] == 1
    assert 0.3 <= best["score"] <= 1
    assert {"linen", "wrap"} <= set(best["evidence_terms"])
    assert best["evidence_posts"] == 20
    assert "4 products share these words" in best["reason"]


def test_a_named_colour_narrows_the_choice() -> None:
    found = links(posts({"t": ["plum mushroom lamp", "mushroom table lamp plum", "plum mushroom table lamp"] * 6}))
    assert found["t"][0]["product_id"] == "P02-Plum"


def test_a_name_that_means_something_else_is_not_the_product() -> None:
    harbour = ["tartan bay harbour", "ferry to tartan bay", "tartan bay closed", "tartan storm"] * 6
    risotto = ["mushroom risotto recipe", "mushroom season", "picking mushroom in the woods", "mushroom soup"] * 6
    found = links(posts({"harbour": harbour, "risotto": risotto}))
    assert linked(found["harbour"]) == linked(found["risotto"]) == set()
    assert "only 'tartan'" in found["harbour"][0]["reason"]
    assert found["harbour"][0]["evidence_terms"] == ["tartan"]


def test_generic_words_alone_are_no_evidence() -> None:
    found = links(posts({"t": ["plain vase or plain bowl", "plain rug", "plain throw plain"] * 6}))
    assert linked(found["t"]) == set()
    assert "generic" in found["t"][0]["reason"]


def test_everyday_words_of_the_day_are_no_evidence() -> None:
    products = PRODUCTS.slice(0, 8).append_column("x", pa.array([""] * 8)).drop_columns("x")
    products = products.set_column(1, "product_name", pa.array(["Soup Dinner Bowl"] * 4 + ["Other"] * 4))
    assert linked(links(posts({"t": ["soup for dinner", "dinner soup"] * 8}), products)["t"]) == set()


def test_few_posts_or_copies_of_one_text_are_no_evidence() -> None:
    few = links(posts({"t": ["linen wrap dress"] * 4}))["t"][0]
    assert few["linked"] is False
    assert "at least 5" in few["reason"]
    table = posts({"t": ["linen wrap dress"] * 40})
    copied = table.set_column(
        1, "tokens", pa.array([["linen", "wrap", "dress"]] * 40 + table["tokens"].to_pylist()[40:], pa.list_(pa.string()))
    )
    copies = links(copied)["t"][0]
    assert copies["linked"] is False
    assert "repeat 1 texts" in copies["reason"]


def test_one_author_is_no_evidence() -> None:
    assert linked(links(posts({"t": ["linen wrap dress", "wrap dress"] * 10}, authors=1))["t"]) == set()


def test_typos_count_where_the_word_is_also_spelt_right() -> None:
    found = links(posts({"t": ["mushroom lamp"] * 8 + ["mushrooom lamp", "mushrrom lamp"] * 2}))
    assert found["t"][0]["evidence_posts"] == 12
    assert linked(found["t"]) == every_colour(2)


def test_the_order_of_rows_does_not_matter() -> None:
    table = posts({"t": ["linen wrap dress", "wrap dress"] * 10, "u": ["mushroom lamp"] * 10})
    shuffled = list(range(table.num_rows))
    random.Random(5).shuffle(shuffled)
    assert links(table.take(shuffled), PRODUCTS.take(list(reversed(range(PRODUCTS.num_rows))))) == links(table)


@pytest.mark.parametrize("empty", ["trends", "posts", "products"])
def test_nothing_to_link_is_an_answer(empty: str) -> None:
    table = posts({"t": ["linen wrap dress", "wrap dress"] * 10})
    trends = pa.table({"topic_id": pa.array([] if empty == "trends" else ["t"], pa.string())})
    found = product_trend_links(
        trends, table.slice(0, 0) if empty == "posts" else table, PRODUCTS.slice(0, 0) if empty == "products" else PRODUCTS, DAY
    )
    assert found["linked"].to_pylist() == ([] if empty == "trends" else [False])
