"""Activity of topics by hour: counts over every post, not only the sampled window.

What belongs here: the aggregation of assignments to ``topics/topic_hours``. What doesn't: whether activity is unusual
(``lib/trends``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.tables import TABLES


def topic_hours(clean_posts: pa.Table, assignments: pa.Table, hours: Iterable[datetime]) -> pa.Table:
    """One row per topic and hour of ``hours`` in which it has a post, ordered by hour and topic.

    ``clean_posts`` and ``assignments`` may span any range; posts without an assignment aren't counted. Complexity: one join and
    four group-bys.
    """
    table = TABLES["topics/topic_hours"]
    wanted = pa.array(sorted(set(hours)), table.column("hour").type)
    # Assigned rows carry their numbers through the join, so only what is counted is gathered.
    columns = ["network", "post_id", "author", "kind", "language", "near_duplicate_key"]
    joined = assignments.select(["network", "post_id", "created_at", "topic_id"]).join(
        clean_posts.select(columns), keys=["network", "post_id"], join_type="inner"
    )
    joined = joined.append_column("hour", pc.floor_temporal(joined.column("created_at"), unit="hour").cast(table.column("hour").type))
    joined = joined.filter(pc.is_in(joined.column("hour"), value_set=wanted))
    if joined.num_rows == 0:
        return table.empty()
    is_repost = pc.equal(joined.column("kind"), "repost")
    by = ["hour", "topic_id"]
    counted = pa.table(
        {
            "hour": joined.column("hour"),
            "topic_id": joined.column("topic_id"),
            "reposts": pc.cast(is_repost, pa.int64()),
            "posts": pc.cast(pc.invert(is_repost), pa.int64()),
        }
    )
    totals = counted.group_by(by).aggregate([("posts", "sum"), ("reposts", "sum")])
    own = joined.filter(pc.invert(is_repost))
    own = own.append_column("french", pc.cast(pc.equal(own.column("language"), "fr"), pa.int64()))
    own = own.append_column("english", pc.cast(pc.equal(own.column("language"), "en"), pa.int64()))
    detail = own.group_by(by).aggregate(
        [("author", "count_distinct"), ("near_duplicate_key", "count_distinct"), ("french", "sum"), ("english", "sum")]
    )
    per_author = own.group_by([*by, "author"]).aggregate([("author", "count")])
    top = per_author.group_by(by).aggregate([("author_count", "max")])
    whole = (
        totals.join(detail, keys=by, join_type="left outer")
        .join(top, keys=by, join_type="left outer")
        .sort_by([("hour", "ascending"), ("topic_id", "ascending")])
    )

    def count(name: str) -> pa.ChunkedArray:
        return pc.cast(pc.fill_null(whole.column(name), 0), pa.int64())

    posts = count("posts_sum")
    share = pc.divide(pc.cast(count("author_count_max"), pa.float64()), pc.cast(pc.max_element_wise(posts, 1), pa.float64()))
    return table.conform(
        pa.table(
            {
                "hour": whole.column("hour"),
                "topic_id": whole.column("topic_id"),
                "posts": posts,
                "reposts": count("reposts_sum"),
                "authors": count("author_count_distinct"),
                "near_duplicate_groups": count("near_duplicate_key_count_distinct"),
                "french_posts": count("french_sum"),
                "english_posts": count("english_sum"),
                "top_author_share": share,
            }
        )
    )
