"""The rolling window of hours added up: accounts, pairs, bursts, and what is found among them.

What belongs here: rules and sums. What doesn't: the tests on them (``groups``), rows and reasons (``rows``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trend_assets.lib.coordination.acts import KINDS, TEXT
from trend_assets.lib.coordination.coincidences import HourOfCoincidences
from trend_assets.lib.coordination.near_copies import Hashes, Integers

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rules:
    """What makes a group coordinated, and which crowds get a row.

    ``least_occasions``, ``least_synchrony``, ``false_discovery_rate``: of a pair. ``least_scripted``: share of the accounts' other posts;
    ``least_dedicated``: share of accounts that post nothing else, judged where at most ``most_single`` of posts are by accounts seen
    once. ``crowd_accounts``: smallest crowd with a row; ``most_crowds``: rows an hour, largest first; ``seen_often``: slots in which
    an account must have acted for a repetition to have shown.
    """

    least_occasions: int = 3
    least_synchrony: float = 0.1
    false_discovery_rate: float = 0.01
    least_scripted: float = 0.5
    least_dedicated: float = 0.9
    most_single: float = 0.5
    smallest_group: int = 5
    crowd_accounts: int = 10
    most_crowds: int = 20
    seen_often: int = 3


@dataclass(frozen=True)
class Accounts:
    """Sums over the window of the accounts that matter (hashes, ascending)."""

    account: Hashes
    acts: Integers
    neighbours: Integers
    slots: Integers
    posts: Integers
    written: Integers
    scripted: Integers

    @classmethod
    def of(cls, account: Hashes, hours: Sequence[HourOfCoincidences]) -> Accounts:
        """The sums of these accounts over the hours."""
        sums = cls(
            account,
            *(np.zeros((len(KINDS), len(account)), np.int64) for _ in range(2)),
            *(np.zeros(len(account), np.int64) for _ in range(4)),
        )
        for hour in hours:
            ours, theirs = common(account, hour.accounts)
            for name in ("acts", "neighbours", "slots", "posts", "written", "scripted"):
                getattr(sums, name)[..., ours] += getattr(hour, name)[..., theirs]
        return sums

    def place(self, account: Hashes) -> Integers:
        """Where each of these accounts stands; all of them must be among ours."""
        return np.searchsorted(self.account, account)


def common(wanted: Hashes, there: Hashes) -> tuple[Integers, Integers]:
    """Places of the hashes in both, in ``wanted`` and in ``there`` (both ascending)."""
    if not len(there) or not len(wanted):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    place = np.minimum(np.searchsorted(there, wanted), len(there) - 1)
    ours = np.flatnonzero(there[place] == wanted)
    return ours, place[ours]


@dataclass(frozen=True)
class Pairs:
    """Pairs of the window that coincided often enough to be tested, and how many coincided at all."""

    left: Hashes
    right: Hashes
    occasions: Integers
    kinds: Integers
    tested: int

    @classmethod
    def of(cls, hours: Sequence[HourOfCoincidences], least: int) -> Pairs:
        """The pairs with ``least`` occasions in the hours, and how many there are in all."""
        key = np.concatenate([hour.pair_key for hour in hours])
        # Each hour's keys are sorted: a stable sort merges the runs.
        order = np.argsort(key, kind="stable")
        first = np.ones(len(order), bool)
        first[1:] = key[order[1:]] != key[order[:-1]]
        start = np.flatnonzero(first)
        if not len(start):
            none, hashes = np.zeros(0, np.int64), np.zeros(0, np.uint64)
            return cls(hashes, hashes, none, none, 0)
        occasions = np.add.reduceat(np.concatenate([hour.occasions for hour in hours])[order], start)
        kinds = np.bitwise_or.reduceat(np.concatenate([hour.kinds for hour in hours])[order], start)
        often = np.flatnonzero(occasions >= least)
        rows = order[start[often]]
        left, right = (np.concatenate([getattr(hour, name) for hour in hours])[rows] for name in ("left", "right"))
        return cls(left, right, occasions[often], kinds[often], len(start))


@dataclass(frozen=True)
class Links:
    """Significant pairs as places among the accounts: with occasions, their expectation, synchrony, q and kinds of acts."""

    left: Integers
    right: Integers
    occasions: Integers
    expected: Floats
    synchrony: Floats
    q_value: Floats
    kinds: Integers


@dataclass(frozen=True)
class Scripts:
    """Bursts of near-copies: members in compressed rows (starts, members: places), whether one is dedicated, q of the script."""

    starts: Integers
    members: Integers
    dedicated: npt.NDArray[np.bool_]
    q_value: Floats


@dataclass(frozen=True)
class Bursts:
    """Bursts of the window, hour after hour: kind, whether of the newest hour, members in compressed rows (hashes)."""

    kind: Integers
    newest: npt.NDArray[np.bool_]
    starts: Integers
    members: Hashes


def joined_bursts(hours: Sequence[HourOfCoincidences]) -> Bursts:
    """Bursts of near-copies of all hours, and those of the other kinds of the newest."""
    kinds, newest, sizes, members = [], [], [], []
    for hour in hours:
        of_hour = np.diff(hour.burst_starts)
        kept = np.full(len(of_hour), True) if hour is hours[-1] else hour.burst_kind == TEXT
        kinds.append(hour.burst_kind[kept])
        newest.append(np.full(int(kept.sum()), hour is hours[-1]))
        sizes.append(of_hour[kept])
        members.append(hour.burst_members[np.repeat(kept, of_hour)])
    starts = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)
    return Bursts(np.concatenate(kinds), np.concatenate(newest), starts, np.concatenate(members))
