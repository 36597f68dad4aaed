"""Which events of Bluesky are landed: by the language their writer gives and by words, before anything is stored.

What belongs here: the choice, and counts of what was left out. What doesn't: the connection (``bluesky.py``), the language a text is
really in (``lib/text``).

Only a *new post* can be left out: a post that says it is in another language, or has none of the words. Everything whose fitness cannot be
seen is kept: events that are unreadable (the decoder quarantines them, with their bytes), posts that name no language, reposts (they have
no text; leave their collection out if they are not wanted), changes and deletions, also of posts that were not kept: a deletion
that is missed is worse than one that finds nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from trend_assets.lib.sources.bluesky import POST
from trend_assets.lib.sources.outcomes import ABSENT, given

_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
_SCRIPTS_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
"""Thai, Lao, Burmese, Khmer, Kana, Han; and Hangul, which joins particles to words."""


class _Commit(msgspec.Struct, gc=False):
    operation: Any = None
    collection: Any = None
    record: msgspec.Raw = ABSENT


class _Event(msgspec.Struct, gc=False):
    time_us: int | None = None
    kind: str | None = None
    commit: _Commit | None = None


class _Post(msgspec.Struct, gc=False):
    text: str = ""
    langs: list[str] | None = None
    tags: list[str] | None = None


class _Time(msgspec.Struct, gc=False):
    time_us: int | None = None


_decode_event = msgspec.json.Decoder(_Event).decode
_decode_post = msgspec.json.Decoder(_Post).decode
_decode_time = msgspec.json.Decoder(_Time).decode


class EventFilter:
    """Keeps posts in one of ``languages`` (codes as fr, pt-br; empty: all) that have one of ``keywords`` (empty: all).

    A language without a region takes all its regions. A keyword is found whatever its case, accents or width, as whole words (in
    scripts that write without spaces: anywhere), in the text and the tags. counts: events by what became of them.

    Raises ``ValueError`` for a keyword without a letter, digit or sign.
    """

    def __init__(self, languages: Sequence[str] = (), keywords: Sequence[str] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self._languages = frozenset(language.strip().lower().replace("_", "-") for language in languages)
        self._keywords = _pattern(keywords) if keywords else None

    @staticmethod
    def time_of(frame: bytes) -> int | None:
        """``time_us`` of an event; None where it is unreadable."""
        try:
            return _decode_time(frame).time_us
        except _UNREADABLE:
            return None

    def keeps(self, frame: bytes) -> bool:
        """Whether to land an event; counts it either way."""
        outcome = self._judge(frame) if self._languages or self._keywords else ""
        self.counts[outcome or "landed"] += 1
        return not outcome

    def _judge(self, frame: bytes) -> str:
        """Why an event is left out; empty: it is kept."""
        try:
            commit = _decode_event(frame).commit
            if commit is None or commit.operation != "create" or commit.collection != POST or not given(commit.record):
                return ""
            post = _decode_post(commit.record)
        except _UNREADABLE:
            return ""
        if self._languages and post.langs and not any(self._speaks(language) for language in post.langs):
            return "other language"
        if self._keywords and not self._keywords.search(_folded("\n".join([post.text, *(post.tags or ())]))):
            return "no keyword"
        return ""

    def _speaks(self, language: str) -> bool:
        language = language.lower().replace("_", "-")
        return language in self._languages or language.split("-")[0] in self._languages


def _pattern(keywords: Sequence[str]) -> re.Pattern[str]:
    parts = []
    for keyword in keywords:
        folded = _folded(keyword).strip()
        if not folded:
            raise ValueError(f"the keyword {keyword!r} is empty")
        before = "" if _SCRIPTS_WITHOUT_SPACES.match(folded[0]) or not folded[0].isalnum() else r"(?<!\w)"
        after = "" if _SCRIPTS_WITHOUT_SPACES.match(folded[-1]) or not folded[-1].isalnum() else r"(?!\w)"
        parts.append(before + re.escape(folded) + after)
    return re.compile("|".join(sorted(parts)))


def _folded(text: str) -> str:
    """Without case, accents and width. Marks go only where a letter has them besides: Hangul is put together again."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(one for one in parts if not unicodedata.combining(one)))
