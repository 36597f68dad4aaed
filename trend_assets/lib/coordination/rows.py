"""Rows of ``influencers/coordinated_groups``: how many accounts did what, and why they are called what they are called.

What belongs here: rows of groups and crowds, their topic, their reason in words. What doesn't: who is in a group (``groups``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.coordination.acts import KINDS, TEXT
from trend_assets.lib.coordination.coincidences import HourOfCoincidences
from trend_assets.lib.coordination.near_copies import Hashes, Integers
from trend_assets.lib.coordination.window import Accounts, Bursts, Links, Rules, Scripts


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
class Window:
    """What rows are made from."""

    hour: datetime
    hours: list[HourOfCoincidences]
    accounts: Accounts

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


def group_row(window: Window, members: Integers, links: Links, scripts: Scripts, group: Integers) -> dict[str, Any]:
    """The row of a coordinated group: ``members`` are places of its accounts, ``group`` the group of each account."""
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


def crowd_rows(window: Window, bursts: Bursts, group: Integers, rules: Rules) -> list[dict[str, Any]]:
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


def _listing(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
