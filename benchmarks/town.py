"""Judges a finished `trend-assets demo` of the simulated town against its planted truth, and prints one row per planted trend.

    python -m benchmarks.town [--data FOLDER]

What belongs here: reading the truth (only evaluation may) and the published lake. What doesn't: thresholds; claims are made
where the figures are quoted. The detector was developed on this family of towns: a score for a claim needs another family.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import duckdb

from trend_assets.lake.lake import Lake
from trend_assets.tables import TABLES

LEAST_POSTS = 5
"""Posts of a planted trend that a topic must hold to count as being about it; and they must be the largest group in it."""

_FOUND = f"""
with held as (
    select topic_id, trend_id, count(*) as posts from planted join assigned using (network, post_id) group by all
), about as (
    select topic_id, trend_id from held where posts >= {LEAST_POSTS}
    qualify row_number() over (partition by topic_id order by posts desc) = 1
), raised as (
    select topic_id, min(hour) as first_raised, arg_max(label, score) as label from trends where not suppressed group by topic_id
)
select trend_id, count(distinct raised.topic_id) as topics, min(first_raised) as first_raised, arg_min(raised.label, first_raised) as label,
       array_agg(distinct links.product_id) filter (links.product_id is not null) as products,
       array_agg(distinct cards.action) filter (cards.action is not null) as actions
from about join raised using (topic_id)
left join links on links.topic_id = about.topic_id and links.linked
left join cards on cards.topic_id = about.topic_id
group by trend_id
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"), help="data folder of the demo")
    data = parser.parse_args().data
    lake, connection = Lake(str(data / "lake")), duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    for name, path in {"assigned": "topics/topic_assignments", "trends": "topics/trends"}.items():
        connection.register(name, lake.read(TABLES[path]))
    for name, path in {"links": "demand/product_trend_links", "cards": "demand/decision_cards"}.items():
        connection.register(name, lake.read(TABLES[path]))
    # Posts of X keep their ids; those of Bluesky are named by pseudonym in the lake and are left out here.
    truth = f"read_parquet('{data}/truth/posts/*.parquet')"
    connection.execute(
        f"create view planted as select network, post_id, trend_id from {truth} where network = 'x' and trend_id is not null"
    )
    found = {row[0]: row[1:] for row in connection.execute(_FOUND).fetchall()}
    trends = json.loads((data / "truth" / "trends.json").read_text())
    trends = trends if isinstance(trends, list) else trends["trends"]
    print(f"{'planted':8} {'kind':10} {'starts':13} {'raised':13} {'linked':>7} {'others':>6}  label / actions")
    for trend in trends:
        topics, first, label, products, actions = found.get(trend["trend_id"], (0, None, None, None, None))
        own, linked = set(trend["product_ids"]), set(products or [])
        print(
            f"{trend['trend_id']:8} {trend['kind']:10} {trend['starts_at'][:13]:13} {str(first)[:13] if topics else '-':13} "
            f"{len(own & linked):3d}/{len(own):<3d} {len(linked - own):6d}  {label or ''} / {', '.join(sorted(actions or []))}"
        )
    raised = connection.execute("select count(distinct topic_id) from trends where not suppressed").fetchone()
    about = sum(row[0] for row in found.values())
    print(f"raised topics {raised[0] if raised else 0}, of which about a planted trend {about}")


if __name__ == "__main__":
    main()
