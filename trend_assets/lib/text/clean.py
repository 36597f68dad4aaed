"""social/raw_posts to social/clean_posts: every stage of ``lib/text`` in its order.

What belongs here: which stage sees which texts, and how results return to the posts. What doesn't: the rules of a stage.

Stages work on the distinct texts of a slice of posts, and each looks only at texts that can hold what it is after. Every
column is a function of its own post, so cleaning a table in pieces equals cleaning it whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.text import language as languages
from trend_assets.lib.text import length, near_duplicates, normalise, words
from trend_assets.lib.text.arrays import list_array, strings_where, take, to_array
from trend_assets.lib.text.emoji_sequences import extract_emoji, where_emoji_may_start
from trend_assets.lib.text.entities import extract_cashtags, extract_hashtags
from trend_assets.lib.text.lemmas import lemmatise
from trend_assets.lib.text.urls import Entity, extract_urls
from trend_assets.tables import TABLES

STAGES = ("distinct texts", "normalise", "entities", "length", "words", "near-duplicate key", "language", "lemmas", "posts")
_RAW = TABLES["social/raw_posts"]
_CLEAN = TABLES["social/clean_posts"]
_UNCHANGED = (
    "post_id", "network", "author", "created_at", "kind", "mentions", "reposted_post", "reposted_author", "quoted_author",
    "in_reply_to_author", "author_followers", "matching_rules", "place", "captured_at", "licence_class",
)  # fmt: skip
# Bounds the memory of intermediate arrays, whatever the size of the table.
_SLICE = 65_536


def clean_posts(raw_posts: pa.Table, *, public_handles: frozenset[str] = frozenset(), lap: Callable[[str], None] | None = None) -> pa.Table:
    """Clean posts, one per raw post and in the same order.

    ``raw_posts``: social/raw_posts. ``public_handles``: accounts of brands, lower case without @, that stay readable.
    ``lap``: called with a name of ``STAGES`` when that stage is done, once per slice; a benchmark measures between calls.
    Raises ``ValueError`` where ``raw_posts`` does not conform to its declaration.
    """
    raw_posts = _RAW.conform(raw_posts)
    public_handles = frozenset(handle.lower().lstrip("@") for handle in public_handles if handle.lstrip("@"))
    slices = [
        _clean_slice(raw_posts.slice(start, _SLICE).combine_chunks(), public_handles, lap or _no_lap)
        for start in range(0, raw_posts.num_rows, _SLICE)
    ]
    return pa.concat_tables(slices) if slices else _CLEAN.empty()


def _no_lap(stage: str) -> None:
    """Nobody measures."""


@dataclass(frozen=True)
class TextEntities:
    """Entities of an array of texts, one list a text; ``without_urls`` is the texts with a space in place of each URL."""

    hashtags: pa.ListArray
    cashtags: pa.ListArray
    urls: pa.ListArray
    emoji: pa.ListArray
    without_urls: pa.Array


def find_entities(texts: pa.Array) -> TextEntities:
    """Entities of texts in ``normalise.tidy`` form: hashtags lower case without #, cashtags upper case without $."""
    may_have_url = pc.match_substring_regex(texts, r"\.\p{L}")
    url_positions = np.flatnonzero(may_have_url.to_numpy(zero_copy_only=False))
    url_texts = texts.filter(may_have_url).to_pylist()
    url_entities = [extract_urls(text) for text in url_texts]
    urls_of = {int(position): found for position, found in zip(url_positions, url_entities, strict=True) if found}
    blanked = [_blank(text, found) if found else text for text, found in zip(url_texts, url_entities, strict=True)]
    without_urls = pc.replace_with_mask(texts, may_have_url, pa.array(blanked, pa.string()))

    may_have_hashtag = pc.match_substring_regex(texts, "[#＃]")
    hashtags = [
        [tag.value.lower() for tag in extract_hashtags(text, urls_of.get(int(position), ()))]
        for position, text in _where(texts, may_have_hashtag)
    ]
    may_have_cashtag = pc.match_substring_regex(texts, r"\$[A-Za-z]")
    cashtags = [[tag.value.upper() for tag in extract_cashtags(text)] for _, text in _where(texts, may_have_cashtag)]
    may_have_emoji = pc.match_substring_regex(texts, where_emoji_may_start())
    emoji = [[found.value for found in extract_emoji(text)] for _, text in _where(texts, may_have_emoji)]
    return TextEntities(
        hashtags=strings_where(may_have_hashtag, hashtags),
        cashtags=strings_where(may_have_cashtag, cashtags),
        urls=strings_where(may_have_url, [[url.value for url in found] for found in url_entities]),
        emoji=strings_where(may_have_emoji, emoji),
        without_urls=without_urls,
    )


def _where(texts: pa.Array, mask: pa.BooleanArray) -> Iterable[tuple[int, str]]:
    return zip(np.flatnonzero(mask.to_numpy(zero_copy_only=False)), texts.filter(mask).to_pylist(), strict=True)


def _blank(text: str, urls: list[Entity]) -> str:
    pieces = []
    position = 0
    for url in urls:
        pieces.append(text[position : url.start])
        position = url.end
    return " ".join([*pieces, text[position:]])


def text_lengths(composed: pa.Array, entities: TextEntities) -> np.ndarray:
    """Weighted length (int32) of texts as published, in ``normalise.unescape_and_compose`` form; ``entities``: those of ``tidy``'s."""
    lengths = length.weighted_lengths(composed, entities.urls, entities.emoji)
    # Control characters may hide or split entities, and an emoji inside a URL must not count twice: those few one by one.
    odd = pc.match_substring_regex(composed, normalise.CONTROLS).to_numpy(zero_copy_only=False).copy()
    foreign_url = np.flatnonzero(pc.invert(pc.string_is_ascii(entities.urls.flatten())).to_numpy(zero_copy_only=False))
    if len(foreign_url):
        odd[pc.list_parent_indices(entities.urls).to_numpy()[foreign_url]] = True
    for position in np.flatnonzero(odd):
        lengths[position] = length.weighted_length(composed[int(position)].as_py())
    return lengths


def _clean_slice(raw: pa.Table, public_handles: frozenset[str], lap: Callable[[str], None]) -> pa.Table:
    distinct, hints, of_post = _distinct_texts(to_array(raw["text"]), to_array(raw["language_hint"]))
    lap("distinct texts")
    composed = normalise.unescape_and_compose(distinct)
    tidy = normalise.tidy(composed)
    clean_text = normalise.mask_handles(tidy, public_handles)
    lap("normalise")
    entities = find_entities(tidy)
    lap("entities")
    lengths = text_lengths(composed, entities)
    lap("length")
    plain = words.plain(entities.without_urls)
    tokens = words.tokenise(plain)
    letters = words.letters(plain)
    lap("words")
    keys = near_duplicates.keys_of_letters(letters)
    lap("near-duplicate key")
    language, confidence = languages.identify(letters, hints)
    lap("language")
    lemmas = lemmatise(tokens, language)
    lap("lemmas")
    of_text = {
        "clean_text": clean_text,
        "language": language,
        "language_confidence": pa.array(confidence),
        "tokens": tokens,
        "lemmas": lemmas,
        "cashtags": entities.cashtags,
        "emoji": entities.emoji,
        "weighted_length": pa.array(lengths),
    }
    columns = {name: raw[name] for name in _UNCHANGED} | {name: take(values, of_post) for name, values in of_text.items()}
    columns["hashtags"] = _prefer(_lower_hashtags(to_array(raw["hashtags"])), take(entities.hashtags, of_post))
    columns["urls"] = _prefer(to_array(raw["urls"]), take(entities.urls, of_post))
    columns["near_duplicate_key"] = pa.array(_post_keys(raw, keys[of_post], tidy, letters, of_post))
    table = _CLEAN.conform(pa.table(columns))
    lap("posts")
    return table


def _distinct_texts(texts: pa.Array, hints: pa.Array) -> tuple[pa.Array, pa.Array, np.ndarray]:
    """Distinct pairs of text and language hint, and the position of each post's pair among them."""
    encoded_texts = pc.dictionary_encode(texts)
    encoded_hints = pc.dictionary_encode(pc.fill_null(hints, ""))
    codes = [languages.to_code(hint) for hint in encoded_hints.dictionary.to_pylist()]
    names = sorted(set(codes))
    code_positions = np.array([names.index(code) for code in codes], np.int64)
    pairs = encoded_texts.indices.to_numpy().astype(np.int64) * len(names) + code_positions[encoded_hints.indices.to_numpy()]
    distinct, of_post = np.unique(pairs, return_inverse=True)
    return (
        encoded_texts.dictionary.take(pa.array(distinct // len(names))),
        pa.array(names, pa.string()).take(pa.array(distinct % len(names))),
        of_post,
    )


def _lower_hashtags(hashtags: pa.ListArray) -> pa.ListArray:
    values = pc.utf8_ltrim(pc.utf8_lower(hashtags.flatten()), "#＃")
    return list_array(pc.list_value_length(hashtags).to_numpy(zero_copy_only=False), values)


def _prefer(given: pa.ListArray, extracted: pa.ListArray) -> pa.ListArray:
    """The source's list where it isn't empty, else what the text holds."""
    empty = pc.equal(pc.list_value_length(given), 0).to_numpy(zero_copy_only=False)
    if not empty.any():
        return given
    if empty.all():
        return extracted
    positions = np.arange(len(given))
    return pa.concat_arrays([given, extracted]).take(pa.array(np.where(empty, positions + len(given), positions)))


def _post_keys(raw: pa.Table, keys: np.ndarray, tidy: pa.Array, letters: pa.Array, of_post: np.ndarray) -> np.ndarray:
    """Near-duplicate keys of posts: of their letters, or as written where there are none."""
    no_letters = np.flatnonzero(pc.equal(letters, "").to_numpy(zero_copy_only=False)[of_post])
    if len(no_letters):
        rows = pa.array(no_letters)
        texts = words.without_repost_prefix(tidy.take(pa.array(of_post[no_letters])))
        keys = keys.copy()
        keys[no_letters] = near_duplicates.keys_as_written(
            texts.to_pylist(), raw["media"].take(rows).to_pylist(), raw["reposted_post"].take(rows).to_pylist()
        )
    return keys
