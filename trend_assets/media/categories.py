"""The pictures of an hour's posts to rows of ``image_category/media_categories``.

What belongs here: which pictures are looked at, and what is kept of each. What doesn't: fetching (``fetch.py``), the model.

Bytes live as long as it takes to judge them: of a picture are kept a hash, a category and a probability. A picture that several posts
show is fetched once an hour and judged once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.vision.images import ImageRefusedError, decode
from trend_assets.lib.privacy.gone import DELETION_COLUMNS, still_there
from trend_assets.lib.tables import matches
from trend_assets.media.addresses import MediaRefusedError
from trend_assets.media.fetch import Limits, MediaFetcher
from trend_assets.media.folder import MediaFolder
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets.tables.media import CLASSIFIED, MEDIA_CATEGORIES, UNSURE

Predict = Callable[[pa.Table], npt.NDArray[np.float64]]
LEAST_PROBABILITY = 0.5
"""Below, a picture counts as unsure: the model knows its categories only and calls everything one of them."""
_ON = ["network", "post_id"]
_COLUMNS = [*_ON, "author", "reposted_post", "reposted_author", "created_at", "kind"]


@dataclass(frozen=True)
class Judge:
    """The champion: its version, labels, what gives probabilities of images, and the probability below which it abstains."""

    version: int
    labels: Sequence[str]
    predict: Predict
    least_probability: float = LEAST_PROBABILITY


@dataclass
class Source:
    """Where pictures are got: the folder first, then allowed hosts, so many an hour at most. Neither: nowhere."""

    folder: MediaFolder | None = None
    fetcher: MediaFetcher | None = None
    per_hour: int = 500
    bytes_per_hour: int = 256 * 2**20
    _left: int = field(default=0, init=False)
    _before: int = field(default=0, init=False)

    def start_hour(self) -> None:
        """Begin a new count of what may be fetched."""
        self._left, self._before = self.per_hour, self.fetcher.bytes_read if self.fetcher else 0

    def get(self, reference: str) -> tuple[bytes, str, str]:
        """Bytes, file name and content type where known. Raises ``MediaRefusedError``."""
        if self.folder is not None:
            try:
                return (*self.folder.read(reference), "")
            except MediaRefusedError:
                if self.fetcher is None:
                    raise
        if self.fetcher is None:
            raise MediaRefusedError("host_not_allowed", "no host is allowed")
        if self._left <= 0 or self.fetcher.bytes_read - self._before >= self.bytes_per_hour:
            raise MediaRefusedError("over_limit", "as many pictures or bytes as an hour may bring were fetched")
        self._left -= 1
        found = self.fetcher.fetch(reference)
        return found.data, "", found.content_type


def source_of(settings: Settings) -> Source | None:
    """Where the settings allow pictures to come from; ``None``, the default, where they allow none."""
    if not settings.media_folder and not settings.media_hosts:
        return None
    limits = Limits(bytes=settings.media_most_kilobytes * 1024, seconds=settings.media_timeout_seconds)
    return Source(
        MediaFolder(settings.media_folder) if settings.media_folder else None,
        MediaFetcher(settings.media_hosts, limits) if settings.media_hosts else None,
        per_hour=settings.media_per_hour,
        bytes_per_hour=settings.media_megabytes_per_hour * 2**20,
    )


def categorise_hours(lake: Lake, keys: Sequence[str], source: Source, judge: Judge) -> pa.Table:
    """Rows for the media of each hour's posts that are still there. No picture, however bad, fails an hour: its row says why."""
    notices = lake.read(TABLES["social/deletions"], columns=list(DELETION_COLUMNS))
    parts = [MEDIA_CATEGORIES.empty()]
    for key in keys:
        source.start_hour()
        posts = still_there(lake.read(TABLES["social/clean_posts"], [key], columns=_COLUMNS), notices)
        posts = posts.filter(pc.not_equal(posts["kind"], "repost"))  # who repeats a picture shows nothing new
        raw = lake.read(TABLES["social/raw_posts"], [key], columns=[*_ON, "media"])
        parts.append(categorise(posts.append_column("media", raw["media"].take(matches(posts, raw, _ON))), source, judge))
    return pa.concat_tables(parts)


def categorise(posts: pa.Table, source: Source, judge: Judge) -> pa.Table:
    """Rows for the media of posts: ``network``, ``post_id``, ``created_at``, ``media``."""
    said: dict[str, dict[str, Any]] = {}
    rows = []
    for post in posts.select(["network", "post_id", "created_at", "media"]).to_pylist():
        for number, reference in enumerate(post.pop("media") or ()):
            if reference not in said:
                said[reference] = _judged(reference, source, judge)
            rows.append({**post, "media_index": number, "model_version": judge.version, **said[reference]})
    return MEDIA_CATEGORIES.from_rows(rows)


def _judged(reference: str, source: Source, judge: Judge) -> dict[str, Any]:
    nothing = {"category": None, "probability": None, "sha256": None}
    try:
        data, name, content_type = source.get(reference)
        decode(data, name, content_type)
    except (MediaRefusedError, ImageRefusedError) as refused:
        return {"outcome": refused.reason, **nothing}
    (found,) = judge.predict(pa.table({"image": pa.array([data], pa.binary())}))
    best = int(found.argmax())
    sure = bool(found[best] >= judge.least_probability)
    return {
        "outcome": CLASSIFIED if sure else UNSURE,
        "category": judge.labels[best] if sure else None,
        "probability": float(found[best]),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
