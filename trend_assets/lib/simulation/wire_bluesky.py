"""Posts of the town as Bluesky's Jetstream sends them.

What belongs here: the bytes of events: commits of posts and reposts, deletes, likes, account and identity events. What
doesn't: when they are delivered (``delivery.py``), what they say (``compose.py``).
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import NamedTuple

from trend_assets.lib.simulation.authors import Authors

_FACET = re.compile(r"#(\w+)|(https://shop\.example/\w+)")
_POST = "app.bsky.feed.post"


class Record(NamedTuple):
    """A post or repost that another record refers to."""

    author: int
    rkey: str
    cid: str


class BlueskyWire:
    """Writes Jetstream events."""

    def __init__(self, authors: Authors) -> None:
        self._dids = authors.account_id
        self._handles = authors.handle

    def post(
        self,
        record: Record,
        text: str,
        french: bool,
        created_at: str,
        time_us: int,
        revision: str,
        reply_to: Record | None = None,
        quoted: Record | None = None,
    ) -> bytes:
        """The creation of a post."""
        extra = self._facets(text)
        if reply_to is not None:
            reference = self._reference(reply_to)
            extra += f'"reply":{{"parent":{reference},"root":{reference}}},'
        if quoted is not None:
            extra += f'"embed":{{"$type":"app.bsky.embed.record","record":{self._reference(quoted)}}},'
        value = (
            f'{{"$type":"{_POST}","createdAt":"{created_at}",{extra}"langs":["{"fr" if french else "en"}"],'
            f'"text":{encode_basestring(text.replace("https://t.co/", "https://shop.example/"))}}}'
        )
        return self._commit(record, "create", _POST, time_us, revision, f',"record":{value},"cid":"{record.cid}"')

    def repost(self, record: Record, original: Record, created_at: str, time_us: int, revision: str) -> bytes:
        """The creation of a repost."""
        collection = "app.bsky.feed.repost"
        value = f'{{"$type":"{collection}","createdAt":"{created_at}","subject":{self._reference(original)}}}'
        return self._commit(record, "create", collection, time_us, revision, f',"record":{value},"cid":"{record.cid}"')

    def like(self, record: Record, liked: Record, created_at: str, time_us: int, revision: str) -> bytes:
        """The creation of a like, which is no post."""
        collection = "app.bsky.feed.like"
        value = f'{{"$type":"{collection}","createdAt":"{created_at}","subject":{self._reference(liked)}}}'
        return self._commit(record, "create", collection, time_us, revision, f',"record":{value},"cid":"{record.cid}"')

    def deletion(self, record: Record, time_us: int, revision: str) -> bytes:
        """The deletion of a post."""
        return self._commit(record, "delete", _POST, time_us, revision, "")

    def account_gone(self, author: int, time_us: int, moment: str) -> bytes:
        """The network took the account down."""
        did = self._dids[author]
        account = f'{{"active":false,"did":"{did}","seq":{time_us // 1000 % 10**10},"status":"takendown","time":"{moment}"}}'
        return f'{{"did":"{did}","time_us":{time_us},"kind":"account","account":{account}}}'.encode()

    def identity(self, author: int, time_us: int, moment: str) -> bytes:
        """The account confirmed its handle, which is no post."""
        did = self._dids[author]
        identity = f'{{"did":"{did}","handle":"{self._handles[author]}.bsky.example","seq":{time_us // 1000 % 10**10},"time":"{moment}"}}'
        return f'{{"did":"{did}","time_us":{time_us},"kind":"identity","identity":{identity}}}'.encode()

    def _commit(self, record: Record, operation: str, collection: str, time_us: int, revision: str, rest: str) -> bytes:
        return (
            f'{{"did":"{self._dids[record.author]}","time_us":{time_us},"kind":"commit","commit":{{"rev":"{revision}",'
            f'"operation":"{operation}","collection":"{collection}","rkey":"{record.rkey}"{rest}}}}}'
        ).encode()

    def _reference(self, record: Record) -> str:
        return f'{{"cid":"{record.cid}","uri":"at://{self._dids[record.author]}/{_POST}/{record.rkey}"}}'

    @staticmethod
    def _facets(text: str) -> str:
        """The field ``facets`` with a comma, or nothing; positions count bytes of the text as sent."""
        if "#" not in text and "https" not in text:
            return ""
        facets = []
        sent = text.replace("https://t.co/", "https://shop.example/")
        for found in _FACET.finditer(sent):
            start = len(sent[: found.start()].encode())
            place = f'"index":{{"byteEnd":{start + len(found.group().encode())},"byteStart":{start}}}'
            hashtag, url = found.groups()
            feature = (
                f'{{"$type":"app.bsky.richtext.facet#tag","tag":{encode_basestring(hashtag)}}}'
                if hashtag
                else f'{{"$type":"app.bsky.richtext.facet#link","uri":"{url}"}}'
            )
            facets.append(f'{{"features":[{feature}],{place}}}')
        return f'"facets":[{",".join(facets)}],' if facets else ""
