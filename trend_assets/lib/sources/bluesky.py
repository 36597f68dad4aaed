"""What a Jetstream event of Bluesky means: post, repost, deletion, account status, or an event of another kind.

What belongs here: the event's shape and the step to an outcome. What doesn't: the raw firehose (CBOR frames), which
Jetstream has already turned into JSON.

Ids: a post is ``<pseudonym of the account>/<rkey>``, a repost ``<pseudonym of the account>/repost/<rkey>``. A DID names a
person, and an at-uri holds one, so neither is an id outside the landing files; the same at-uri always gives the same id.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

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
    entities_of_text,
    given,
    lacking,
    language_or_none,
    read_time,
    time_of_microseconds,
)

Part = TypeVar("Part")
NETWORK = "bluesky"
POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"

# Statuses under which an account's content may not be shown (AT Protocol, account hosting status).
_GONE = frozenset({"deleted", "takendown", "suspended", "deactivated"})
_ACCOUNT_STATUSES = _GONE | {"desynchronized", "throttled"}
# Collection names are chosen by whoever writes a record: only these are counted by name.
_KNOWN_COLLECTIONS = frozenset(
    {
        "app.bsky.actor.profile", "app.bsky.actor.status", "app.bsky.feed.generator", "app.bsky.feed.like",
        "app.bsky.feed.postgate", "app.bsky.feed.threadgate", "app.bsky.graph.block", "app.bsky.graph.follow",
        "app.bsky.graph.list", "app.bsky.graph.listblock", "app.bsky.graph.listitem", "app.bsky.graph.starterpack",
        "app.bsky.graph.verification", "app.bsky.labeler.service", "chat.bsky.actor.declaration",
    }
)  # fmt: skip
_RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")
_REVISION = re.compile(rb'"([2-7a-j][2-7a-z]{12})"')
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]{1,2000}")


class Account(msgspec.Struct, gc=False):
    """Body of an account event."""

    active: bool | None = None
    status: str | None = None
    time: str | None = None


class Commit(msgspec.Struct, gc=False):
    """Body of a commit event; the record is decoded only where it is a post or repost."""

    operation: str | None = None
    collection: str | None = None
    rkey: str | None = None
    rev: msgspec.Raw = ABSENT
    record: msgspec.Raw = ABSENT


class Event(msgspec.Struct, gc=False):
    """A Jetstream event."""

    did: str | None = None
    time_us: int | None = None
    kind: str | None = None
    commit: Commit | None = None
    account: Account | None = None


class Reference(msgspec.Struct, gc=False):
    """A strong reference to a record."""

    uri: str | None = None


class Reply(msgspec.Struct, gc=False):
    """What a post replies to."""

    parent: Reference | None = None


class Post(msgspec.Struct, gc=False, rename="camel"):
    """``app.bsky.feed.post``. Facets and embeds are read leniently (below): a bad one spoils only itself."""

    text: str | None = None
    created_at: str | None = None
    langs: list[str] | None = None
    tags: list[str] | None = None
    reply: Reply | None = None
    facets: msgspec.Raw = ABSENT
    embed: msgspec.Raw = ABSENT


class Repost(msgspec.Struct, gc=False, rename="camel"):
    """``app.bsky.feed.repost``."""

    created_at: str | None = None
    subject: Reference | None = None


class Feature(msgspec.Struct, gc=False):
    """One feature of a facet."""

    tag: str | None = None
    did: str | None = None
    uri: str | None = None


class Facet(msgspec.Struct, gc=False):
    """A stretch of text with features."""

    features: list[Feature] | None = None


class Link(msgspec.Struct, gc=False, rename={"link": "$link"}):
    """Content address of a blob."""

    link: str | None = None


class Blob(msgspec.Struct, gc=False):
    """An uploaded file."""

    ref: Link | None = None


class Image(msgspec.Struct, gc=False):
    """An image of an embed."""

    image: Blob | None = None


class External(msgspec.Struct, gc=False):
    """A link card."""

    uri: str | None = None


class EmbeddedRecord(msgspec.Struct, gc=False):
    """A quoted record; one level deeper (``record``) beside media."""

    uri: str | None = None
    record: Reference | None = None


class EmbeddedMedia(msgspec.Struct, gc=False):
    """Images, video or link card."""

    images: list[Image] | None = None
    video: Blob | None = None
    external: External | None = None


class Embed(EmbeddedMedia, gc=False):
    """Any embed: media, a quoted record, or both (``media`` and ``record``)."""

    record: EmbeddedRecord | None = None
    media: EmbeddedMedia | None = None


_decode_post = msgspec.json.Decoder(Post).decode
_decode_repost = msgspec.json.Decoder(Repost).decode
_decode_facets = msgspec.json.Decoder(list[Facet]).decode
_decode_embed = msgspec.json.Decoder(Embed).decode


def interpret(event: Event, pseudonyms: Pseudonyms) -> Outcome:
    """What became of one event. Raises ``msgspec.ValidationError`` for a post whose fields have other types."""
    commit = event.commit
    if commit is not None:
        return _commit(event, commit, pseudonyms)
    if event.account is not None:
        return _account(event, event.account, pseudonyms)
    if event.kind == "identity":
        return Ignored("identity")
    return Quarantined("unknown_shape", "not a commit, account or identity event of Jetstream")


def _commit(event: Event, commit: Commit, pseudonyms: Pseudonyms) -> Outcome:
    collection = commit.collection
    if collection not in (POST, REPOST):
        if collection is None:
            return Quarantined("unknown_shape", "commit.collection missing")
        return Ignored(collection if collection in _KNOWN_COLLECTIONS else "other collection")
    if event.did is None or commit.rkey is None:
        return lacking("rkey" if commit.rkey is None else None, "did" if event.did is None else None)
    if not _RKEY.fullmatch(commit.rkey):
        return Quarantined("invalid_id", f"rkey {commit.rkey[:40]!r} is not a record key")
    if not _DID.fullmatch(event.did):
        return Quarantined("missing_author", "did is not a decentralised identifier")
    author = pseudonyms.account_id(NETWORK, event.did)
    post_id = _id(author, collection, commit.rkey)
    if commit.operation == "delete":
        return Deletion("post", post_id, "delete", None if event.time_us is None else time_of_microseconds(event.time_us))
    if commit.operation not in ("create", "update"):
        return Quarantined("unknown_shape", "commit.operation is not create, update or delete")
    if not given(commit.record):
        return Quarantined("missing_text" if collection == POST else "unknown_shape", "commit.record missing")
    if collection == REPOST:
        row = _repost(post_id, author, _decode_repost(commit.record), pseudonyms)
    else:
        row = _post(post_id, author, _decode_post(commit.record), pseudonyms)
    revision = _REVISION.fullmatch(commit.rev)
    if revision is not None and isinstance(row, PostRow):
        # Revisions of a repository grow with each commit (AT Protocol, repository format), so an event that comes again after the
        # update that replaced it does not bring the old text back.
        row.version = revision.group(1).decode()
    return row


def _account(event: Event, account: Account, pseudonyms: Pseudonyms) -> Outcome:
    if account.active or account.status not in _GONE:
        status = account.status if account.status in _ACCOUNT_STATUSES else "other"
        return Ignored("account active" if account.active else f"account {status}")
    if event.did is None or not _DID.fullmatch(event.did):
        return lacking("did")
    moment = read_time(account.time) if account.time else None
    if moment is None and event.time_us is not None:
        moment = time_of_microseconds(event.time_us)
    return Deletion("account", pseudonyms.account_id(NETWORK, event.did), account.status, moment)


def _repost(post_id: str, author: str, repost: Repost, pseudonyms: Pseudonyms) -> Outcome:
    created_at = _created_at(repost.created_at)
    if isinstance(created_at, Quarantined):
        return created_at
    reposted_post, reposted_author = _reference(repost.subject, pseudonyms)
    if reposted_post is None:
        return Quarantined("invalid_field", "subject.uri is not the address of a post")
    return PostRow(
        post_id=post_id,
        author=author,
        created_at=created_at,
        kind="repost",
        text="",
        reposted_post=reposted_post,
        reposted_author=reposted_author,
    )


def _post(post_id: str, author: str, post: Post, pseudonyms: Pseudonyms) -> Outcome:
    if post.text is None or post.created_at is None:
        return lacking("createdAt" if post.created_at is None else None, "text" if post.text is None else None)
    created_at = _created_at(post.created_at)
    if isinstance(created_at, Quarantined):
        return created_at
    embed = _lenient(_decode_embed, post.embed)
    quoted_post, quoted_author = _quoted(embed, pseudonyms)
    replied_post, replied_author = _reference(post.reply.parent if post.reply is not None else None, pseudonyms)
    hashtags, mentions, urls = _entities(post, embed, pseudonyms)
    return PostRow(
        post_id=post_id,
        author=author,
        created_at=created_at,
        kind="quote" if quoted_post is not None else "reply" if replied_post is not None else "post",
        text=post.text,
        language_hint=language_or_none(post.langs[0]) if post.langs else None,
        hashtags=hashtags,
        mentions=mentions,
        urls=urls,
        media=_media(embed),
        in_reply_to_post=replied_post,
        in_reply_to_author=replied_author,
        quoted_post=quoted_post,
        quoted_author=quoted_author,
    )


def _created_at(text: str | None) -> datetime | Quarantined:
    if text is None:
        return lacking("createdAt")
    return read_time(text) or Quarantined("unreadable_created_at", f"createdAt {text[:40]!r} is not a time")


def _id(author: str, collection: str, rkey: str) -> str:
    return f"{author}/repost/{rkey}" if collection == REPOST else f"{author}/{rkey}"


def _reference(reference: Reference | None, pseudonyms: Pseudonyms) -> tuple[str | None, str | None]:
    """Id and author of the post at an at-uri; (None, None) for any other record (a list, a feed, ...)."""
    if reference is None or reference.uri is None:
        return None, None
    parts = reference.uri.split("/")  # at: "" did collection rkey
    if len(parts) != 5 or parts[0] != "at:" or parts[3] not in (POST, REPOST) or not _RKEY.fullmatch(parts[4]):
        return None, None
    authority = parts[2]
    author = pseudonyms.account_id(NETWORK, authority) if authority.startswith("did:") else pseudonyms.handle(NETWORK, authority)
    return _id(author, parts[3], parts[4]), author


def _quoted(embed: Embed | None, pseudonyms: Pseudonyms) -> tuple[str | None, str | None]:
    if embed is None or embed.record is None:
        return None, None
    record = embed.record
    return _reference(record.record if record.record is not None else Reference(record.uri), pseudonyms)


def _entities(post: Post, embed: Embed | None, pseudonyms: Pseudonyms) -> tuple[list[str], list[str], list[str]]:
    hashtags, mentions, urls = NO_STRINGS, NO_STRINGS, NO_STRINGS
    facets = _lenient(_decode_facets, post.facets)
    if facets:
        features = [feature for facet in facets if facet.features for feature in facet.features]
        hashtags = [feature.tag.lower() for feature in features if feature.tag]
        mentions = [pseudonyms.account_id(NETWORK, feature.did) for feature in features if feature.did]
        urls = [feature.uri for feature in features if feature.uri]
    elif "#" in (post.text or ""):
        # Clients that write no facets still mean their hashtags.
        hashtags = entities_of_text(post.text or "", NETWORK, pseudonyms)[0]
    if post.tags:
        hashtags = hashtags + [tag.lower() for tag in post.tags if tag]
    cards = () if embed is None else (embed.external, embed.media.external if embed.media is not None else None)
    links = [card.uri for card in cards if card is not None and card.uri]
    return hashtags, mentions, urls + [link for link in links if link not in urls] if links else urls


def _media(embed: Embed | None) -> list[str]:
    if embed is None:
        return NO_STRINGS
    keys = []
    for holder in (embed, embed.media):
        if holder is not None:
            blobs = [image.image for image in holder.images or ()] + [holder.video]
            keys += [blob.ref.link for blob in blobs if blob is not None and blob.ref is not None and blob.ref.link]
    return keys or NO_STRINGS


def _lenient(decode: Callable[[msgspec.Raw], Part], raw: msgspec.Raw) -> Part | None:
    """The decoded part, None where its types are not ours: third parties extend embeds and facets freely."""
    if not given(raw):
        return None
    try:
        return decode(raw)
    except msgspec.ValidationError:
        return None


def created_at_of(event: Event) -> datetime | None:
    """The time that routes an event to its landing hour; None when it is not a readable post or repost."""
    commit = event.commit
    if commit is None or not given(commit.record) or commit.collection not in (POST, REPOST):
        return None
    try:
        record: Post | Repost = _decode_post(commit.record) if commit.collection == POST else _decode_repost(commit.record)
    except msgspec.ValidationError:
        return None
    return read_time(record.created_at) if record.created_at else None
