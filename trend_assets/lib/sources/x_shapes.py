"""The shapes of X API v2 objects, as far as we use them.

What belongs here: typed structs (everything optional: what is required is decided in ``x.py``, with a reason). What
doesn't: what they mean.

X is renaming tweets to posts in its field names: both names are read.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from trend_assets.lib.sources.outcomes import ABSENT


class XPublicMetrics(msgspec.Struct, gc=False):
    """``public_metrics`` of a post or of a user."""

    retweet_count: int | None = None
    repost_count: int | None = None  # its name where X says posts for tweets
    reply_count: int | None = None
    like_count: int | None = None
    quote_count: int | None = None
    impression_count: int | None = None
    followers_count: int | None = None


class XUser(msgspec.Struct, gc=False):
    """A user of ``includes.users``, or inline in flattened records."""

    id: str | int | None = None
    username: str | None = None
    public_metrics: XPublicMetrics | None = None


class XTag(msgspec.Struct, gc=False):
    """A hashtag."""

    tag: str | None = None


class XMention(msgspec.Struct, gc=False):
    """A mention; newer API versions and flattened records tell the id."""

    username: str | None = None
    id: str | int | None = None


class XUrl(msgspec.Struct, gc=False):
    """A link of ``entities.urls``."""

    url: str | None = None
    expanded_url: str | None = None
    display_url: str | None = None
    media_key: str | None = None


class XEntities(msgspec.Struct, gc=False):
    """``entities`` of a post."""

    hashtags: list[XTag] | None = None
    mentions: list[XMention] | None = None
    urls: list[XUrl] | None = None


class XNote(msgspec.Struct, gc=False):
    """``note_tweet``: the full text of a long post."""

    text: str | None = None
    entities: XEntities | None = None


class XMedia(msgspec.Struct, gc=False):
    """A medium of ``includes.media``, or inline in flattened records."""

    media_key: str | None = None
    url: str | None = None
    preview_image_url: str | None = None


class XAttachments(msgspec.Struct, gc=False):
    """``attachments``: keys of media, and in flattened records the media themselves."""

    media_keys: list[str] | None = None
    media: list[XMedia] | None = None


class XGeo(msgspec.Struct, gc=False):
    """``geo`` of a post (``place_id``), a place of ``includes.places`` (``id``), or both merged in flattened records."""

    place_id: str | None = None
    id: str | None = None
    country_code: str | None = None
    full_name: str | None = None


class XReference(msgspec.Struct, gc=False):
    """A post referred to: type and id, and in ``includes.tweets`` or flattened records the post itself."""

    type: str | None = None
    id: str | int | None = None
    text: str | None = None
    author_id: str | int | None = None
    note_tweet: XNote | None = None
    note_post: XNote | None = None
    entities: XEntities | None = None
    attachments: XAttachments | None = None


class XRule(msgspec.Struct, gc=False):
    """A rule of the filtered stream that matched, or the query that a post was searched by."""

    id: str | int | None = None
    tag: str | None = None


class XIncludes(msgspec.Struct, gc=False):
    """``includes`` of a page, cut down to what one post needs, or of a stream line."""

    users: list[XUser] | None = None
    tweets: list[XReference] | None = None
    posts: list[XReference] | None = None
    media: list[XMedia] | None = None
    places: list[XGeo] | None = None
    matching_rules: list[XRule] | None = None  # added by the collector: search does not tell by which query a post was found


class XPost(msgspec.Struct, gc=False):
    """A post of ``data`` (or a flattened one, with ``author`` inline)."""

    id: str | int | None = None
    text: str | None = None
    author_id: str | int | None = None
    created_at: datetime | None = None
    lang: str | None = None
    in_reply_to_user_id: str | int | None = None
    referenced_tweets: list[XReference] | None = None
    referenced_posts: list[XReference] | None = None
    entities: XEntities | None = None
    note_tweet: XNote | None = None
    note_post: XNote | None = None
    attachments: XAttachments | None = None
    geo: XGeo | None = None
    public_metrics: XPublicMetrics | None = None
    edit_history_tweet_ids: list[str | int] | None = None
    edit_history_post_ids: list[str | int] | None = None
    author: XUser | None = None
    matching_rules: list[XRule] | None = None


class XNotice(msgspec.Struct, gc=False):
    """An event of the compliance streams."""

    event_at: datetime | None = None
    tweet: XReference | None = None
    user: XUser | None = None


class XStreamData(XPost, gc=False):
    """``data`` of a stream line: a post, or an event of the compliance streams."""

    delete: XNotice | None = None
    drop: XNotice | None = None
    scrub_geo: XNotice | None = None
    user_delete: XNotice | None = None
    user_suspend: XNotice | None = None
    user_protect: XNotice | None = None


class XBody(XPost, gc=False):
    """Anything the body of an X record can be: a post, a stream line (``data``), or one of the other objects."""

    data: XStreamData | None = None
    includes: XIncludes | None = None
    # Marks of the objects that are not posts; their content is never used.
    username: msgspec.Raw = ABSENT
    owner_id: msgspec.Raw = ABSENT
    tweet_count: msgspec.Raw = ABSENT
    post_count: msgspec.Raw = ABSENT
    title: msgspec.Raw = ABSENT
    errors: msgspec.Raw = ABSENT
    meta: msgspec.Raw = ABSENT
    action: str | None = None
    reason: str | None = None
    redacted_at: datetime | None = None
