"""What an hour's posts tell beyond their number, and the verdicts of a day of it: stress test, relevance, accounts that act together.

What belongs here: counting an hour once, and putting a day of counts together with the methods of the sealed lane. What doesn't: these
methods (``lib/trends/stress``, ``lib/relevance``, ``lib/coordination``), which topics are asked for (``judge``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.coordination.acts import EncodedHour, encode_hour
from trend_assets.lib.coordination.coincidences import HourOfCoincidences, coincidences
from trend_assets.lib.coordination.groups import judge_coordination
from trend_assets.lib.relevance.lanes import COLLECTED_SHARE
from trend_assets.lib.relevance.lanes import judge as judge_relevance
from trend_assets.lib.relevance.lexicon import Lexicon
from trend_assets.lib.relevance.shared import WORDS_SCHEMA, SharedWords, topic_words
from trend_assets.lib.relevance.signs import TopicSigns, topic_signs
from trend_assets.lib.trends.stress import judge_stress
from trend_assets.lib.trends.stress_sums import HourSums, sums_of

EXEMPLAR_COLUMNS = ("network", "post_id", "created_at", "clean_text", "language")
"""Columns of posts that say what a topic's exemplars are."""
_WORDS_FROM = COLLECTED_SHARE / 5
"""Words of topics are counted where this share of an hour's posts names a brand: they are asked for where most of a day's do."""


@dataclass(frozen=True)
class HourEvidence:
    """An hour's counts: signs of trade, brands and machines, words of topics, sums of the stress test, coincidences of accounts."""

    hour: datetime
    signs: TopicSigns
    words: pa.Table
    sums: HourSums
    met: HourOfCoincidences


class Found(NamedTuple):
    """``stress`` and ``relevance`` as ``rank_trends`` takes them, ``weights`` of accounts as ``influencer_rankings`` does."""

    stress: pa.Table
    relevance: pa.Table
    weights: pa.Table


def evidence_of(
    hour: datetime,
    posts: pa.Table,
    assignments: pa.Table,
    before: EncodedHour | None,
    *,
    brands: Collection[str],
    lexicon: Lexicon,
    topics: pa.Array | None = None,
) -> tuple[HourEvidence, EncodedHour]:
    """An hour's evidence, and its last minutes for the hour after it (``before`` are those of the hour before).

    ``topics``: signs and words of these only. O(words + posts · log posts).
    """
    encoded = encode_hour(hour, posts, assignments)
    asked = assignments if topics is None else assignments.filter(pc.is_in(assignments["topic_id"], value_set=topics))
    signs = topic_signs(posts, asked, brands, lexicon)
    said, named = (pc.sum(signs.volumes[name]).as_py() or 0 for name in ("posts", "named"))
    words = topic_words(posts, asked) if brands and named >= _WORDS_FROM * said else WORDS_SCHEMA.empty_table()
    return HourEvidence(hour, signs, words, sums_of(encoded, before), coincidences(encoded, before)), encoded.last_minutes()


def verdicts_of(
    day: Sequence[HourEvidence],
    topics: pa.Table,
    asked: pa.Array,
    exemplars: pa.Table,
    *,
    brands: Collection[str],
    lexicon: Lexicon,
    window_hours: int,
    minimum_authors: int,
    under_way: bool,
) -> Found:
    """The verdicts after the newest hour of ``day``, on the topics ``asked``.

    ``topics``: the registry's rows of that hour. ``exemplars``: ``EXEMPLAR_COLUMNS`` of their exemplars. ``under_way``: the hour has not
    ended, so a topic is tested that has no post in it yet; in a full hour the stress test is of topics with a post in it.
    """
    window, newest = day[-window_hours:], day[-1]
    weights = judge_coordination([hour.met for hour in window]).weights
    tested = asked if under_way else asked.filter(pc.is_in(asked, value_set=newest.sums.topics))
    stress = judge_stress([hour.sums for hour in window], weights, asked=tested)
    signs = TopicSigns(*(pa.concat_tables([getattr(hour.signs, name) for hour in day]) for name in ("counts", "words", "volumes")))
    known = topics.filter(
        pc.and_(pc.is_in(topics["topic_id"], value_set=asked), pc.greater_equal(topics["window_authors"], minimum_authors))
    )
    shared = SharedWords(lambda: pa.concat_tables([hour.words for hour in day]), signs.counts)
    relevance = judge_relevance([newest.hour], known, signs, lexicon, brands, exemplars, shared)
    return Found(stress, relevance, weights)
