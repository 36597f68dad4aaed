"""A small file that says who has something to itself, changed by compare-and-swap only.

What belongs here: the file's content, reading and swapping it. What doesn't: when a holder has lost it, who may take it, how it is
handed on (``live/lease.py`` for runs of the live lane, ``collect/lease.py`` for collectors).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from trend_assets.lake.storage import ConflictError, Storage


@dataclass(frozen=True)
class Lease:
    """Who holds it (empty: nobody), since when and until when it is known to go on (seconds since 1970), who waits for it."""

    holder: str = ""
    taken_at: float = 0.0
    renewed_at: float = 0.0
    successor: str = ""


class LeaseFile:
    """The lease stored under ``path``."""

    def __init__(self, storage: Storage, path: str) -> None:
        self._storage, self._path = storage, path

    def read(self) -> tuple[Lease, str | None]:
        """The lease and its generation; a damaged file is nobody's lease."""
        try:
            data, generation = self._storage.read_with_generation(self._path)
        except FileNotFoundError:
            return Lease(), None
        try:
            content = json.loads(data)
            lease = Lease(str(content["holder"]), float(content["taken_at"]), float(content["renewed_at"]), str(content["successor"]))
            return lease, generation
        except (ValueError, TypeError, KeyError):
            return Lease(), generation

    def swap(self, lease: Lease, generation: str | None) -> bool:
        """Whether nobody was faster."""
        try:
            self._storage.compare_and_swap(self._path, json.dumps(asdict(lease)).encode(), generation)
        except ConflictError:
            return False
        return True
