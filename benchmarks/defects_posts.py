"""Defects of a feed of posts: what connectors, clocks, loaders and networks do to a day of raw posts.

What belongs here: one function per class of defect, its severity in words, and the checks that are sensible names for it, all written
down before anything was measured. What doesn't: measuring (``checks.py``), defects of the retailer's files (``defects_retail.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass
class Window:
    """The newest day of posts, the days before it (newest last), and random numbers of this defect and seed."""

    posts: pd.DataFrame
    before: list[pd.DataFrame]
    rng: np.random.Generator

    def part(self, share: float, where: pd.Series | None = None) -> pd.Index:
        """Labels of a random share of the posts (of those where the condition holds)."""
        labels = self.posts.index if where is None else self.posts.index[where]
        return pd.Index(self.rng.choice(labels, max(1, round(share * len(labels))), replace=False))


@dataclass(frozen=True)
class PostDefect:
    """A class of defects of posts; as ``Defect`` in ``defects_retail.py``."""

    name: str
    severity: str
    named: tuple[str, ...]
    damage: Callable[[Window], None]


POST_DEFECTS: list[PostDefect] = []


def defect(name: str, severity: str, *named: str) -> Callable[[Callable[[Window], None]], Callable[[Window], None]]:
    """Add the function to ``POST_DEFECTS``."""

    def add(damage: Callable[[Window], None]) -> Callable[[Window], None]:
        POST_DEFECTS.append(PostDefect(name, severity, tuple(one if "." in one else f"posts.{one}" for one in named), damage))
        return damage

    return add


def _new_ids(posts: pd.DataFrame, rng: np.random.Generator) -> None:
    """Other ids of the same shape, of the same millisecond on X."""
    numbers = rng.integers(1, 4_000_000, len(posts))
    posts["post_id"] = [
        str((int(old) >> 22 << 22) + number) if old.isdigit() else f"{old[:-6]}{number:06d}"
        for old, number in zip(posts["post_id"], numbers.tolist(), strict=True)
    ]


@defect("language shifts", "a quarter of the English posts turn French", "languages")
def _(window: Window) -> None:
    posts = window.posts
    posts.loc[window.part(0.25, posts["language_hint"] == "en"), "language_hint"] = "fr"


@defect("one author floods", "one account writes 10 % of the day", "loud_authors")
def _(window: Window) -> None:
    posts = window.posts
    posts.loc[window.part(0.1), "author"] = posts["author"].iloc[0]


@defect("author constant", "one pseudonym for all posts", "empty_columns", "loud_authors")
def _(window: Window) -> None:
    window.posts["author"] = window.posts["author"].iloc[0]


@defect("texts empty", "5 % of posts", "empty_texts")
def _(window: Window) -> None:
    window.posts.loc[window.part(0.05, window.posts["kind"] != "repost"), "text"] = ""


@defect("clock of the collector is slow", "receipt an hour before the post, all posts", "clock")
def _(window: Window) -> None:
    window.posts["captured_at"] -= pd.Timedelta(hours=1)


@defect("times of posts shifted", "two hours later, posts of X", "clock")
def _(window: Window) -> None:
    posts = window.posts
    posts.loc[posts["network"] == "x", "created_at"] += pd.Timedelta(hours=2)


@defect("times of posts shifted", "an hour earlier, 10 % of posts of X", "clock")
def _(window: Window) -> None:
    posts = window.posts
    posts.loc[window.part(0.1, posts["network"] == "x"), "created_at"] -= pd.Timedelta(hours=1)


@defect("copies by bots", "8 % of posts carry one of five texts, other authors", "copied_texts")
def _(window: Window) -> None:
    posts, rows = window.posts, window.part(0.08, window.posts["kind"] != "repost")
    slogans = [f"number {number}: you will not believe what this little shop sells" for number in range(5)]
    posts.loc[rows, "text"] = window.rng.choice(slogans, len(rows))


@defect("a network is missing", "no post of Bluesky", "known_values")
def _(window: Window) -> None:
    window.posts = window.posts[window.posts["network"] != "bluesky"]


@defect("engagement reset", "all counts zero", "engagement")
def _(window: Window) -> None:
    for column in ("repost_count", "like_count", "view_count"):
        window.posts.loc[window.posts[column].notna(), column] = 0


@defect("engagement in another unit", "followers ×1000", "engagement")
def _(window: Window) -> None:
    window.posts["author_followers"] *= 1000


@defect("wrong network label", "10 % of X posts labelled bluesky", "id_shapes")
def _(window: Window) -> None:
    window.posts.loc[window.part(0.1, window.posts["network"] == "x"), "network"] = "bluesky"


@defect("ids reused", "5 % of posts have ids of yesterday's posts", "ids_reused", "clock")
def _(window: Window) -> None:
    posts, before = window.posts, window.before[-1]
    rows = window.part(0.05, posts["network"] == "x")
    posts.loc[rows, "post_id"] = before.loc[before["network"] == "x", "post_id"].to_numpy()[: len(rows)]


@defect("ids cut", "the last three digits of X ids lost", "id_shapes", "clock")
def _(window: Window) -> None:
    posts = window.posts
    rows = posts["network"] == "x"
    posts.loc[rows, "post_id"] = (
        posts.loc[rows, "post_id"].str[:-3] + pd.Series(np.arange(rows.sum()), posts.index[rows]).astype(str).str[-1]
    )


@defect("ids as decimals", "X ids through a double, all", "id_shapes")
def _(window: Window) -> None:
    posts = window.posts
    rows = posts["network"] == "x"
    posts.loc[rows, "post_id"] = [f"{float(text):.17e}" for text in posts.loc[rows, "post_id"]]


@defect("ids rounded", "X ids through a double, digits kept", "clock", "id_shapes", "ids_reused", "audit.key")
def _(window: Window) -> None:
    posts = window.posts
    rows = posts["network"] == "x"
    posts.loc[rows, "post_id"] = [f"{int(float(f'{int(text):.6e}'))}" for text in posts.loc[rows, "post_id"]]


@defect("loaded twice, new ids", "all posts", "repeated_rows")
def _(window: Window) -> None:
    again = window.posts.copy()
    _new_ids(again, window.rng)
    window.posts = pd.concat([window.posts, again], ignore_index=True)


@defect("loaded twice, new ids", "10 % of posts", "repeated_rows")
def _(window: Window) -> None:
    again = window.posts.loc[window.part(0.1)].copy()
    _new_ids(again, window.rng)
    window.posts = pd.concat([window.posts, again], ignore_index=True)


@defect("loaded twice, same ids", "10 % of posts", "audit.key")
def _(window: Window) -> None:
    window.posts = pd.concat([window.posts, window.posts.loc[window.part(0.1)]], ignore_index=True)


@defect("fan-out of a join", "5 % of posts three times, ids numbered", "repeated_rows", "id_shapes")
def _(window: Window) -> None:
    parts = [window.posts]
    for number in (1, 2):
        again = window.posts.loc[window.part(0.05)].copy()
        again["post_id"] += f"#{number}"
        parts.append(again)
    window.posts = pd.concat(parts, ignore_index=True)


@defect("yesterday's posts again", "all, times moved by a day, new ids", "copied_rows", "copied_texts", "clock", "ids_reused")
def _(window: Window) -> None:
    posts = window.before[-1].copy()
    for column in ("created_at", "captured_at"):
        posts[column] += pd.Timedelta(days=1)
    window.posts = posts


@defect("UTF-8 read as Windows-1252", "all texts", "text_encoding")
def _(window: Window) -> None:
    window.posts["text"] = window.posts["text"].map(lambda text: text.encode().decode("cp1252", "replace"))


@defect("UTF-8 read as Latin-1", "10 % of texts", "text_encoding")
def _(window: Window) -> None:
    rows = window.part(0.1)
    window.posts.loc[rows, "text"] = window.posts.loc[rows, "text"].map(lambda text: text.encode().decode("latin-1"))


@defect("accents lost", "all texts, letters kept", "text_encoding")
def _(window: Window) -> None:
    import unicodedata

    window.posts["text"] = window.posts["text"].map(lambda text: unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode())


@defect("replacement characters", "accents of 30 % of texts", "text_encoding")
def _(window: Window) -> None:
    rows = window.part(0.3)
    window.posts.loc[rows, "text"] = window.posts.loc[rows, "text"].map(
        lambda text: text.encode("latin-1", "ignore").decode("utf-8", "replace")
    )


@defect("texts cut", "at 80 characters, all", "cut_texts")
def _(window: Window) -> None:
    window.posts["text"] = window.posts["text"].str[:80]


@defect("markup not decoded", "entities in all texts with signs, 10 % of them", "markup")
def _(window: Window) -> None:
    rows = window.part(0.1)
    window.posts.loc[rows, "text"] = window.posts.loc[rows, "text"].str.replace(" ", "&nbsp; &amp;", n=1, regex=False)


@defect("column empty", "language of all posts", "empty_columns")
def _(window: Window) -> None:
    window.posts["language_hint"] = None


@defect("column empty", "hashtags of all posts", "empty_columns")
def _(window: Window) -> None:
    window.posts["hashtags"] = [[] for _ in range(len(window.posts))]


@defect("column empty", "followers of half of the posts", "empty_columns")
def _(window: Window) -> None:
    window.posts.loc[window.part(0.5), "author_followers"] = None


@defect("column constant", "one text for all posts", "empty_columns", "copied_texts", "cut_texts")
def _(window: Window) -> None:
    window.posts["text"] = "lorem ipsum dolor sit amet"


@defect("column shuffled", "times of posts", "clock")
def _(window: Window) -> None:
    window.posts["created_at"] = window.rng.permutation(window.posts["created_at"].to_numpy())
    window.posts["created_at"] = pd.to_datetime(window.posts["created_at"], utc=True)


@defect("category renamed", "kind retweet as posts in places: regions renamed", "known_values")
def _(window: Window) -> None:
    window.posts["place"] = window.posts["place"].map(lambda place: f"region {place}" if isinstance(place, str) else place)


@defect("source relabelled", "licence class of 10 % of posts", "known_values")
def _(window: Window) -> None:
    window.posts.loc[window.part(0.1), "licence_class"] = "open"


@defect("kind not allowed", "retweet for repost", "audit.values")
def _(window: Window) -> None:
    window.posts["kind"] = window.posts["kind"].replace("repost", "retweet")


@defect("volume drops", "80 % of posts lost", "row_count")
def _(window: Window) -> None:
    window.posts = window.posts.drop(window.part(0.8))


@defect("volume spikes", "×5 with made-up texts", "row_count", "loud_authors")
def _(window: Window) -> None:
    parts = [window.posts]
    for number in range(4):
        again = window.posts.copy()
        _new_ids(again, window.rng)
        again["text"] = again["text"].str[::-1] + f" {number}"
        parts.append(again)
    window.posts = pd.concat(parts, ignore_index=True)


@defect("feed is late", "posts of X received six hours after", "lateness")
def _(window: Window) -> None:
    window.posts.loc[window.posts["network"] == "x", "captured_at"] += pd.Timedelta(hours=6)


@defect("engagement below zero", "1 % of posts", "audit.values")
def _(window: Window) -> None:
    window.posts.loc[window.part(0.01, window.posts["like_count"].notna()), "like_count"] = -1


@defect("required column null", "author of 1 % of posts", "audit.required")
def _(window: Window) -> None:
    window.posts.loc[window.part(0.01), "author"] = None


@defect("posts of another day", "3 % dated a day ahead", "audit.partition", "clock")
def _(window: Window) -> None:
    window.posts.loc[window.part(0.03), "created_at"] += pd.Timedelta(days=1)
