"""An hour's posts as the stress test adds them up: by topic, account, network, text and why they fall away.

What belongs here: the shapes of posts that fall away by themselves, near-copies, the sums of an hour. What doesn't: groups of accounts, the
day of 24 such sums and its grade (``stress``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.coordination.acts import EncodedHour
from trend_assets.lib.coordination.commerce import GIVEAWAY, PAID, RESALE
from trend_assets.lib.coordination.near_copies import Hashes, Integers, Texts, copies, joined
from trend_assets.lib.trends.stress_texts import count_texts

COPY_SECONDS = 60

# Why a post falls away; the order is that of the rules.
LISTED, PRIZE, PAID_FOR, GROUP, COPY, KEPT = range(6)


@dataclass(frozen=True)
class HourSums:
    """An hour's written posts with a topic, added up by topic, account, network, text and why they fall away (``KEPT``: they don't).

    Per row: topic and network (index into ``topics``, ``networks``), account (hash), text (key of its cluster of near-copies), why, posts.
    on_network: written posts of the hour by network, with or without a topic. texts: the words of those texts that are long enough to
    be copied, so that copies are found in other hours, too. voices, copied: accounts with a text, and those of them whose text another has.
    """

    hour: datetime
    topic: Integers
    account: Hashes
    network: Integers
    text: Integers
    why: Integers
    posts: Integers
    topics: pa.Array
    networks: pa.Array
    on_network: Integers
    texts: Texts
    voices: int
    copied: int


def sums_of(encoded: EncodedHour, before: EncodedHour | None) -> HourSums:
    """The sums of an hour; ``before`` is the hour before it, where there is one: its last minute is looked at for copies.

    O(posts · log posts).
    """
    with_topic = np.flatnonzero(encoded.written & (encoded.topic >= 0))
    networks = pc.unique(encoded.network)
    network = np.asarray(pc.index_in(encoded.network, value_set=networks), dtype=np.int64)
    why, text, texts = _why_alone(encoded, with_topic, before)
    columns: dict[str, npt.NDArray[Any]] = {
        "topic": encoded.topic[with_topic],
        "account": encoded.account[with_topic],
        "network": network[with_topic],
        "text": text,
        "why": why,
    }
    order = np.lexsort(tuple(reversed(columns.values())))
    first = np.zeros(len(order), bool)
    first[:1] = True
    for name, values in columns.items():
        columns[name] = values[order]
        first[1:] |= columns[name][1:] != columns[name][:-1]
    start = np.flatnonzero(first)
    personal = start[columns["why"][start] >= GROUP]
    topic, account, said = (columns[name][personal] for name in ("topic", "account", "text"))
    voices, different = count_texts(topic, account, said, np.isin(said, texts.key), len(encoded.topics))
    return HourSums(
        hour=encoded.hour,
        **{name: values[start] for name, values in columns.items()},
        posts=np.diff(np.append(start, len(order))),
        topics=encoded.topics,
        networks=networks,
        on_network=np.bincount(network[encoded.written], minlength=len(networks)),
        texts=texts,
        voices=int(voices.sum()),
        copied=int((voices - different).sum()),
    )


def _why_alone(encoded: EncodedHour, rows: Integers, before: EncodedHour | None) -> tuple[Integers, Integers, Texts]:
    """Why each post of ``rows`` falls away by its text, the key of its cluster of near-copies, and the texts that have these keys."""
    commerce = encoded.commerce[rows]
    why = np.select([commerce == RESALE, commerce == GIVEAWAY, commerce == PAID], [LISTED, PRIZE, PAID_FOR], KEPT).astype(np.int64)
    topic, second, texts = encoded.topic[rows], encoded.second[rows], [encoded.texts]
    key, worded = encoded.text_key[rows], encoded.has_text[rows]
    if before is not None:
        # What was written in the minute before the hour may have been copied in its first one.
        earlier = np.flatnonzero(before.has_text & (before.topic >= 0) & (before.second >= encoded.hour.timestamp() - COPY_SECONDS))
        place = pc.fill_null(pc.index_in(before.topics, value_set=encoded.topics), -1)
        of_topic = np.asarray(place, dtype=np.int64)[before.topic[earlier]]
        earlier, of_topic = earlier[of_topic >= 0], of_topic[of_topic >= 0]
        texts.append(before.texts.take(np.searchsorted(before.texts.key, np.unique(before.text_key[earlier]))))
        topic, second = np.append(topic, of_topic), np.append(second, before.second[earlier])
        key, worded = np.append(key, before.text_key[earlier]), np.append(worded, np.ones(len(earlier), bool))
    together = joined(texts)
    text = key.copy()
    if worded.any():
        text[worded] = copies(together)[np.searchsorted(together.key, key[worded])]
    order = np.lexsort((second, text, topic))
    soon = np.zeros(len(order), bool)
    same = (topic[order[1:]] == topic[order[:-1]]) & (text[order[1:]] == text[order[:-1]])
    soon[1:] = same & (second[order[1:]] - second[order[:-1]] <= COPY_SECONDS)
    copied = np.empty(len(order), bool)
    copied[order] = soon
    used = np.unique(text[: len(rows)][worded[: len(rows)]])
    return np.where(copied[: len(rows)] & (why == KEPT), COPY, why), text[: len(rows)], together.take(np.searchsorted(together.key, used))
