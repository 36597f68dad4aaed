"""A storage that shows some folders from a scratch place and everything else from the committed one, and never writes there.

What belongs here: routing of paths. What doesn't: why somebody wants it (``operations/replay.py``), the storages (``storage.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import pyarrow as pa

from trend_assets.lake.storage import Entries, Paths, Storage


class OverlayError(RuntimeError):
    """Something tried to write outside the overlaid folders: a replay must not change the committed state."""


class OverlayStorage:
    """``folders`` (relative, without a slash at the end) live in ``scratch``, all other paths are read from ``committed``.

    An overlaid folder shows only what was written into it since, never the committed files of that name.
    """

    def __init__(self, committed: Storage, scratch: Storage, folders: Collection[str]) -> None:
        self._committed = committed
        self._scratch = scratch
        self._folders = frozenset(folders)
        self.workers = scratch.workers
        self.steps: tuple[str, ...] = ()

    def read(self, path: str) -> bytes:
        """See ``Storage``."""
        return self._of(path).read(path)

    def open_input(self, path: str) -> pa.NativeFile:
        """See ``Storage``."""
        return self._of(path).open_input(path)

    def read_with_generation(self, path: str) -> tuple[bytes, str]:
        """See ``Storage``."""
        return self._of(path).read_with_generation(path)

    def list(self, prefix: str = "") -> Paths:
        """See ``Storage``."""
        kept = [path for path in self._committed.list(prefix) if not self._overlaid(path)]
        return sorted(kept + self._scratch.list(prefix))

    def folders(self, folder: str = "") -> Paths:
        """See ``Storage``; an overlaid folder is there as soon as something was written into it."""
        kept = [path for path in self._committed.folders(folder) if path not in self._folders]
        return sorted({*kept, *self._scratch.folders(folder)})

    def entries(self, prefix: str = "") -> Entries:
        """See ``Storage``."""
        kept = [entry for entry in self._committed.entries(prefix) if not self._overlaid(entry.path)]
        return sorted(kept + self._scratch.entries(prefix), key=lambda entry: entry.path)

    def uri(self, path: str) -> str:
        """See ``Storage``."""
        return self._of(path).uri(path)

    def prepare(self, paths: Iterable[str]) -> None:
        """See ``Storage``."""
        self._scratch.prepare([self._writable(path) for path in paths])

    def write_new(self, path: str, data: bytes) -> None:
        """See ``Storage``. Raises ``OverlayError`` outside the overlaid folders."""
        self._scratch.write_new(self._writable(path), data)

    def compare_and_swap(self, path: str, data: bytes, expected: str | None) -> str:
        """See ``Storage``. Raises ``OverlayError`` outside the overlaid folders."""
        return self._scratch.compare_and_swap(self._writable(path), data, expected)

    def delete(self, path: str) -> None:
        """See ``Storage``. Raises ``OverlayError`` outside the overlaid folders."""
        self._scratch.delete(self._writable(path))

    def sweep(self, prefix: str, older_than: datetime) -> Paths:
        """See ``Storage``; only the scratch place is swept."""
        return self._scratch.sweep(prefix, older_than)

    def _overlaid(self, path: str) -> bool:
        return path.rpartition("/")[0] in self._folders

    def _of(self, path: str) -> Storage:
        return self._scratch if self._overlaid(path) else self._committed

    def _writable(self, path: str) -> str:
        if not self._overlaid(path):
            raise OverlayError(f"{path} is not part of the replay: the committed lake stays as it is")
        return path
