"""Late files: landing files that came after their hour was sealed, and the posts in them.

What belongs here: comparing landing files with what a sealed hour was made from, a bounded look for late files, reading what a
late run needs. What doesn't: which hours are sealable (``operations/sealing.py``), where late posts belong (``lib/topics/late.py``), when
it runs (``defs/social/sensors.py``).

What an hour was made from is in the manifest of its ``topics/topic_assignments``, the table in which sealing ends: written
when the hour is sealed, and again when late posts are taken in. It is handed on from table to table: raw posts record the files
they hold, clean posts those of the raw posts they were made from, assignments those of the clean posts. Nobody may ask what the raw
tables hold *now*: `trend-assets ingest` rebuilds them at any time, also between two steps of a run. ``social/landing_counts`` is asked
only where a table was made by a version that did not record its files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.manifest import Manifest
from trend_assets.lake.reader import LakeReader
from trend_assets.lake.storage import ConflictError, Storage, open_storage
from trend_assets.landing.files import list_landing
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.sources import decode_hours
from trend_assets.lib.tables import matches
from trend_assets.lib.topics.late import KEY, LateHour
from trend_assets.partitions import hour_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES, Table

RAW, COUNTS, ASSIGNMENTS = TABLES["social/raw_posts"], TABLES["social/landing_counts"], TABLES["topics/topic_assignments"]
READ_ATTEMPTS = 5
LATE_TABLES = (
    "social/raw_posts",
    "social/quarantined_posts",
    "social/deletions",
    "social/landing_counts",
    "social/clean_posts",
    "topics/topic_assignments",
    "topics/topic_hours",
    "influencers/interactions",
)
"""Tables of an hour that late posts rebuild; all others of the sealed lane stay as they were."""

LATE_WITHIN = timedelta(days=min(TABLES[path].retention_days or 400 for path in LATE_TABLES) - 2)
"""How long before the last sealed hour a late hour is still rebuilt: what it is rebuilt from must not have passed its retention."""

DAYS_AT_ONCE = 31
"""Days without landing files that one look passes over at most."""


HOURS_TOGETHER = 24
"""Most neighbouring late hours that one run rebuilds."""


@dataclass(frozen=True)
class LateRange:
    """Neighbouring late hours (first and last partition key) and their late files."""

    first: str
    last: str
    files: tuple[str, ...]

    @property
    def name(self) -> str:
        """The hours in words."""
        return self.first if self.first == self.last else f"{self.first} to {self.last}"

    @property
    def identity(self) -> str:
        """Names the set of files: the same set is asked for once."""
        return hashlib.sha256("\n".join(sorted(self.files)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Look:
    """What one bounded look at landing found.

    late: files by sealed hour that the hour was not made from. expired: the same for hours too old to be rebuilt. files: how many
    were compared. position: hour at which the next look goes on, ``None`` when everything has been looked at once.
    """

    late: dict[datetime, list[str]] = field(default_factory=dict)
    expired: dict[datetime, list[str]] = field(default_factory=dict)
    files: int = 0
    position: datetime | None = None


def consumed(lake: LakeReader, hours: Sequence[datetime]) -> dict[datetime, Mapping[str, str]]:
    """Landing files (path to hash) that each hour was made from; none for an hour that was sealed empty."""
    files = files_of(lake, ASSIGNMENTS, [hour_key(hour) for hour in hours])
    return {hour: files.get(hour_key(hour), {}) for hour in hours}


def files_of(lake: LakeReader, table: Table, keys: Sequence[str]) -> dict[str, dict[str, str]]:
    """Landing files (path to hash) that partitions of the table were made from; keys without any are left out."""
    return _files(lake, lake.manifests(table, keys))


def _files(lake: LakeReader, manifests: Mapping[str, Manifest | None]) -> dict[str, dict[str, str]]:
    old = [key for key, manifest in manifests.items() if manifest is not None and not manifest.inputs]
    known = {**manifests, **lake.manifests(COUNTS, old)}
    return {key: dict(manifest.inputs) for key, manifest in known.items() if manifest is not None and manifest.inputs}


def read_raw_posts(lake: LakeReader, keys: Sequence[str]) -> tuple[pa.Table, dict[str, dict[str, str]]]:
    """Raw posts of the hours and the landing files they are of, in one state even where somebody rebuilds them meanwhile."""
    for _ in range(READ_ATTEMPTS):
        manifests = lake.manifests(RAW, keys)
        posts, files = lake.read(RAW, keys), _files(lake, manifests)
        if lake.manifests(RAW, keys) == manifests:
            return posts, files
    raise ConflictError(f"{RAW.path} {keys[0]} to {keys[-1]} changed {READ_ATTEMPTS} times while it was being read: run it again")


def files_of_day(storage: Storage, networks: Sequence[str], day: datetime) -> dict[datetime, list[str]]:
    """Landing files of the day's hours, one listing for each network."""
    found: dict[datetime, list[str]] = {}
    for network in networks:
        for path in storage.list(f"network={network}/hour={day:%Y-%m-%d}"):
            if path.endswith(".jsonl.zst"):
                found.setdefault(_hour_of(path), []).append(path)
    return {hour: sorted(paths) for hour, paths in sorted(found.items())}


def _hour_of(path: str) -> datetime:
    start = path.index("/hour=") + 6
    return datetime.fromisoformat(f"{path[start : start + 13]}:00:00+00:00")


def look_for_late(
    storage: Storage,
    lake: LakeReader,
    *,
    networks: Sequence[str],
    newest: datetime,
    oldest: datetime,
    sealed_until: datetime,
    most_files: int,
) -> Look:
    """Compare landing files of sealed hours from ``newest`` back to ``oldest`` (both included) with what the hours were made from.

    Whole hours are compared, newest first, until ``most_files`` are reached; at least one hour that has files, so that looking
    always goes on. An hour that ended more than ``LATE_WITHIN`` before ``sealed_until`` is reported as expired.
    """
    late: dict[datetime, list[str]] = {}
    expired: dict[datetime, list[str]] = {}
    files, position = 0, newest
    for _ in range(DAYS_AT_ONCE):
        if position < oldest:
            return Look(late, expired, files, None)
        day = position.replace(hour=0)
        of_day = {hour: paths for hour, paths in files_of_day(storage, networks, day).items() if oldest <= hour <= position}
        chosen: list[datetime] = []
        for hour in sorted(of_day, reverse=True):
            if files and files + len(of_day[hour]) > most_files:
                _compare(lake, chosen, of_day, sealed_until, late, expired)
                return Look(late, expired, files, hour)
            files += len(of_day[hour])
            chosen.append(hour)
        _compare(lake, chosen, of_day, sealed_until, late, expired)
        position = day - timedelta(hours=1)
    return Look(late, expired, files, position if position >= oldest else None)


def _compare(
    lake: LakeReader,
    hours: Sequence[datetime],
    files: Mapping[datetime, Sequence[str]],
    sealed_until: datetime,
    late: dict[datetime, list[str]],
    expired: dict[datetime, list[str]],
) -> None:
    made_from = consumed(lake, hours)
    for hour in hours:
        new = [path for path in files[hour] if path not in made_from[hour]]
        if new:
            (expired if hour < sealed_until - LATE_WITHIN else late)[hour] = new


def ranges_of(late: Mapping[datetime, Sequence[str]]) -> list[LateRange]:
    """Late hours as ranges of neighbours, in time order."""
    ranges: list[list[datetime]] = []
    for hour in sorted(late):
        if ranges and hour - ranges[-1][-1] == timedelta(hours=1) and len(ranges[-1]) < HOURS_TOGETHER:
            ranges[-1].append(hour)
        else:
            ranges.append([hour])
    return [
        LateRange(hour_key(hours[0]), hour_key(hours[-1]), tuple(path for hour in hours for path in sorted(late[hour]))) for hours in ranges
    ]


def look_everywhere(storage: Storage, lake: LakeReader, sealed: tuple[datetime, datetime]) -> Look:
    """Every late file of the hours up to the last sealed one: one listing of the whole landing root, one manifest an hour."""
    files = {hour: paths for hour, paths in list_landing(storage).items() if hour < sealed[1]}
    look = Look(files=sum(map(len, files.values())))
    _compare(lake, list(files), files, sealed[1], look.late, look.expired)
    return look


def late_hours(lake: LakeReader, settings: Settings, hours: Sequence[datetime]) -> Iterator[LateHour]:
    """What a late run of the hours reads, after their raw and clean posts were rebuilt; hours in time order, one at a time."""
    for hour in hours:
        key = hour_key(hour)
        yield LateHour(
            hour=hour,
            clean_posts=lake.read(TABLES["social/clean_posts"], [key]),
            late=_late_keys(lake, settings, hour),
            recorded=lake.read(ASSIGNMENTS, [key]),
            registry=lake.read(TABLES["topics/topics"], [key]),
        )


def _late_keys(lake: LakeReader, settings: Settings, hour: datetime) -> pa.Table:
    """Keys of the hour's posts that were not among those it was sealed with.

    A post of a late file may have been there before, delivered twice: the files the hour was sealed from are decoded again and
    tell. Where it is not recorded what an hour was sealed from (sealed by an older version), no post counts as late.
    """
    key = hour_key(hour)
    raw = lake.read(RAW, [key], columns=[*KEY, "landing_file"])
    manifest = lake.manifest(ASSIGNMENTS, key)
    if manifest is not None and manifest.rows and not manifest.inputs:
        return raw.slice(0, 0).select(KEY)
    before = sorted(manifest.inputs) if manifest is not None else []
    candidates = raw.filter(pc.invert(pc.is_in(raw["landing_file"], value_set=pa.array(before, pa.string()))))
    if not candidates.num_rows or not before:
        return candidates.select(KEY)
    return candidates.filter(pc.is_null(matches(candidates, _posts_of(settings, hour, before), KEY))).select(KEY)


def _posts_of(settings: Settings, hour: datetime, paths: Sequence[str]) -> pa.Table:
    storage = open_storage(settings.landing_root)
    present: list[tuple[str, bytes]] = []
    for path in paths:
        try:
            present.append((path, storage.read(path)))
        except FileNotFoundError:
            continue  # removed since: its posts are not in the rebuilt hour either
    pseudonyms = Pseudonyms(settings.pseudonym_key.get_secret_value())
    return decode_hours({hour: present}, lake_start=settings.lake_start, lake_end=settings.lake_end, pseudonyms=pseudonyms).raw_posts
