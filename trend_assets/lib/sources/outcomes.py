"""What can become of a record: a post, a deletion, nothing (ignored by kind) or a refusal with its reason.

What belongs here: the outcome classes and the small readers of ids, times and texts that every network shares. What
doesn't: the shape of any network's records.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

from trend_assets.lib.privacy.pseudonyms import Pseudonyms

NO_STRINGS: list[str] = []
"""Shared empty list of the many posts without hashtags, mentions, ...: never appended to."""

ABSENT = msgspec.Raw(b"")
"""Default of undecoded parts: msgspec can't have ``Raw | None``."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST_COUNT = 2**63 - 1


def given(raw: msgspec.Raw) -> bool:
    """Whether an undecoded part is there and not null."""
    return bytes(raw) not in (b"", b"null")


class PostRow(msgspec.Struct, gc=False):
    """One row of ``social/raw_posts`` without what its landing line says (source, receipt, place in the file).

    ``version`` is no column: it orders the versions of one post where the network itself does, as text; empty where only the time of
    receipt does. The decoders fill it by position, in this order: by name it takes eight times as long, as long as decoding the JSON.
    """

    post_id: str
    author: str
    created_at: datetime
    kind: str
    text: str
    language_hint: str | None = None
    hashtags: list[str] = NO_STRINGS
    mentions: list[str] = NO_STRINGS
    urls: list[str] = NO_STRINGS
    media: list[str] = NO_STRINGS
    in_reply_to_post: str | None = None
    in_reply_to_author: str | None = None
    reposted_post: str | None = None
    reposted_author: str | None = None
    quoted_post: str | None = None
    quoted_author: str | None = None
    edit_of: str | None = None
    repost_count: int | None = None
    reply_count: int | None = None
    like_count: int | None = None
    quote_count: int | None = None
    view_count: int | None = None
    author_followers: int | None = None
    matching_rules: list[str] = NO_STRINGS
    place: str | None = None
    version: str = ""


class Deletion(msgspec.Struct, frozen=True):
    """A notice that a post, an account or its location data is gone. ``deleted_at`` None: the network doesn't tell."""

    subject_kind: str
    subject: str
    action: str
    deleted_at: datetime | None


class Ignored(msgspec.Struct, frozen=True):
    """A readable record that is neither a post nor a deletion; ``kind`` comes from a small closed set of words."""

    kind: str


class Quarantined(msgspec.Struct, frozen=True):
    """A refused record: a reason from ``QUARANTINE_REASONS`` and in words what it lacks."""

    reason: str
    detail: str


Outcome = PostRow | Deletion | Ignored | Quarantined

_TIME_FIELDS = ("created_at", "createdAt")


def lacking(*missing: str | None) -> Quarantined:
    """The refusal of a post that lacks these fields (the first decides the reason; None entries are skipped).

    Each entry is the network's name of a field that is missing.
    """
    reasons = {"id": "missing_id", "id_str": "missing_id", "rkey": "missing_id", "post_id": "missing_id", "text": "missing_text"}
    names = [name for name in missing if name]
    reason = "missing_created_at" if names[0] in _TIME_FIELDS else reasons.get(names[0], "missing_author")
    return Quarantined(reason, "; ".join(f"{name} missing" for name in names))


def whole_number_text(value: str | int | float | None) -> str | None:
    """A numeric id as text, exactly; None when it isn't a plain whole number (ids exceed 2^53, floats can't hold them)."""
    if isinstance(value, str):
        return value if value.isdecimal() and value.isascii() and len(value) <= 32 else None
    return str(value) if isinstance(value, int) and 0 <= value < 10**32 else None


def count_or_none(value: int | None) -> int | None:
    """A count as seen, None for one that can't be a count (networks write -1 for unknown)."""
    return value if value is not None and 0 <= value <= LARGEST_COUNT else None


_MONTHS = {
    "Jan": "01", "Feb": "02", "Mar": "03", "Apr": "04", "May": "05", "Jun": "06",
    "Jul": "07", "Aug": "08", "Sep": "09", "Oct": "10", "Nov": "11", "Dec": "12",
}  # fmt: skip
_decode_time = msgspec.json.Decoder(datetime, strict=True).decode
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d[0-9:+\-.Zz ]{0,24})?", re.ASCII)


def read_time(text: str) -> datetime | None:
    """An aware UTC time from RFC 3339 (a time without zone is UTC, a bare date is its midnight) or the form of API v1.1.

    None when it is neither. ``Mon Apr 26 06:01:55 +0000 2010`` is read by position, so no locale matters.
    """
    try:
        if text[3:4] == " " and len(text) == 30:
            text = f"{text[26:30]}-{_MONTHS[text[4:7]]}-{text[8:10]}T{text[11:19]}{text[20:23]}:{text[23:25]}"
        if not _ISO_TIME.fullmatch(text):
            return None
        if len(text) < 19:  # a date, or hours and minutes: valid in ISO 8601, not in RFC 3339
            return in_utc(datetime.fromisoformat(text))
        return in_utc(_decode_time(f'"{text}"'))
    except (ValueError, KeyError, OverflowError, msgspec.MsgspecError):
        return None


def in_utc(moment: datetime) -> datetime:
    """The time in UTC; one without a zone is taken as UTC. Raises ``OverflowError`` outside the years 1 to 9999."""
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def time_of_microseconds(microseconds: int) -> datetime | None:
    """The aware time of microseconds since 1970; None outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None


def time_of_milliseconds(milliseconds: int) -> datetime | None:
    """The aware time of milliseconds since 1970; None outside the years 1 to 9999."""
    return time_of_microseconds(milliseconds * 1000)


# X's codes for "no language" (und, zxx, q..: hashtags, media, short texts); and codes replaced in ISO 639.
_NO_LANGUAGE = frozenset({"und", "zxx", "qam", "qct", "qht", "qme", "qst", "art", ""})
_REPLACED_LANGUAGES = {"in": "id", "iw": "he", "ji": "yi"}


def language_or_none(code: str | None) -> str | None:
    """A language hint in BCP 47; None where the network says that there is none."""
    if code is None or code in _NO_LANGUAGE or len(code) > 35:
        return None
    return _REPLACED_LANGUAGES.get(code, code)


# Only where a source has no entities of its own; the exact rules of the network are applied to the clean text later.
_HASHTAG = re.compile(r"(?<![\w&/])[#＃](\w*[^\W\d_]\w*)")
_MENTION = re.compile(r"(?<![\w@/.])[@＠](\w{1,32})", re.ASCII)
_URL = re.compile(r"https?://[^\s\"<>“”«»]+[^\s\"<>“”«».,;:!?)\]'’…]")


def entities_of_text(text: str, network: str, pseudonyms: Pseudonyms) -> tuple[list[str], list[str], list[str]]:
    """Hashtags (lower case), mentions (pseudonyms of handles) and URLs found in a text, for sources that list none."""
    hashtags = [tag.lower() for tag in _HASHTAG.findall(text)] if "#" in text or "＃" in text else NO_STRINGS
    mentions = [pseudonyms.handle(network, name) for name in _MENTION.findall(text)] if "@" in text or "＠" in text else NO_STRINGS
    urls = _URL.findall(text) if "://" in text else NO_STRINGS
    return hashtags, mentions, urls
