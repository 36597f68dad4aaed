"""How precise, complete and fast is linking trends to products?

    python benchmarks/links.py --posts tweets.parquet --products products.parquet [--mapping products.yml] [--chatter chatter.parquet]

Prints three things. (1) Sample links and abstentions of the posts' own topics: `event_id` where the file has one, else
the day's most telling hashtags and word pairs; events of politics or sport against a fashion catalogue should not
link. (2) Planted: posts that use part of a product's name, with typos and joined hashtags, inside chatter: is the
product found, is another one linked? (3) Seconds for the whole catalogue and 1,000 topics.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

from trend_assets.lib.demand.links import product_trend_links
from trend_assets.lib.demand.words import words_of
from trend_assets.retail.files import MAPPINGS, read_retail

WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
DAY = date(2026, 1, 1)


def posts_table(texts: list[str], topics: list[str | None], authors: list[str]) -> pa.Table:
    """Posts as the linker wants them, with a plain tokenizer so that the benchmark stands alone."""
    plain = [re.sub(r"https?://\S+|@\w+", " ", text.lower()) for text in texts]
    tokens = [WORD.findall(text.replace("#", " ")) for text in plain]
    hashtags = [re.findall(r"#(\w+)", text) for text in plain]
    return pa.table(
        {
            "topic_id": pa.array(topics, pa.string()),
            "tokens": tokens,
            "lemmas": tokens,
            "hashtags": pa.array(hashtags, pa.list_(pa.string())),
            "clean_text": texts,
            "author": authors,
        }
    )


def trends_table(topics: list[str | None]) -> pa.Table:
    """Trends of the topics that have one."""
    ids = sorted({topic for topic in topics if topic})
    return pa.table({"topic_id": pa.array(ids, pa.string()), "label": ids})


def topics_of_a_day(texts: list[str]) -> list[str | None]:
    """Pseudo-topics: each post goes to its rarest hashtag or word pair that at least 15 posts of the day share."""
    keys = []
    for text in texts:
        plain = re.sub(r"https?://\S+|@\w+", " ", text.lower())
        words = [word for word in WORD.findall(plain) if len(word) > 3]
        keys.append(set(re.findall(r"#\w+", plain)) | {f"{left} {right}" for left, right in pairwise(words)})
    counts = Counter(key for found in keys for key in found)
    return [min((key for key in found if counts[key] >= 15), key=lambda key: (counts[key], key), default=None) for found in keys]


def show(title: str, posts: pa.Table, products: pa.Table, most: int) -> None:
    """Link one block of posts and print what was linked and a sample of what was not."""
    trends = trends_table(posts["topic_id"].to_pylist())
    started = time.perf_counter()
    links = product_trend_links(trends, posts, products, DAY)
    seconds = time.perf_counter() - started
    names = dict(zip(products["product_id"].to_pylist(), products["product_name"].to_pylist(), strict=True))
    rows = links.to_pylist()
    linked = {row["topic_id"] for row in rows if row["linked"]}
    print(f"\n== {title}: {posts.num_rows:,} posts, {trends.num_rows:,} topics, {len(linked)} linked, {seconds:.1f} s")
    for row in [row for row in rows if row["linked"]][:most]:
        evidence = f"{row['score']:.2f}; {', '.join(row['evidence_terms'])}"
        print(f"  LINK {row['topic_id'][:40]!r} -> {names[row['product_id']]} ({evidence}): {row['reason']}")
    for row in [row for row in rows if not row["linked"]][: most // 2]:
        print(f"  none {row['topic_id'][:40]!r}: {row['reason']}")


def mangled(word: str, chance: random.Random) -> str:
    """The word with one typing error."""
    place = chance.randrange(1, len(word))
    return chance.choice(
        [
            word[:place] + word[place + 1 :],
            word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :],
            word[:place] + word[place - 1 :],
        ]
    )


def planted(products: pa.Table, chatter: list[str], topics: int, posts_each: int, seed: int) -> tuple[pa.Table, dict[str, str]]:
    """Posts about randomly chosen products among chatter, and the truth: topic -> product."""
    chance = random.Random(seed)
    chosen = chance.sample([row for row in products.to_pylist() if row["product_name"]], topics)
    texts, owners, authors, truth = [], [], [], {}
    for number, row in enumerate(chosen):
        topic = f"planted-{number:04d}"
        truth[topic] = row["product_id"]
        words = row["product_name"].lower().split()
        for _ in range(posts_each):
            kept = [word for word in words if chance.random() < 0.6] or [chance.choice(words)]
            kept = [mangled(word, chance) if len(word) > 5 and chance.random() < 0.1 else word for word in kept]
            mention = "#" + "".join(kept[:2]) + " " + " ".join(kept[2:]) if chance.random() < 0.2 else " ".join(kept)
            texts.append(f"{chance.choice(chatter)[:80]} {mention}")
            owners.append(topic)
            authors.append(f"a{chance.randrange(100_000)}")
    background = chatter[: 3 * len(texts)]
    return posts_table(texts + background, owners + [None] * len(background), authors + [f"b{n}" for n in range(len(background))]), truth


def main() -> None:
    """Run all three parts on the files given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=Path, required=True)
    parser.add_argument("--products", type=Path, required=True)
    parser.add_argument("--chatter", type=Path, help="posts about nothing of the catalogue (default: the posts themselves)")
    parser.add_argument("--mapping", type=Path, default=MAPPINGS / "products_fashion.yml", help="mapping file of the products")
    parser.add_argument("--samples", type=int, default=25)
    options = parser.parse_args()
    products = read_retail(options.mapping, [DAY], files={"products": options.products})["retail/products"]
    posts = parquet.read_table(options.posts)
    texts = posts["text"].to_pylist()
    authors = [str(author) for author in (posts["author_id"].to_pylist() if "author_id" in posts.column_names else range(len(texts)))]

    if "event_id" in posts.column_names:
        show("events", posts_table(texts, [str(event) for event in posts["event_id"].to_pylist()], authors), products, options.samples)
    else:
        days = [str(moment.date()) for moment in posts["created_at"].to_pylist()]
        for day in sorted(set(days)):
            places = [place for place, other in enumerate(days) if other == day]
            block = [texts[place] for place in places]
            show(day, posts_table(block, topics_of_a_day(block), [authors[place] for place in places]), products, options.samples)

    chatter = parquet.read_table(options.chatter, columns=["text"])["text"].to_pylist() if options.chatter else texts
    table, truth = planted(products, chatter, 1000, 40, seed=7)
    started = time.perf_counter()
    rows = product_trend_links(trends_table(list(truth)), table, products, DAY).to_pylist()
    seconds = time.perf_counter() - started
    name_of = {row["product_id"]: frozenset(words_of(row["product_name"])) for row in products.to_pylist()}
    alike = Counter(name_of.values())
    found, first, wrong, abstained, hopeless = 0, 0, 0, 0, 0
    for topic, product in truth.items():
        linked = [row["product_id"] for row in rows if row["topic_id"] == topic and row["linked"]]
        same = [name_of[other] == name_of[product] for other in linked]
        if not linked:
            abstained += 1
            hopeless += alike[name_of[product]] > 30
        else:
            found += any(same)
            first += same[0]
            wrong += not any(same)
    print(f"\n== planted: {table.num_rows:,} posts, {len(truth):,} topics, {products.num_rows:,} products in {seconds:.1f} s")
    reasons = Counter(re.sub(r"'[^']*'|[\\d.,%]+", "…", row["reason"]) for row in rows if not row["linked"])
    for reason, count in reasons.most_common(8):
        print(f"  {count:>5} abstained: {reason}")
    print(f"  a product of that name among the links: {found}; first: {first}; only others: {wrong}")
    print(f"  abstained: {abstained} (of which more than 30 products share the name: {hopeless})")


if __name__ == "__main__":
    main()
