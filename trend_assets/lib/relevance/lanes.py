"""The lane of a topic and why: our products or brands, lifestyle, or noise.

What belongs here: rules over counted signs, and their reasons in words. What doesn't: the signs (``signs``), bursts, ranks and the other
reasons for suppression (``lib/trends``).

A brand's name is often also a person's, a word of another language, or part of a title. What tells them apart for a brand never seen before
is company: posts about a brand speak of things to buy, of shops, clothes or the firm, whatever the brand; posts about a singer or a
station of the same name don't (Firth: "a word is characterized by the company it keeps"; Yarowsky, ACL 1995, one sense per collocation and
per discourse: a topic is one discourse, so it is judged as a whole).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.relevance.brands import brand_keys
from trend_assets.lib.relevance.lexicon import Lexicon, lexicon_for, line_lexicon
from trend_assets.lib.relevance.shared import Shared, SharedWords, common_ground, topic_words
from trend_assets.lib.relevance.signs import COUNTS, SEPARATOR, TopicSigns, topic_signs
from trend_assets.lib.tables import row_key
from trend_assets.lib.topics.hashtags import in_dictionary
from trend_assets.lib.topics.names import names_in
from trend_assets.lib.trends.history import encode, hour_numbers, hour_start, sorted_hours
from trend_assets.tables.declaration import timestamp

WINDOW_HOURS = 24
NAMED_SHARE = 0.3
"""A topic speaks of a brand when this share of its posts names one."""
TRADE_SHARE = 0.15
"""The brand is meant, not its namesake, when surely more than this share of the posts naming it speaks of trade: everyday talk has 10 %."""
PHRASE_TRADE_SHARE = 0.05
"""The same for names of several words, which are rarely anything else."""
SURE_TRADE_SHARE = 0.5
"""Asked where the name stands in a longer name, or where the brand is not named."""
COLLECTED_SHARE = 0.5
"""Posts were collected by the brand's name when this share of all posts has it: then what doesn't speak of it is no discovery."""
MACHINE_SHARE = 0.5
LISTED_SHARE = 1 / 3
SCATTERED = 1.5
"""A topic of posts that were collected by a name is talk when a post holds fewer of its five heaviest words than this."""
ONE_WORD_SHARE = 0.5
COMMON_GROUND = 0.05
"""Exemplars that agree less than this (mean cosine of pairs) share a common word by chance."""
LONGER_NAME_SHARE = 0.5
_CAPITALS, _ALWAYS_CAPITAL = 0.6, 0.9
_PRIOR = (0.5, 2.0)  # posts with trade, posts: what few posts say is not taken at its word
_SHOWN = 3  # words of evidence

Counts = npt.NDArray[np.int64]


class Verdict(NamedTuple):
    """The lane of a topic in an hour, why, and whether it is kept from the alerts."""

    lane: str
    reason: str

    @property
    def suppressed(self) -> bool:
        """Only noise is suppressed."""
        return self.lane == "noise"


def relevance(
    topics: pa.Table,
    clean_posts: pa.Table,
    assignments: pa.Table,
    *,
    brands: Collection[str],
    catalogue: pa.Table | None = None,
    hours: Sequence[datetime],
) -> pa.Table:
    """Lane of each row of ``topics``: columns ``hour``, ``topic_id``, ``lane``, ``lane_reason``, ``suppressed``, sorted by hour and topic.

    ``topics``: ``topics/topics`` of the ``hours`` (columns hour, topic_id, exemplar_posts, centre_terms); fewer rows mean less work.
    ``clean_posts``, ``assignments``: of the hours and the 23 before. ``brands``: names as people write them; without any the brand lane
    stays empty and only machines are noise. ``catalogue``: rows of ``retail/products``; see ``lexicon_for``.
    Rows after an hour never change its result. Raises ``ValueError`` for naive hours.
    """
    lexicon = lexicon_for(brands, catalogue)
    signs = topic_signs(clean_posts, assignments, brands, lexicon)
    names = pc.unique(pc.cast(topics["topic_id"], pa.string()))
    shared = SharedWords(lambda: topic_words(clean_posts, assignments, names), signs.counts)
    return judge(hours, topics, signs, lexicon, brands, clean_posts, shared)


def relevance_by_day(
    topics: pa.Table,
    clean_posts: pa.Table,
    assignments: pa.Table,
    *,
    brands: Collection[str],
    catalogues: Mapping[datetime, pa.Table],
    hours: Sequence[datetime],
) -> pa.Table:
    """``relevance`` with the catalogue that was known on each day: ``catalogues`` by start of the day (aware) of the hours judged.

    An hour is judged by one catalogue, that of its day, also the posts of the evening before. Days whose catalogues have the same words of
    trade are judged together.
    """
    by_day = {day: lexicon_for(brands, catalogue) for day, catalogue in catalogues.items()}
    without = lexicon_for(brands)
    judged: list[tuple[Lexicon, list[datetime]]] = []
    for hour in sorted(hours):
        lexicon = by_day.get(hour.replace(hour=0, minute=0), without)
        if not judged or judged[-1][0] != lexicon:
            judged.append((lexicon, []))
        judged[-1][1].append(hour)
    parts = []
    for lexicon, together in judged:
        day = pa.scalar(together[0] - timedelta(hours=WINDOW_HOURS - 1), timestamp), pa.scalar(together[-1] + timedelta(hours=1), timestamp)

        def inside(table: pa.Table, day: tuple[pa.Scalar, pa.Scalar] = day) -> pa.Table:
            at = pc.cast(table["created_at"], timestamp)
            return table.filter(pc.and_(pc.greater_equal(at, day[0]), pc.less(at, day[1])))

        posts, assigned = inside(clean_posts), inside(assignments)
        signs = topic_signs(posts, assigned, brands, lexicon)
        names = pc.unique(pc.cast(topics["topic_id"], pa.string()))
        shared = SharedWords(partial(topic_words, posts, assigned, names), signs.counts)
        parts.append(judge(together, topics, signs, lexicon, brands, posts, shared))
    return pa.concat_tables(parts) if parts else relevance(topics, clean_posts, assignments, brands=brands, hours=[])


def judge(
    hours: Sequence[datetime],
    topics: pa.Table,
    signs: TopicSigns,
    lexicon: Lexicon,
    brands: Collection[str],
    posts: pa.Table,
    shared: Callable[[int, str, Sequence[str]], Shared] | None = None,
) -> pa.Table:
    """``relevance`` from signs that are already counted.

    ``posts`` hold the exemplars (columns network, post_id, clean_text, language). ``shared`` tells of an hour, topic and its heaviest words
    what its posts share (``SharedWords``); without it no topic is called scattered.
    """
    wanted = sorted_hours(hours)
    table = topics.select(["hour", "topic_id", "exemplar_posts", "centre_terms"]).sort_by(
        [("hour", "ascending"), ("topic_id", "ascending")]
    )
    table = table.combine_chunks()
    at = hour_numbers(table["hour"])
    codes, names = encode(table["topic_id"])
    windows = _Windows(signs, names)
    texts = _Exemplars(posts)
    keys = sorted(brand_keys(brands))
    rows: list[int] = []
    verdicts: list[Verdict] = []
    for hour in wanted.tolist():
        here = np.arange(np.searchsorted(at, hour, "left"), np.searchsorted(at, hour, "right"))
        if not here.size:
            continue
        counts, words = windows.of(hour, codes[here])
        judge_one = _Judge(windows.collected_share(hour), keys, lexicon, texts)
        for place, row in enumerate(here.tolist()):
            topic = Topic(*(int(values[place]) for values in counts))
            exemplars = table["exemplar_posts"][row].as_py() if keys and topic.named else []
            verdict = judge_one(topic, words[place], exemplars)
            if verdict.lane != "noise" and judge_one.collected and shared is not None:
                verdict = _scattered(shared(hour, names[codes[row]], table["centre_terms"][row].as_py())) or verdict
                if verdict.lane != "noise" and texts.common_ground(table["exemplar_posts"][row].as_py(), lexicon.own) < COMMON_GROUND:
                    verdict = Verdict("noise", "scattered talk: the posts that show it best have next to nothing in common")
            verdicts.append(verdict)
            rows.append(row)
    return pa.table(
        {
            "hour": pa.array([hour_start(hour) for hour in at[rows].tolist()], timestamp),
            "topic_id": table["topic_id"].take(pa.array(rows, pa.int64())),
            "lane": pa.array([verdict.lane for verdict in verdicts], pa.string()),
            "lane_reason": pa.array([verdict.reason for verdict in verdicts], pa.string()),
            "suppressed": pa.array([verdict.suppressed for verdict in verdicts], pa.bool_()),
        }
    )


class Topic(NamedTuple):
    """A topic's posts of a day with each sign; see ``TopicSigns``."""

    posts: int
    named: int
    in_words: int
    traded: int
    named_traded: int
    linked: int
    resold: int
    figures: int


class Said(NamedTuple):
    """A word, in how many posts it stands there, in how many of these with a capital letter."""

    word: str
    posts: int
    capitals: int


class LongerName(NamedTuple):
    """A name that a brand's stands in: in how many posts, whether the brand's begins it, whether the other word is an ordinary one."""

    posts: int
    name: str
    goes_on: bool
    ordinary: bool


@dataclass(frozen=True)
class _Judge:
    """The rules of an hour."""

    collected_share: float
    brands: list[str]
    lexicon: Lexicon
    texts: _Exemplars

    @property
    def collected(self) -> bool:
        """Whether posts were collected by a brand's name."""
        return bool(self.brands) and self.collected_share >= COLLECTED_SHARE

    def __call__(self, topic: Topic, words: dict[str, list[Said]], exemplars: list[str]) -> Verdict:
        """The verdict on a topic; the first rule that applies is named."""
        if not topic.posts:
            return Verdict("lifestyle", "No post in the last 24 hours")
        machine = _machine(topic)
        if machine:
            return Verdict("noise", machine)
        if not self.brands:
            return Verdict("lifestyle", f"No brand to look for; {_trade(topic.traded, topic.posts, words)}")
        if topic.named >= NAMED_SHARE * topic.posts:
            return self._named(topic, words, exemplars)
        named = f"{_percent(topic.named, topic.posts)} of its posts name {self._brand()}"
        trade = _trade(topic.traded, topic.posts, words)
        if not self.collected or topic.traded >= SURE_TRADE_SHARE * topic.posts:
            return Verdict("lifestyle", f"{named}; {trade}")
        return Verdict("noise", f"beside the point: collected by {self._brand()}, but only {named}; {trade}")

    def _named(self, topic: Topic, words: dict[str, list[Said]], exemplars: list[str]) -> Verdict:
        meant = (topic.named_traded + _PRIOR[0]) / (topic.named + _PRIOR[1])
        trade = _trade(topic.named_traded, topic.named, words)
        longer = self._longer_name(topic, words)
        if longer is not None:
            unlikely = meant < SURE_TRADE_SHARE and not longer.ordinary
            # A brand behind a first name is often its founder's ("Ada Marlo"), one before a surname is somebody else's ("Marlo Vance").
            if unlikely or (longer.goes_on and self.texts.person(exemplars, longer.name)):
                share = _percent(longer.posts, topic.named)
                return Verdict("noise", f"another name: {share} of the posts naming {self._brand()} say '{longer.name.title()}'; {trade}")
        of_phrase = 2 * topic.in_words >= topic.named
        if meant < PHRASE_TRADE_SHARE if of_phrase else _at_least(topic.named_traded, topic.named) < TRADE_SHARE:
            return Verdict("noise", f"another sense: the posts have the word {self._brand()}, but {trade}")
        return Verdict("brand", f"{_percent(topic.named, topic.posts)} of its posts name {self._brand()}; {trade}")

    def _brand(self) -> str:
        return " or ".join(f"'{brand}'" for brand in self.brands[:_SHOWN])

    def _longer_name(self, topic: Topic, words: dict[str, list[Said]]) -> LongerName | None:
        """The longer name that the brand's stands in, in most posts; None where there is none."""
        found = []
        for kind in ("before", "after"):
            for said in words.get(kind, [])[:1]:
                word, brand = said.word.split(SEPARATOR)
                often = said.posts >= LONGER_NAME_SHARE * topic.named and said.capitals >= _CAPITALS * said.posts
                if often and not any(lexicon.masks([word])[0] for lexicon in (self.lexicon, line_lexicon())):
                    goes_on = kind == "after"
                    # An ordinary word may well begin a sentence before the brand; inside one, a capital letter makes it a name.
                    ordinary = in_dictionary(word) and (goes_on or said.capitals < _ALWAYS_CAPITAL * said.posts)
                    found.append(LongerName(said.posts, f"{brand} {word}" if goes_on else f"{word} {brand}", goes_on, ordinary))
        return max(found) if found else None


def _machine(topic: Topic) -> str:
    """Why the posts are a machine's or a market's, not people's attention; empty where they are people's."""
    if topic.figures >= MACHINE_SHARE * topic.posts:
        return f"readings of instruments: {_percent(topic.figures, topic.posts)} of its posts are mostly figures"
    if topic.resold >= LISTED_SHARE * topic.posts:
        return f"listings: {_percent(topic.resold, topic.posts)} of its posts offer things for resale, with an address"
    return ""


def _at_least(part: int, whole: int) -> float:
    """Lower end of Wilson's interval of a share, one standard error wide (Wilson, JASA 1927): few posts prove little, many a little."""
    share = part / whole
    return (share + 0.5 / whole - math.sqrt(share * (1 - share) / whole + 0.25 / whole**2)) / (1 + 1 / whole)


def _scattered(shared: Shared) -> Verdict | None:
    # People who say a name and little else share one word: it is in most posts, and not an everyday word.
    if shared.words >= SCATTERED or shared.telling >= ONE_WORD_SHARE:
        return None
    return Verdict("noise", f"scattered talk: a post of it has {shared.words:.1f} of its five heaviest words")


def _trade(traded: int, posts: int, words: dict[str, list[Said]]) -> str:
    said = ", ".join(one.word for one in words.get("trade", [])[:_SHOWN])
    named = f" ({said})" if said and traded else ""
    return f"{_percent(traded, posts)} speak of things to buy, shops or brands{named}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.0f} %"


class _Windows:
    """Sums of the signs over the 24 hours up to an hour."""

    def __init__(self, signs: TopicSigns, names: list[str]) -> None:
        value_set = pa.array(names, pa.string())
        self.topics = len(names)
        self.count_hours, self.count_topics, self.counts = _known(signs.counts, value_set, COUNTS)
        self.word_hours, self.word_topics, self.word_counts = _known(signs.words, value_set, ("posts", "capitals"))
        rows = signs.words.filter(pc.is_in(signs.words["topic_id"], value_set=value_set))
        # Words in sorted order: which of those said equally often is shown must not depend on what else was read.
        self.kind_codes, self.kinds = encode(rows["kind"])
        self.word_codes, self.words = encode(rows["word"])
        self.volume_hours = hour_numbers(signs.volumes["hour"])
        self.volumes = [np.asarray(signs.volumes[name], dtype=np.int64) for name in ("posts", "named")]

    def of(self, hour: int, codes: Counts) -> tuple[list[Counts], list[dict[str, list[Said]]]]:
        """Of the topics with these codes (n,): each of ``COUNTS``, and per kind the words said most, most first."""
        part = _slice(self.count_hours, hour)
        sums = [np.bincount(self.count_topics[part], values[part], self.topics).astype(np.int64)[codes] for values in self.counts]
        said: list[dict[str, list[Said]]] = [{} for _ in codes]
        part = _slice(self.word_hours, hour)
        place_of = np.full(self.topics, -1, dtype=np.int64)
        place_of[codes] = np.arange(len(codes))
        place = place_of[self.word_topics[part]]
        kind, word = self.kind_codes[part], self.word_codes[part]
        kinds, words = max(len(self.kinds), 1), max(len(self.words), 1)
        keys, index = np.unique((place * kinds + kind) * words + word, return_inverse=True)
        posts, capitals = (np.bincount(index, values[part], len(keys)).astype(np.int64) for values in self.word_counts)
        group = keys // words
        order = np.lexsort((keys, -posts, group))
        order = order[keys[order] >= 0]
        rank = np.arange(len(order)) - np.searchsorted(group[order], group[order], "left")
        for one in order[rank < _SHOWN].tolist():
            at, kind_name = divmod(int(group[one]), kinds)
            value = Said(self.words[int(keys[one]) % words], int(posts[one]), int(capitals[one]))
            said[at].setdefault(self.kinds[kind_name], []).append(value)
        return sums, said

    def collected_share(self, hour: int) -> float:
        """Share of all posts of the day that name a brand."""
        part = _slice(self.volume_hours, hour)
        posts, named = (int(values[part].sum()) for values in self.volumes)
        return named / posts if posts else 0.0


def _known(table: pa.Table, names: pa.Array, counts: Sequence[str]) -> tuple[Counts, Counts, list[Counts]]:
    """Hours, topics and counts of the rows of known topics."""
    code = pc.index_in(table["topic_id"], value_set=names)
    rows = table.append_column("code", code).filter(pc.is_valid(code))
    values = [np.asarray(rows[name], dtype=np.int64) for name in counts]
    return hour_numbers(rows["hour"]), np.asarray(rows["code"], dtype=np.int64), values


def _slice(hours: Counts, hour: int) -> slice:
    return slice(int(np.searchsorted(hours, hour - WINDOW_HOURS + 1, "left")), int(np.searchsorted(hours, hour, "right")))


class _Exemplars:
    """Texts of exemplar posts, looked up when asked for."""

    def __init__(self, posts: pa.Table) -> None:
        self.posts = posts
        self._keys: pa.Array | None = None

    def person(self, exemplars: Sequence[str], name: str) -> bool:
        """Whether a language model takes ``name`` (two words) for a person's in most of the exemplars that hold it."""
        words = tuple(name.split())
        seen = persons = 0
        for text, language in self._texts(exemplars):
            if name in " ".join(text.lower().split()):
                seen += 1
                persons += any(_within(words, person) for person in names_in(text, language).persons)
        return seen > 0 and 2 * persons >= seen

    def common_ground(self, exemplars: Sequence[str], own: Collection[str]) -> float:
        """How well the exemplars agree, 0 to 1; see ``shared.common_ground``."""
        return common_ground([text for text, _ in self._texts(exemplars)], own)

    def _texts(self, exemplars: Sequence[str]) -> list[tuple[str, str]]:
        if self._keys is None:
            self._keys = row_key(self.posts, ("network", "post_id")).combine_chunks()
        keys = pa.array([key.replace(":", "\x1f", 1) for key in exemplars], pa.string())
        place = pc.drop_null(pc.index_in(keys, value_set=self._keys))
        rows = self.posts.select(["clean_text", "language"]).take(place)
        return list(zip(rows["clean_text"].to_pylist(), rows["language"].to_pylist(), strict=True))


def _within(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    return any(whole[start : start + len(part)] == part for start in range(len(whole) - len(part) + 1))
