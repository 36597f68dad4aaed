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


def test_a_french_topic_finds_a_product_named_only_in_english_by_what_other_products_teach() -> None:
    """Wrap dresses of satin and linen lamps have both names; nobody named the linen wrap dress in French."""
    taught = pa.table(
        {
            "product_id": ["A1", "A2", "A3", "A4", "Z"],
            "product_name": ["Satin Wrap Dress", "Wool Wrap Dress", "Linen Lamp", "Linen Vase", "Linen Wrap Dress"],
            "product_name_fr": ["Robe portefeuille satin", "Robe portefeuille laine", "Lampe lin", "Vase lin", None],
            "product_type": ["dress", "dress", "lamp", "vase", "dress"],
            "category": ["all"] * 5,
            "colour": pa.array([None] * 5, pa.string()),
        }
    )
    catalogue = pa.concat_tables([PRODUCTS.slice(8), taught], promote_options="default")
    best = links(posts({"t": ["robe portefeuille en lin", "robe portefeuille lin"] * 10}), catalogue)["t"][0]
    assert best["product_id"] == "Z"
    assert "translated" in best["methods"]


def test_a_kind_of_product_is_linked_where_no_single_product_is_meant() -> None:
    (row,) = links(posts({"t": ["a lamp for reading in bed", "which lamp", "lamp lamp lamp", "the lamp is lit"] * 6}))["t"]
    assert (row["linked"], row["product_id"], row["level"], row["product_type"]) == (False, None, "category", "lamp")
    assert row["score"] >= 0.5
    assert row["reason"].startswith("the posts speak of lamp ('lamp'), but of no one product: ")


def test_a_word_of_one_range_is_not_its_kind() -> None:
    (row,) = links(posts({"t": ["tartan bay harbour", "ferry to tartan bay", "tartan bay closed", "tartan storm"] * 6}))["t"]
    assert (row["level"], row["category"]) == ("none", None)


def test_every_link_tells_its_kinds_of_evidence() -> None:
    found = links(posts({"t": ["mushroom table lamp"] * 8 + ["mushrooom lamp", "mushrrom lamp"] * 2}))
    assert found["t"][0]["methods"] == ["words", "misspelt", "characters"]
    assert found["t"][0]["why"] is None


HOSTILE = {
    "equal names": ["Linen Wrap Dress"] * 40,
    "one letter": ["X", "Y", "x", "é"],
    "emoji": ["🦄", "🦄🦄", "👗 🔥", "\N{ZERO WIDTH JOINER}"],
    "right to left": ["فستان كتان", "שמלת פשתן", "\N{RIGHT-TO-LEFT OVERRIDE}dress", "קערה"],
    "stop words": ["The", "And", "It", "The And"],
    "very long": ["a" * 100_000, "dress " * 20_000, "-" * 10_000, "\N{COMBINING ACUTE ACCENT}" * 1000],
}


@pytest.mark.parametrize("names", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_names_are_linked_to_nothing_and_break_nothing(names: list[str]) -> None:
    ids = pa.array([f"H{number:03d}" for number in range(len(names))])
    products = pa.table({"product_id": ids, "product_name": pa.array(names, pa.string())})
    chatter = {"t": ["it rained and the dinner was late", "and so it was the bus", "the film and the soup"] * 6}
    assert linked(links(posts(chatter), products)["t"]) == set()


def test_more_equal_names_than_a_choice_are_no_link() -> None:
    products = pa.table({"product_id": [f"P{n:02d}" for n in range(40)], "product_name": ["Linen Wrap Dress"] * 40})
    (row,) = links(posts({"t": ["linen wrap dress", "wrap dress in linen"] * 10}), products)["t"]
    assert (row["linked"], row["why"]) == (False, "generic_words")


def test_a_topic_of_ten_thousand_terms_is_bounded() -> None:
    phrases = [" ".join(f"term{number}" for number in range(start, start + 500)) for start in range(0, 10_000, 500)]
    (row,) = links(posts({"t": phrases * 2}))["t"]
    assert row["why"] == "no_shared_words"
