"""The lake: tables as partitions of immutable Parquet parts, each partition made visible by one atomic manifest swap.

What belongs here: the publish protocol, micro-batches, garbage collection. What doesn't: reading (``lake/reader.py``, whose
methods ``Lake`` has too), Dagster (``resources.py``), atomic file operations (``lake/storage.py``), the audit's rules
(``lib/quality``), what a table is (``tables/``).

Layout: ``<group>/<table>/<hour|day>=<key without colons>/`` (``<group>/<table>/all/`` for an unpartitioned table) holding
``part-<sha256>.parquet`` files and one ``_manifest.json``. For each partition:

1. read the current manifest; conform the rows to the declaration, sort them by key;
2. audit these rows; an error leaves every partition of the call as it was;
3. encode them, read the footer of the bytes back, write them under their hash (temporary name, sync, rename, sync folder);
4. swap the manifest by compare-and-swap against the one read in step 1; sync folder.

A micro-batch (``append``) is written before it is audited, and is as invisible until the swap.

What a manifest guarantees: its parts are durable; they are the bytes whose hash it states, whose footer states the declared
schema and the number of rows; the rows that were given to the Parquet writer passed the audit. That the writer encodes values
faithfully is trusted, not checked: decoding every part again cost more than all other work.

Readers start from manifests, never from a listing, so they see the old state or the new one. A kill between steps leaves
files that no manifest names; they are invisible, harmless, and removed by ``collect_garbage``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, groupby

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.append_only import never_rewritten
from trend_assets.lake.manifest import CorruptionError, Manifest, Part, fingerprint
from trend_assets.lake.parquet import conformed, conformed_range, encode_part, sha256
from trend_assets.lake.reader import MANIFEST_NAME, LakeReader, manifest_path, part_path
from trend_assets.lake.storage import ConflictError, StepHook, Storage, ignore_step, open_storage
from trend_assets.lib.quality.audit import AuditError, Finding, audit, audit_key, audit_partition, audit_rows, audit_volume, is_clean
from trend_assets.lib.quality.partition_keys import check_key, split
from trend_assets.tables import Table

APPEND_ATTEMPTS = 16
"""How often a micro-batch is added again because another writer was faster."""
GROUP_PARTITIONS, GROUP_BYTES = 64, 64 * 1024**2
"""Partitions that are conformed and audited at once: at most so many, and of so many bytes unless one alone has more."""


@dataclass(frozen=True)
class _Current:
    """The state a writer starts from; both ``None`` for a new partition."""

    manifest: Manifest | None
    generation: str | None
    hash: str | None


@dataclass(frozen=True)
class _Staged:
    """A manifest ready to be swapped in, its parts written, and what the audit found; ``None`` when the rows are unfit."""

    manifest: Manifest | None
    current: _Current
    findings: list[Finding]


class Lake(LakeReader):
    """Tables under one root.

    root: local folder, ``gs://bucket/prefix`` or a ``Storage``. code_version: recorded in manifests. on_step: called with the
    name of each step (``steps``), the storage's included when ``root`` is a string; tests kill the writer there. workers:
    partitions handled at the same time, by default what suits the storage.
    """

    publish_steps = (
        "publish: manifest read",
        "publish: part audited",
        "publish: part encoded",
        "publish: part written",
        "publish: all staged",
        "publish: manifest swapped",
    )

    def __init__(self, root: str | Storage, code_version: str = "", on_step: StepHook | None = None, workers: int | None = None) -> None:
        super().__init__(open_storage(root, on_step=on_step) if isinstance(root, str) else root, workers)
        self.code_version = code_version
        self._step = on_step or ignore_step

    @property
    def steps(self) -> tuple[str, ...]:
        """Every name that ``on_step`` is called with while a partition is published."""
        return self.publish_steps + self.storage.steps

    @staticmethod
    def split(table: Table, data: pa.Table, partition_keys: Sequence[str]) -> dict[str, pa.Table]:
        """Rows by the partition that their time column says, every key present. Raises ``ValueError`` for a row outside."""
        return split(table, data, partition_keys)

    def publish(
        self,
        table: Table,
        partitions: Mapping[str, pa.Table],
        inputs: Mapping[str, str] | Mapping[str, Mapping[str, str]] | None = None,
        allow_shrink: bool = False,
    ) -> dict[str, Manifest]:
        """Replace the given partitions, each by one part, each atomically; returns their manifests by key.

        All parts are written and audited before the first manifest is swapped, and the manifest of the last key is swapped after all
        others: where it is new, the whole call has been published. A partition whose rows, inputs and code version
        are those published keeps its manifest. inputs: name → hash for all partitions alike, or key → (name → hash).
        allow_shrink: leave out the volume check. Of a table that is ``append_only`` the rows must hold all that are published, unchanged.

        Raises ``AuditError`` (nothing was published), ``ConflictError`` when another writer changed a partition meanwhile
        (run again, your rows may rest on the older state; partitions swapped before stay swapped), ``ValueError`` for a key
        that is none.
        """
        keys = sorted(check_key(table, key) for key in partitions)
        of_key = _inputs_by_key(keys, inputs or {})
        groups = self._map(
            lambda group: self._stage(table, {key: partitions[key] for key in group}, of_key, allow_shrink),
            _groups(partitions, keys, min(GROUP_PARTITIONS, -(-len(keys) // self.workers))),
        )
        staged = [one for group in groups for one in group]
        self._refuse_errors(staged)
        swapped = [manifest for part in (staged[:-1], staged[-1:]) for manifest in self._map(lambda one: self._swap(table, one), part)]
        return dict(zip(keys, swapped, strict=True))

    def append(self, table: Table, partition_key: str, data: pa.Table, inputs: Mapping[str, str] | None = None) -> Manifest:
        """Add a micro-batch as one more part of the partition; its inputs join those recorded. ``publish`` compacts.

        The same rows added again change nothing, so a batch may be repeated after a crash. When another writer is faster, the
        batch is audited and added again on top of the new state.

        Raises ``AuditError`` (nothing was published), also when a row repeats a key of an earlier part; ``ConflictError`` when
        the partition kept changing.
        """
        check_key(table, partition_key)
        for _ in range(APPEND_ATTEMPTS - 1):
            with contextlib.suppress(ConflictError):
                return self._append_once(table, partition_key, data, inputs or {})
        return self._append_once(table, partition_key, data, inputs or {})

    def compact(self, table: Table, partition_key: str) -> Manifest | None:
        """Write the parts that micro-batches have added to a partition as one; rows and inputs stay. ``None``: never published.

        Raises ``ConflictError`` when another writer changed the partition meanwhile (nothing of it is lost; compact another time),
        ``CorruptionError`` for a part that is gone or unreadable.
        """
        current = self._current(table, check_key(table, partition_key), replacing=False)
        if current.manifest is None or len(current.manifest.parts) < 2:
            return current.manifest
        try:
            rows = conformed(table, self._read_parts(table, current.manifest, None))
        except FileNotFoundError as error:
            raise ConflictError(f"{table.path} [{partition_key}] was compacted by another writer meanwhile") from error
        part = self._write_part(table, partition_key, rows)
        findings = list(current.manifest.findings)
        staged = self._staged(table, partition_key, (part,), current.manifest.inputs, findings, current)
        self._step("publish: all staged")
        return self._swap(table, staged)

    def collect_garbage(self, table: Table, older_than: datetime) -> list[str]:
        """Remove parts that no manifest names and temporaries of killed writers; returns their paths.

        older_than (aware) is the grace period's start. A part goes only if it was last written before, *and* so was the
        partition's manifest: a part replaced a moment ago may still be being read or queried. Keep the grace period longer
        than the longest query and the longest publish (a day is ample); with none, a publish in progress may lose its part.
        """
        removed = []
        entries = self.storage.entries(f"{table.path}/")
        for folder, found in groupby(entries, key=lambda entry: entry.path.rpartition("/")[0]):
            files = {entry.path.rpartition("/")[2]: entry for entry in found}
            current = files.pop(MANIFEST_NAME, None)
            if current is not None and current.modified >= older_than:
                continue
            named: set[str] = set()
            if current is not None:
                named = {part.name for part in Manifest.from_json(self.storage.read(current.path), self.storage.uri(current.path)).parts}
            for name, entry in files.items():
                # listed again: a writer may just have written the same content anew, to publish it
                if name not in named and entry.modified < older_than and self.storage.entries(entry.path) == [entry]:
                    self.storage.delete(f"{folder}/{name}")
                    removed.append(entry.path)
        return removed + self.storage.sweep(f"{table.path}/", older_than)

    def _stage(
        self, table: Table, partitions: Mapping[str, pa.Table], inputs: Mapping[str, Mapping[str, str]], allow_shrink: bool
    ) -> list[_Staged]:
        """Audit some partitions and write the only part of each; nothing is written when one has errors."""
        # what an append-only partition holds can't be made again: where its manifest is damaged, a person decides
        currents = {key: self._current(table, key, replacing=not table.append_only) for key in partitions}
        staged: list[_Staged] = []
        audited = _audited(table, partitions)
        for key, (rows, findings) in audited.items():
            previous = currents[key].manifest
            if rows is not None and previous is not None and table.append_only:
                findings += never_rewritten(table, key, self._read_parts(table, previous, None), rows)
            elif rows is not None and previous is not None and not allow_shrink:
                findings += audit_volume(table, rows.num_rows, key, previous.rows)
            self._step("publish: part audited")
        refused = any(finding.severity == "error" for _, findings in audited.values() for finding in findings)
        if not refused:
            self.storage.prepare(manifest_path(table, key) for key in audited)
        for key, (rows, findings) in audited.items():
            if rows is None or refused:
                staged.append(_Staged(None, currents[key], findings))
            else:
                part = self._write_part(table, key, rows)
                staged.append(self._staged(table, key, (part,), inputs[key], findings, currents[key]))
        return staged

    def _stage_append(self, table: Table, key: str, data: pa.Table, inputs: Mapping[str, str]) -> _Staged:
        """Write and audit one more part of a partition."""
        current = self._current(table, key, replacing=False)
        if current.manifest is None:
            return self._stage(table, {key: data}, {key: inputs}, allow_shrink=True)[0]
        rows, findings = _conform(table, key, data)
        if rows is None:
            return _Staged(None, current, findings)
        parts, inputs = current.manifest.parts, {**current.manifest.inputs, **inputs}
        if current.manifest.schema != fingerprint(table):  # the parts of a manifest share a declaration: rewrite them as one
            rows = conformed(table, pa.concat_tables([self._read_parts(table, current.manifest, None), rows]))
            parts = ()
        if rows.num_rows or not parts:
            part = self._write_part(table, key, rows)
            if part not in parts:
                findings = [*audit_rows(table, rows, key), *audit_partition(table, rows, key)]
                findings += audit_key(table, self._with_rivals(table, current.manifest, rows) if parts else rows, key)
                parts = (*parts, part)
        self._step("publish: part audited")
        return self._staged(table, key, parts, inputs, findings, current)

    def _append_once(self, table: Table, key: str, data: pa.Table, inputs: Mapping[str, str]) -> Manifest:
        staged = self._stage_append(table, key, data, inputs)
        self._refuse_errors([staged])
        return self._swap(table, staged)

    def _with_rivals(self, table: Table, manifest: Manifest, rows: pa.Table) -> pa.Table:
        """Key columns of the rows, and of those published rows that may share a key with one of them."""
        published = self._read_parts(table, manifest, table.key)
        for name in table.key:
            published = published.filter(pc.is_in(published[name], value_set=pc.unique(rows[name])))
        return pa.concat_tables([rows.select(list(table.key)), published])

    def _write_part(self, table: Table, key: str, rows: pa.Table) -> Part:
        data = encode_part(table, rows)
        digest = sha256(data)
        part = Part(f"part-{digest}.parquet", rows.num_rows, len(data), digest)
        self._step("publish: part encoded")
        # written even when it is there already: this repairs a damaged part and renews its time for collect_garbage
        self.storage.write_new(part_path(table, key, part), data)
        self._step("publish: part written")
        return part

    def _staged(
        self, table: Table, key: str, parts: tuple[Part, ...], inputs: Mapping[str, str], findings: list[Finding], current: _Current
    ) -> _Staged:
        manifest = Manifest(
            table=table.path,
            partition=key,
            parts=parts,
            schema=fingerprint(table),
            inputs=dict(inputs),
            code_version=self.code_version,
            findings=tuple(findings),
            previous=current.hash,
        )
        return _Staged(manifest, current, findings)

    def _current(self, table: Table, key: str, replacing: bool) -> _Current:
        """The committed state; a damaged manifest counts as no rows for a writer that replaces the partition anyway."""
        path = manifest_path(table, key)
        try:
            data, generation = self.storage.read_with_generation(path)
        except FileNotFoundError:
            self._step("publish: manifest read")
            return _Current(None, None, None)
        try:
            manifest = Manifest.from_json(data, self.storage.uri(path))
        except CorruptionError:
            if not replacing:
                raise
            manifest = None
        self._step("publish: manifest read")
        return _Current(manifest, generation, sha256(data))

    def _refuse_errors(self, staged: Sequence[_Staged]) -> None:
        """Raise ``AuditError`` before anything becomes visible."""
        findings = [finding for one in staged for finding in one.findings]
        if any(finding.severity == "error" for finding in findings):
            raise AuditError(findings)
        self._step("publish: all staged")

    def _swap(self, table: Table, staged: _Staged) -> Manifest:
        """Make a staged manifest visible, unless it says what the current one says."""
        manifest, current = staged.manifest, staged.current
        if manifest is None:
            raise AuditError(staged.findings)
        if current.manifest is not None and manifest.same_state(current.manifest):
            return current.manifest
        self.storage.compare_and_swap(manifest_path(table, manifest.partition), manifest.to_json(), current.generation)
        self._step("publish: manifest swapped")
        return manifest


def _conform(table: Table, key: str, data: pa.Table) -> tuple[pa.Table | None, list[Finding]]:
    """Rows as they will be stored, or ``None`` and why not."""
    try:
        return conformed(table, data), []
    except ValueError as error:
        unfit = Finding("schema", "", "error", str(error), data.num_rows, table.path, key)
        return None, audit(table, data, key) or [unfit]


def _audited(table: Table, partitions: Mapping[str, pa.Table]) -> dict[str, tuple[pa.Table | None, list[Finding]]]:
    """Rows as they will be stored, or ``None`` where they do not conform, and findings (without volume) of each partition.

    All partitions are looked at together; only when something is found, one by one to say what and where.
    """
    keys, pieces = list(partitions), list(partitions.values())
    try:
        whole = conformed_range(table, pieces)
    except (ValueError, pa.ArrowException):
        alone = {key: _conform(table, key, data) for key, data in partitions.items()}
        return {key: (rows, findings if rows is None else audit(table, rows, key)) for key, (rows, findings) in alone.items()}
    counts = [piece.num_rows for piece in pieces]
    starts = [0, *accumulate(counts)]
    slices = {key: whole.slice(start, count) for key, start, count in zip(keys, starts, counts, strict=False)}
    if is_clean(table, whole, keys, counts):
        return {key: (rows, []) for key, rows in slices.items()}
    return {key: (rows, audit(table, rows, key)) for key, rows in slices.items()}


def _groups(partitions: Mapping[str, pa.Table], keys: Sequence[str], largest: int) -> list[list[str]]:
    """Consecutive keys in groups of at most ``largest`` partitions and of few bytes, none empty."""
    groups: list[list[str]] = []
    size = 0
    for key in keys:
        size += partitions[key].nbytes
        if not groups or len(groups[-1]) >= largest or size > GROUP_BYTES:
            groups.append([])
            size = partitions[key].nbytes
        groups[-1].append(key)
    return groups


def _inputs_by_key(keys: Sequence[str], inputs: Mapping[str, str] | Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """Inputs of each partition, from one mapping for all or one for each (an absent key has none)."""
    shared: dict[str, str] = {}
    of_key: dict[str, Mapping[str, str]] = {}
    for name, value in inputs.items():
        if isinstance(value, str):
            shared[name] = value
        else:
            of_key[name] = value
    unknown = sorted(set(of_key) - set(keys))
    if unknown or (shared and of_key):
        raise ValueError(f"inputs are either name → hash or partition key → (name → hash); not understood: {unknown or sorted(shared)}")
    return {key: of_key.get(key, shared) for key in keys}
