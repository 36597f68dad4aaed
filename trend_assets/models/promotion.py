"""Which version is champion: promotion through the gate or by hand, rollback, shadow.

What belongs here: moving pointers and aliases. What doesn't: the gate (``lib/learning/gate.py``), bundles' files (``bundles.py``).

``champion.json`` decides; MLflow's aliases follow it: candidate, the newest trained; champion; previous, the champion before it;
challenger, the newest that only lacks a proven gain over the champion, or one that a person runs in shadow.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from trend_assets.lake.storage import ConflictError
from trend_assets.models.bundles import CHALLENGER, Bundles, DamagedBundleError, Pointer
from trend_assets.models.evaluation import verdicts_of
from trend_assets.models.tracking import CANDIDATE, CHAMPION, PREVIOUS, Tracking, Version
from trend_assets.models.training import ROLLED_BACK
from trend_assets.models.training_set import NotReadyError
from trend_assets.settings import Settings

GATE = "gate"
_PASSED = "passed"
_LEFT = "rolled back from version "
"""Begins the reason of the pointer that a rollback makes; the version follows."""


def promote(name: str, tracking: Tracking, settings: Settings, now: datetime | None = None) -> tuple[Version, str]:
    """Make the candidate that was evaluated champion. Returns the champion and what was done.

    A candidate that was rolled back stays so: only other data or code make another candidate. Raises ``NotReadyError`` where
    the gate is not passed or the evaluation is of another candidate.
    """
    bundles, moment = Bundles(settings), now or datetime.now(UTC)
    evaluated, candidate = bundles.evaluated(name), tracking.by_alias(name, CANDIDATE)
    if candidate is None or evaluated is None or evaluated["version"] != candidate.number:
        raise NotReadyError(f"the newest candidate of {name} has not been evaluated: run the job {name}_training")
    follow(name, bundles, tracking)  # also after a rollback that was interrupted: its mark is what keeps the candidate out
    candidate = _version(tracking, name, candidate.number)
    failed = [str(verdict) for verdict in verdicts_of(name, settings) if not verdict.passed]
    if failed:
        raise NotReadyError("; ".join(failed))
    pointer, champion = bundles.pointer(name), tracking.by_alias(name, CHAMPION)
    number = pointer.version if pointer else champion.number if champion else None
    if number == candidate.number:
        if pointer is None:  # made champion before there were bundles
            _make_champion(name, candidate, pointer, bundles, tracking, moment, "champion already")
        return candidate, "champion already"
    if number is not None and ROLLED_BACK in candidate.tags:
        return _version(tracking, name, number), f"kept: version {candidate.number} was rolled back at {candidate.tags[ROLLED_BACK]}"
    beside = evaluated.get("champion", number)
    if beside != number:
        others = f"version {beside}" if beside is not None else "no champion"
        raise NotReadyError(
            f"version {candidate.number} of {name} was judged beside {others}, and version {number} is champion now: "
            f"run the job {name}_training again"
        )
    _make_champion(name, candidate, pointer, bundles, tracking, moment, "passed the gate")
    return candidate, f"promoted, before it version {number}" if number is not None else "promoted, the first"


def promote_by_hand(
    name: str, number: int, tracking: Tracking, settings: Settings, reason: str = "", now: datetime | None = None
) -> Version:
    """Make a version champion because a person says so.

    Raises ``NotReadyError`` for a version that there is not, and for one that did not pass its gate unless a reason is given, which is
    recorded with the version and the pointer.
    """
    bundles = Bundles(settings)
    pointer, version = bundles.pointer(name), _version(tracking, name, number)
    outcome = version.tags.get(GATE, "it was never evaluated")
    if outcome != _PASSED and not reason.strip():
        raise NotReadyError(f"version {number} of {name} did not pass its gate ({outcome}): promote it with --reason, which is recorded")
    if outcome != _PASSED:
        tracking.tag(version, "promoted_despite", f"{outcome}; reason: {reason.strip()}"[:1000])
    _make_champion(name, version, pointer, bundles, tracking, now or datetime.now(UTC), reason.strip() or "by hand")
    return version


def roll_back(name: str, tracking: Tracking, settings: Settings, now: datetime | None = None) -> tuple[int, int, float]:
    """Make the champion before this one champion again: model, features and thresholds together, for they are one bundle.

    Returns the version left, the champion now and the seconds that serving waited for it. Raises ``NotReadyError``.
    """
    started, moment, bundles = time.monotonic(), now or datetime.now(UTC), Bundles(settings)
    pointer = bundles.pointer(name)
    if pointer is None:
        raise NotReadyError(f"{name} has no champion: nothing to roll back")
    before = pointer.before
    if before is None:
        raise NotReadyError(f"version {pointer.version} is the first champion of {name}: there is none to go back to")
    bundle = _whole(name, before, bundles, tracking)
    swap(bundles, name, bundle, before.version, moment, f"{_LEFT}{pointer.version}", previous=before.before, instead_of=pointer)
    seconds = time.monotonic() - started
    follow(name, bundles, tracking)
    return pointer.version, before.version, seconds


def shadow(name: str, number: int, tracking: Tracking, settings: Settings, now: datetime | None = None) -> Pointer:
    """Let a version run beside the champion as challenger: it is compared, never published as the champion's."""
    version, bundles = _version(tracking, name, number), Bundles(settings)
    pointer = bundles.pointer(name)
    if pointer is None:
        raise NotReadyError(f"{name} has no champion to run beside: train one first (trend-assets models train {name})")
    if pointer.version == number:
        raise NotReadyError(f"version {number} is the champion of {name}: choose another to run beside it")
    running = bundles.pointer(name, CHALLENGER)
    bundle = bundles.write(name, tracking.model_files(version))
    made = swap(bundles, name, bundle, number, now or datetime.now(UTC), "in shadow", which=CHALLENGER, instead_of=running)
    tracking.point(name, CHALLENGER, version)
    return made


def note_challenger(name: str, tracking: Tracking, settings: Settings) -> None:
    """Alias ``challenger`` for a candidate that fails nothing but a proven gain over the champion."""
    failed = [verdict.kind for verdict in verdicts_of(name, settings) if not verdict.passed]
    candidate = tracking.by_alias(name, CANDIDATE)
    if failed == ["better"] and candidate is not None and Bundles(settings).pointer(name, CHALLENGER) is None:
        tracking.point(name, CHALLENGER, candidate)


def _make_champion(
    name: str, version: Version, pointer: Pointer | None, bundles: Bundles, tracking: Tracking, now: datetime, reason: str
) -> None:
    """In place of the pointer that the decision was made on, and of no other."""
    previous = pointer if pointer is not None and pointer.version != version.number else pointer.before if pointer else None
    bundle = bundles.write(name, tracking.model_files(version))
    swap(bundles, name, bundle, version.number, now, reason, previous=previous, instead_of=pointer)
    if previous is not None:
        tracking.tag(version, "previous_champion", str(previous.version))
    follow(name, bundles, tracking)


def follow(name: str, bundles: Bundles, tracking: Tracking) -> None:
    """Make the registry's aliases and marks say what ``champion.json`` says, after a promotion or rollback that was interrupted too."""
    pointer = bundles.pointer(name)
    if pointer is None:
        return
    numbers = {version.number: version for version in tracking.versions(name)}
    left = pointer.reason.removeprefix(_LEFT)
    if left != pointer.reason and left.isdigit() and int(left) in numbers and ROLLED_BACK not in numbers[int(left)].tags:
        tracking.tag(numbers[int(left)], ROLLED_BACK, pointer.since)
    for alias, wanted in ((CHAMPION, pointer), (PREVIOUS, pointer.before)):
        if wanted is not None and wanted.version in numbers:
            tracking.point(name, alias, numbers[wanted.version])
        elif wanted is None:
            tracking.unpoint(name, alias)
    challenger = tracking.by_alias(name, CHALLENGER)
    if challenger is not None and challenger.number == pointer.version:
        tracking.unpoint(name, CHALLENGER)
        bundles.remove(name, CHALLENGER)


def swap(bundles: Bundles, *arguments: Any, **named: Any) -> Pointer:
    """Point, or say that somebody else did."""
    try:
        return bundles.point(*arguments, **named)
    except ConflictError as error:
        raise NotReadyError(str(error)) from error


def _whole(name: str, pointer: Pointer, bundles: Bundles, tracking: Tracking) -> str:
    """The pointer's bundle where it is whole, else the one written anew from the registry's files."""
    try:
        bundles.read(name, pointer.bundle)
    except DamagedBundleError:
        return bundles.write(name, tracking.model_files(_version(tracking, name, pointer.version)))
    return pointer.bundle


def _version(tracking: Tracking, name: str, number: int) -> Version:
    versions = {version.number: version for version in tracking.versions(name)}
    if number not in versions:
        raise NotReadyError(f"there is no version {number} of {name}; there are: {', '.join(map(str, sorted(versions))) or 'none'}")
    return versions[number]
