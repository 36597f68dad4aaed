"""What a record of the X API v1.1 means: status, deletion notice, location scrub, stream message, user.

What belongs here: the shapes of old archives and streams, and the step to an outcome. What doesn't: v2 (``x.py``).
"""

from __future__ import annotations

import msgspec

from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.sources.outcomes import (
    ABSENT,
    NO_STRINGS,
    Deletion,
    Ignored,
    Outcome,
    PostRow,
    Quarantined,
    count_or_none,
    entities_of_text,
    given,
    lacking,
    language_or_none,
    read_time,
    time_of_milliseconds,
    whole_number_text,
)

NETWORK = "x"
Id = str | int | float | None  # float: archives that went through JavaScript or pandas; refused, because it isn't exact


class V1User(msgspec.Struct, gc=False):
    """``user`` of a status, and mentions (which have the same ids and handle)."""

    id_str: Id = None
    id: Id = None
    screen_name: str | None = None
    followers_count: int | None = None


class V1Tag(msgspec.Struct, gc=False):
    """A hashtag."""

    text: str | None = None


class V1Url(msgspec.Struct, gc=False):
    """A link."""

    expanded_url: str | None = None
    url: str | None = None


class V1Media(msgspec.Struct, gc=False):
    """A medium."""

    media_url_https: str | None = None
    media_url: str | None = None
    id_str: str | None = None


class V1Entities(msgspec.Struct, gc=False):
    """``entities`` and ``extended_entities``."""

    hashtags: list[V1Tag] | None = None
    user_mentions: list[V1User] | None = None
    urls: list[V1Url] | None = None
    media: list[V1Media] | None = None


class V1Extended(msgspec.Struct, gc=False):
    """``extended_tweet``: full text and entities of a long status in streams."""

    full_text: str | None = None
    entities: V1Entities | None = None
    extended_entities: V1Entities | None = None


class V1Place(msgspec.Struct, gc=False):
    """``place``."""

    country_code: str | None = None


class V1Rule(msgspec.Struct, gc=False):
    """A matched rule of the enterprise streams."""

    tag: str | None = None


class V1Notice(msgspec.Struct, gc=False):
    """Content of ``delete`` and ``scrub_geo``."""

    status: V1User | None = None  # ids of the status
    user_id_str: Id = None
    user_id: Id = None
    timestamp_ms: str | int | None = None


class V1Post(msgspec.Struct, gc=False):
    """A status; also the retweeted or quoted one inside it."""

    id_str: Id = None
    id: Id = None
    created_at: str | None = None
    text: str | None = None
    full_text: str | None = None
    extended_tweet: V1Extended | None = None
    user: V1User | None = None
    entities: V1Entities | None = None
    extended_entities: V1Entities | None = None
    lang: str | None = None
    in_reply_to_status_id_str: Id = None
    in_reply_to_status_id: Id = None
    in_reply_to_user_id_str: Id = None
    in_reply_to_user_id: Id = None
    quoted_status_id_str: Id = None
    quoted_status_id: Id = None
    retweet_count: int | str | None = None
    reply_count: int | None = None
    favorite_count: int | None = None
    quote_count: int | None = None
    place: V1Place | None = None
    matching_rules: list[V1Rule] | None = None


class V1Body(V1Post, gc=False):
    """Anything a line of a v1.1 archive or stream can be."""

    retweeted_status: V1Post | None = None
    quoted_status: V1Post | None = None
    delete: V1Notice | None = None
    scrub_geo: V1Notice | None = None
    screen_name: msgspec.Raw = ABSENT
    limit: msgspec.Raw = ABSENT
    disconnect: msgspec.Raw = ABSENT
    warning: msgspec.Raw = ABSENT
    status_withheld: msgspec.Raw = ABSENT
    user_withheld: msgspec.Raw = ABSENT
    event: msgspec.Raw = ABSENT
    friends: msgspec.Raw = ABSENT
    errors: msgspec.Raw = ABSENT


_STREAM_MESSAGES = ("limit", "disconnect", "warning", "status_withheld", "user_withheld", "event", "friends")


def interpret(kind: str, body: V1Body, pseudonyms: Pseudonyms) -> Outcome:
    """What became of one record."""
    if body.delete is not None or body.scrub_geo is not None:
        return _notice(body, pseudonyms)
    if body.text is not None or body.full_text is not None or body.user is not None:
        return _post(body, pseudonyms)
    if given(body.screen_name):
        return Ignored("user")
    if kind == "error" or given(body.errors):
        return Ignored("error")
    for name in _STREAM_MESSAGES:
        if given(getattr(body, name)):
            return Ignored(name)
    return Quarantined("unknown_shape", "not a status, notice, user or stream message of the X API v1.1")


def _notice(body: V1Body, pseudonyms: Pseudonyms) -> Outcome:
    notice = body.delete or body.scrub_geo
    milliseconds = None if notice is None else whole_number_text(notice.timestamp_ms)
    moment = None if milliseconds is None else time_of_milliseconds(int(milliseconds))
    if body.delete is not None:
        status = body.delete.status
        post = None if status is None else _exact(status.id_str, status.id)
        return lacking("id") if post is None else Deletion("post", post, "delete", moment)
    scrub = body.scrub_geo
    user = None if scrub is None else _exact(scrub.user_id_str, scrub.user_id)
    return lacking("user_id") if user is None else Deletion("location", pseudonyms.account_id(NETWORK, user), "scrub_geo", moment)


def _post(status: V1Body, pseudonyms: Pseudonyms) -> PostRow | Quarantined:
    post_id = _exact(status.id_str, status.id)
    user = status.user
    author = None if user is None else _exact(user.id_str, user.id)
    text, entities, media = _content(status)
    if post_id is None and (status.id_str is not None or status.id is not None):
        return Quarantined("invalid_id", f"id {str(status.id_str or status.id)[:40]!r} is not an exact whole number")
    if post_id is None or author is None or user is None or status.created_at is None or text is None:
        return lacking(
            "id_str" if post_id is None else None,
            "user" if user is None else "user.id_str" if author is None else None,
            "created_at" if status.created_at is None else None,
            "text" if text is None else None,
        )
    created_at = read_time(status.created_at)
    if created_at is None:
        return Quarantined("unreadable_created_at", f"created_at {status.created_at[:40]!r} is not a time")
    original = status.retweeted_status
    if original is not None:
        original_text, original_entities, original_media = _content(original)
        if original_text is not None:
            text, entities, media = original_text, original_entities, original_media
    quoted_post = _exact(status.quoted_status_id_str, status.quoted_status_id)
    quoted = status.quoted_status
    if quoted_post is None and quoted is not None:
        quoted_post = _exact(quoted.id_str, quoted.id)
    replied_post = _exact(status.in_reply_to_status_id_str, status.in_reply_to_status_id)
    replied_user = _exact(status.in_reply_to_user_id_str, status.in_reply_to_user_id)
    is_quote, is_reply = quoted_post is not None, replied_post is not None or replied_user is not None
    hashtags, mentions, urls = _entities(entities, text, pseudonyms)
    counted = original is None  # the counts of a repost are those of the post it repeats
    return PostRow(
        post_id,
        pseudonyms.account_id(NETWORK, author),  # author
        created_at,
        "repost" if original is not None else "quote" if is_quote else "reply" if is_reply else "post",  # kind
        text,
        language_or_none(status.lang),  # language_hint
        hashtags,
        mentions,
        urls,
        media,
        replied_post,  # in_reply_to_post
        None if replied_user is None else pseudonyms.account_id(NETWORK, replied_user),  # in_reply_to_author
        None if original is None else _exact(original.id_str, original.id),  # reposted_post
        None if original is None else _author_of(original, pseudonyms),  # reposted_author
        quoted_post,
        None if quoted is None else _author_of(quoted, pseudonyms),  # quoted_author
        None,  # edit_of
        _count(status.retweet_count) if counted else None,  # repost_count
        count_or_none(status.reply_count) if counted else None,  # reply_count
        count_or_none(status.favorite_count) if counted else None,  # like_count
        count_or_none(status.quote_count) if counted else None,  # quote_count
        None,  # view_count
        count_or_none(user.followers_count),  # author_followers
        [rule.tag for rule in status.matching_rules if rule.tag] if status.matching_rules else NO_STRINGS,  # matching_rules
        None if status.place is None else status.place.country_code or None,  # place
    )


def _content(status: V1Post) -> tuple[str | None, V1Entities | None, list[str]]:
    """Full text, entities and media of a status, from wherever this vintage of the API puts them."""
    extended = status.extended_tweet
    if extended is not None and extended.full_text is not None:
        entities = extended.entities or status.entities
        attached = extended.extended_entities or extended.entities or status.extended_entities
        return extended.full_text, entities, _media(attached)
    text = status.full_text if status.full_text is not None else status.text
    return text, status.entities, _media(status.extended_entities or status.entities)


def _media(entities: V1Entities | None) -> list[str]:
    if entities is None or not entities.media:
        return NO_STRINGS
    return [url for medium in entities.media if (url := medium.media_url_https or medium.media_url or medium.id_str)]


def _entities(entities: V1Entities | None, text: str, pseudonyms: Pseudonyms) -> tuple[list[str], list[str], list[str]]:
    if entities is None:
        return entities_of_text(text, NETWORK, pseudonyms)
    hashtags = [tag.text.lower() for tag in entities.hashtags if tag.text] if entities.hashtags else NO_STRINGS
    mentions = NO_STRINGS
    if entities.user_mentions:
        mentions = [name for user in entities.user_mentions if (name := _mentioned(user, pseudonyms)) is not None]
    urls = NO_STRINGS
    if entities.urls:
        urls = [url for link in entities.urls if (url := link.expanded_url or link.url)]
    return hashtags, mentions, urls


def _mentioned(user: V1User, pseudonyms: Pseudonyms) -> str | None:
    account = _exact(user.id_str, user.id)
    if account is not None:
        return pseudonyms.account_id(NETWORK, account)
    return pseudonyms.handle(NETWORK, user.screen_name) if user.screen_name else None


def _author_of(status: V1Post, pseudonyms: Pseudonyms) -> str | None:
    account = None if status.user is None else _exact(status.user.id_str, status.user.id)
    return None if account is None else pseudonyms.account_id(NETWORK, account)


def _exact(text: Id, number: Id) -> str | None:
    """The id: the text form is authoritative, because a JSON number may have been rounded on its way."""
    return whole_number_text(text) if text is not None else whole_number_text(number)


def _count(value: int | str | None) -> int | None:
    # The oldest archives write "100+" for many.
    return count_or_none(value) if isinstance(value, int) else None
