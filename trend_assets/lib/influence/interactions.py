"""Acts of attention in posts: reposts, quotes, replies and mentions as one row each.

What belongs here: turning clean posts into interactions. What doesn't: counting them (``rankings``).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.tables import TABLES

_SEPARATOR = "\x1f"
_TARGETS = (("repost", "reposted_author"), ("quote", "quoted_author"), ("reply", "in_reply_to_author"))


def interactions(clean_posts: pa.Table, assignments: pa.Table) -> pa.Table:
    """Rows of ``influencers/interactions``, sorted by time and key.

    ``clean_posts``: rows of ``social/clean_posts``; ``assignments``: of ``topics/topic_assignments`` for the same hours
    (posts without a topic get a null). A mention counts once per post and not at all where the same post reposts,
    quotes or answers that account; mentions inside a repost with a known author are the words of that author, so they
    are not the reposter's acts. Nobody interacts with themselves. No per-post Python objects: linear in posts + mentions.
    """
    table = TABLES["influencers/interactions"]
    posts = clean_posts.select(
        ["post_id", "network", "author", "created_at", "mentions", "reposted_author", "quoted_author", "in_reply_to_author"]
    )
    topic = pc.take(_flat(assignments["topic_id"]), pc.index_in(_keys(posts), value_set=_flat(_keys(assignments))))
    posts = posts.append_column("topic_id", topic).combine_chunks()
    parts = [_acts(posts, kind, posts[column]) for kind, column in _TARGETS] + [_mentions(posts)]
    acts = pa.concat_tables(parts)
    other = pc.not_equal(acts["target_author"], acts["source_author"])
    acts = acts.filter(pc.and_(other, pc.not_equal(acts["target_author"], "")))
    order = [(name, "ascending") for name in ("created_at", *table.key)]
    return table.conform(acts.sort_by(order))


def _acts(posts: pa.Table, kind: str, targets: pa.ChunkedArray | pa.Array) -> pa.Table:
    """One row per post with a target, of one kind."""
    return pa.table(
        {
            "created_at": posts["created_at"],
            "network": pc.cast(posts["network"], pa.string()),
            "post_id": pc.cast(posts["post_id"], pa.string()),
            "kind": pa.array([kind], pa.string()).take(pa.nulls(posts.num_rows, pa.int64()).fill_null(0)),
            "source_author": pc.cast(posts["author"], pa.string()),
            "target_author": pc.cast(targets, pa.string()),
            "topic_id": pc.cast(posts["topic_id"], pa.string()),
        }
    ).filter(pc.is_valid(targets))


def _mentions(posts: pa.Table) -> pa.Table:
    """One row per distinct mention of a post that is not already the target of its other acts."""
    lists = _flat(posts["mentions"])
    parent = pc.list_parent_indices(lists)
    mentioned = pc.cast(pc.list_flatten(lists), pa.string())
    rows = posts.take(parent)
    keep = pc.and_(pc.is_valid(mentioned), pc.is_null(rows["reposted_author"]))
    for column in ("quoted_author", "in_reply_to_author"):
        keep = pc.and_(keep, pc.invert(pc.fill_null(pc.equal(rows[column], mentioned), False)))
    acts = _acts(rows.filter(keep), "mention", mentioned.filter(_flat(keep)))
    names = acts.column_names
    # Rows of a post are alike but for the target, so grouping by all columns drops exactly the repeated mentions.
    return acts.group_by(names, use_threads=False).aggregate([]).select(names)


def _keys(table: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(pc.cast(table["network"], pa.string()), pc.cast(table["post_id"], pa.string()), _SEPARATOR)


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)
