r"""How good are links to a real catalogue, judged by a person who saw neither score nor method, with and without a model of meaning?

    python -m benchmarks.links_judged pool --folder F --products products.parquet --posts tweets.parquet \
        --french media.parquet --chatter chatter.parquet
    python -m benchmarks.links_judged score --folder F --half development|report

`pool` links topics (queries of this file in French and English told by posts among chatter, and pseudo-topics of the posts) with and
without the model, and writes `pool.tsv` into the folder: topic and product, shuffled, nothing else. A person fills `judgements.tsv` (pair
id, 1 or 0). `score` prints precision and pooled recall on one half of the topics. The folder holds text of others: it is never committed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet

from benchmarks.links import posts_table, topics_of_a_day
from trend_assets.lib.demand.embeddings import MultilingualE5
from trend_assets.lib.demand.links import link_day
from trend_assets.retail.files import MAPPINGS, read_retail

DAY = date(2026, 1, 1)
QUERIES = {
    "fr": (
        "lunettes de soleil aviateur", "robe fleurie", "chaussures de course nike", "montre femme bracelet cuir",
        "sac à main en cuir marron", "chemise à carreaux homme", "tongs en caoutchouc", "vernis à ongles rouge", "parfum homme",
        "ceinture cuir noire", "cravate en soie", "boutons de manchette", "sac à dos puma", "maillot de cricket",
        "boucles d'oreilles argent", "jupe en jean", "escarpins noirs", "chaussettes de sport", "portefeuille cuir homme",
        "soutien-gorge dentelle", "pyjama satin", "rouge à lèvres mat", "sari en soie", "écharpe en laine", "casquette adidas",
        "bague diamant", "collier de perles", "short de bain", "ballerines vernies", "élection présidentielle", "grève des trains",
        "finale de coupe du monde",
    ),
    "en": (
        "aviator sunglasses", "floral maxi dress", "nike air running shoes", "leather strap watch women", "brown leather handbag",
        "checked shirt men", "rubber flip flops", "red nail polish", "sandalwood deodorant", "black leather belt", "silk necktie",
        "silver cufflinks", "puma backpack", "india cricket jersey", "oxidised silver earrings", "denim skirt", "black pumps",
        "ankle socks", "mens wallet", "lace bra", "satin nightdress", "matte lipstick", "banarasi saree", "anarkali kurta",
        "adidas originals cap", "batman tshirt", "trolley suitcase", "trekking boots", "laptop bag", "presidential election",
        "train strike", "world cup final",
    ),
}  # fmt: skip
POSTS_EACH = 14


def told(query: str, chatter: list[str], chance: random.Random) -> list[str]:
    """Posts that use most words of the query within a piece of chatter."""
    words = query.split()
    posts = []
    for _ in range(POSTS_EACH):
        kept = [word for word in words if len(words) < 3 or chance.random() < 0.85] or words
        posts.append(f"{chance.choice(chatter)[:70]} {' '.join(kept)}")
    return posts


def topics(options: argparse.Namespace) -> pa.Table:
    """Posts of all topics of the sample and of none, with language and label of the topic."""
    chance = random.Random(11)
    english = parquet.read_table(options.chatter, columns=["text"])["text"].to_pylist()[:20_000]
    french = [text for text in parquet.read_table(options.french)["text"].to_pylist() if text]
    texts, owners, languages, labels = [], [], [], []
    for language, chatter in (("fr", french), ("en", english)):
        for query in QUERIES[language]:
            for text in told(query, chatter, chance):
                texts.append(text)
                owners.append(f"q:{query}")
                languages.append(language)
                labels.append(query)
    tweets = parquet.read_table(options.posts)
    first = min(moment.date() for moment in tweets["created_at"].to_pylist())
    of_day = [
        text for text, moment in zip(tweets["text"].to_pylist(), tweets["created_at"].to_pylist(), strict=True) if moment.date() == first
    ]
    pseudo = topics_of_a_day(of_day)
    chosen = set(chance.sample(sorted({key for key in pseudo if key}), 40))
    for text, key in zip(of_day, pseudo, strict=True):
        texts.append(text)
        owners.append(f"t:{key}" if key in chosen else None)
        languages.append("en")
        labels.append(key)
    background = english[:3000] + french[:1500]
    texts += background
    owners += [None] * len(background)
    languages += ["en"] * 3000 + ["fr"] * (len(background) - 3000)
    labels += [None] * len(background)
    table = posts_table(texts, owners, [f"a{number}" for number in range(len(texts))])
    return table.append_column("language", pa.array(languages)).append_column("label", pa.array(labels, pa.string()))


def pool(options: argparse.Namespace) -> None:
    """Link with and without the model, and write what is to be judged."""
    mapped = read_retail(MAPPINGS / "products_fashion.yml", [DAY], files={"products": options.products})
    products, posts = mapped["retail/products"], topics(options)
    owners = sorted({owner for owner in posts["topic_id"].to_pylist() if owner})
    trends = pa.table({"topic_id": owners, "label": [owner[2:] for owner in owners]})
    names = {row["product_id"]: row for row in products.select(["product_id", "product_name", "product_type", "colour"]).to_pylist()}
    results: dict[str, dict[str, Any]] = {}
    wanted: dict[tuple[str, str], str] = {}
    for method, embedder in (("words", None), ("meaning", MultilingualE5())):
        started = time.process_time()
        found = link_day(trends, posts, products, DAY, embedder=embedder)
        print(f"{method}: {time.process_time() - started:.0f} core-s for {len(owners)} topics and {products.num_rows:,} products")
        links: dict[str, list[str]] = defaultdict(list)
        kinds = {}
        for row in found.links.to_pylist():
            if row["linked"]:
                links[row["topic_id"]].append(row["product_id"])
            elif row["level"] == "category":
                kinds[row["topic_id"]] = row["product_type"] or row["category"]
        near = {row["topic_id"]: row["product_ids"] for row in found.nearest.to_pylist()}
        results[method] = {"links": links, "nearest": near, "kinds": kinds}
        for owner in owners:
            for product in [*links[owner][:5], *near[owner][:2]]:
                wanted.setdefault((owner, names[product]["product_name"]), product)
    pairs = sorted(wanted, key=lambda pair: hashlib.sha256("|".join(pair).encode()).hexdigest())
    options.folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{number}\t{owner}\t{name}\t{names[wanted[owner, name]]['product_type']}" for number, (owner, name) in enumerate(pairs)]
    (options.folder / "pool.tsv").write_text("\n".join(lines) + "\n")
    of_name = {product: row["product_name"] for product, row in names.items()}
    for found_by in results.values():
        for part in ("links", "nearest"):
            found_by[part] = {owner: [of_name[product] for product in ids] for owner, ids in found_by[part].items()}
    (options.folder / "results.json").write_text(json.dumps({"pairs": pairs, "results": results}))
    print(f"{len(pairs)} pairs to judge")


def score(options: argparse.Namespace) -> None:
    """Figures of one half of the topics."""
    stored = json.loads((options.folder / "results.json").read_text())
    judged = dict(line.split("\t")[:2] for line in (options.folder / "judgements.tsv").read_text().splitlines() if line.strip())
    good = {tuple(pair): judged[str(number)] == "1" for number, pair in enumerate(stored["pairs"]) if str(number) in judged}
    half = {"development": 0, "report": 1}[options.half]
    mine = {owner for owner, _ in good if int(hashlib.sha256(owner.encode()).hexdigest(), 16) % 2 == half}
    answerable = {owner for (owner, _), value in good.items() if value and owner in mine}
    print(f"{options.half}: {sum(owner in mine for owner, _ in good)} judged pairs, {len(mine)} topics, {len(answerable)} with an answer")
    for method, found in stored["results"].items():
        for kind, prefix in (("French queries", "fr"), ("English queries", "en"), ("tweets", "t")):
            owners = [owner for owner in sorted(mine) if (owner[2:] in QUERIES[prefix] if prefix != "t" else owner.startswith("t:"))]
            print(f"  {method:8} {kind:16} {_figures(found, owners, good, answerable)}")


def _figures(found: dict[str, Any], owners: list[str], good: dict[tuple[str, str], bool], answerable: set[str]) -> str:
    shares, right, linked, near = [], 0, 0, 0
    for owner in owners:
        links = list(dict.fromkeys(found["links"].get(owner, [])[:5]))
        judged = [good[owner, name] for name in links if (owner, name) in good]
        linked += bool(links)
        if judged:
            shares.append(sum(judged) / len(judged))
            right += any(judged)
        near += any(good.get((owner, name), False) for name in found["nearest"].get(owner, [])[:2])
    open_topics = sum(owner in answerable for owner in owners)
    precision = f"{sum(shares) / len(shares):.2f} of {len(shares)}" if shares else "-"
    categories = sum(owner in found["kinds"] for owner in owners)
    return (
        f"{len(owners):3} topics, linked {linked:3}, precision@5 {precision:11}, recall {right}/{open_topics}, "
        f"a right one in the 2 nearest {near}/{open_topics}, category only {categories}"
    )


def main() -> None:
    """Pool or score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["pool", "score"])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--half", choices=["development", "report"], default="development")
    for name in ("products", "posts", "french", "chatter"):
        parser.add_argument(f"--{name}", type=Path)
    options = parser.parse_args()
    pool(options) if options.step == "pool" else score(options)


if __name__ == "__main__":
    main()
