"""The texts of the town's posts: grammar, trend words, hashtags, drift, slang and slips.

What belongs here: from a planned post to its text. What doesn't: the words (``texts_*.py``, ``planted_*.py``), the plan
(``posts.py``), the records (``wire_*.py``).
"""

from __future__ import annotations

import re

import numpy as np

from trend_assets.lib.simulation import texts_en, texts_fr
from trend_assets.lib.simulation.authors import Authors
from trend_assets.lib.simulation.grammar import Dice, Grammar, decorate
from trend_assets.lib.simulation.opinions import NO_OPINION, SENTIMENTS, complaint_reason, opinion_rules
from trend_assets.lib.simulation.planted import PlantedTrend
from trend_assets.lib.simulation.planted_templates import trend_rules
from trend_assets.lib.simulation.posts import NO_TREND, POST, QUOTE, REPLY, REPOST, DayOfPosts
from trend_assets.lib.simulation.rhythm import TOPICS
from trend_assets.lib.simulation.town import TownParameters

_LANGUAGES = (("en", texts_en), ("fr", texts_fr))
_COPIED = frozenset({"giveaway", "bots", "resale"})
_LINK_LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


class Composer:
    """Composes the texts of whole days."""

    def __init__(self, parameters: TownParameters, authors: Authors, trends: tuple[PlantedTrend, ...]) -> None:
        self._parameters = parameters
        self._trends = trends
        self._habits = authors.habits.tolist()
        line = {
            "line": ("{opener}{core}{closer}", "{core}", "{core}{closer}", "{opener}{core}. {core}{closer}", "{core}, {core}"),
            "answer": ("{reply}", "{reply}", "{reply}. {reply}", "{reply}, {core}"),
        }
        self._chatter = [[Grammar(words.SHARED | words.CHATTER[topic] | line) for _, words in _LANGUAGES] for topic in TOPICS]
        self._planted = [
            [Grammar(trend_rules(trend, parameters.family, code, words.SHARED)) for code, words in _LANGUAGES] for trend in trends
        ]
        self._opinions = [
            [Grammar(opinion_rules(parameters.family, code, words.SHARED, words.CHATTER[topic])) for code, words in _LANGUAGES]
            for topic in TOPICS
        ]
        self._hashtags = [[words.EVERYDAY_HASHTAGS[topic] for _, words in _LANGUAGES] for topic in TOPICS]

    def drift(self, day: int) -> float:
        """Chance that a newer word has replaced an older one on the day: from .02 to .98 along a logistic curve."""
        days = self._parameters.days
        return float(1.0 / (1.0 + np.exp(-8.0 * ((day + 0.5) / days - 0.5))))

    def compose(self, day: int, posts: DayOfPosts) -> list[str]:
        """The text of each post of the day without handles of replies; empty for reposts."""
        chance = int(1000 * self.drift(day))
        rows = zip(
            posts.kind.tolist(), posts.trend.tolist(), posts.topic.tolist(), posts.french.tolist(), posts.seed.tolist(),
            posts.author.tolist(), posts.opinion.tolist(), strict=True,
        )  # fmt: skip
        habits = self._habits
        return [
            ""
            if kind == REPOST
            else self._text(kind, trend, topic, french, Dice(seed), habits[author], chance)
            if opinion == NO_OPINION
            else self._opinion(opinion, topic, french, Dice(seed), habits[author])
            for kind, trend, topic, french, seed, author, opinion in rows
        ]

    def complaint_reasons(self, posts: DayOfPosts) -> list[str | None]:
        """Why each post of the day complains of the retailer; none for all that don't. Draws nothing: texts say it themselves."""
        reasons: list[str | None] = [None] * len(posts)
        for index in np.flatnonzero((posts.opinion == SENTIMENTS.index("negative")) & (posts.kind != REPOST)).tolist():
            french = bool(posts.french[index])
            sentence = self._opinions[posts.topic[index]][french].expand("negative", Dice(int(posts.seed[index])))
            reasons[index] = complaint_reason(self._parameters.family, _LANGUAGES[french][0], sentence)
        return reasons

    def _opinion(self, opinion: int, topic: int, french: bool, dice: Dice, habits: int) -> str:
        text = self._opinions[topic][french].expand(SENTIMENTS[opinion], dice)
        return decorate(text if len(text) <= 230 else text[:229] + "…", habits, dice, _LANGUAGES[french][1].EMOJI, french)

    def _text(self, kind: int, trend: int, topic: int, french: bool, dice: Dice, habits: int, drift: int) -> str:
        words = _LANGUAGES[french][1]
        if trend == NO_TREND:
            grammar = self._chatter[topic][french]
            text = grammar.expand("answer" if kind == REPLY else "quote" if kind == QUOTE else "line", dice)
            text = self._mixed(_drifted(text, french, drift, dice), french, dice)
            if dice.below(12) == 0:
                tags = self._hashtags[topic][french]
                text = f"{text} #{tags[dice.below(len(tags))]}"
        else:
            planted = self._trends[trend]
            text = self._planted[trend][french].expand("trend_reply" if kind == REPLY else "post", dice)
            if planted.kind in _COPIED:
                return text if dice.below(4) else text + (" ", " 💛", "!", " 👇")[dice.below(4)]
            text = self._mixed(_drifted(text, french, drift, dice), french, dice)
            if planted.hashtags and kind == POST and dice.below(10) < 4:
                text = _with_hashtags(text, planted.hashtags, dice)
        if len(text) > 230:
            text = text[:229] + "…"
        text = decorate(text, habits, dice, words.EMOJI, french)
        if kind == POST and dice.below(18) == 0:
            text = f"{text} https://t.co/{''.join(_LINK_LETTERS[dice.below(59)] for _ in range(10))}"
        return text

    @staticmethod
    def _mixed(text: str, french: bool, dice: Dice) -> str:
        # People mix languages at the edges of a sentence.
        if dice.below(30):
            return text
        closers = _LANGUAGES[not french][1].SHARED["closer"]
        return text + closers[dice.below(len(closers))]


def _with_hashtags(text: str, hashtags: tuple[str, ...], dice: Dice) -> str:
    first = dice.below(len(hashtags))
    tags = f"#{hashtags[first]}"
    if dice.below(3) == 0:
        tags += f" #{hashtags[(first + 1) % len(hashtags)]}"
    if dice.below(8) == 0:
        return f"{tags} {text}"
    return f"{text}\n{tags}" if dice.below(4) == 0 else f"{text} {tags}"


_DRIFT = [(re.compile(rf"\b(?:{'|'.join(older for older, _ in words.DRIFT)})\b"), dict(words.DRIFT)) for _, words in _LANGUAGES]


def _drifted(text: str, french: bool, chance: int, dice: Dice) -> str:
    """The text with each older word of the drift replaced by its newer one, with a chance in a thousand."""
    pattern, newer = _DRIFT[french]
    return pattern.sub(lambda found: newer[found.group()] if dice.below(1000) < chance else found.group(), text)
