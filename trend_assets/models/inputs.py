"""What a model reads of posts: their columns, features as known at a moment, and what champions of other tasks say of them.

What belongs here: one way to get these, for training, the gate, predictions and the label queue alike. What doesn't: how features are made
(``features.py``), which posts are read (``training_set.py``, ``serving.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa

from trend_assets.lake.reader import LakeReader
from trend_assets.lib.learning.contract import Task, upstream_features
from trend_assets.models.bundles import Bundles
from trend_assets.models.features import with_features
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets.tables.point_in_time import POST_FEATURES, known_at_moments

_POSTS = TABLES["social/clean_posts"].schema
KEPT = ("network", "post_id", "created_at", "captured_at")
"""Columns by which features of a post are made or found."""


class Inputs:
    """The inputs of one task. A champion upstream is loaded once, whatever number of tables ``add`` is given."""

    def __init__(self, task: Task, settings: Settings, readers: tuple[str, ...] = ()) -> None:
        self._task, self._settings, self._readers = task, settings, readers

    @cached_property
    def upstream(self) -> Mapping[str, Inputs]:
        """Inputs of the tasks whose label this one reads as a feature, by name. Raises ``NotReadyError`` where they read one another."""
        from trend_assets.lib.learning.discovery import load_task
        from trend_assets.models.training_set import NotReadyError

        names = upstream_features(self._task)
        if circle := sorted(set(names) & set(self._readers)):
            raise NotReadyError(f"{circle[0]} reads its own label by way of {', '.join(self._readers)}: leave an edge out")
        return {name: Inputs(load_task(name), self._settings, (*self._readers, name)) for name in names}

    @cached_property
    def columns(self) -> list[str]:
        """Columns of ``social/clean_posts`` and features known at a moment that are wanted, those of upstream tasks included."""
        own = [name for name in self._task.features if name not in self.upstream]
        return list(dict.fromkeys([*own, *(name for one in self.upstream.values() for name in one.columns)]))

    @property
    def of_posts(self) -> list[str]:
        """Columns of ``social/clean_posts`` to read."""
        known = known_at_moments(self.columns)
        return [name for name in self.columns if name not in known]

    def field(self, name: str) -> pa.Field:
        """How an input is typed."""
        if name in self.upstream:
            return pa.field(name, pa.string())
        return (POST_FEATURES.schema if name in known_at_moments([name]) else _POSTS).field(name)

    def add(self, lake: LakeReader, posts: pa.Table, *, served: bool = False) -> pa.Table:
        """Posts with what they lack: features as of the moment from which each is known, then labels of upstream champions.

        posts: ``KEPT`` and ``of_posts``. served: as ``features.with_features`` says. Raises ``NotReadyError`` where an upstream task has no
        champion, ``IncompatibleModelError`` where it cannot be run, ``PointInTimeError`` as ``with_features``.
        """
        return self.add_answers(with_features(lake, self._settings, posts, known_at_moments(self.columns), served=served))

    def add_answers(self, posts: pa.Table) -> pa.Table:
        """Posts with the labels of upstream champions; null where there was nothing to judge by."""
        for name, inputs in self.upstream.items():
            if name not in posts.column_names:
                posts = posts.append_column(name, inputs.said(name, inputs.add_answers(posts)))
        return posts

    def said(self, name: str, posts: pa.Table) -> pa.Array:
        """The likeliest label of each post by the champion of this task, which is called ``name``."""
        from trend_assets.models.serving import says_something

        found, labels = self._champion(name)(posts).argmax(axis=1), self._task.labels
        there = says_something(posts, self._task.features)
        return pa.array(np.array(labels, dtype=object)[found], pa.string(), mask=~there)

    def _champion(self, name: str):  # type: ignore[no-untyped-def] # serving imports this module
        if not hasattr(self, "_predict"):
            from trend_assets.models.serving import bundled
            from trend_assets.models.training_set import NotReadyError

            found = bundled(self._task, name, Bundles(self._settings))
            if found is None:
                raise NotReadyError(f"what {name} says is read as a feature, and it has no champion: trend-assets models train {name}")
            self._predict = found[1]
        return self._predict
