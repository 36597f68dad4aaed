"""Reading the lake: partitions, manifests, rows, files for other engines, verification.

What belongs here: the layout of folders and everything that starts from a manifest and changes nothing. What doesn't:
publishing (``lake/lake.py``). Listings only find out which partitions exist, never which files to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeVar

import pyarrow as pa

from trend_assets.lake.manifest import CorruptionError, Manifest, Part
from trend_assets.lake.parquet import declared, declared_schema, read_part, sha256
from trend_assets.lake.storage import Storage
from trend_assets.lib.quality.partition_keys import UNPARTITIONED, check_key
from trend_assets.tables import Table

MANIFEST_NAME = "_manifest.json"
READ_ATTEMPTS = 8
"""How often a reader follows a partition whose parts are collected while it reads."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class MissingPartitionError(LookupError):
    """A partition that was asked for has never been published."""


@dataclass(frozen=True)
class StoredManifest:
    """A manifest as found: its bytes and their generation, which a swap is compared against."""

    data: bytes
    generation: str


class LakeReader:
    """The reading half of ``Lake``; see there."""

    def __init__(self, storage: Storage, workers: int | None = None) -> None:
        self.storage = storage
        self.workers = workers or storage.workers

    def partitions(self, table: Table) -> list[str]:
        """Keys of the published partitions, sorted; ``["all"]`` or ``[]`` for an unpartitioned table."""
        suffix = f"/{MANIFEST_NAME}"
        folders = (path.removesuffix(suffix) for path in self.storage.list(f"{table.path}/") if path.endswith(suffix))
        return sorted(key_of_folder(table, folder) for folder in folders)

    def manifest(self, table: Table, key: str) -> Manifest | None:
        """The committed state of a partition, ``None`` when there is none. Raises ``CorruptionError``."""
        path = manifest_path(table, key)
        try:
            return Manifest.from_json(self.storage.read(path), self.storage.uri(path))
        except FileNotFoundError:
            return None

    def manifests(self, table: Table, keys: Sequence[str] | None = None) -> dict[str, Manifest | None]:
        """Manifests by key, in the order of ``keys`` (default: all published)."""
        wanted = self.partitions(table) if keys is None else list(keys)
        return dict(zip(wanted, self._map(lambda key: self.manifest(table, key), wanted), strict=True))

    def read(
        self,
        table: Table,
        partitions: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        missing: Literal["empty", "raise"] = "empty",
    ) -> pa.Table:
        """Rows of the given partitions (default: all), ordered by partition key, within one by key as last published.

        Each partition is read in one committed state. columns: a subset, in that order. missing: what to do with a
        partition that was never published: no rows, or ``MissingPartitionError``. The schema is the declared one whatever
        exists. Raises ``CorruptionError`` for a part that is gone or unreadable; a part without rows is not opened.
        """
        named = None if columns is None else tuple(columns)
        keys = self.partitions(table) if partitions is None else sorted({check_key(table, key) for key in partitions})
        schema = declared_schema(table, named)
        found = self._map(lambda key: self._read_partition(table, key, named), keys)
        absent = [key for key, rows in zip(keys, found, strict=True) if rows is None]
        if absent and missing == "raise":
            raise MissingPartitionError(
                f"{table.path}: {len(absent)} partitions are not published, first {absent[0]}: materialise them first"
            )
        return _joined(table, named, [rows for parts in found if parts is not None for rows in parts], schema)

    def files(self, table: Table, partitions: Sequence[str] | None = None) -> list[str]:
        """Paths or ``gs://`` addresses of the current parts, in reading order, for DuckDB and other engines.

        They stay until ``collect_garbage`` passes its grace period, so a query that started keeps working.
        """
        keys = None if partitions is None else sorted({check_key(table, key) for key in partitions})
        manifests = self.manifests(table, keys)
        return [
            self.storage.uri(part_path(table, key, part))
            for key, manifest in manifests.items()
            if manifest is not None
            for part in manifest.parts
        ]

    def verify(self, table: Table, key: str) -> Manifest:
        """Read every part of the partition and compare it with its hash; returns the manifest.

        Raises ``CorruptionError`` naming the file, ``MissingPartitionError`` when the partition was never published.
        """
        for _ in range(READ_ATTEMPTS):
            manifest = self.manifest(table, key)
            if manifest is None:
                raise MissingPartitionError(f"{table.path} [{key}] is not published")
            try:
                for part in manifest.parts:
                    self._verify_part(table, key, part)
            except FileNotFoundError as error:
                if self.manifest(table, key) == manifest:
                    raise _gone(table, key, error) from error
            else:
                return manifest
        raise CorruptionError(
            f"{table.path} [{key}] changed {READ_ATTEMPTS} times while it was being verified: stop the writers and repeat"
        )

    def _verify_part(self, table: Table, key: str, part: Part) -> None:
        path = part_path(table, key, part)
        data = self.storage.read(path)
        if sha256(data) != part.sha256:
            raise CorruptionError(
                f"{self.storage.uri(path)} is corrupt: {len(data)} bytes do not hash to the {part.bytes} bytes published; "
                f"materialise {table.path} [{key}] again"
            )

    def _read_partition(self, table: Table, key: str, columns: tuple[str, ...] | None) -> list[pa.Table] | None:
        """The parts' rows as stored, for ``_joined``; ``None`` for a partition that was never published."""
        manifest = self.manifest(table, key)
        for _ in range(READ_ATTEMPTS):
            if manifest is None:
                return None
            try:
                return self._stored_parts(table, manifest, columns)
            except FileNotFoundError as error:
                newer = self.manifest(table, key)  # the parts were replaced, then collected, while we read them
                if newer == manifest:
                    raise _gone(table, key, error) from error
                manifest = newer
        raise CorruptionError(
            f"{table.path} [{key}] changed {READ_ATTEMPTS} times while it was being read: is garbage collected without grace?"
        )

    def _read_parts(self, table: Table, manifest: Manifest, columns: tuple[str, ...] | None) -> pa.Table:
        """Rows of all parts as declared."""
        return _joined(table, columns, self._stored_parts(table, manifest, columns), declared_schema(table, columns))

    def _stored_parts(self, table: Table, manifest: Manifest, columns: tuple[str, ...] | None) -> list[pa.Table]:
        tables = []
        for part in manifest.parts:
            if not part.rows:
                continue
            path = part_path(table, manifest.partition, part)
            try:
                with self.storage.open_input(path) as source:
                    tables.append(read_part(table, source, columns))
            except FileNotFoundError:
                raise
            except (pa.ArrowException, OSError) as error:
                raise CorruptionError(
                    f"{self.storage.uri(path)} is unreadable ({error}): materialise {table.path} [{manifest.partition}] again"
                ) from error
        return tables

    def _map(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
        """Results in order. After an error nothing new is started; what runs is waited for; the first error is raised."""
        work = list(items)
        if self.workers == 1 or len(work) < 2:
            return [function(item) for item in work]
        with ThreadPoolExecutor(min(self.workers, len(work)), thread_name_prefix="lake") as pool:
            return list(pool.map(function, work))


def folder_of_key(table: Table, key: str) -> str:
    """Folder of a partition relative to the root; colons are left out, they are not portable."""
    check_key(table, key)
    if table.partition == "none":
        return f"{table.path}/{UNPARTITIONED}"
    return f"{table.path}/{table.partition}={key.replace(':', '')}"


def key_of_folder(table: Table, folder: str) -> str:
    """Inverse of ``folder_of_key``."""
    name = folder.rpartition("/")[2].partition("=")[2] or UNPARTITIONED
    return f"{name[:-2]}:{name[-2:]}" if table.partition == "hour" else name


def manifest_path(table: Table, key: str) -> str:
    """Path of a partition's manifest."""
    return f"{folder_of_key(table, key)}/{MANIFEST_NAME}"


def part_path(table: Table, key: str, part: Part) -> str:
    """Path of a part."""
    return f"{folder_of_key(table, key)}/{part.name}"


def _joined(table: Table, columns: tuple[str, ...] | None, parts: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    """Rows of parts as declared. Parts written under one declaration, as nearly all are, are joined first and cast once."""
    if not parts:
        return schema.empty_table()
    stored = parts[0].schema
    if all(part.schema.equals(stored) for part in parts):
        return declared(table, pa.concat_tables(parts), columns)
    return pa.concat_tables([declared(table, part, columns) for part in parts])


def _gone(table: Table, key: str, error: FileNotFoundError) -> CorruptionError:
    return CorruptionError(f"{table.path} [{key}]: a part that the manifest names is gone ({error}); materialise the partition again")
