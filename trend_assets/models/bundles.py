"""Bundles: everything that serving a model needs, as files that never change, and a pointer that says which is champion.

What belongs here: writing, reading and pointing. What doesn't: what is in a bundle (``training.py``), who becomes champion
(``promotion.py``). Nothing here knows MLflow: serving reads only these files.

``models/<task>/<hash>/`` holds the model's files, ``features.json``, ``thresholds.json``, ``manifest.json`` and ``model_card.md``; the hash
is of their names and contents. ``models/<task>/champion.json`` is swapped atomically: readers see the one bundle or the other, never parts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from trend_assets.lake.storage import ConflictError, open_storage
from trend_assets.settings import Settings

CHAMPION, CHALLENGER, EVALUATED = "champion", "challenger", "evaluated"
FEATURES, THRESHOLDS, MANIFEST, CARD = "features.json", "thresholds.json", "manifest.json", "model_card.md"
_HASH_LENGTH = 32
_REMEMBERED = 50
"""Pointers before the present one that it names: as far back as rollbacks, one after the other, can go."""
_FILES = "files.json"


class DamagedBundleError(RuntimeError):
    """A bundle's files are gone or are not those it was made of."""


@dataclass(frozen=True)
class Pointer:
    """Which bundle and registry version is used, since when and why, and the pointer before this one."""

    bundle: str
    version: int
    since: str
    reason: str
    previous: Mapping[str, Any] | None = None

    @property
    def before(self) -> Pointer | None:
        """The pointer that this one replaced."""
        return Pointer(**self.previous) if self.previous else None


class Bundles:
    """The bundles of a data folder."""

    def __init__(self, settings: Settings) -> None:
        self.storage = open_storage(settings.data)

    def write(self, task: str, files: Mapping[str, bytes]) -> str:
        """Publish a bundle; returns its hash. The list of files is written last: a bundle that was begun and not finished is none."""
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
        listed = json.dumps(digests, indent=1, sort_keys=True).encode()
        bundle = hashlib.sha256(listed).hexdigest()[:_HASH_LENGTH]
        for name, data in [*files.items(), (_FILES, listed)]:
            path = f"models/{task}/{bundle}/{name}"
            try:
                self.storage.write_new(path, data)
            except ConflictError:  # the file was damaged since: its name says what it must hold
                self.storage.delete(path)
                self.storage.write_new(path, data)
        return bundle

    def read(self, task: str, bundle: str) -> dict[str, bytes]:
        """The files of a bundle. Raises ``DamagedBundleError`` where one is gone or another than it was."""
        folder = f"models/{task}/{bundle}"
        try:
            listed = self.storage.read(f"{folder}/{_FILES}")
            if hashlib.sha256(listed).hexdigest()[:_HASH_LENGTH] != bundle:
                raise DamagedBundleError(f"{folder}: its list of files is damaged")
            files = {name: self.storage.read(f"{folder}/{name}") for name in json.loads(listed)}
        except FileNotFoundError as error:
            raise DamagedBundleError(f"{folder}: files are gone") from error
        wrong = [name for name, digest in json.loads(listed).items() if hashlib.sha256(files[name]).hexdigest() != digest]
        if wrong:
            raise DamagedBundleError(f"{folder}: damaged: {', '.join(wrong)}")
        return files

    def pointer(self, task: str, which: str = CHAMPION) -> Pointer | None:
        """What the pointer says, ``None`` where there is none."""
        found = self._json(f"models/{task}/{which}.json")
        return Pointer(**found) if found else None

    def point(
        self,
        task: str,
        bundle: str,
        version: int,
        now: datetime,
        reason: str,
        which: str = CHAMPION,
        previous: Pointer | None = None,
        *,
        instead_of: Pointer | None,
    ) -> Pointer:
        """Swap the pointer that the caller decided on, ``instead_of``. Raises ``ConflictError`` where another is there meanwhile."""
        made = Pointer(bundle, version, now.isoformat(timespec="seconds"), reason, _shortened(previous))
        path = f"models/{task}/{which}.json"
        try:
            there, generation = self.storage.read_with_generation(path)
        except FileNotFoundError:
            there, generation = b"null", None
        if json.loads(there) != (asdict(instead_of) if instead_of else None):
            raise ConflictError(f"another {which} of {task} was made meanwhile: look at it, then do this again")
        self.storage.compare_and_swap(path, _as_file(asdict(made)), generation)
        return made

    def remove(self, task: str, which: str) -> None:
        """Point nowhere."""
        self.storage.delete(f"models/{task}/{which}.json")

    def evaluated(self, task: str) -> dict[str, Any] | None:
        """What the newest evaluation found: version, verdicts; ``None`` before the first."""
        return self._json(f"models/{task}/{EVALUATED}.json")

    def note_evaluation(self, task: str, found: Mapping[str, Any]) -> None:
        """Keep what an evaluation found, in place of the one before."""
        self._swap(f"models/{task}/{EVALUATED}.json", found)

    def _json(self, path: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(self.storage.read(path))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise DamagedBundleError(f"{path} is damaged ({error}): bring it back from a backup, or delete it and promote again") from error
        return found

    def _swap(self, path: str, value: Mapping[str, Any]) -> None:
        try:
            generation: str | None = self.storage.read_with_generation(path)[1]
        except FileNotFoundError:
            generation = None
        self.storage.compare_and_swap(path, _as_file(value), generation)


def _shortened(pointer: Pointer | None) -> dict[str, Any] | None:
    """A pointer as a dict that names ``_REMEMBERED`` in all: each holds the one before, so without an end the file would grow for ever."""
    chain: list[dict[str, Any]] = []
    while pointer is not None and len(chain) < _REMEMBERED:
        chain.append({**vars(pointer), "previous": None})
        pointer = pointer.before
    found: dict[str, Any] | None = None
    for one in reversed(chain):
        found = {**one, "previous": found}
    return found


def _as_file(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()
