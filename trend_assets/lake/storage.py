"""Where files live: a local folder or an object store behind one small protocol.

What belongs here: atomic publication of one file, compare-and-swap of one file, listing, reading, deleting. What
doesn't: what the files mean (``lake/lake.py``, ``landing/files.py``), where the root is (``settings.py``), and the object store itself
(``lake/cloud_storage.py``, which needs the extra ``gcp``).

Two ways to write, because an object store offers no other pair that survives a crash:

* ``write_new`` for immutable content under a name that no other content ever has (content-addressed or unique);
* ``compare_and_swap`` for the few small files that change, which say what is current.

A reader sees the whole old file or the whole new one, whatever happens to the writer. ``on_step`` is called with every
step's name (``steps`` lists them): tests kill or fail the writer there; it does nothing otherwise.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

StepHook = Callable[[str], None]
Paths = list[str]
GCS_SCHEME = "gs://"
_LOCK_STRIPES = 64
_SYNC_STAGES = ("started", "partly written", "written", "synced")


class ConflictError(RuntimeError):
    """Somebody else changed the file since it was read: read it again, then decide."""


class MissingExtraError(ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""


class NoCredentialsError(RuntimeError):
    """The machine has no Google Cloud credentials; the message says how to give it some."""


@dataclass(frozen=True)
class Entry:
    """A stored file: path relative to the root, size in bytes, time of its last write (aware, UTC)."""

    path: str
    size: int
    modified: datetime


Entries = list[Entry]


class Storage(Protocol):
    """Files under one root. Paths are relative, with ``/``; a part that is empty, or starts with a dot, is refused."""

    @property
    def workers(self) -> int:
        """How many operations at the same time pay: syncs and requests wait, they do not compute."""

    @property
    def steps(self) -> tuple[str, ...]:
        """Names that ``on_step`` can be called with, in the order of the protocol."""

    def read(self, path: str) -> bytes:
        """The content. Raises ``FileNotFoundError`` when there is none."""

    def open_input(self, path: str) -> pa.NativeFile:
        """A seekable Arrow file, so that a Parquet reader fetches only what it needs. Raises ``FileNotFoundError``."""

    def read_with_generation(self, path: str) -> tuple[bytes, str]:
        """Content and generation token for ``compare_and_swap``. Raises ``FileNotFoundError``."""

    def prepare(self, paths: Iterable[str]) -> None:
        """Do once for many paths what each write would do for its folder; writing without it is as safe, only slower."""

    def write_new(self, path: str, data: bytes) -> None:
        """Publish immutable content atomically and durably; writing the same content again is harmless."""

    def compare_and_swap(self, path: str, data: bytes, expected: str | None) -> str:
        """Replace the file if its generation is ``expected`` (``None``: if there is no file); returns the new generation.

        Raises ``ConflictError`` otherwise, except when the file already holds exactly ``data``: a request that was
        repeated because its answer got lost looks like that, and the state is the one asked for.
        """

    def list(self, prefix: str = "") -> Paths:
        """Sorted paths that start with ``prefix`` (a string prefix, as in an object store), never temporary files."""

    def folders(self, folder: str = "") -> Paths:
        """Sorted paths of the folders directly in ``folder`` (no slash at the end; empty: the root), without listing what is in them."""

    def entries(self, prefix: str = "") -> Entries:
        """As ``list``, with size and time of last write."""

    def delete(self, path: str) -> None:
        """Remove the file; no error when it is already gone."""

    def sweep(self, prefix: str, older_than: datetime) -> Paths:
        """Remove temporaries that killed writers left under the folder ``prefix`` before ``older_than``; returns their names."""

    def uri(self, path: str) -> str:
        """What DuckDB, pyarrow or BigQuery open: an absolute local path or a ``gs://`` address."""


def open_storage(
    root: str, *, endpoint: str | None = None, client: Any = None, on_step: StepHook | None = None, deadline: float = 60.0
) -> Storage:
    """The storage at ``root``: ``gs://bucket/prefix``, or else a local folder (created by the first write).

    endpoint, client, deadline (seconds a request is retried): only for ``gs://``, see ``GoogleCloudStorage``.
    """
    if not root:
        raise ValueError("storage root is empty: give a folder or gs://bucket/prefix")
    if root.startswith(GCS_SCHEME):
        try:
            from trend_assets.lake.cloud_storage import GoogleCloudStorage
        except ImportError as error:
            raise MissingExtraError(
                f"storage root {root!r} needs Google's client ({error}): install the extra, pip install 'trend-assets[gcp]'"
            ) from error
        return GoogleCloudStorage(root, endpoint=endpoint, client=client, on_step=on_step, deadline=deadline)
    if "://" in root:
        raise ValueError(f"storage root {root!r}: only local folders and {GCS_SCHEME}bucket/prefix are supported")
    return LocalStorage(root, on_step=on_step)


def checked_path(path: str) -> str:
    """The path itself, or ``ValueError`` where it could leave the root or meet a reserved (dotted) name."""
    if any(part == "" or part.startswith(".") for part in path.split("/")) or "\\" in path or "\0" in path:
        raise ValueError(
            f"storage path {path!r} is refused: parts must not be empty or start with a dot (paths are relative to the root, with /)"
        )
    return path


def checked_prefix(prefix: str) -> str:
    """A prefix may be empty or end anywhere, also after a slash."""
    if prefix:
        checked_path(prefix.removesuffix("/"))
    return prefix


def ignore_step(_step: str) -> None:
    """The hook of everyday use."""


class LocalStorage:
    """A folder of a POSIX file system. A generation is the SHA-256 of the content.

    Writes go to a dotted temporary beside the target, are synced, renamed over it, and the folder is synced: after a crash
    the target holds the old content or the new. Swaps compare under a lock in ``.locks`` that the kernel frees when the
    holder dies. Locks are per host: use an object store where several hosts write.
    """

    workers = 4
    steps = (
        *(f"write_new: {stage}" for stage in (*_SYNC_STAGES, "renamed", "folder synced")),
        *(f"compare_and_swap: {stage}" for stage in (*_SYNC_STAGES, "locked", "compared", "renamed", "folder synced")),
    )

    def __init__(self, root: str | Path, on_step: StepHook | None = None) -> None:
        self.root = Path(root).expanduser().absolute()
        self._step = on_step or ignore_step
        self._root = str(self.root)
        self._durable_folders: set[str] = set()

    def read(self, path: str) -> bytes:
        """See ``Storage``."""
        return _read(self._target(path))

    def open_input(self, path: str) -> pa.NativeFile:
        """See ``Storage``."""
        return pa.OSFile(self._target(path))

    def read_with_generation(self, path: str) -> tuple[bytes, str]:
        """See ``Storage``."""
        data = self.read(path)
        return data, _sha256(data)

    def prepare(self, paths: Iterable[str]) -> None:
        """See ``Storage``. Creates the folders, then syncs each of their parents once."""
        self._ensure_folders({_parent(self._target(path)) for path in paths})

    def write_new(self, path: str, data: bytes) -> None:
        """See ``Storage``. Raises ``OSError`` (disk full, no permission) with the target untouched."""
        target = self._target(path)
        with self._temporary(target, data, "write_new") as temporary:
            os.replace(temporary, target)  # noqa: PTH105
            self._step("write_new: renamed")
        _sync_folder(_parent(target))
        self._step("write_new: folder synced")

    def compare_and_swap(self, path: str, data: bytes, expected: str | None) -> str:
        """See ``Storage``. Raises ``OSError`` (disk full, no permission) with the target untouched."""
        target, generation = self._target(path), _sha256(data)
        # the temporary is written and synced before the lock is taken: syncing is slow
        with self._temporary(target, data, "compare_and_swap") as temporary, self._lock(path):
            self._step("compare_and_swap: locked")
            try:
                actual = _sha256(_read(target))
            except FileNotFoundError:
                actual = None
            self._step("compare_and_swap: compared")
            if actual not in (expected, generation):
                raise ConflictError(f"{self.uri(path)} changed: expected generation {expected}, found {actual}; read it again")
            os.replace(temporary, target)  # noqa: PTH105
            self._step("compare_and_swap: renamed")
        _sync_folder(_parent(target))
        self._step("compare_and_swap: folder synced")
        return generation

    def list(self, prefix: str = "") -> Paths:
        """See ``Storage``."""
        return sorted(path for path, _ in self._walk(prefix))

    def folders(self, folder: str = "") -> Paths:
        """See ``Storage``; a folder without files may be among them."""
        start = f"{checked_path(folder)}/" if folder else ""
        try:
            with os.scandir(self.root / folder) as scan:
                return sorted(start + item.name for item in scan if item.is_dir() and not item.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def entries(self, prefix: str = "") -> Entries:
        """See ``Storage``."""
        found = []
        for path, file in self._walk(prefix):
            with contextlib.suppress(FileNotFoundError):  # deleted while we list
                status = file.stat()
                found.append(Entry(path, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC)))
        return sorted(found, key=lambda entry: entry.path)

    def delete(self, path: str) -> None:
        """See ``Storage``."""
        target = self._target(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target)  # noqa: PTH108
            _sync_folder(_parent(target))

    def sweep(self, prefix: str, older_than: datetime) -> Paths:
        """See ``Storage``."""
        folder = self.root / checked_prefix(prefix)
        removed = []
        for temporary in sorted(folder.rglob(".*.tmp")):
            with contextlib.suppress(FileNotFoundError):  # its writer finished meanwhile
                if datetime.fromtimestamp(temporary.stat().st_mtime, UTC) < older_than:
                    temporary.unlink()
                    removed.append(temporary.relative_to(self.root).as_posix())
        return removed

    def uri(self, path: str) -> str:
        """See ``Storage``."""
        return self._target(path)

    def _target(self, path: str) -> str:
        """Absolute path, as text: ``pathlib`` took as long as the system calls."""
        return f"{self._root.rstrip('/')}/{checked_path(path)}"

    def _walk(self, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        start = checked_prefix(prefix).rpartition("/")[0]
        pending = [start]
        while pending:
            folder = pending.pop()
            try:
                with os.scandir(self.root / folder) as scan:
                    found = [item for item in scan if not item.name.startswith(".")]
            except (FileNotFoundError, NotADirectoryError):
                continue
            for item in found:
                path = f"{folder}/{item.name}" if folder else item.name
                if item.is_dir():
                    if path.startswith(prefix) or prefix.startswith(path + "/"):
                        pending.append(path)
                elif path.startswith(prefix):
                    yield path, item

    @contextlib.contextmanager
    def _temporary(self, target: str, data: bytes, operation: str) -> Iterator[str]:
        """A synced file with the content beside the target; what is left of it is removed on the way out."""
        folder, _, name = target.rpartition("/")
        self._ensure_folders({folder})
        temporary = f"{folder}/.{name}.{secrets.token_hex(8)}.tmp"
        self._step(f"{operation}: started")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                middle = len(data) // 2
                _write_all(descriptor, memoryview(data)[:middle])
                self._step(f"{operation}: partly written")
                _write_all(descriptor, memoryview(data)[middle:])
                self._step(f"{operation}: written")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self._step(f"{operation}: synced")
            yield temporary
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)  # noqa: PTH108

    @contextlib.contextmanager
    def _lock(self, path: str) -> Iterator[None]:
        """Exclusive among threads and processes of this host. Locks are striped: no lock file per stored file."""
        stripe = int(_sha256(path.encode())[:8], 16) % _LOCK_STRIPES
        file, flags = f"{self._root}/.locks/{stripe:02d}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            descriptor = os.open(file, flags, 0o666)
        except FileNotFoundError:
            (self.root / ".locks").mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, flags, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)  # frees the lock

    def _ensure_folders(self, folders: Iterable[str]) -> None:
        """Create folders with their parents, each durably entered in its parent.

        A folder that another thread has just created may not be synced yet, so existing is not enough: a folder counts as
        durable once this object has synced its parent itself, after the folder was there.
        """
        ensured: set[str] = set()
        to_sync: dict[str, None] = {}
        for folder in folders:
            if folder in self._durable_folders and os.path.isdir(folder):  # noqa: PTH112
                continue
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
            child = folder
            while True:  # from the folder up to the root, which counts as a folder of the storage too
                ensured.add(child)
                to_sync[_parent(child)] = None
                child = _parent(child)
                if len(child) < len(self._root) or child in self._durable_folders or child in ensured:
                    break
        for parent in to_sync:
            _sync_folder(parent)
        self._durable_folders.update(ensured)


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write_all(descriptor: int, data: memoryview) -> None:
    """``os.write`` may write less than asked."""
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_folder(folder: str) -> None:
    """Make the folder's entries durable: a rename is not, until its folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
