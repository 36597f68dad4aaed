"""Late posts: which topic the posts of a sealed hour have that came after it was sealed.

What belongs here: the late posts of sealed hours against the registries recorded for them. What doesn't: how an hour is sealed
(``assign.py``), which posts are late (``landing/late_files.py`` and the asset know which landing files an hour was sealed from).

Sealing an hour is final: topics are neither founded nor changed here, no event is written, and a post that has an assignment
keeps it. A late post gets the topic that its near-duplicate group is a member of, else the topic of the nearest centre, at
the same similarity as a post outside the sample (``TopicParameters.nearest_similarity``), else none. A late repost is in the
group of its original where the window has it. Weights are those of the window as it is now, late posts included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.tables import matches
from trend_assets.lib.topics.assign import TopicParameters
from trend_assets.lib.topics.registry import Topic, read_registry
from trend_assets.lib.topics.vectors import Vectors, weigh_documents
from trend_assets.lib.topics.window import RollingWindow, WindowPosts
from trend_assets.tables import TABLES

KEY = ["network", "post_id"]


@dataclass(frozen=True)
class LateHour:
    """A sealed hour: its clean posts as they are now, keys of those that are late, and what was recorded at sealing.

    late: columns ``network`` and ``post_id``. recorded: the hour's ``topics/topic_assignments``. registry: its ``topics/topics``.
    """

    hour: datetime
    clean_posts: pa.Table
    late: pa.Table
    recorded: pa.Table
    registry: pa.Table


def assign_late(
    hours: Iterable[LateHour],
    *,
    window: Sequence[tuple[datetime, pa.Table]],
    window_hours: int = 24,
    window_groups: int = 100_000,
    parameters: TopicParameters | None = None,
) -> Iterator[pa.Table]:
    """``topics/topic_assignments`` of each hour: what was recorded, as it was, and the late posts that have a topic.

    ``hours`` come in time order; ``window`` are the clean posts of the hours before the first that are in its window. A recorded
    post that the hour no longer holds (its landing file is gone) is left out. Raises ``ValueError`` when hours are out of order.
    """
    parameters = parameters or TopicParameters()
    rolling = RollingWindow(window_hours)
    for hour, posts in window:
        rolling.add(hour, posts)
    table = TABLES["topics/topic_assignments"]
    for sealed in hours:
        rolling.add(sealed.hour, sealed.clean_posts)
        kept = sealed.recorded.filter(pc.is_valid(matches(sealed.recorded, sealed.clean_posts, KEY)))
        late = sealed.late.filter(pc.is_null(matches(sealed.late, kept, KEY)))
        if late.num_rows == 0 or sealed.registry.num_rows == 0:
            yield table.conform(kept)
            continue
        found = _assign(rolling, late, read_registry(sealed.registry), window_groups, parameters)
        yield pa.concat_tables([table.conform(kept), found])


def _assign(rolling: RollingWindow, late: pa.Table, topics: list[Topic], window_groups: int, parameters: TopicParameters) -> pa.Table:
    """Assignments of the late posts of the newest hour that have a topic."""
    from trend_assets.lib.topics.sparse import nearest_centre, similarity_to_centre, weigh

    # The terms of the registry's centres get their numbers before the window is weighed: columns are made for what is known then.
    centre_terms = [rolling.vocabulary.numbers(pa.array(topic.centre_terms, pa.string()), "") for topic in topics]
    posts = rolling.snapshot(window_groups)
    dropped = parameters.clustering.dropped_length
    vectors = weigh_documents(posts.starts, posts.terms, posts.rows, rolling.vocabulary, dropped=dropped)
    rows = _late_rows(posts, late)
    rows = rows[posts.representative[rows] >= 0]
    heads, group = np.unique(posts.representative[rows], return_inverse=True)
    starts, columns, weights = weigh(posts.starts, posts.terms, heads, vectors.column_of, vectors.idf, dropped)
    centres = _centres(topics, centre_terms, vectors)
    nearest, cosine = nearest_centre(starts, columns, weights, *centres, vectors.width)
    member = _topic_of_members(topics, np.concatenate([hour.group for hour in posts.hours])[heads])
    chosen = np.where(member >= 0, member, np.where(cosine >= parameters.nearest_similarity, nearest, -1))
    similarity, _ = similarity_to_centre(starts, columns, weights, chosen, *centres, vectors.width, 0)
    assigned = chosen[group] >= 0
    rows, group = rows[assigned], group[assigned]
    return _table(posts, rows, chosen[group], similarity[group], member[group] >= 0, [topic.topic_id for topic in topics])


def _late_rows(posts: WindowPosts, late: pa.Table) -> np.ndarray:
    """Rows of the window that hold the late posts of its newest hour, in canonical order."""
    newest = posts.hours[-1].posts
    return posts.newest.start + np.flatnonzero(pc.is_valid(matches(newest, late, KEY)).to_numpy(zero_copy_only=False))


def _centres(topics: list[Topic], numbers: list[np.ndarray], vectors: Vectors) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Recorded centres in the window's columns, in compressed rows; terms that the window no longer weighs are left out."""
    lengths, columns, weights = [], [], []
    for topic, terms in zip(topics, numbers, strict=True):
        column = vectors.column_of[terms]
        known = column >= 0
        lengths.append(int(known.sum()))
        columns.append(column[known])
        weights.append(topic.centre_weights[known])
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return starts, np.concatenate(columns).astype(np.int32), np.concatenate(weights).astype(np.float32)


def _topic_of_members(topics: list[Topic], keys: np.ndarray) -> np.ndarray:
    """Number of the topic that each near-duplicate key is a member of, or -1. Topics share no member; the older one wins if they did."""
    topic_of = {key: number for number, topic in reversed(list(enumerate(topics))) for key in topic.members.tolist()}
    return np.array([topic_of.get(key, -1) for key in keys.tolist()], np.int64)


def _table(
    posts: WindowPosts, rows: np.ndarray, number: np.ndarray, similarity: np.ndarray, member: np.ndarray, topic_ids: list[str]
) -> pa.Table:
    newest = posts.hours[-1].posts.take(pa.array(rows - posts.newest.start))
    assigned_by = np.where(member & posts.is_repost[rows], "repost", "nearest")
    return TABLES["topics/topic_assignments"].conform(
        pa.table(
            {
                "post_id": newest.column("post_id"),
                "network": newest.column("network"),
                "created_at": newest.column("created_at"),
                "topic_id": pa.array(topic_ids, pa.string()).take(pa.array(number, pa.int64())),
                "story_id": pa.nulls(len(rows), pa.string()),
                "assigned_by": pa.array(assigned_by.tolist(), pa.string()),
                "similarity": pa.array(np.clip(similarity, 0.0, 1.0), pa.float32()),
            }
        )
    )
