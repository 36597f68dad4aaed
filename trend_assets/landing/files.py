"""Landing: the immutable files of records exactly as they were received, before anything interprets them.

What belongs here: their one writer (shared by ``collect``, ``ingest`` and the simulated town) and their listing. What
doesn't: the file format (``lib/sources/landing_file``), what a record means (``lib/sources``), reading of users' files (``ingest``).

Layout, relative to the landing root: ``network=N/hour=YYYY-MM-DDTHH/<ulid>-<sha12>.jsonl.zst``.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from trend_assets.lib.sources.landing_file import (
    FUTURE_TOLERANCE,
    HOUR_FORMAT,
    DamagedLandingFileError,
    LandingRecord,
    compress_lines,
    encode_line,
    file_path,
    landing_hour,
    landing_network,
    line_prefix,
    read_lines,
)

if TYPE_CHECKING:
    from trend_assets.lake.storage import Storage

__all__ = [
    "DamagedLandingFileError",
    "LandingRecord",
    "LandingWriter",
    "landing_hour",
    "landing_hours",
    "landing_network",
    "landing_of_day",
    "list_landing",
    "make_ulid",
    "read_lines",
]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_HOUR_FOLDER = re.compile(r"/hour=(\d{4}-\d\d-\d\dT\d\d)$")
_FEW_FOLDERS = 50
_NETWORK_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_FILE_BYTES = 32 << 20  # uncompressed size at which one hour's buffer is published as a file


class LandingWriter:
    """Writes records into immutable landing files, one buffer per network and hour.

    A record goes to the hour of ``created_at`` if that is inside [``lake_start``, ``lake_end``) and at most ten minutes
    after its receipt, else to the hour of receipt (kept inside the lake, so that every record has a partition that counts
    it). Nothing is visible before ``flush`` or a full buffer; each file appears whole or not at all, so a source may be
    acknowledged when ``flush`` returns.

    Parameters: ``storage`` has the landing folder as its root; ``clock`` and ``entropy`` (bytes of a given number) make
    the ULIDs, pass fixed ones for reproducible names.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        lake_start: datetime,
        lake_end: datetime | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        entropy: Callable[[int], bytes] = secrets.token_bytes,
        max_buffered_bytes: int = 256 << 20,
    ) -> None:
        self._storage = storage
        self._lake_start = lake_start.astimezone(UTC)
        self._lake_end = (lake_end or datetime.max.replace(tzinfo=UTC)).astimezone(UTC)
        self._clock = clock
        self._entropy = entropy
        self._max_buffered_bytes = max_buffered_bytes
        self._buffers: dict[tuple[str, str], list[bytes]] = {}
        self._sizes: dict[tuple[str, str], int] = {}
        self._buffered_bytes = 0
        self._published: list[str] = []
        self._prefixes: dict[tuple[str, datetime, str, str], bytes] = {}

    def add(self, record: LandingRecord) -> None:
        """Buffer one record. Raises ``ValueError`` for a network name that can't be a folder name."""
        prefix_key = (record.source, record.received_at, record.request_id, record.kind)
        prefix = self._prefixes.get(prefix_key)
        if prefix is None:
            if len(self._prefixes) > 10_000:
                self._prefixes.clear()
            received = record.received_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            prefix = line_prefix(record.source, received, record.request_id, record.kind)
            self._prefixes[prefix_key] = prefix
        line = encode_line(prefix, record.body, record.includes)
        self._append(record.network, self._hour(record.created_at, record.received_at), [line])

    def add_many(self, records: Iterable[LandingRecord]) -> None:
        """Buffer several records."""
        for record in records:
            self.add(record)

    def add_batch(
        self,
        network: str,
        source: str,
        request_id: str,
        kind: str,
        bodies: Sequence[bytes],
        received_at: np.ndarray,
        created_at: np.ndarray,
        includes: Sequence[bytes | None] | None = None,
        *,
        checked: bool = True,
    ) -> None:
        """Buffer many records at once: the fast way for a program that makes its own records.

        ``received_at`` and ``created_at`` (NaT: none) are ``datetime64[us]`` (UTC), as long as ``bodies``; ``includes``
        likewise, JSON objects or None. ``checked`` False: every body is one JSON object on one line, the caller vouches for it.
        """
        if not len(bodies) == len(received_at) == len(created_at) or (includes is not None and len(includes) != len(bodies)):
            raise ValueError("bodies, received_at, created_at and includes must have the same length")
        received_at = received_at.astype("datetime64[us]")
        start, end = line_prefix(source, "\0", request_id, kind).split(b"\\u0000")
        prefixes = [start + text + b"Z" + end for text in np.datetime_as_string(received_at, unit="us").astype("S26").tolist()]
        hours = np.datetime_as_string(self._hours(created_at.astype("datetime64[us]"), received_at), unit="h").tolist()
        lines_by_hour: dict[str, list[bytes]] = {hour: [] for hour in set(hours)}
        if checked or includes is not None:
            for hour, prefix, body, included in zip(hours, prefixes, bodies, includes or [None] * len(bodies), strict=True):
                lines_by_hour[hour].append(encode_line(prefix, body, included))
        else:
            for hour, prefix, body in zip(hours, prefixes, bodies, strict=True):
                lines_by_hour[hour].append(b'%b"body":%b}\n' % (prefix, body))
        for hour in sorted(lines_by_hour):
            self._append(network, hour, lines_by_hour[hour])

    def flush(self) -> list[str]:
        """Publish everything buffered; returns the paths published since the last call, sorted."""
        for key in sorted(self._buffers):
            self._publish(key)
        published, self._published = sorted(self._published), []
        return published

    def _hour(self, created_at: datetime | None, received_at: datetime) -> str:
        moment = min(max(received_at, self._lake_start), self._lake_end - timedelta(microseconds=1))
        if created_at is not None and self._lake_start <= created_at < self._lake_end and created_at - received_at <= FUTURE_TOLERANCE:
            moment = created_at
        return moment.astimezone(UTC).strftime(HOUR_FORMAT)

    def _hours(self, created_at: np.ndarray, received_at: np.ndarray) -> np.ndarray:
        # The same rule as _hour, for arrays.
        start = np.datetime64(self._lake_start.replace(tzinfo=None), "us")
        end = np.datetime64(self._lake_end.replace(tzinfo=None), "us")
        inside = (created_at >= start) & (created_at < end) & (created_at - received_at <= np.timedelta64(FUTURE_TOLERANCE))
        return np.where(inside, created_at, np.clip(received_at, start, end - np.timedelta64(1, "us"))).astype("datetime64[h]")

    def _append(self, network: str, hour: str, lines: list[bytes]) -> None:
        key = (network, hour)
        if key not in self._buffers:
            if not _NETWORK_NAME.fullmatch(network):
                raise ValueError(f"network name {network!r} must be lower-case letters, digits, - or _ (it names a folder)")
            self._buffers[key] = []
            self._sizes[key] = 0
        self._buffers[key].extend(lines)
        size = sum(map(len, lines))
        self._sizes[key] += size
        self._buffered_bytes += size
        if self._sizes[key] >= _FILE_BYTES:
            self._publish(key)
        while self._buffered_bytes > self._max_buffered_bytes:
            self._publish(max(self._sizes, key=lambda other: (self._sizes[other], other)))

    def _publish(self, key: tuple[str, str]) -> None:
        # The buffer is dropped only after it is published: a failed write can be retried without loss.
        network, hour = key
        data = compress_lines(self._buffers[key])
        path = file_path(network, hour, make_ulid(self._clock(), self._entropy(10)), data)
        self._storage.write_new(path, data)
        self._buffered_bytes -= self._sizes.pop(key)
        del self._buffers[key]
        self._published.append(path)


def make_ulid(moment: datetime, entropy: bytes) -> str:
    """The ULID (26 characters, Crockford's base 32) of an aware time and ten bytes: sorts by time."""
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    number = (milliseconds << 80) | int.from_bytes(entropy[:10], "big")
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def landing_hours(storage: Storage) -> dict[datetime, list[str]]:
    """Hours (aware, UTC, in time order) with their networks, from the names of folders: no file is listed.

    A folder may be left without a landing file, by a writer that was killed.
    """
    found: dict[str, list[str]] = {}
    for network in _networks(storage):
        for folder in storage.folders(f"network={network}"):
            if match := _HOUR_FOLDER.search(folder):
                found.setdefault(match.group(1), []).append(network)
    return {datetime.strptime(hour, HOUR_FORMAT).replace(tzinfo=UTC): found[hour] for hour in sorted(found)}


def list_landing(
    storage: Storage, hours: Collection[datetime] | None = None, networks: Collection[str] | None = None
) -> dict[datetime, list[str]]:
    """Landing files by hour (aware, UTC), each list sorted; hours without files are absent.

    ``hours`` None means all, one listing of the whole landing root: it grows for ever, so only a person may ask that. For given
    hours only their folders are listed. ``networks`` None: those that landing has.
    """
    if hours is None:
        return _by_hour(storage.list("network="))
    wanted = {hour.astimezone(UTC).strftime(HOUR_FORMAT) for hour in hours}
    folders = []
    for network in _networks(storage) if networks is None else sorted(networks):
        of_network = {f"network={network}/hour={hour}" for hour in wanted}
        # Most of many hours may have no folder: naming those there are is one listing.
        folders += sorted(of_network if len(of_network) <= _FEW_FOLDERS else of_network.intersection(storage.folders(f"network={network}")))
    with ThreadPoolExecutor(storage.workers, thread_name_prefix="landing") as pool:
        listed = list(pool.map(lambda folder: storage.list(f"{folder}/"), folders))
    return _by_hour(path for paths in listed for path in paths)


def landing_of_day(storage: Storage, networks: Iterable[str], day: datetime) -> dict[datetime, list[str]]:
    """Landing files of the day's hours, as ``list_landing``: one listing for each network."""
    return _by_hour(path for network in networks for path in storage.list(f"network={network}/hour={day:%Y-%m-%d}"))


def _networks(storage: Storage) -> list[str]:
    return [folder.removeprefix("network=") for folder in storage.folders() if folder.startswith("network=")]


def _by_hour(paths: Iterable[str]) -> dict[datetime, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        start = path.find("/hour=") + 6
        if start > 5 and path.endswith(".jsonl.zst"):
            found.setdefault(path[start : start + 13], []).append(path)
    return {datetime.strptime(hour, HOUR_FORMAT).replace(tzinfo=UTC): sorted(found[hour]) for hour in sorted(found)}
