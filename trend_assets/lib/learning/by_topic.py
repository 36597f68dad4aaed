"""Predictions counted by topic and hour: what people say, without saying who.

What belongs here: the aggregate. What doesn't: predictions themselves (tasks), topics (``lib/topics``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.tables import matches
from trend_assets.tables.models import ABSTAINED, WITHHELD

ALL_TOPICS = "all"
WINDOW_HOURS = 24
LEAST_AUTHORS = 5
"""Groups of fewer authors are left out: an aggregate may not point at people."""
_HOUR = 3_600_000_000


def labels_by_topic(
    hours: Sequence[datetime], predictions: pa.Table, posts: pa.Table, assignments: pa.Table, labels: Sequence[str]
) -> pa.Table:
    """Posts and authors by label and topic in the day that ends with each of ``hours``, where five or more authors wrote.

    Labels of fewer authors are counted together as ``WITHHELD``, and with them the next smallest where they are still too few: neither
    a row nor what the rows of a topic and hour leave of its whole is about fewer than five people. Differences between rows of
    several hours, or between all posts and topics, may be: windows overlap.

    predictions: network, post_id, created_at, label, abstained (then it counts as that and not under the label), of the hours and the day
    before. posts: network, post_id, author.
    assignments: network, post_id, topic_id; a post without a topic counts in ``all`` only. Columns: hour, topic_id, label,
    posts, authors (of the topic, whatever the label), share (of the topic's posts).
    """
    on = ["network", "post_id"]
    author = posts["author"].take(matches(predictions, posts, on))
    topic = assignments["topic_id"].take(matches(predictions, assignments, on))
    label = predictions["label"]
    if "abstained" in predictions.column_names:
        label = pc.if_else(pc.fill_null(predictions["abstained"], False), ABSTAINED, label)
    rows = pa.table({"hour": _hours(predictions["created_at"]), "topic_id": topic, "label": label, "author": author})
    whole = rows.set_column(1, "topic_id", pa.array([ALL_TOPICS] * len(rows), pa.string()))
    rows = pa.concat_tables([whole, rows.filter(pc.is_valid(rows["topic_id"]))])
    rows = rows.filter(pc.is_valid(rows["author"]))
    wanted = pa.array([int(hour.timestamp()) // 3600 for hour in hours], pa.int64())
    ends = pa.concat_tables([_shifted(rows, later) for later in range(WINDOW_HOURS)])
    ends = ends.filter(pc.is_in(ends["hour"], value_set=wanted))
    totals = _counted(ends, ["hour", "topic_id"]).rename_columns(["hour", "topic_id", "authors", "all_posts"])
    totals = totals.filter(pc.greater_equal(totals["authors"], LEAST_AUTHORS))
    joined = _cells(ends).join(totals, ["hour", "topic_id"], join_type="inner", use_threads=False)
    order = {label: number for number, label in enumerate([*labels, ABSTAINED, WITHHELD])}
    place = pa.array([order[label] for label in joined["label"].to_pylist()], pa.int32())
    result = pa.table(
        {
            "hour": pc.multiply(joined["hour"], _HOUR).cast(pa.timestamp("us", tz="UTC")),
            "topic_id": joined["topic_id"],
            "label": joined["label"],
            "posts": joined["posts"],
            "authors": joined["authors"],
            "share": pc.divide(joined["posts"].cast(pa.float64()), joined["all_posts"].cast(pa.float64())).cast(pa.float32()),
            "place": place,
        }
    )
    return result.sort_by([("hour", "ascending"), ("topic_id", "ascending"), ("place", "ascending")]).drop_columns(["place"])


def _cells(rows: pa.Table) -> pa.Table:
    """Posts by hour, topic and label, small labels together: columns hour, topic_id, label, posts."""
    cell, group = ["hour", "topic_id", "label"], ["hour", "topic_id"]
    cells = _counted(rows, cell)
    small = pc.less(cells["writers"], LEAST_AUTHORS)
    withheld, others = cells.filter(small).select(cell), cells.filter(pc.invert(small))
    together = _counted(rows.join(withheld, cell, join_type="left semi", use_threads=False), group)
    short = together.filter(pc.less(together["writers"], LEAST_AUTHORS)).select(group)
    others = others.join(short, group, join_type="left semi", use_threads=False).sort_by([("writers", "ascending"), ("label", "ascending")])
    smallest = others.group_by(group, use_threads=False).aggregate([("label", "first")]).rename_columns(cell)
    withheld = pa.concat_tables([withheld, smallest])
    posts = cells.join(withheld, cell, join_type="left semi", use_threads=False).group_by(group, use_threads=False)
    together = posts.aggregate([("posts", "sum")]).rename_columns([*group, "posts"])
    together = together.append_column("label", pa.array([WITHHELD] * len(together), pa.string()))
    given = cells.join(withheld, cell, join_type="left anti", use_threads=False)
    return pa.concat_tables([part.select([*cell, "posts"]) for part in (given, together)])


def _counted(rows: pa.Table, by: list[str]) -> pa.Table:
    """Distinct authors and posts of each group: columns ``by``, writers, posts."""
    counted = rows.group_by(by, use_threads=False).aggregate([("author", "count_distinct"), ("author", "count")])
    return counted.rename_columns([*by, "writers", "posts"])


def _hours(times: pa.ChunkedArray) -> pa.Array:
    """Hours since 1970 of times."""
    return pa.array(np.asarray(times.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())) // _HOUR, pa.int64())


def _shifted(rows: pa.Table, later: int) -> pa.Table:
    return rows.set_column(0, "hour", pc.add(rows["hour"], later))
