"""What a record of the X API v2 means: post, stream line, flattened post, compliance row, error, other object.

What belongs here: the step from one decoded body (``x_shapes``) to an outcome. What doesn't: splitting pages into records
(``x_pages``), counting, Arrow.
"""

from __future__ import annotations

from datetime import datetime

from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.sources.outcomes import (
    NO_STRINGS,
    Deletion,
    Ignored,
    Outcome,
    PostRow,
    Quarantined,
    count_or_none,
    entities_of_text,
    given,
    in_utc,
    lacking,
    language_or_none,
    whole_number_text,
)
from trend_assets.lib.sources.x_shapes import (
    XAttachments,
    XBody,
    XEntities,
    XIncludes,
    XMention,
    XNotice,
    XPost,
    XReference,
    XRule,
    XUser,
)

NETWORK = "x"
_NO_METRICS = (None, None, None, None, None)
# Events of the compliance streams after which a post or account may not be shown; all others bring something back or
# change a detail, and are refused as unknown shapes so that nobody mistakes them for posts.
_DELETING_NOTICES = ("delete", "drop", "scrub_geo", "user_delete", "user_suspend", "user_protect")
# Ids of posts have been snowflakes (> 2^36) since November 2010; ids of accounts only since 2015.
_SMALLEST_SNOWFLAKE = 2**36


def interpret(kind: str, body: XBody, includes: XIncludes | None, pseudonyms: Pseudonyms, place_names: bool = False) -> Outcome:
    """What became of one record.

    ``kind`` is what the edge saw; it decides only where the body itself can't tell (compliance rows of posts and of
    accounts look the same). ``place_names`` (the simulated town) prefers a place's name to its country.
    """
    if body.data is not None:
        if body.data.id is None:
            for name in _DELETING_NOTICES:
                notice = getattr(body.data, name)
                if notice is not None:
                    return _notice(name, notice, pseudonyms)
        return _post(body.data, body.includes or includes, body.matching_rules, pseudonyms, place_names)
    if (
        body.text is not None
        or body.author_id is not None
        or body.edit_history_tweet_ids is not None
        or body.edit_history_post_ids is not None
    ):
        return _post(body, body.includes or includes, body.matching_rules, pseudonyms, place_names)
    if body.action is not None:
        return _compliance(kind, body, pseudonyms)
    if given(body.username):
        return Ignored("user")
    if given(body.owner_id):
        return Ignored("list")
    if given(body.tweet_count) or given(body.post_count):
        return Ignored("count")
    if kind == "error" or given(body.errors) or given(body.title):
        return Ignored("error")
    if given(body.meta):
        return Ignored("empty page")
    return Quarantined("unknown_shape", "not a post, compliance row, error, user, list or count of the X API v2")


def _compliance(kind: str, body: XBody, pseudonyms: Pseudonyms) -> Outcome:
    """A row of a compliance job: the subject is no longer available for the reason given."""
    subject = whole_number_text(body.id)
    if subject is None:
        return lacking("id") if body.id is None else Quarantined("invalid_id", f"id {str(body.id)[:40]!r} is not a number")
    action = body.reason or body.action or "delete"
    # created_at of such a row is when the post or account was created, never when it was deleted.
    deleted_at = in_utc(body.redacted_at) if body.redacted_at is not None else None
    of_account = kind == "account_compliance" or (
        kind != "post_compliance" and body.redacted_at is None and int(subject) < _SMALLEST_SNOWFLAKE
    )
    if of_account:
        return Deletion("account", pseudonyms.account_id(NETWORK, subject), action, deleted_at)
    return Deletion("post", subject, action, deleted_at)


def _notice(name: str, notice: XNotice, pseudonyms: Pseudonyms) -> Outcome:
    """An event of a compliance stream."""
    post = None if notice.tweet is None else whole_number_text(notice.tweet.id)
    user = None if notice.user is None else whole_number_text(notice.user.id)
    moment = None if notice.event_at is None else in_utc(notice.event_at)
    if user is not None:
        return Deletion("location" if name == "scrub_geo" else "account", pseudonyms.account_id(NETWORK, user), name, moment)
    return lacking("id") if post is None else Deletion("post", post, name, moment)


def _post(
    post: XPost, includes: XIncludes | None, rules: list[XRule] | None, pseudonyms: Pseudonyms, place_names: bool
) -> PostRow | Quarantined:
    author_id = post.author_id if post.author_id is not None or post.author is None else post.author.id
    if post.id is None or author_id is None or post.created_at is None or post.text is None:
        return lacking(
            "id" if post.id is None else None,
            "author_id" if author_id is None else None,
            "created_at" if post.created_at is None else None,
            "text" if post.text is None else None,
        )
    post_id = whole_number_text(post.id)
    author = whole_number_text(author_id)
    if post_id is None:
        return Quarantined("invalid_id", f"id {str(post.id)[:40]!r} is not a number")
    if author is None:
        return Quarantined("missing_author", f"author_id {str(author_id)[:40]!r} is not a number")
    repost = quote = reply = None
    for reference in post.referenced_tweets or post.referenced_posts or ():
        if reference.type == "retweeted":
            repost = _resolved(reference, includes)
        elif reference.type == "quoted":
            quote = _resolved(reference, includes)
        elif reference.type == "replied_to":
            reply = _resolved(reference, includes)
    text, entities, attachments = _content(post, repost)
    hashtags, mentions, urls = _entities(entities, text, includes, pseudonyms)
    in_reply_to = reply.author_id if reply is not None and reply.author_id is not None else post.in_reply_to_user_id
    history = post.edit_history_tweet_ids or post.edit_history_post_ids
    first_version = whole_number_text(history[0]) if history and len(history) > 1 else None
    metrics = post.public_metrics
    # The counts of a repost are those of the post it repeats: counting them again would double them.
    counts = (
        _NO_METRICS
        if metrics is None or repost is not None
        else (
            count_or_none(metrics.repost_count if metrics.retweet_count is None else metrics.retweet_count),
            count_or_none(metrics.reply_count),
            count_or_none(metrics.like_count),
            count_or_none(metrics.quote_count),
            count_or_none(metrics.impression_count),
        )
    )
    is_reply = reply is not None or post.in_reply_to_user_id is not None
    return PostRow(
        post_id,
        pseudonyms.account_id(NETWORK, author),  # author
        in_utc(post.created_at),  # created_at
        "repost" if repost is not None else "quote" if quote is not None else "reply" if is_reply else "post",  # kind
        text,
        language_or_none(post.lang),  # language_hint
        hashtags,
        mentions,
        urls,
        _media(attachments, includes),  # media
        None if reply is None else whole_number_text(reply.id),  # in_reply_to_post
        _account(in_reply_to, pseudonyms),  # in_reply_to_author
        None if repost is None else whole_number_text(repost.id),  # reposted_post
        None if repost is None else _account(repost.author_id, pseudonyms),  # reposted_author
        None if quote is None else whole_number_text(quote.id),  # quoted_post
        None if quote is None else _account(quote.author_id, pseudonyms),  # quoted_author
        first_version if first_version != post_id else None,  # edit_of
        counts[0],  # repost_count
        counts[1],  # reply_count
        counts[2],  # like_count
        counts[3],  # quote_count
        counts[4],  # view_count
        _followers(author_id, post.author, includes),  # author_followers
        _rules(rules or post.matching_rules or (None if includes is None else includes.matching_rules)),  # matching_rules
        _place(post, includes, place_names),  # place
    )


def _resolved(reference: XReference, includes: XIncludes | None) -> XReference:
    """The post referred to, from the includes where they hold it; the bare reference otherwise."""
    if reference.author_id is None and includes is not None and (includes.tweets or includes.posts):
        for included in includes.tweets or includes.posts or ():
            if included.id == reference.id:
                return included
    return reference


def _content(post: XPost, repost: XReference | None) -> tuple[str, XEntities | None, XAttachments | None]:
    """Text, entities and attachments: those of the original for a repost, because a repost's own text is cut off."""
    source: XPost | XReference = repost if repost is not None and repost.text is not None else post
    note = source.note_tweet or source.note_post
    if note is not None and note.text is not None:
        return note.text, note.entities or source.entities, source.attachments
    return source.text or "", source.entities, source.attachments


def _entities(
    entities: XEntities | None, text: str, includes: XIncludes | None, pseudonyms: Pseudonyms
) -> tuple[list[str], list[str], list[str]]:
    if entities is None:
        return entities_of_text(text, NETWORK, pseudonyms)
    hashtags = [hashtag.tag.lower() for hashtag in entities.hashtags if hashtag.tag] if entities.hashtags else NO_STRINGS
    mentions = NO_STRINGS
    if entities.mentions:
        mentions = [name for mention in entities.mentions if (name := _mentioned(mention, includes, pseudonyms)) is not None]
    urls = NO_STRINGS
    if entities.urls:
        # A link to the post's own photo or video is in the column media.
        urls = [
            url
            for link in entities.urls
            if (url := link.expanded_url or link.url) and link.media_key is None and not (link.display_url or "").startswith("pic.")
        ]
    return hashtags, mentions, urls


def _mentioned(mention: XMention, includes: XIncludes | None, pseudonyms: Pseudonyms) -> str | None:
    """The account's pseudonym: by id where the mention or the includes tell it, else by handle."""
    account = mention.id
    if account is None and mention.username and includes is not None and includes.users:
        handle = mention.username.lower()
        account = next((user.id for user in includes.users if user.username is not None and user.username.lower() == handle), None)
    if account is not None:
        return pseudonyms.account_id(NETWORK, str(account))
    return pseudonyms.handle(NETWORK, mention.username) if mention.username else None


def _account(account: str | int | None, pseudonyms: Pseudonyms) -> str | None:
    return None if account is None else pseudonyms.account_id(NETWORK, str(account))


def _media(attachments: XAttachments | None, includes: XIncludes | None) -> list[str]:
    if attachments is None or not (attachments.media_keys or attachments.media):
        return NO_STRINGS
    known = {medium.media_key: medium.url or medium.preview_image_url for medium in attachments.media or ()}
    if includes is not None and includes.media:
        known |= {medium.media_key: medium.url or medium.preview_image_url for medium in includes.media}
    keys = attachments.media_keys or [key for key in known if key is not None]
    return [known.get(key) or key for key in keys]


def _followers(author_id: str | int, author: XUser | None, includes: XIncludes | None) -> int | None:
    if author is None and includes is not None and includes.users:
        author = next((user for user in includes.users if user.id == author_id), None)
    if author is None or author.public_metrics is None:
        return None
    return count_or_none(author.public_metrics.followers_count)


def _rules(rules: list[XRule] | None) -> list[str]:
    if not rules:
        return NO_STRINGS
    return [name for rule in rules if (name := rule.tag or (None if rule.id is None else str(rule.id)))]


def _place(post: XPost, includes: XIncludes | None, place_names: bool) -> str | None:
    place = post.geo
    if place is None:
        return None
    if place.country_code is None and includes is not None and includes.places:
        place = next((known for known in includes.places if known.id == place.place_id), place)
    return (place.full_name if place_names else None) or place.country_code or None


def created_at_of(body: XBody) -> datetime | None:
    """The time that routes a record to its landing hour; None when the record is not a post with a time."""
    post = body.data if body.data is not None else body
    if post.created_at is None or (body.data is None and body.action is not None) or post.text is None:
        return None
    try:
        return in_utc(post.created_at)
    except OverflowError:
        return None
