"""The rolling window: repeated coincidences become groups with a verdict, rows without names, and weights.

What belongs here: significant pairs, scripts, connected groups, weights. What doesn't: counting of one hour (``coincidences``), sums
over the window (``window``), the null model (``chance``), rows and their words (``rows``).

Coordinated is a group of at least five accounts joined by either of two findings.

* *Again and again*: two accounts coincided on at least three occasions, in at least a tenth of the less active one's time, and more
  often than chance explains at a false-discovery rate of 1 % over all pairs that coincided at all. Accounts tied to only one other are
  left out (2-core), so that a chain of single links is no group.
* *One script*: near-copies of a text by five accounts and more within minutes, where these accounts' other posts are scripted, too
  (at least half of them, and more than others' posts are, at the same rate); or, in a lake that sees accounts often enough to tell,
  where nine in ten of them post nothing else at all.

Everybody else who coincided is a crowd: *organic* where enough of its accounts were seen often enough for a repetition to have shown,
else *insufficient data*.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lib.coordination.acts import TEXT, WINDOW_SECONDS, EncodedHour, encode_hours
from trend_assets.lib.coordination.chance import at_least_p_values, crowding, expected_coincidences, repeated_p_values
from trend_assets.lib.coordination.coincidences import HourOfCoincidences, coincidences
from trend_assets.lib.coordination.near_copies import Integers
from trend_assets.lib.coordination.rows import Window, crowd_rows, group_row
from trend_assets.lib.coordination.window import Accounts, Bursts, Links, Pairs, Rules, Scripts, common, joined_bursts
from trend_assets.tables import TABLES

Floats = npt.NDArray[np.float64]
WEIGHTS = pa.schema([("network", pa.string()), ("author", pa.string()), ("weight", pa.float64())])
WINDOW_HOURS = 24
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Coordination:
    """What one hour's window shows.

    groups: rows of ``influencers/coordinated_groups``. weights: network, author, weight in (0, 1] of every account in a coordinated group:
    a group that acts as one counts as one, so each of its n accounts weighs 1 / n; others weigh 1. In memory only, never published.
    """

    hour: datetime
    groups: pa.Table
    weights: pa.Table


def coordination_by_hour(
    hours: Iterable[tuple[datetime, pa.Table, pa.Table]], *, first: datetime, window_hours: int = WINDOW_HOURS, rules: Rules | None = None
) -> Iterator[Coordination]:
    """The coordination after each hour from ``first`` on.

    ``hours``: each hour with its clean posts and topic assignments, in time order, from ``window_hours`` before ``first`` (the oldest
    of them only lends its last minutes). The result of an hour is a function of these hours, whatever comes before and after them and
    in whatever order posts are given. Memory: the coincidences of ``window_hours``, which are bounded by the number of acts. Raises
    ``ValueError`` when hours don't come in time order.
    """
    return coordination_of(encode_hours(hours), first=first, window_hours=window_hours, rules=rules)


def coordination_of(
    hours: Iterable[EncodedHour], *, first: datetime, window_hours: int = WINDOW_HOURS, rules: Rules | None = None
) -> Iterator[Coordination]:
    """As ``coordination_by_hour``, from hours that are encoded already (see ``acts.encode_hour``)."""
    kept: deque[HourOfCoincidences] = deque()
    before: EncodedHour | None = None
    for encoded in hours:
        hour = encoded.hour
        if before is not None and hour <= before.hour:
            raise ValueError(f"hours must come in time order, each once: {hour} after {before.hour}")
        adjacent = before if before is not None and hour - before.hour == _HOUR else None
        if hour > first - window_hours * _HOUR:
            kept.append(coincidences(encoded, adjacent))
        while kept and kept[0].hour <= hour - window_hours * _HOUR:
            kept.popleft()
        before = encoded
        if hour >= first:
            yield judge_coordination(list(kept), rules)


def judge_coordination(hours: Sequence[HourOfCoincidences], rules: Rules | None = None) -> Coordination:
    """The coordination after the newest of ``hours``, the window's coincidences, oldest first."""
    rules, hours, newest = rules or Rules(), list(hours), hours[-1]
    hour = newest.hour
    pairs = Pairs.of(hours, rules.least_occasions)
    bursts = joined_bursts(hours)
    accounts = Accounts.of(np.unique(np.concatenate([pairs.left, pairs.right, bursts.members])), hours)
    links = _links(pairs, accounts, hours, rules)
    scripts = _scripts(bursts, accounts, hours, rules)
    group, size = _components(len(accounts.account), links, scripts, rules)
    window = Window(hour, hours, accounts)
    rows = [group_row(window, members, links, scripts, group) for members in acting(group, newest, accounts)]
    rows += crowd_rows(window, bursts, group, rules)
    table = TABLES["influencers/coordinated_groups"]
    found = table.from_rows(row for row in rows if row is not None)
    return Coordination(
        hour, found.sort_by([("accounts", "descending"), ("group_id", "ascending")]), _weights(hours, accounts, group, size)
    )


def _links(pairs: Pairs, accounts: Accounts, hours: Sequence[HourOfCoincidences], rules: Rules) -> Links:
    from trend_assets.lib.coordination.kernels import prune
    from trend_assets.lib.trends.discovery import benjamini_hochberg

    left, right = accounts.place(pairs.left), accounts.place(pairs.right)
    totals, flow = np.sum([hour.totals for hour in hours], axis=0), np.concatenate([hour.flow for hour in hours])
    spans = (crowding(flow) * 2.0 / (3600.0 * len(hours))) * WINDOW_SECONDS.astype(np.float64)
    expected = expected_coincidences(accounts.neighbours, accounts.acts, totals, spans, left, right)
    q_value = benjamini_hochberg(repeated_p_values(pairs.occasions, expected), pairs.tested)
    time = np.minimum(accounts.slots[left], accounts.slots[right])
    synchrony = np.minimum(pairs.occasions / np.maximum(time, 1), 1.0)
    kept = np.flatnonzero((q_value <= rules.false_discovery_rate) & (synchrony >= rules.least_synchrony))
    degree = np.bincount(left[kept], minlength=len(accounts.account)) + np.bincount(right[kept], minlength=len(accounts.account))
    kept = kept[prune(degree, left[kept], right[kept], 2)]
    return Links(left[kept], right[kept], pairs.occasions[kept], expected[kept], synchrony[kept], q_value[kept], pairs.kinds[kept])


def _scripts(bursts: Bursts, accounts: Accounts, hours: Sequence[HourOfCoincidences], rules: Rules) -> Scripts:
    """Which bursts of near-copies are scripts, and the members that post little else."""
    from trend_assets.lib.trends.discovery import benjamini_hochberg

    texts = np.flatnonzero(bursts.kind == TEXT)
    sizes = np.diff(bursts.starts)[texts]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    members = accounts.place(bursts.members[np.repeat(bursts.kind == TEXT, np.diff(bursts.starts))])
    if not len(texts):
        return Scripts(starts, members, np.zeros(0, bool), np.zeros(0))
    written, scripted = accounts.written[members], accounts.scripted[members]

    def per_burst(values: npt.NDArray[Any]) -> Integers:
        return np.add.reduceat(values.astype(np.int64), starts[:-1])

    # One post of each is the burst itself: the evidence is in the others.
    others, scripted_others = np.maximum(written - 1, 0), np.maximum(np.minimum(scripted, written) - 1, 0)
    told, trials, successes = per_burst(others > 0), per_burst(others), per_burst(scripted_others)
    all_written, all_scripted = (sum(int(getattr(hour, name).sum()) for hour in hours) for name in ("written", "scripted"))
    base = (all_scripted - per_burst(scripted) + 1) / np.maximum(all_written - per_burst(written) + 2, 2)
    repeated = at_least_p_values(successes, trials, np.clip(base, 0.05, 0.95))
    repeated[(told < rules.smallest_group) | (successes < rules.least_scripted * trials)] = 1.0
    single, alone = _single_share(hours), per_burst(written <= 1)
    dedicated = at_least_p_values(alone, sizes, min(max(single, 0.05), 0.95))
    dedicated[(single > rules.most_single) | (alone < rules.least_dedicated * sizes)] = 1.0
    p_value = np.minimum(np.minimum(repeated, dedicated) * 2.0, 1.0)
    q_value = benjamini_hochberg(p_value)
    is_script = np.repeat(q_value <= rules.false_discovery_rate, sizes)
    return Scripts(starts, members, is_script & (scripted >= rules.least_scripted * written), q_value)


def _single_share(hours: Sequence[HourOfCoincidences], most: int = 20_000) -> float:
    """Share of written posts by accounts that wrote one in the window; of a sample of accounts by hash where there are many."""
    rows = sum(len(hour.accounts) for hour in hours)
    mask = np.uint64((1 << max(rows // most, 1).bit_length() - 1) - 1)
    chosen = [(hour.accounts & mask) == 0 for hour in hours]
    accounts = np.concatenate([hour.accounts[kept] for hour, kept in zip(hours, chosen, strict=True)])
    written = np.concatenate([hour.written[kept] for hour, kept in zip(hours, chosen, strict=True)])
    _, place = np.unique(accounts, return_inverse=True)
    of_account = np.bincount(place, written)
    return float((of_account == 1).sum() / max(of_account.sum(), 1.0))


def _components(count: int, links: Links, scripts: Scripts, rules: Rules) -> tuple[Integers, Integers]:
    """Group of each account (the place of its first one; -1 for none) and the size of the group at that place."""
    from trend_assets.lib.coordination.kernels import find_roots, unite

    parent = np.arange(count)
    unite(parent, links.left, links.right)
    burst = np.repeat(np.arange(len(scripts.starts) - 1), np.diff(scripts.starts))[scripts.dedicated]
    member = scripts.members[scripts.dedicated]
    same = np.flatnonzero(burst[1:] == burst[:-1])
    unite(parent, member[same], member[same + 1])
    found = np.zeros(count, bool)
    for places in (links.left, links.right, member):
        found[places] = True
    roots = find_roots(parent)
    size = np.bincount(roots[found], minlength=count)
    return np.where(found & (size[roots] >= rules.smallest_group), roots, -1), size


def acting(group: Integers, newest: HourOfCoincidences, accounts: Accounts) -> list[Integers]:
    """Members (places) of each group that acted in the newest hour."""
    member = np.flatnonzero(group >= 0)
    member = member[np.argsort(group[member], kind="stable")]
    acted = np.zeros(len(accounts.account), bool)
    ours, theirs = common(accounts.account, newest.accounts)
    acted[ours] = newest.posts[theirs] > 0
    parts = np.split(member, np.flatnonzero(np.diff(group[member])) + 1) if len(member) else []
    return [part for part in parts if acted[part].any()]


def _weights(hours: Sequence[HourOfCoincidences], accounts: Accounts, group: Integers, size: Integers) -> pa.Table:
    """Network, author and weight of the accounts in groups, sorted."""
    members = np.flatnonzero(group >= 0)
    if not len(members):
        return WEIGHTS.empty_table()
    left = accounts.account[members]
    parts: list[pa.Table] = []
    named = np.zeros(len(members), bool)
    for hour in reversed(hours):
        ours, theirs = common(left, hour.accounts)
        new = ~named[ours] & (hour.row[theirs] >= 0)
        ours, rows = ours[new], pa.array(hour.row[theirs[new]])
        named[ours] = True
        weight = 1.0 / np.maximum(size[group[members[ours]]], 1)
        parts.append(pa.table([hour.network.take(rows), hour.author.take(rows), pa.array(weight, pa.float64())], schema=WEIGHTS))
    return pa.concat_tables([WEIGHTS.empty_table(), *parts]).sort_by([("network", "ascending"), ("author", "ascending")]).combine_chunks()
