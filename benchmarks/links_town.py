"""Are the products that trends of a finished town are linked to those it planted?

    python -m benchmarks.links_town --data FOLDER [--french all|half|none] [--meaning]

Links the lake's raised topics again, day by day, against the planted truth: precision of the first five links, share of
topic-days with a planted product that found it (recall), abstention where no product was planted. `--french` takes French names away
from half of the items or from all: what is then left is what crosses languages. `--meaning` links with the optional model too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as parquet

from trend_assets.lake.lake import Lake
from trend_assets.lib.demand.embeddings import MultilingualE5
from trend_assets.lib.demand.links import link_day
from trend_assets.lib.tables import matches
from trend_assets.tables import TABLES

LEAST_POSTS, LEAST_SHARE = 5, 0.3
"""A topic-day is about a planted trend that holds so many, and this share, of its posts."""
_POSTS = ["network", "post_id", "author", "tokens", "lemmas", "hashtags", "language"]


def without_french(products: pa.Table, kept: str) -> pa.Table:
    """The catalogue with the French names of all, half or none of its items; colours of an item go together."""
    rows = zip(products["product_name"].to_pylist(), products["product_name_fr"].to_pylist(), strict=True)
    names = []
    for english, french in rows:
        even = int(hashlib.sha256(english.rsplit(" ", 1)[0].encode()).hexdigest(), 16) % 2 == 0
        names.append(french if kept == "all" or (kept == "half" and even) else None)
    return products.set_column(products.column_names.index("product_name_fr"), "product_name_fr", pa.array(names, pa.string()))


def topics_about(posts: pa.Table) -> dict[str, str]:
    """Planted trend of each topic of the day that is about one."""
    counted = posts.filter(pc.is_valid(posts["topic_id"])).group_by(["topic_id", "trend_id"]).aggregate([([], "count_all")]).to_pylist()
    totals: dict[str, int] = defaultdict(int)
    for row in counted:
        totals[row["topic_id"]] += row["count_all"]
    return {
        row["topic_id"]: row["trend_id"]
        for row in sorted(counted, key=lambda row: (row["count_all"], row["trend_id"] or ""))
        if row["trend_id"] and row["count_all"] >= max(LEAST_POSTS, LEAST_SHARE * totals[row["topic_id"]])
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--french", choices=["all", "half", "none"], default="all")
    parser.add_argument("--meaning", action="store_true")
    options = parser.parse_args()
    lake, embedder = Lake(str(options.data / "lake")), MultilingualE5() if options.meaning else None
    stored = json.loads((options.data / "truth" / "trends.json").read_text())
    planted = {row["trend_id"]: set(row["product_ids"]) for row in (stored if isinstance(stored, list) else stored["trends"])}
    files = sorted((options.data / "truth" / "posts").glob("*.parquet"))
    truth = pa.concat_tables([parquet.read_table(path, columns=["network", "post_id", "trend_id"]) for path in files])
    truth = truth.filter(pc.and_(pc.equal(truth["network"], "x"), pc.is_valid(truth["trend_id"])))
    started, judged = time.process_time(), []
    for day in lake.partitions(TABLES["retail/products"]):
        hours = [f"{day}-{hour:02d}:00" for hour in range(24)]
        trends = lake.read(TABLES["topics/trends"], hours)
        trends = trends.filter(pc.invert(trends["suppressed"]))
        if not trends.num_rows:
            continue
        clean = lake.read(TABLES["social/clean_posts"], hours, columns=_POSTS)
        assigned = lake.read(TABLES["topics/topic_assignments"], hours, columns=["network", "post_id", "topic_id"])
        posts = clean.append_column("topic_id", assigned["topic_id"].take(matches(clean, assigned, ["network", "post_id"])))
        posts = posts.append_column("trend_id", truth["trend_id"].take(matches(posts, truth, ["network", "post_id"])))
        products = without_french(lake.read(TABLES["retail/products"], [day]), options.french)
        found = link_day(trends, posts, products, date.fromisoformat(day), embedder=embedder)
        about = topics_about(posts)
        links: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in found.links.to_pylist():
            links[row["topic_id"]].append(row)
        near = {row["topic_id"]: set(row["product_ids"][:5]) for row in found.nearest.to_pylist()}
        for topic, rows in links.items():
            judged.append(
                (planted.get(about.get(topic, ""), set()), [row["product_id"] for row in rows if row["linked"]], near[topic], rows[0])
            )
    with_product = [row for row in judged if row[0]]
    without = [row for row in judged if not row[0]]
    shares = [sum(product in own for product in linked[:5]) / len(linked[:5]) for own, linked, _, _ in with_product if linked]
    right = sum(bool(own & set(linked)) for own, linked, _, _ in with_product)
    reached = sum(bool(own & near) for own, _, near, _ in with_product)
    print(f"French names of {options.french}, {'with' if embedder else 'without'} the model, {time.process_time() - started:.0f} core-s")
    print(f"precision@5 {sum(shares) / max(len(shares), 1):.3f} of {len(shares)} linked topic-days with a planted product")
    print(f"recall {right} of {len(with_product)}; a planted product among the 5 nearest {reached} of {len(with_product)}")
    print(f"no product planted: {sum(not row[1] for row in without)} of {len(without)} abstained")
    print(f"linked to a category only: {sum(row[3]['level'] == 'category' for row in judged)}")


if __name__ == "__main__":
    main()
