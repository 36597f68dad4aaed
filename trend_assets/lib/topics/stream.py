"""Topics of a stream of posts, each at first sight: a window that is clustered again every few minutes.

What belongs here: steps shorter than an hour, and the state to go on from. What doesn't: what a step does (``assign.py``), hours
sealed for good (the sealed lane) and the live lane (``lib/live``), which judges the hour under way against the last sealed registry.

A post has a topic as soon as the step that it falls into is over: its window is clustered with it, the registry of the step before
decides which cluster is which topic. Posts that no other post resembles are alone, under the id they would found a topic with.
The state is the window's posts and the registry, both tables of the lake: a stream that goes on from them gives the same topics.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.topics.assign import HourTopics, TopicParameters, process
from trend_assets.lib.topics.registry import read_registry, topic_identifier, write_registry
from trend_assets.lib.topics.window import COLUMNS, RollingWindow
from trend_assets.tables import TABLES

_KEY = ["network", "post_id"]
_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class StreamState:
    """What a stream goes on from: start and posts of each step in the window, in time order, the registry after the last, posts waiting."""

    window: Sequence[tuple[datetime, pa.Table]]
    registry: pa.Table
    waiting: pa.Table | None = None


class TopicStream:
    """Topics of posts as they come.

    ``step`` is how often the window is clustered again (steps begin at its multiples since 1970), ``window`` how long a post stays,
    ``groups`` how many near-duplicate groups are clustered at most; the rest joins the nearest topic. ``parameters`` are those of
    the sealed lane; where authors aren't known, ``minimum_authors`` must be 1. A step costs what an hour of the sealed lane costs.
    """

    def __init__(
        self,
        *,
        step: timedelta = timedelta(minutes=5),
        window: timedelta = timedelta(hours=24),
        groups: int = 100_000,
        parameters: TopicParameters | None = None,
        state: StreamState | None = None,
    ) -> None:
        if not timedelta(0) < step <= window:
            raise ValueError(f"step {step} must be positive and within the window {window}")
        self._step, self._groups, self._parameters = step, groups, parameters or TopicParameters()
        self._rolling = RollingWindow(window / timedelta(hours=1))
        self._topics = read_registry(state.registry if state else TABLES["topics/topics"].empty())
        self._waiting = state.waiting if state else None
        for start, posts in state.window if state else ():
            self._rolling.add(start, posts)

    def add(self, clean_posts: pa.Table, *, now: datetime | None = None) -> Iterator[HourTopics]:
        """Take in posts, step by step in time order: topics of the step's posts, the registry after it, its events.

        The ``hour`` of a result is the start of its step. Steps without posts are passed over. Posts given together may be in any
        order. Posts of a step that has been taken in already, or before it, are late: they come in the step after the last.

        ``now`` (aware): steps that aren't over then wait for the next call, and posts dated after it come in the last step that is over, as
        a wrong date would empty the window. Without it every date is believed and nothing waits: give whole steps.
        """
        posts = clean_posts if self._waiting is None else pa.concat_tables([self._waiting, clean_posts])
        posts = posts.sort_by([("created_at", "ascending")])
        step = self._step // timedelta(microseconds=1)
        times = pc.cast(posts.column("created_at").combine_chunks(), pa.int64()).to_numpy()
        number = times // step
        if now is not None:
            number = np.where(times > (now - _ORIGIN) // timedelta(microseconds=1), (now - _ORIGIN) // self._step - 1, number)
        if self._rolling.hours:
            number = np.maximum(number, (self._rolling.hours[-1].hour - _ORIGIN) // self._step + 1)
        order = np.argsort(number, kind="stable")
        number, posts = number[order], posts.take(pa.array(order))
        over = len(number) if now is None else int(np.searchsorted(number, (now - _ORIGIN) // self._step))
        self._waiting = posts.slice(over) if over < len(number) else None
        for one in np.unique(number[:over]).tolist():
            begin, end = np.searchsorted(number, (one, one + 1)).tolist()
            self._rolling.add(_ORIGIN + one * self._step, posts.slice(begin, end - begin))
            snapshot = self._rolling.snapshot(self._groups)
            result, self._topics = process(snapshot, self._rolling.vocabulary, self._topics, self._parameters)
            yield result

    @property
    def state(self) -> StreamState:
        """What another stream of the same settings goes on from."""
        hours = self._rolling.hours
        last = hours[-1].hour if hours else _ORIGIN
        return StreamState(
            [(one.hour, one.posts.select(list(COLUMNS))) for one in hours], write_registry(last, self._topics), self._waiting
        )


def topic_of_each(clean_posts: pa.Table, assignments: pa.Table) -> pa.Array:
    """Topic id of each post (n,); a post without a topic has the id that the first of its copies would found one with.

    ``assignments`` are rows of ``topics/topic_assignments`` of the same posts, each at most once.
    """
    keys = pc.binary_join_element_wise(*(pc.cast(clean_posts.column(name), pa.string()) for name in _KEY), ":")
    known = pc.binary_join_element_wise(*(pc.cast(assignments.column(name), pa.string()) for name in _KEY), ":")
    topic = pc.take(assignments.column("topic_id"), pc.index_in(keys, value_set=known.combine_chunks()))
    # Copies that resemble nothing else are one topic, that of the first of them.
    groups = clean_posts.column("near_duplicate_key").to_numpy()
    first, group = np.unique(groups, return_index=True, return_inverse=True)[1:]
    alone = [topic_identifier(key) for key in keys.take(pa.array(first)).to_pylist()]
    return pc.coalesce(topic.combine_chunks(), pa.array(alone, pa.string()).take(pa.array(group)))


def for_any_author(parameters: TopicParameters | None = None) -> TopicParameters:
    """Parameters for posts whose authors aren't known, where two posts are a topic already: what evaluation of a stream needs.

    Events of any size count alike there, so topics are as fine as stories are.
    """
    parameters = parameters or TopicParameters()
    finer = replace(parameters.clustering, resolution=parameters.clustering.story_resolution)
    return replace(parameters, clustering=finer, minimum_groups=2, minimum_authors=1, minimum_cohesion=0.2, minimum_core_share=0.3)
