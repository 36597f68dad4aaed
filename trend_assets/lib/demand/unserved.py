"""Trends that no product answers: what buyers may want to source, with the products that come nearest and why they don't do.

What belongs here: the rows of ``demand/unserved_trends``. What doesn't: why a product is or isn't linked (``links.py``).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.tables import TABLES

UNSERVED = TABLES["demand/unserved_trends"]
MOST_NEAREST = 5
LEAST_LANGUAGE_SHARE = 0.1
UNDECIDED = "und"


def unserved_trends(trends: pa.Table, links: pa.Table, nearest: pa.Table, posts: pa.Table, day: date) -> pa.Table:
    """Raised trends of the day without a linked product, strongest first, conforming to ``demand/unserved_trends``.

    Parameters: ``trends``, rows of ``topics/trends`` of the day's hours (suppressed ones are left out here); ``links`` and
    ``nearest`` as ``links.link_day`` returns them for these trends; ``posts`` of the day with ``topic_id``, ``author`` and
    ``language``. A trend whose row in ``links`` is missing is left out: it was not judged.
    """
    linked = pc.unique(links.filter(links["linked"])["topic_id"])
    abstained = {row["topic_id"]: row for row in links.filter(pc.invert(links["linked"])).to_pylist()}
    raised = trends.filter(pc.and_(pc.invert(trends["suppressed"]), pc.invert(pc.is_in(trends["topic_id"], value_set=linked))))
    raised = raised.filter(pc.is_in(raised["topic_id"], value_set=pa.array(sorted(abstained), pa.string())))
    if not raised.num_rows:
        return UNSERVED.empty()
    near = {row["topic_id"]: row for row in nearest.to_pylist()}
    activity = _activity(posts, pc.unique(raised["topic_id"]))
    hours: dict[str, list[dict[str, Any]]] = {}
    for row in raised.sort_by([("topic_id", "ascending"), ("hour", "ascending")]).to_pylist():
        hours.setdefault(row["topic_id"], []).append(row)
    rows = [_row(topic, hours[topic], abstained[topic], near[topic], activity.get(topic, _SILENT)) | {"day": day} for topic in hours]
    rows.sort(key=lambda row: (-row["score"], row["topic_id"]))
    return UNSERVED.from_rows(row | {"rank": number} for number, row in enumerate(rows, start=1))


_SILENT: dict[str, Any] = {"posts": 0, "authors": 0, "language": None, "languages": []}


def _row(
    topic_id: str, hours: list[dict[str, Any]], link: dict[str, Any], near: dict[str, Any], activity: dict[str, Any]
) -> dict[str, Any]:
    strongest = max(hours, key=lambda row: (row["score"], row["hour"]))
    ids, similarities = near["product_ids"][:MOST_NEAREST], near["similarities"][:MOST_NEAREST]
    return {
        "topic_id": topic_id,
        "label": strongest["label"],
        "lane": strongest["lane"],
        "stage": hours[-1]["stage"],
        "score": strongest["score"],
        "hours_raised": len(hours),
        "first_raised_at": hours[0]["first_raised_at"],
        "why": link["why"],
        "reason": link["reason"],
        "category": link["category"],
        "product_type": link["product_type"],
        "category_score": near["category_score"],
        "nearest_product_id": ids[0] if ids else None,
        "nearest_similarity": similarities[0] if similarities else 0.0,
        "nearest_product_ids": ids,
        "nearest_similarities": similarities,
        "nearest_methods": near["methods"],
        **activity,
    }


def _activity(posts: pa.Table, topics: pa.Array) -> dict[str, dict[str, Any]]:
    """Posts, distinct authors and languages of each topic that day."""
    of_topics = posts.select(["topic_id", "author", "language"]).filter(pc.is_in(posts["topic_id"], value_set=topics))
    counted = of_topics.group_by("topic_id").aggregate([([], "count_all"), ("author", "count_distinct")])
    found = {
        row["topic_id"]: {"posts": row["count_all"], "authors": row["author_count_distinct"], "language": None, "languages": []}
        for row in counted.to_pylist()
    }
    told = of_topics.filter(pc.not_equal(of_topics["language"], UNDECIDED))
    by_language = told.group_by(["topic_id", "language"]).aggregate([([], "count_all")])
    ordered = by_language.sort_by([("topic_id", "ascending"), ("count_all", "descending"), ("language", "ascending")])
    for row in ordered.to_pylist():
        activity = found[row["topic_id"]]
        activity["language"] = activity["language"] or row["language"]
        if row["count_all"] >= LEAST_LANGUAGE_SHARE * activity["posts"]:
            activity["languages"].append(row["language"])
    return found
