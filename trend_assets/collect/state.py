"""Where a collector goes on: the cursor file, swapped atomically, with a checksum and a spare copy.

What belongs here: what is remembered, storing and reading it. What doesn't: what a cursor means (its source alone knows), when it
moves (``collector.py``: after everything before it is published).

The file is changed by compare-and-swap against what this collector last wrote. So a collector that was suspended, lost its lease and
wakes up cannot move another's cursor back. The spare copy is some publications older: resuming from it delivers records twice, which
the raw tables undo; resuming from nowhere would lose some.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from trend_assets.lake.storage import ConflictError, Storage

FILE, SPARE = "cursor.json", "cursor.spare.json"
SPARE_EVERY = 12
"""Publications after which the spare copy is renewed."""


class CursorLostError(RuntimeError):
    """The cursor file was changed by another collector: this one must end."""


class State(msgspec.Struct, frozen=True):
    """What a collector remembers. seen_at: when the newest published sign of life came; records: landed by all its lives."""

    source: str
    cursor: str | None = None
    seen_at: datetime | None = None
    published_at: datetime | None = None
    records: int = 0
    publications: int = 0


class Remembered(msgspec.Struct, frozen=True):
    """What was found at the start. damaged: what was wrong with the cursor file, empty if nothing was."""

    state: State
    damaged: str = ""


class _Stored(msgspec.Struct, frozen=True):
    state: msgspec.Raw
    sha256: str


class CursorFile:
    """The cursor file of one source, under the folder ``source`` of the storage."""

    def __init__(self, storage: Storage, source: str) -> None:
        self._storage, self._source = storage, source
        self._generations: dict[str, str | None] = {}

    def read(self) -> Remembered:
        """The state to go on from; a damaged file is replaced by its spare copy, and that by an empty state."""
        found, damage = {}, {}
        for name in (FILE, SPARE):
            found[name], damage[name] = self._read(name)
        chosen = found[FILE] or found[SPARE] or State(self._source)
        return Remembered(chosen, damage[FILE] or ("" if found[FILE] or not found[SPARE] else "the cursor file is gone"))

    def write(self, state: State) -> None:
        """Swap the state in. Raises ``CursorLostError`` where another collector has moved the cursor, ``OSError`` from the storage."""
        self._write(FILE, state)
        if state.publications % SPARE_EVERY == 1:
            self._write(SPARE, state)

    def _read(self, name: str) -> tuple[State | None, str]:
        path = f"{self._source}/{name}"
        self._generations[name] = None
        try:
            data, self._generations[name] = self._storage.read_with_generation(path)
        except FileNotFoundError:
            return None, ""
        try:
            stored = msgspec.json.decode(data, type=_Stored)
            if hashlib.sha256(bytes(stored.state)).hexdigest() != stored.sha256:
                return None, f"{path}: the content differs from its checksum"
            state = msgspec.json.decode(stored.state, type=State)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return None, f"{path} is unreadable: {error}"
        if state.source != self._source:
            return None, f"{path} belongs to the source {state.source!r}"
        return state, ""

    def _write(self, name: str, state: State) -> None:
        content = msgspec.json.encode(state)
        stored = msgspec.json.encode(_Stored(msgspec.Raw(content), hashlib.sha256(content).hexdigest()))
        path = f"{self._source}/{name}"
        try:
            self._generations[name] = self._storage.compare_and_swap(path, stored, self._generations.get(name))
        except ConflictError as error:
            raise CursorLostError(f"{path} was changed by another collector of {self._source}; this one ends") from error
