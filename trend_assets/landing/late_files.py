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
from trend_assets.landing.files import landing_of_day, list_landing
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
    "social/term_counts",
    "social/clean_posts",
    "topics/topic_assignments",
    "topics/topic_hours",
    "influencers/interactions",
)
"""Tables of an hour that late posts rebuild; all others of the sealed lane stay as they were."""

LATE_WITHIN = timedelta(days=min(TABLES[path].retention_days or 400 for path in LATE_TABLES) - 2)
"""How long before the last sealed hour a late hour is still rebuilt: what it is rebuilt from must not have passed its retention."""

KNOWN_WITHIN = timedelta(days=COUNTS.retention_days or 400)
"""How long before the last sealed hour it is known what an hour was made from; files of older hours are not judged."""

DAYS_AT_ONCE = 31
"""Days with landing files that one look lists at most."""

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
class Sealed:
    """The hours that are sealed (start of the first, end of the last) and the start of the lake: which hours a late file may be of.

    There is one rule, whoever looks. A file of an hour that ended at most ``LATE_WITHIN`` before ``until`` is late, also where the
    hour is before the first that was sealed: its posts are taken in. Older hours, and those before the lake, are not rebuilt: their
    files are *expired* and a person is told.
    """

    first: datetime
    until: datetime
    lake_start: datetime

    @property
    def rebuilt_from(self) -> datetime:
        """First hour that is rebuilt when a file comes for it."""
        return max(self.until - LATE_WITHIN, self.lake_start)

    @property
    def judged_from(self) -> datetime:
        """First hour whose files are judged at all."""
        return self.until - KNOWN_WITHIN


@dataclass(frozen=True)
class Look:
    """What one bounded look at landing found.

    late: files by hour that the hour was not made from. expired: the same for hours that are not rebuilt. files: how many
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


def look_for_late(
    storage: Storage,
    lake: LakeReader,
    landed: Mapping[datetime, Sequence[str]],
    sealed: Sealed,
    *,
    newest: datetime,
    oldest: datetime,
    most_files: int,
) -> Look:
    """Compare landing files of hours from ``newest`` back to ``oldest`` (both included) with what the hours were made from.

    landed: the hours that have a landing folder, with their networks (``landing_hours``). Whole hours are compared, newest first,
    until ``most_files`` are reached; at least one hour that has files, so that looking always goes on.
    """
    late: dict[datetime, list[str]] = {}
    expired: dict[datetime, list[str]] = {}
    networks: dict[datetime, set[str]] = {}
    for hour in landed:
        if oldest <= hour <= newest:
            networks.setdefault(hour.replace(hour=0), set()).update(landed[hour])
    files, days = 0, sorted(networks, reverse=True)
    for day in days[:DAYS_AT_ONCE]:
        of_day = {hour: paths for hour, paths in landing_of_day(storage, sorted(networks[day]), day).items() if oldest <= hour <= newest}
        chosen: list[datetime] = []
        for hour in sorted(of_day, reverse=True):
            if files and files + len(of_day[hour]) > most_files:
                _compare(lake, sealed, {one: of_day[one] for one in chosen}, late, expired)
                return Look(late, expired, files, hour)
            files += len(of_day[hour])
            chosen.append(hour)
        _compare(lake, sealed, {one: of_day[one] for one in chosen}, late, expired)
    left = days[DAYS_AT_ONCE:]
    return Look(late, expired, files, left[0] + timedelta(hours=23) if left else None)


def _compare(
    lake: LakeReader,
    sealed: Sealed,
    files: Mapping[datetime, Sequence[str]],
    late: dict[datetime, list[str]],
    expired: dict[datetime, list[str]],
) -> None:
    hours = [hour for hour in files if hour >= sealed.judged_from]
    made_from = consumed(lake, hours)
    # Assignments pass their retention before the counts do: then those say what an hour was made from, if it ever was sealed.
    gone = [hour_key(hour) for hour in hours if sealed.first <= hour < sealed.rebuilt_from and not made_from[hour]]
    counted = files_of(lake, COUNTS, gone)
    for hour in hours:
        known = made_from[hour] or counted.get(hour_key(hour), {})
        new = [path for path in files[hour] if path not in known]
        if new:
            (expired if hour < sealed.rebuilt_from else late)[hour] = new


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


def look_everywhere(storage: Storage, lake: LakeReader, sealed: Sealed) -> Look:
    """Every late file of the hours up to the last sealed one: one listing of the whole landing root, one manifest an hour."""
    files = {hour: paths for hour, paths in list_landing(storage).items() if hour < sealed.until}
    look = Look(files=sum(map(len, files.values())))
    _compare(lake, sealed, files, look.late, look.expired)
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
    # Files of other hours among them brought notices of deletion, no posts of this one.
    folder = f"/hour={hour:%Y-%m-%dT%H}/"
    before = sorted(path for path in manifest.inputs if folder in path) if manifest is not None else []
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
