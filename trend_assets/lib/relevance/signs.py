"""What each post shows of trade, of a brand's name and of machines, counted per topic and hour.

What belongs here: signs that are read from one post alone, and their hourly counts. What doesn't: what the counts mean for a topic
(``lanes``). Everything is columns and counts: a post costs a few microseconds, only texts that name a brand cost more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.relevance.brands import brand_keys, mentions_of, neighbours
from trend_assets.lib.relevance.lexicon import Lexicon, lexicon_for, resale_lexicon
from trend_assets.lib.tables import matches
from trend_assets.lib.trends.history import hour_numbers
from trend_assets.tables.declaration import timestamp

COLUMNS = ("network", "post_id", "created_at", "kind", "clean_text", "language", "tokens", "lemmas", "hashtags")
"""Columns of ``social/clean_posts`` that are read."""
COUNTS = ("posts", "named", "in_words", "traded", "named_traded", "linked", "resold", "figures")
SEPARATOR = "\x1f"
_OPENING = 3  # words at the beginning of a post that tell a form letter
_LEAST_FIGURES = 0.3  # share of a post's words
_WITH_FIGURES = r"\p{Nd}"

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class TopicSigns:
    """Hourly counts of signs, reposts left out. All tables are sorted; rows of several hours add up.

    ``counts``: columns ``hour``, ``topic_id`` and ``COUNTS``: posts; those naming a brand, and in several words; those with a word of
    trade; those naming a brand with one; those with an address; those with an address and a word of resale; mostly figures.
    ``words``: columns ``hour``, ``topic_id``, ``kind``, ``word``, ``posts``, ``capitals``: in how many posts a word stands ``before`` or
    ``after`` a brand's name (which follows it behind ``SEPARATOR``), and in how many of them with a capital letter; is the first word of
    ``trade``; or is the ``opening`` of a post with an address.
    ``volumes``: columns ``hour``, ``posts``, ``named``: all posts, whether in a topic or not.
    """

    counts: pa.Table
    words: pa.Table
    volumes: pa.Table


def topic_signs(clean_posts: pa.Table, assignments: pa.Table, brands: Collection[str], lexicon: Lexicon | None = None) -> TopicSigns:
    """Count the signs of each topic's posts per hour.

    ``clean_posts``: ``COLUMNS`` of ``social/clean_posts``; ``assignments``: ``topics/topic_assignments``; ``lexicon``: that of the brands
    and their catalogue (``lexicon_for``). Complexity: O(tokens), and O(text) for posts naming a brand.
    """
    lexicon = lexicon or lexicon_for(brands)
    written = clean_posts.select(list(COLUMNS)).filter(pc.not_equal(clean_posts["kind"], "repost")).combine_chunks()
    hour, mentions = hour_numbers(written["created_at"]), mentions_of(written, brands)
    volumes = _summed({"hour": _timestamps(hour)}, {"posts": np.ones(len(hour), np.int64), "named": mentions.named})
    place = matches(written, assignments, ("network", "post_id"))
    topic = pc.take(pc.cast(assignments["topic_id"], pa.string()).combine_chunks(), place)
    known = pc.is_valid(topic)
    kept = known.to_numpy(zero_copy_only=False)
    posts, topic, hour, named = written.filter(known).combine_chunks(), topic.filter(known), hour[kept], mentions.named[kept]
    trade = first_words(posts, lexicon)
    traded = np.asarray(pc.is_valid(trade))
    linked = np.asarray(pc.match_substring(_column(posts, "clean_text"), "http"), dtype=np.bool_)
    signs = {
        "posts": np.ones(posts.num_rows, np.bool_),
        "named": named,
        "in_words": mentions.in_words[kept],
        "traded": traded,
        "named_traded": named & traded,
        "linked": linked,
        "resold": linked & np.asarray(pc.is_valid(first_words(posts, resale_lexicon()))),
        "figures": mostly_figures(posts),
    }
    keys = {"hour": _timestamps(hour), "topic_id": topic}
    return TopicSigns(_summed(keys, signs), _words(posts, keys, named, linked, trade, brands), volumes)


def first_words(posts: pa.Table, lexicon: Lexicon) -> pa.Array:
    """The first word of each post (n,) that is in the lexicon in its language: a token, by its lemma too, else a hashtag; null if none.

    ``posts``: columns ``tokens``, ``lemmas``, ``hashtags``, ``language``, ``clean_text``. In scripts without spaces the text is searched.
    """
    count = posts.num_rows
    languages = pc.dictionary_encode(_column(posts, "language"))
    bits = lexicon.language_bits(languages.dictionary.to_pylist())[np.asarray(languages.indices, dtype=np.int64)]
    tokens = _column(posts, "tokens")
    words, parent = tokens.flatten(), np.asarray(pc.list_parent_indices(tokens), dtype=np.int64)
    hits = np.zeros(len(words), dtype=np.bool_)
    for name in ("tokens", "lemmas"):
        encoded = pc.dictionary_encode(_column(posts, name).flatten())
        masks = lexicon.masks(encoded.dictionary.to_pylist())
        if len(encoded):
            hits |= (masks[np.asarray(encoded.indices, dtype=np.int64)] & bits[parent]) != 0
    found = _first_of(words, parent, np.flatnonzero(hits), count)

    tags = _column(posts, "hashtags")
    encoded = pc.dictionary_encode(tags.flatten())
    inside = np.array([lexicon.in_hashtag(tag) for tag in encoded.dictionary.to_pylist()], dtype=np.bool_)
    places = np.flatnonzero(inside[np.asarray(encoded.indices, dtype=np.int64)]) if len(encoded) else np.zeros(0, np.int64)
    found = pc.coalesce(found, _first_of(tags.flatten(), np.asarray(pc.list_parent_indices(tags), dtype=np.int64), places, count))
    if not lexicon.pattern:
        return found
    texts = _column(posts, "clean_text")
    foreign = pa.array(np.flatnonzero(np.asarray(pc.and_not(pc.is_null(found), pc.string_is_ascii(texts)))))
    spotted = pc.struct_field(pc.extract_regex(texts.take(foreign), f"(?P<word>{lexicon.pattern})"), "word")
    whole = np.full(count, -1, dtype=np.int64)
    whole[np.asarray(foreign)] = np.arange(len(foreign))
    return pc.coalesce(found, spotted.take(pa.array(whole, mask=whole < 0)))


def _first_of(values: pa.Array, parent: npt.NDArray[np.int64], places: npt.NDArray[np.int64], count: int) -> pa.Array:
    """For each of ``count`` parents the value at its first place; null where it has none."""
    first = np.full(count, -1, dtype=np.int64)
    first[parent[places[::-1]]] = places[::-1]
    return pc.cast(values, pa.string()).take(pa.array(first, mask=first < 0))


def mostly_figures(posts: pa.Table) -> Booleans:
    """Whether each post (n,) has three words or more with digits and they are 30 % of its words or more: readings of an instrument."""
    tokens = _column(posts, "tokens")
    words = pc.dictionary_encode(tokens.flatten())
    if not len(words):
        return np.zeros(posts.num_rows, dtype=np.bool_)
    digits = np.asarray(pc.match_substring_regex(words.dictionary, _WITH_FIGURES))[np.asarray(words.indices)]
    figures = np.bincount(np.asarray(pc.list_parent_indices(tokens)), digits, posts.num_rows)
    lengths = np.asarray(pc.list_value_length(tokens))
    return (figures >= 3) & (figures >= _LEAST_FIGURES * lengths)


def _words(
    posts: pa.Table, keys: dict[str, pa.Array], named: Booleans, linked: Booleans, trade: pa.Array, brands: Collection[str]
) -> pa.Table:
    """Words beside the brand's name, words of trade, and openings of posts with an address, counted."""
    opening = pc.binary_join(pc.list_slice(_column(posts, "tokens"), 0, _OPENING), " ")
    everywhere = np.arange(posts.num_rows)
    parts = [(everywhere, "trade", trade), (np.flatnonzero(linked), "opening", opening.filter(pa.array(linked)))]
    rows = np.flatnonzero(named)
    if brand_keys(brands) and rows.size:
        texts = _column(posts, "clean_text").take(pa.array(rows))
        for kind, found in zip(("before", "after"), neighbours(texts, brands), strict=True):
            pair = pc.binary_join_element_wise(pc.struct_field(found, "word"), pc.struct_field(found, "brand"), SEPARATOR)
            parts.append((rows, kind, pair))
    tables = []
    for places, kind, words in parts:
        valid = pc.fill_null(pc.not_equal(words, ""), False)
        at, said = pa.array(places).filter(valid), words.filter(valid)
        columns = {name: values.take(at) for name, values in keys.items()}
        columns |= {"kind": pa.repeat(pa.scalar(kind), len(at)), "word": pc.utf8_lower(said), "posts": pa.repeat(pa.scalar(1), len(at))}
        tables.append(pa.table(columns | {"capitals": pc.cast(pc.match_substring_regex(said, r"^\p{Lu}"), pa.int64())}))
    rows_of_words = pa.concat_tables(tables)
    names = ("hour", "topic_id", "kind", "word")
    return _summed({name: rows_of_words[name] for name in names}, {name: rows_of_words[name] for name in ("posts", "capitals")})


def _summed(keys: Mapping[str, Any], counts: Mapping[str, Any]) -> pa.Table:
    """Counts added up per key, in the order of the keys."""
    rows = pa.table(
        dict(keys)
        | {name: pc.cast(pa.array(values) if isinstance(values, np.ndarray) else values, pa.int64()) for name, values in counts.items()}
    )
    summed = rows.group_by(list(keys), use_threads=False).aggregate([(name, "sum") for name in counts])
    columns = {name: summed[name] for name in keys} | {name: summed[f"{name}_sum"] for name in counts}
    return pa.table(columns).sort_by([(name, "ascending") for name in keys])


def _column(posts: pa.Table, name: str) -> pa.Array:
    column = posts[name]
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _timestamps(hours: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(hours * 3_600_000_000, pa.int64()).cast(timestamp)
