"""The lake: tables as partitions of immutable Parquet parts, each partition made visible by one atomic manifest swap.

What belongs here: the publish protocol, reading through manifests, splitting into partitions, verification and garbage
collection. What doesn't: Dagster (``resources.py``), atomic file operations (``storage.py``), the audit's rules
(``lib/quality``), what a table is (``tables/``).

Layout: ``<group>/<table>/<hour|day>=<key without colons>/`` (``<group>/<table>/all/`` for an unpartitioned table) holding
``part-<sha256>.parquet`` files and one ``_manifest.json``. Per partition:

1. read the current manifest; conform the rows to the declaration, sort them by key;
2. write the part under its content's hash (temporary name, sync, rename, sync folder);
3. audit it; an error leaves every partition of the call as it was;
4. swap the manifest by compare-and-swap against the one read in step 1; sync folder.

Readers start from manifests, never from a listing, so they see the old state or the new one. A kill between steps leaves
files that no manifest names; they are invisible, harmless, and removed by ``collect_garbage``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeVar

import numpy as np
import pyarrow as pa

from trend_assets.lib.quality.audit import AuditError, Finding, audit_key, audit_partition, audit_rows, audit_volume
from trend_assets.lib.quality.partition_keys import UNPARTITIONED, check_key, key_of_number, numbers, numbers_of_times
from trend_assets.manifest import CorruptionError, Manifest, Part, fingerprint
from trend_assets.parquet import decode_part, encode_part, sha256
from trend_assets.storage import ConflictError, Storage, StepHook, ignore_step, open_storage
from trend_assets.tables import Table

MANIFEST = "_manifest.json"
WORKERS = 8
"""Partitions written or read at the same time: syncs and requests wait, they do not compute."""
ATTEMPTS = 8
"""How often a reader follows, and an appender yields to, a partition that keeps changing."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class _Current:
    """The state a writer starts from."""

    manifest: Manifest | None
    generation: str | None


@dataclass(frozen=True)
class _Staged:
    """A manifest ready to be swapped in."""

    manifest: Manifest
    current: _Current

    @property
    def unchanged(self) -> bool:
        return self.manifest.same_state(self.current.manifest)


class Lake:
    """Tables under one root.

    root: local folder, ``gs://bucket/prefix`` or a ``Storage``. code_version: recorded in manifests. on_step: called with the
    name of each step (``steps``), storage's included when ``root`` is a string; tests kill the writer there. workers:
    partitions handled at the same time.
    """

    own_steps = (
        "publish: manifest read",
        "publish: part encoded",
        "publish: part written",
        "publish: part audited",
        "publish: all staged",
        "publish: manifest swapped",
    )

    def __init__(
        self, root: str | Storage, code_version: str = "", on_step: StepHook | None = None, workers: int = WORKERS
    ) -> None:
        self.storage: Storage = open_storage(root, on_step=on_step) if isinstance(root, str) else root
        self.code_version = code_version
        self.workers = workers
        self._step = on_step or ignore_step

    @property
    def steps(self) -> tuple[str, ...]:
        """Every name ``on_step`` is called with while a partition is published."""
        return self.own_steps + self.storage.steps

    # -- writing ---------------------------------------------------------------------------------------------------

    def publish(
        self,
        table: Table,
        partitions: Mapping[str, pa.Table],
        inputs: Mapping[str, str] | Mapping[str, Mapping[str, str]] | None = None,
        allow_shrink: bool = False,
    ) -> dict[str, Manifest]:
        """Replace the given partitions, each by one part, each atomically; returns their manifests by key.

        All parts are written and audited before the first manifest is swapped. Rows, inputs and code that are the same as
        published leave the manifest as it is. inputs: name → hash for all partitions alike, or key → (name → hash).

        Raises ``AuditError`` (nothing was published), ``ConflictError`` when another writer changed a partition meanwhile
        (run again: your data may rest on the older state; partitions swapped before stay swapped), ``ValueError`` for a key
        that is none.
        """
        keys = sorted(check_key(table, key) for key in partitions)
        of_key = _inputs_by_key(keys, inputs or {})
        staged: list[_Staged] = []
        findings: list[Finding] = []
        for one, found in self._map(lambda key: self._stage(table, key, partitions[key], of_key[key], allow_shrink), keys):
            staged.append(one)
            findings += found
        if any(finding.severity == "error" for finding in findings):
            raise AuditError(findings)
        self._step("publish: all staged")
        return dict(zip(keys, self._map(lambda one: self._swap(table, one), staged), strict=True))

    def append(self, table: Table, key: str, data: pa.Table, inputs: Mapping[str, str] | None = None) -> Manifest:
        """Add a micro-batch as one more part of the partition; its inputs join those recorded. ``publish`` compacts.

        Adding the same rows again changes nothing, so a batch may be repeated after a crash. When another writer gets in
        between, the batch is audited and added again on top of the new state.

        Raises ``AuditError`` (nothing was published), also when a row repeats a key of an earlier part; ``ConflictError`` when
        the partition kept changing.
        """
        check_key(table, key)
        for attempt in range(ATTEMPTS):
            staged, findings = self._stage_append(table, key, data, inputs or {})
            if any(finding.severity == "error" for finding in findings):
                raise AuditError(findings)
            self._step("publish: all staged")
            try:
                return self._swap(table, staged)
            except ConflictError:
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _stage(
        self, table: Table, key: str, data: pa.Table, inputs: Mapping[str, str], allow_shrink: bool
    ) -> tuple[_Staged, list[Finding]]:
        current = self._current(table, key)
        part, rows, findings = self._write_part(table, key, data, known=current.manifest.parts if current.manifest else ())
        findings += audit_key(table, rows, key)
        previous_rows = current.manifest.rows if current.manifest and not allow_shrink else None
        findings += audit_volume(table, rows.num_rows, key, previous_rows)
        return self._staged(table, key, [part], inputs, findings, current), findings
