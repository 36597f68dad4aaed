"""Posts of the town as the X API v2 sends them on the filtered stream.

What belongs here: the bytes of stream lines: posts with their includes, compliance events, errors. What doesn't: when
they are delivered (``delivery.py``), what they say (``compose.py``).

Records are assembled from fragments that are JSON already: texts are escaped once, accounts are written once per town.
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import NamedTuple

import numpy as np

from trend_assets.lib.simulation.authors import REGIONS, Authors

_ENTITY = re.compile(r"#(\w+)|@(\w+)|(https://t\.co/\w+)")
_PLACE_IDS = tuple(f"{index + 1:02x}9c4f{index * 7919 % 0xFFFF:04x}b1e7" for index in range(len(REGIONS)))
_SAMPLE_RULES = ('[{"id":"1830000000000000001","tag":"sample english"}]', '[{"id":"1830000000000000002","tag":"sample french"}]')
_BRAND_RULE = '[{"id":"1830000000000000003","tag":"brand maison carrel"}]'


class Referred(NamedTuple):
    """A post that another one refers to: all that its reference and its copy in ``includes`` need."""

    post_id: str
    author: int
    text: str
    french: bool
    created_at: str


class XWire:
    """Writes records of X; ``authors`` are written once, here."""

    def __init__(self, authors: Authors) -> None:
        self._handles = authors.handle
        self._ids = authors.account_id
        self._id_of_handle = {
            handle: account for handle, account, sky in zip(authors.handle, authors.account_id, authors.bluesky, strict=True) if not sky
        }
        self._regions = authors.region.tolist()
        self._users = [
            f'{{"id":"{account}","username":"{handle}","name":{encode_basestring(name)},'
            f'"verified":{"true" if followers > 30_000 else "false"},'
            f'"public_metrics":{{"followers_count":{followers},"following_count":{followers % 911 + 3},'
            f'"tweet_count":{followers * 3 % 48_611 + 9},"listed_count":{followers // 400}}}}}'
            for account, handle, name, followers in zip(
                authors.account_id, authors.handle, authors.name, authors.followers.tolist(), strict=True
            )
        ]
        self._places = [
            f'{{"id":"{place_id}","full_name":{encode_basestring(region)},"name":{encode_basestring(region)},'
            f'"country_code":"{country}","place_type":"admin"}}'
            for place_id, (region, country) in zip(_PLACE_IDS, REGIONS, strict=True)
        ]

    def full_text(self, text: str, reply_to: Referred | None) -> str:
        """The text as X shows it: a reply begins with the handle it answers."""
        return text if reply_to is None else f"@{self._handles[reply_to.author]} {text}"

    def post(
        self,
        post_id: str,
        author: int,
        text: str,
        french: bool,
        created_at: str,
        metrics: tuple[int, int, int, int, int],
        located: bool,
        reference: tuple[str, Referred] | None = None,
        history: str | None = None,
    ) -> bytes:
        """A stream line with one post.

        ``reference``: kind (``replied_to``, ``quoted``, ``retweeted``) and the post referred to. ``metrics``: reposts, replies,
        likes, quotes, views. ``history``: ids of all versions as a JSON list where the post was edited.
        """
        users = self._users[author]
        parts = [
            f'{{"data":{{"id":"{post_id}","text":{encode_basestring(text)},"author_id":"{self._ids[author]}","created_at":"{created_at}",'
            f'"lang":"{"fr" if french else "en"}","edit_history_tweet_ids":{history or f"""["{post_id}"]"""},'
        ]
        tweets = ""
        conversation = post_id
        if reference is not None:
            kind, referred = reference
            parts.append(f'"referenced_tweets":[{{"type":"{kind}","id":"{referred.post_id}"}}],')
            if kind == "replied_to":
                parts.append(f'"in_reply_to_user_id":"{self._ids[referred.author]}",')
                conversation = referred.post_id
            tweets = f',"tweets":[{self._included(referred)}]'
            users = f"{users},{self._users[referred.author]}"
        parts.append(self._entities(text))
        places = ""
        region = self._regions[author]
        if located and region >= 0:
            parts.append(f'"geo":{{"place_id":"{_PLACE_IDS[region]}"}},')
            places = f',"places":[{self._places[region]}]'
        reposts, replies, likes, quotes, views = metrics
        lowered = text.lower()
        rules = _BRAND_RULE if "carrel" in lowered else _SAMPLE_RULES[french]
        parts.append(
            f'"conversation_id":"{conversation}","possibly_sensitive":false,"reply_settings":"everyone",'
            f'"public_metrics":{{"retweet_count":{reposts},"reply_count":{replies},"like_count":{likes},"quote_count":{quotes},'
            f'"bookmark_count":0,"impression_count":{views}}}}},'
            f'"includes":{{"users":[{users}]{tweets}{places}}},"matching_rules":{rules}}}'
        )
        return "".join(parts).encode()

    def repost_text(self, referred: Referred) -> str:
        """The text of a repost: prefix and the beginning of the original, cut off as X does."""
        text = f"RT @{self._handles[referred.author]}: {referred.text}"
        return text if len(text) <= 140 else text[:139] + "…"

    def _included(self, referred: Referred) -> str:
        return (
            f'{{"id":"{referred.post_id}","text":{encode_basestring(referred.text)},"author_id":"{self._ids[referred.author]}",'
            f'{self._entities(referred.text)}"created_at":"{referred.created_at}","lang":"{"fr" if referred.french else "en"}",'
            f'"edit_history_tweet_ids":["{referred.post_id}"]}}'
        )

    def _entities(self, text: str) -> str:
        """The field ``entities`` with a comma, or nothing; positions count characters."""
        if "#" not in text and "@" not in text and "https" not in text:
            return ""
        hashtags, mentions, urls = [], [], []
        for found in _ENTITY.finditer(text):
            place = f'{{"start":{found.start()},"end":{found.end()},'
            hashtag, handle, url = found.groups()
            if hashtag:
                hashtags.append(f'{place}"tag":"{hashtag}"}}')
            elif url:
                code = url[13:]
                urls.append(f'{place}"url":"{url}","expanded_url":"https://shop.example/{code}","display_url":"shop.example/{code}"}}')
            else:
                account = self._id_of_handle.get(handle) or self._id_of_handle.get(handle.lower())
                mentions.append(f'{place}"username":"{handle}"' + (f',"id":"{account}"}}' if account else "}"))
        fields = [
            f'"{name}":[{",".join(items)}]' for name, items in (("hashtags", hashtags), ("mentions", mentions), ("urls", urls)) if items
        ]
        return f'"entities":{{{",".join(fields)}}},' if fields else ""

    def deletion(self, post_id: str, author: int, moment: str) -> bytes:
        """An event of the compliance stream: the author deleted the post."""
        return f'{{"data":{{"delete":{{"tweet":{{"id":"{post_id}","author_id":"{self._ids[author]}"}},"event_at":"{moment}"}}}}}}'.encode()

    def suspension(self, author: int, moment: str) -> bytes:
        """An event of the compliance stream: the account was suspended."""
        return f'{{"data":{{"user_suspend":{{"user":{{"id":"{self._ids[author]}"}},"event_at":"{moment}"}}}}}}'.encode()


def disconnection() -> bytes:
    """What the stream sends before it breaks off."""
    return (
        b'{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect",'
        b'"detail":"This stream has been disconnected upstream."}]}'
    )


def metrics_at_capture(rng: np.random.Generator, followers: np.ndarray) -> list[tuple[int, int, int, int, int]]:
    """Reposts, replies, likes, quotes and views as seen seconds after posting: mostly nothing yet."""
    reach = np.minimum(followers, 50_000) * rng.random(len(followers)) ** 4
    likes = rng.poisson(reach * 2e-3)
    columns = (
        rng.poisson(reach * 4e-4),
        rng.poisson(reach * 3e-4),
        likes,
        rng.poisson(reach * 5e-5),
        likes * 9 + rng.poisson(reach * 0.05),
    )
    return list(zip(*(column.tolist() for column in columns), strict=True))
