"""The rolling window: repeated coincidences become groups with a verdict, rows without names, and weights.

What belongs here: sums over the window's hours, significant pairs, scripts, connected groups, crowds, verdicts, weights. What
doesn't: counting of one hour (``coincidences``), the null model (``chance``).

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

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.coordination.acts import KINDS, TEXT, WINDOW_SECONDS, EncodedHour, encode_hour
from trend_assets.lib.coordination.chance import at_least_p_values, crowding, expected_coincidences, repeated_p_values
from trend_assets.lib.coordination.coincidences import HourOfCoincidences, coincidences
from trend_assets.lib.coordination.near_copies import Hashes, Integers
from trend_assets.tables import TABLES

Floats = npt.NDArray[np.float64]
WEIGHTS = pa.schema([("network", pa.string()), ("author", pa.string()), ("weight", pa.float64())])
WINDOW_HOURS = 24
_HOUR = timedelta(hours=1)


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
class Coordination:
    """What one hour's window shows.

    groups: rows of ``influencers/coordinated_groups``. weights: network, author, weight of every account in a coordinated group; in
    memory only, never published.
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
    return coordination_of((encode_hour(*hour) for hour in hours), first=first, window_hours=window_hours, rules=rules)


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
            yield _judge(hour, list(kept), rules or Rules())


def author_weights(coordination: Coordination) -> pa.Table:
    """Columns network, author, weight in (0, 1]: the accounts of coordinated groups. Accounts that are not named weigh 1.

    A group that acts as one counts as one: each of its n accounts weighs 1 / n. For discounts in memory; never publish it.
    """
    return coordination.weights


def post_weights(clean_posts: pa.Table, weights: pa.Table) -> Floats:
    """Weight (posts,) of each post: that of its author in ``weights`` (see ``author_weights``), 1 for the others."""
    from trend_assets.lib.tables import matches

    found = pc.take(weights["weight"].combine_chunks(), matches(clean_posts, weights, ("network", "author")))
    return np.asarray(pc.fill_null(found, 1.0).to_numpy(zero_copy_only=False), dtype=np.float64)


@dataclass(frozen=True)
class _Accounts:
    """Sums over the window of the accounts that matter (hashes, ascending)."""

    account: Hashes
    acts: Integers
    neighbours: Integers
    slots: Integers
    posts: Integers
    written: Integers
    scripted: Integers

    @classmethod
    def of(cls, account: Hashes, hours: Sequence[HourOfCoincidences]) -> _Accounts:
        sums = cls(
            account,
            *(np.zeros((len(KINDS), len(account)), np.int64) for _ in range(2)),
            *(np.zeros(len(account), np.int64) for _ in range(4)),
        )
        for hour in hours:
            ours, theirs = _common(account, hour.accounts)
            for name in ("acts", "neighbours", "slots", "posts", "written", "scripted"):
                getattr(sums, name)[..., ours] += getattr(hour, name)[..., theirs]
        return sums

    def place(self, account: Hashes) -> Integers:
        """Where each of these accounts stands; all of them must be among ours."""
        return np.searchsorted(self.account, account)


def _common(wanted: Hashes, there: Hashes) -> tuple[Integers, Integers]:
    """Places of the hashes in both, in ``wanted`` and in ``there`` (both ascending)."""
    if not len(there) or not len(wanted):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    place = np.minimum(np.searchsorted(there, wanted), len(there) - 1)
    ours = np.flatnonzero(there[place] == wanted)
    return ours, place[ours]


@dataclass(frozen=True)
class _Pairs:
    """Pairs of the window that coincided often enough to be tested, and how many coincided at all."""

    left: Hashes
    right: Hashes
    occasions: Integers
    kinds: Integers
    tested: int

    @classmethod
    def of(cls, hours: Sequence[HourOfCoincidences], least: int) -> _Pairs:
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
class _Links:
    """Significant pairs as places among the accounts: with occasions, their expectation, synchrony, q and kinds of acts."""

    left: Integers
    right: Integers
    occasions: Integers
    expected: Floats
    synchrony: Floats
    q_value: Floats
    kinds: Integers


@dataclass(frozen=True)
class _Scripts:
    """Bursts of near-copies: members in compressed rows (starts, members: places), whether one is dedicated, q of the script."""

    starts: Integers
    members: Integers
    dedicated: npt.NDArray[np.bool_]
    q_value: Floats


def _judge(hour: datetime, hours: list[HourOfCoincidences], rules: Rules) -> Coordination:
    newest = hours[-1]
    pairs = _Pairs.of(hours, rules.least_occasions)
    bursts = _joined_bursts(hours)
    accounts = _Accounts.of(np.unique(np.concatenate([pairs.left, pairs.right, bursts.members])), hours)
    links = _links(pairs, accounts, hours, rules)
    scripts = _scripts(bursts, accounts, hours, rules)
    group, size = _components(len(accounts.account), links, scripts, rules)
    window = _Window(hour, hours, accounts)
    rows = [_group_row(window, members, links, scripts, group) for members in _listed(group, newest, accounts)]
    rows += _crowd_rows(window, bursts, group, rules)
    table = TABLES["influencers/coordinated_groups"]
    found = table.from_rows(row for row in rows if row is not None)
    return Coordination(
        hour, found.sort_by([("accounts", "descending"), ("group_id", "ascending")]), _weights(hours, accounts, group, size)
    )


@dataclass(frozen=True)
class _Bursts:
    """Bursts of the window, hour after hour: kind, whether of the newest hour, members in compressed rows (hashes)."""

    kind: Integers
    newest: npt.NDArray[np.bool_]
    starts: Integers
    members: Hashes


def _joined_bursts(hours: Sequence[HourOfCoincidences]) -> _Bursts:
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
    return _Bursts(np.concatenate(kinds), np.concatenate(newest), starts, np.concatenate(members))


def _links(pairs: _Pairs, accounts: _Accounts, hours: Sequence[HourOfCoincidences], rules: Rules) -> _Links:
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
    return _Links(left[kept], right[kept], pairs.occasions[kept], expected[kept], synchrony[kept], q_value[kept], pairs.kinds[kept])


def _scripts(bursts: _Bursts, accounts: _Accounts, hours: Sequence[HourOfCoincidences], rules: Rules) -> _Scripts:
    """Which bursts of near-copies are scripts, and the members that post little else."""
    from trend_assets.lib.trends.discovery import benjamini_hochberg

    texts = np.flatnonzero(bursts.kind == TEXT)
    sizes = np.diff(bursts.starts)[texts]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    members = accounts.place(bursts.members[np.repeat(bursts.kind == TEXT, np.diff(bursts.starts))])
    if not len(texts):
        return _Scripts(starts, members, np.zeros(0, bool), np.zeros(0))
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
    return _Scripts(starts, members, is_script & (scripted >= rules.least_scripted * written), q_value)


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


def _components(count: int, links: _Links, scripts: _Scripts, rules: Rules) -> tuple[Integers, Integers]:
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


def _listed(group: Integers, newest: HourOfCoincidences, accounts: _Accounts) -> list[Integers]:
    """Members (places) of each group that acted in the newest hour."""
    member = np.flatnonzero(group >= 0)
    member = member[np.argsort(group[member], kind="stable")]
    acted = np.zeros(len(accounts.account), bool)
    ours, theirs = _common(accounts.account, newest.accounts)
    acted[ours] = newest.posts[theirs] > 0
    parts = np.split(member, np.flatnonzero(np.diff(group[member])) + 1) if len(member) else []
    return [part for part in parts if acted[part].any()]


@dataclass(frozen=True)
class _Postings:
    """Posts by account (place) and topic in the window, sorted by account; totals of topics; names."""

    account: Integers
    topic: Integers
    posts: Integers
    totals: Integers
    names: list[str]


def _postings(accounts: Hashes, hours: Sequence[HourOfCoincidences]) -> _Postings:
    names = sorted({name for hour in hours for name in hour.topics.to_pylist()})
    lookup = pa.array(names, pa.string())
    totals = np.zeros(len(names), np.int64)
    parts: list[tuple[Integers, Integers, Integers]] = []
    for hour in hours:
        code = pc.index_in(hour.topics, value_set=lookup).to_numpy(zero_copy_only=False).astype(np.int64)
        totals[code] += hour.topic_totals
        if not len(accounts) or not len(hour.topic_account):
            continue
        place = np.minimum(np.searchsorted(accounts, hour.topic_account), len(accounts) - 1)
        known = accounts[place] == hour.topic_account
        parts.append((place[known], code[hour.topic[known]], hour.topic_posts[known]))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [np.zeros(0, np.int64)] * 3
    order = np.argsort(columns[0], kind="stable")
    account, topic, posts = (column[order] for column in columns)
    return _Postings(account, topic, posts, totals, names)


@dataclass(frozen=True)
class _Window:
    """What rows are made from."""

    hour: datetime
    hours: list[HourOfCoincidences]
    accounts: _Accounts

    @cached_property
    def postings(self) -> _Postings:
        """Posts by account and topic; most hours have no row that needs them."""
        return _postings(self.accounts.account, self.hours)

    def topic_of(self, members: Integers) -> tuple[str | None, float | None]:
        """The topic of most of the members' posts, and their share of its posts."""
        first, last = np.searchsorted(self.postings.account, members), np.searchsorted(self.postings.account, members, "right")
        rows = np.repeat(first - np.concatenate([[0], np.cumsum(last - first)[:-1]]), last - first) + np.arange((last - first).sum())
        posts = np.bincount(self.postings.topic[rows], self.postings.posts[rows], len(self.postings.names))
        if not posts.any():
            return None, None
        topic = int(posts.argmax())
        return self.postings.names[topic], float(min(posts[topic] / self.postings.totals[topic], 1.0))

    def row(self, members: Integers, **values: Any) -> dict[str, Any]:
        """A row of the table: what all verdicts share, and ``values``."""
        topic, share = self.topic_of(members)
        written = int(self.accounts.written[members].sum())
        scripted = min(int(self.accounts.scripted[members].sum()), written)
        return {
            "hour": self.hour,
            "group_id": hashlib.blake2b(np.sort(self.accounts.account[members]).tobytes(), digest_size=12).hexdigest(),
            "topic_id": topic,
            "accounts": len(members),
            "acts": int(self.accounts.posts[members].sum()),
            "topic_share": share,
            "scripted_share": scripted / written if written else 0.0,
        } | values


def _group_row(window: _Window, members: Integers, links: _Links, scripts: _Scripts, group: Integers) -> dict[str, Any]:
    root = group[members[0]]
    mine = group[links.left] == root if len(links.left) else np.zeros(0, bool)
    scripted = np.unique(
        np.repeat(np.arange(len(scripts.starts) - 1), np.diff(scripts.starts))[scripts.dedicated & (group[scripts.members] == root)]
    )
    bits = int(np.bitwise_or.reduce(links.kinds[mine])) if mine.any() else 0
    bits |= (1 << TEXT) if len(scripted) else 0
    evidence = [name for number, name in enumerate(KINDS) if bits >> number & 1]
    occasions, expected, synchrony = (
        float(np.median(values[mine])) if mine.any() else 0.0 for values in (links.occasions, links.expected, links.synchrony)
    )
    q_value = max(float(links.q_value[mine].max()) if mine.any() else 0.0, float(scripts.q_value[scripted].max()) if len(scripted) else 0.0)
    row = window.row(
        members,
        evidence_kinds=evidence,
        occasions=occasions,
        expected_occasions=expected,
        synchrony=synchrony,
        q_value=min(q_value, 1.0),
        verdict="coordinated",
    )
    said = [f"{row['accounts']} accounts"]
    if mine.any():
        said[0] += f" coincided in {_listing(evidence)} on {occasions:g} occasions each (median of the pairs tied)"
        said.append(f"chance explains {expected:.2g}")
        said.append(f"together in {100 * synchrony:.0f} % of the time in which they acted")
    if len(scripted):
        if not mine.any():
            said[0] += f" posted near-copies of {_counted(len(scripted), 'text')} within minutes of one another"
        said.append(f"{100 * row['scripted_share']:.0f} % of all they wrote in {len(window.hours)} hours is such copies")
    return row | {"reason": "; ".join(said)}


def _crowd_rows(window: _Window, bursts: _Bursts, group: Integers, rules: Rules) -> list[dict[str, Any]]:
    """The largest bursts of the newest hour that are no coordinated group."""
    sizes = np.diff(bursts.starts)
    large = np.flatnonzero(bursts.newest & (sizes >= rules.crowd_accounts))
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    for burst in large[np.argsort(-sizes[large], kind="stable")].tolist():
        members = np.unique(window.accounts.place(bursts.members[bursts.starts[burst] : bursts.starts[burst + 1]]))
        if len(rows) == rules.most_crowds:
            break
        if 2 * (group[members] >= 0).sum() >= len(members):
            continue
        kind = KINDS[int(bursts.kind[burst])]
        often = int((window.accounts.slots[members] >= rules.seen_often).sum())
        told = often >= max(rules.smallest_group, len(members) // 10)
        row = window.row(members, evidence_kinds=[kind], occasions=1.0, expected_occasions=0.0, synchrony=0.0, q_value=1.0)
        if row["group_id"] in seen:
            continue
        seen.add(row["group_id"])
        seen_often = f"{often} of them acted in {rules.seen_often} or more intervals of five minutes in {len(window.hours)} hours"
        rows.append(
            row
            | {
                "verdict": "organic crowd" if told else "insufficient data",
                "reason": f"{len(members)} accounts coincided in {kind} once; {seen_often}"
                + ("; a repetition would have shown and did not" if told else ", too few for a repetition to show"),
            }
        )
    return rows


def _weights(hours: Sequence[HourOfCoincidences], accounts: _Accounts, group: Integers, size: Integers) -> pa.Table:
    """Network, author and weight of the accounts in groups, sorted."""
    members = np.flatnonzero(group >= 0)
    if not len(members):
        return WEIGHTS.empty_table()
    left = accounts.account[members]
    parts: list[pa.Table] = []
    named = np.zeros(len(members), bool)
    for hour in reversed(hours):
        ours, theirs = _common(left, hour.accounts)
        new = ~named[ours] & (hour.row[theirs] >= 0)
        ours, rows = ours[new], pa.array(hour.row[theirs[new]])
        named[ours] = True
        weight = 1.0 / np.maximum(size[group[members[ours]]], 1)
        parts.append(pa.table([hour.network.take(rows), hour.author.take(rows), pa.array(weight, pa.float64())], schema=WEIGHTS))
    return pa.concat_tables([WEIGHTS.empty_table(), *parts]).sort_by([("network", "ascending"), ("author", "ascending")]).combine_chunks()


def _listing(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
