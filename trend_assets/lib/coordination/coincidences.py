"""Who acted on the same thing within seconds or minutes of whom, hour by hour.

What belongs here: pairs of accounts, bursts, and the counts of each account that chance is computed from, for one hour. What doesn't:
the rolling window over hours and what is made of it (``groups``).

Everything here is a sum over hours, so that a day is 24 of these added up and no post is looked at twice. An hour is put together with
the last minutes of the one before: a coincidence belongs to the hour of its later act.

Bounds. Each act is paired with the ``MOST_NEIGHBOURS`` acts before it on the same thing at most, so a viral post with a million reposts
costs 25 million pairs, not 5·10¹¹; the expectation counts the same pairs, so the bound biases nothing. An account acts once on a thing
in five minutes, however often it posts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lib.coordination.acts import KINDS, TEXT, WINDOW_SECONDS, EncodedHour
from trend_assets.lib.coordination.near_copies import Hashes, Integers, Texts, copies, joined

SLOT_SECONDS = 300
"""A pair's coincidences within one such slot are one occasion."""
MOST_NEIGHBOURS = 25
BURST_ACCOUNTS = 5
"""A burst is a thing on which at least so many accounts act, each within the window of so many others less one."""


@dataclass(frozen=True)
class HourOfCoincidences:
    """What an hour adds to the window.

    accounts: hashes, ascending. Per account: acts and neighbours (kinds × accounts), slots in which it acted, posts, written posts,
    scripted ones among them (near-copies in a burst), the row of one of its posts in the hour (-1: it acted before the hour only).
    totals: acts of all accounts by kind; flow: posts and reposts by slot. Per pair of accounts that coincided, sorted by pair_key:
    left and right (hashes), occasions, kinds (bits). Per burst: kind, members in compressed rows (burst_starts, burst_members:
    hashes). Posts by account and topic: topic_account (hash), topic (index into topics), topic_posts; topic_totals (topics,).
    """

    hour: datetime
    accounts: Hashes
    acts: Integers
    neighbours: Integers
    slots: Integers
    posts: Integers
    written: Integers
    scripted: Integers
    row: Integers
    totals: Integers
    flow: Integers
    pair_key: Hashes
    left: Hashes
    right: Hashes
    occasions: Integers
    kinds: Integers
    burst_kind: Integers
    burst_starts: Integers
    burst_members: Hashes
    topic_account: Hashes
    topic: Integers
    topic_posts: Integers
    topic_totals: Integers
    topics: pa.Array
    network: pa.Array
    author: pa.Array


@dataclass(frozen=True)
class _Acts:
    """Acts of an hour and of the last minutes before: kind, thing and account (hashes), second, whether it is of the hour; post in it."""

    kind: Integers
    thing: Hashes
    account: Hashes
    second: Integers
    fresh: npt.NDArray[np.bool_]
    post: Integers

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> _Acts:
        return _Acts(*(getattr(self, name)[rows] for name in ("kind", "thing", "account", "second", "fresh", "post")))


def coincidences(hour: EncodedHour, before: EncodedHour | None) -> HourOfCoincidences:
    """Coincidences of an hour; ``before`` is the hour before it, where there is one. O(acts · (log acts + ``MOST_NEIGHBOURS``))."""
    all_acts = _all_acts(hour, before)
    shared = _shared(all_acts.thing)
    acts = _once_a_slot(all_acts.take(shared))
    accounts = np.unique(np.concatenate([hour.account, acts.account]))
    place = np.searchsorted(accounts, acts.account)
    later, earlier = _neighbours(acts)
    count, kinds = len(accounts), len(KINDS)
    neighbours = np.zeros(kinds * count, np.int64)
    for ends in (later, earlier):
        neighbours += np.bincount(acts.kind[ends] * count + place[ends], minlength=kinds * count)
    alone = all_acts.take(all_acts.fresh & ~shared)
    own = np.bincount(acts.kind[acts.fresh] * count + place[acts.fresh], minlength=kinds * count)
    own += np.bincount(alone.kind * count + np.searchsorted(accounts, alone.account), minlength=kinds * count)
    own = own.reshape(kinds, count)
    slot = np.unique(np.searchsorted(accounts, hour.account) * (3600 // SLOT_SECONDS) + hour.second % 3600 // SLOT_SECONDS)
    bursts = _bursts(acts, place, later, earlier, count)
    in_hour = np.searchsorted(accounts, hour.account)
    row = np.full(count, -1, np.int64)
    row[in_hour[::-1]] = np.arange(len(in_hour))[::-1]
    return HourOfCoincidences(
        hour=hour.hour,
        accounts=accounts,
        acts=own,
        neighbours=neighbours.reshape(kinds, count),
        slots=np.bincount(slot // (3600 // SLOT_SECONDS), minlength=count),
        posts=np.bincount(in_hour, minlength=count),
        written=np.bincount(in_hour[hour.written], minlength=count),
        scripted=_scripted(all_acts, acts, bursts, accounts),
        row=row,
        totals=own.sum(axis=1),
        flow=np.bincount(hour.second % 3600 // SLOT_SECONDS, minlength=3600 // SLOT_SECONDS),
        **_pairs(acts, place, accounts, later, earlier),
        burst_kind=bursts.kind,
        burst_starts=bursts.starts,
        burst_members=accounts[bursts.members],
        **_topics(hour, accounts, in_hour),
        topics=hour.topics,
        network=hour.network,
        author=hour.author,
    )


def _all_acts(hour: EncodedHour, before: EncodedHour | None) -> _Acts:
    """Every act of the hour, and those of the hour before that may coincide with one."""
    start = int(hour.hour.timestamp())
    parts = [hour] if before is None or not len(before.account) else [before, hour]
    recent = [np.ones(len(part.account), bool) if part is hour else part.second >= start - WINDOW_SECONDS.max() for part in parts]
    texts = joined([_texts_of(part, posts) for part, posts in zip(reversed(parts), reversed(recent), strict=True)])
    cluster = copies(texts)
    found = []
    for part, posts in zip(parts, recent, strict=True):
        text_posts = np.flatnonzero(part.has_text & posts)
        thing = (
            cluster[np.searchsorted(texts.key, part.text_key[text_posts])].astype(np.uint64) if len(text_posts) else np.zeros(0, np.uint64)
        )
        post = np.concatenate([text_posts, part.act_post])
        found.append(
            _Acts(
                kind=np.concatenate([np.full(len(text_posts), TEXT, np.int64), part.act_kind]),
                thing=np.concatenate([thing, part.act_thing]),
                account=part.account[post],
                second=part.second[post],
                fresh=np.full(len(post), part is hour),
                post=np.where(part is hour, post, -1),
            )
        )
    acts = _Acts(*(np.concatenate([getattr(part, name) for part in found]) for name in _Acts.__dataclass_fields__))
    return acts.take(acts.fresh | (acts.second >= start - WINDOW_SECONDS[acts.kind]))


def _texts_of(hour: EncodedHour, posts: npt.NDArray[np.bool_]) -> Texts:
    """The texts of these posts of the hour."""
    if posts.all():
        return hour.texts
    return hour.texts.take(np.searchsorted(hour.texts.key, np.unique(hour.text_key[hour.has_text & posts])))


def _shared(thing: Hashes) -> npt.NDArray[np.bool_]:
    """Whether anybody (the same account, too) acted on the thing of each act besides that act. Most texts are posted once."""
    order = np.argsort(thing, kind="stable")
    repeated = np.zeros(len(order), bool)
    repeated[1:] = thing[order[1:]] == thing[order[:-1]]
    repeated[:-1] |= repeated[1:]
    result = np.empty(len(order), bool)
    result[order] = repeated
    return result


def _once_a_slot(acts: _Acts) -> _Acts:
    """The first act of each account on a thing in each slot, sorted by thing, time and account."""
    order = np.lexsort((acts.second, acts.account, acts.second // SLOT_SECONDS, acts.thing, acts.kind))
    acts = acts.take(order)
    slot, first = acts.second // SLOT_SECONDS, np.ones(len(order), bool)
    first[1:] = (
        (acts.kind[1:] != acts.kind[:-1])
        | (acts.thing[1:] != acts.thing[:-1])
        | (slot[1:] != slot[:-1])
        | (acts.account[1:] != acts.account[:-1])
    )
    acts = acts.take(first)
    return acts.take(np.lexsort((acts.account, acts.second, acts.thing, acts.kind)))


def _neighbours(acts: _Acts) -> tuple[Integers, Integers]:
    """Rows of the acts (later, earlier) that coincide."""
    from trend_assets.lib.coordination.kernels import neighbours_in_time

    found: tuple[Integers, Integers] = neighbours_in_time(
        _runs(acts), acts.second, acts.account, acts.fresh, WINDOW_SECONDS[acts.kind], MOST_NEIGHBOURS
    )
    return found


def _runs(acts: _Acts) -> Integers:
    """Number of the thing of each act (acts sorted by kind and thing)."""
    changes = np.zeros(len(acts.kind), np.int64)
    changes[1:] = (acts.kind[1:] != acts.kind[:-1]) | (acts.thing[1:] != acts.thing[:-1])
    return np.cumsum(changes)


def _pairs(acts: _Acts, place: Integers, accounts: Hashes, later: Integers, earlier: Integers) -> dict[str, npt.NDArray[Any]]:
    """Pairs of accounts that coincided, on how many occasions (slots) and in which kinds of acts."""
    one, other = place[later], place[earlier]
    pair = np.minimum(one, other) * len(accounts) + np.maximum(one, other)
    slot, bit = acts.second[later] // SLOT_SECONDS, np.left_shift(1, acts.kind[later])
    order = np.lexsort((slot, pair))
    pair, slot, bit = pair[order], slot[order], bit[order]
    first = np.ones(len(pair), bool)
    first[1:] = pair[1:] != pair[:-1]
    new_slot = first.copy()
    new_slot[1:] |= slot[1:] != slot[:-1]
    start = np.flatnonzero(first)
    occasions = np.add.reduceat(new_slot.astype(np.int64), start) if len(start) else np.zeros(0, np.int64)
    kinds = np.bitwise_or.reduceat(bit, start) if len(start) else np.zeros(0, np.int64)
    left, right = accounts[pair[start] // max(len(accounts), 1)], accounts[pair[start] % max(len(accounts), 1)]
    key = left * np.uint64(0x9E3779B97F4A7C15) ^ right
    by_key = np.argsort(key, kind="stable")
    found = {"pair_key": key, "left": left, "right": right, "occasions": occasions, "kinds": kinds}
    return {name: values[by_key] for name, values in found.items()}


@dataclass(frozen=True)
class _Bursts:
    """Bursts: kind, run (number of the thing), members in compressed rows (starts, members: places among the accounts)."""

    kind: Integers
    run: Integers
    starts: Integers
    members: Integers


def _bursts(acts: _Acts, place: Integers, later: Integers, earlier: Integers, count: int) -> _Bursts:
    """Things on which ``BURST_ACCOUNTS`` accounts and more acted closely together."""
    near = np.bincount(later, minlength=len(place)) + np.bincount(earlier, minlength=len(place))
    run = _runs(acts)
    dense = np.flatnonzero(near >= BURST_ACCOUNTS - 1)
    member = np.unique(run[dense] * max(count, 1) + place[dense])
    runs, sizes = np.unique(member // max(count, 1), return_counts=True)
    kept = sizes >= BURST_ACCOUNTS
    member = member[np.repeat(kept, sizes)]
    first = np.searchsorted(run, runs[kept])
    return _Bursts(acts.kind[first], runs[kept], np.concatenate([[0], np.cumsum(sizes[kept])]).astype(np.int64), member % max(count, 1))


def _scripted(all_acts: _Acts, acts: _Acts, bursts: _Bursts, accounts: Hashes) -> Integers:
    """Posts (accounts,) of the hour whose text was posted in a burst."""
    first = np.searchsorted(_runs(acts), bursts.run[bursts.kind == TEXT])
    things = np.sort(acts.thing[first])
    texts = all_acts.fresh & (all_acts.kind == TEXT)
    thing, account = all_acts.thing[texts], all_acts.account[texts]
    if not len(things):
        return np.zeros(len(accounts), np.int64)
    found = things[np.minimum(np.searchsorted(things, thing), len(things) - 1)] == thing
    return np.bincount(np.searchsorted(accounts, account[found]), minlength=len(accounts))


def _topics(hour: EncodedHour, accounts: Hashes, in_hour: Integers) -> dict[str, npt.NDArray[Any]]:
    """Posts of each account in each topic, sorted by account; and of all."""
    has_topic, width = hour.topic >= 0, max(len(hour.topics), 1)
    cell, posts = np.unique(in_hour[has_topic] * width + hour.topic[has_topic], return_counts=True)
    totals = np.bincount(hour.topic[has_topic], minlength=len(hour.topics))
    return {"topic_account": accounts[cell // width], "topic": cell % width, "topic_posts": posts, "topic_totals": totals}
