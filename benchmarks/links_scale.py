"""How long does linking take, and how much memory, at 50,000 products and 10,000 topics on one core?

    python -m benchmarks.links_scale --products products.parquet --chatter chatter.parquet [--count 50000] [--topics 10000]

Products are those of the file, repeated with another word in the name until there are enough; each topic is ten posts that use parts of a
product's name, with typos and joined hashtags, among chatter. Prints core-seconds, peak memory and how many topics are linked rightly.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

from benchmarks.links import DAY, planted, trends_table
from trend_assets.lib.demand.links import link_day
from trend_assets.retail.files import MAPPINGS, read_retail


def enough(products: pa.Table, count: int) -> pa.Table:
    """``count`` products: the file's, then copies named "Second <name>", "Third <name>" and so on."""
    rows = products.select(["product_id", "product_name", "product_type", "category", "colour"]).to_pylist()
    ordinals = ("Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth")
    found = [row for row in rows if row["product_name"]]
    copies = (
        row | {"product_id": f"{row['product_id']}-{ordinal}", "product_name": f"{ordinal} {row['product_name']}"}
        for ordinal in ordinals
        for row in tuple(found)
    )
    while len(found) < count:
        found.append(next(copies))
    return pa.Table.from_pylist(found[:count])


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=Path, required=True)
    parser.add_argument("--chatter", type=Path, required=True)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--topics", type=int, default=10_000)
    options = parser.parse_args()
    mapped = read_retail(MAPPINGS / "products_fashion.yml", [DAY], files={"products": options.products})
    products = enough(mapped["retail/products"], options.count)
    chatter = parquet.read_table(options.chatter, columns=["text"])["text"].to_pylist()
    posts, truth = planted(products, chatter, options.topics, 10, seed=7)
    trends = trends_table(list(truth))
    before, started, wall = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time(), time.perf_counter()
    found = link_day(trends, posts, products, DAY)
    seconds, waited = time.process_time() - started, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    names = dict(zip(products["product_id"].to_pylist(), products["product_name"].to_pylist(), strict=True))
    first: dict[str, str] = {row["topic_id"]: row["product_id"] for row in found.links.to_pylist() if row["rank"] == 1}
    near = {row["topic_id"]: row["product_ids"] for row in found.nearest.to_pylist()}
    right = sum(names[product] == names[truth[topic]] for topic, product in first.items())
    reached = sum(names[truth[topic]] in {names[product] for product in near[topic][:5]} for topic in truth)
    print(f"{products.num_rows:,} products x {len(truth):,} topics, {posts.num_rows:,} posts")
    print(f"{seconds:.0f} core-s, {waited:.0f} s on the clock")
    print(f"peak memory {peak / 1024:,.0f} MiB, of which {before / 1024:,.0f} before linking")
    print(f"linked {len(first):,}, first to a product of the name {right:,}; among the 5 nearest {reached:,}")


if __name__ == "__main__":
    main()
