"""A user's labelled posts as clean posts, made by the production path, with what is known of each post beside them.

What belongs here: which columns are expected, how they are read (times, ids, lists in any usual form), what is left out and said.
What doesn't: files (``files.py``), measures (``topics.py``, ``stream.py``, ``trends.py``).

Accounts become pseudonyms in memory before anything else sees them. The key is fixed, so that the same file always
gives the same result; nothing of it is stored or printed.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.evaluation.times import read_times
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.sources.outcomes import entities_of_text
from trend_assets.lib.text.arrays import list_array, take, to_array
from trend_assets.lib.text.clean import clean_posts
from trend_assets.tables import TABLES

POST_ID, AUTHOR = ("post_id", "tweet_id"), ("author_id", "user_id")
CREATED_AT, TEXT = ("created_at",), ("text",)
HASHTAGS, MENTIONS = ("hashtags",), ("user_mentions",)
LABELS = ("truth", "by", "brand")
"""Columns added to the clean posts, as text; null where unknown."""
_ENTITY_NAMES = ("text", "tag", "screen_name", "username", "name", "id_str", "id")
_NETWORK = "file"
_SHOWN = 40

Note = Callable[[str], None]


def read_evaluation_posts(
    table: pa.Table, *, truth: str | None = None, by: str | None = None, brand: str | None = None, note: Note | None = None
) -> pa.Table:
    """``social/clean_posts`` of labelled posts in time order (then by id), with text columns ``truth``, ``by`` and ``brand`` beside.

    ``table`` has the columns post_id or tweet_id, created_at (timestamp, text in ISO 8601 or API v1.1's form, or seconds to
    nanoseconds since 1970; without a zone UTC) and text; optionally author_id or user_id, hashtags and user_mentions (lists, or text
    that holds JSON or words). Without authors every post counts as its own author's; hashtags and mentions that are not given
    are taken from the text, as the pipeline does with tables. ``truth``, ``by`` and ``brand`` name further columns.

    Rows without id, text or a readable time, and all but the first of rows with equal ids, are left out; ``note`` is called with
    a sentence for each kind of them, and for what is missing. Complexity: that of cleaning. Raises ``ValueError`` that
    names the columns missing and those present, or the column that holds something else.
    """
    say = note or _say_nothing
    names = {"post_id": POST_ID, "created_at": CREATED_AT, "text": TEXT}
    chosen = _columns(table, names, {"truth": truth, "by": by, "brand": brand})
    identifiers = _text(chosen["post_id"], "post_id", trim=True)
    texts = _text(chosen["text"], "text")
    times = read_times(chosen["created_at"], "created_at")
    kept = _usable_rows(identifiers, texts, times, chosen["created_at"], say)
    rows = table.take(pa.array(kept))
    raw = _raw_posts(rows, identifiers.take(pa.array(kept)), times.take(pa.array(kept)), texts.take(pa.array(kept)), say)
    cleaned = clean_posts(raw)
    for label in LABELS:
        values = chosen.get(label)
        column = pa.nulls(len(kept), pa.string()) if values is None else _text(values, label, trim=True).take(pa.array(kept))
        cleaned = cleaned.append_column(label, column)
    return cleaned


def _say_nothing(sentence: str) -> None:
    """Nobody listens."""


def missing_columns(what: str, missing: Sequence[str], present: Sequence[str]) -> str:
    """The sentence that names the columns that ``what`` lacks and those that are there."""
    return f"the {what} lack the column{'s' * (len(missing) > 1)} {', '.join(missing)}; there are: {', '.join(present) or 'none'}"


def _columns(table: pa.Table, required: dict[str, tuple[str, ...]], labels: dict[str, str | None]) -> dict[str, pa.Array]:
    """The column of each name of ours. The first of several usual names wins."""
    present = table.column_names
    found = {ours: next((name for name in usual if name in present), None) for ours, usual in required.items()}
    missing = [" or ".join(required[ours]) for ours, name in found.items() if name is None]
    found |= {label: name for label, name in labels.items() if name is not None}
    missing += [name for name in found.values() if name is not None and name not in present]
    if missing:
        raise ValueError(missing_columns("posts", missing, present))
    repeated = sorted({name for name in found.values() if name is not None and present.count(name) > 1})
    if repeated:
        raise ValueError(f"the posts have the column {', '.join(repeated)} more than once")
    return {ours: _plain(table.column(name)) for ours, name in found.items() if name is not None}


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """One array, dictionaries (categories of pandas) decoded."""
    whole = to_array(column)
    return whole.dictionary_decode() if isinstance(whole, pa.DictionaryArray) else whole


def _text(values: pa.Array, name: str, *, trim: bool = False) -> pa.Array:
    """Values as text; whole floats, which pandas makes of integers with gaps, as the integers they were."""
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), None, values)
        whole = bool(pc.all(pc.fill_null(pc.equal(values, pc.round(values)), True)).as_py())
        if whole and not bool(pc.any(pc.greater(pc.abs(values), 2.0**53)).as_py()):
            values = values.cast(pa.int64())
        elif name == "post_id":
            raise ValueError("the posts' ids are floating-point numbers, which do not hold them: give them as text or integers")
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), pa.string())
    if pa.types.is_nested(values.type):
        raise ValueError(f"the column for {name} holds {values.type}: expected text")
    try:
        result = values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueError(f"the column for {name} holds {values.type} that is not text: {error}") from error
    if not trim:
        return result
    result = pc.utf8_trim_whitespace(result)
    return pc.if_else(pc.equal(result, ""), pa.scalar(None, pa.string()), result)


def _usable_rows(identifiers: pa.Array, texts: pa.Array, times: pa.Array, given: pa.Array, say: Note) -> np.ndarray:
    """Rows that are posts, in order of time and id, the first in time of each id; what is not is told."""
    missing = {
        "without an id": identifiers.is_null(),
        "without text": texts.is_null(),
        "without a readable created_at": times.is_null(),
    }
    usable = np.ones(len(texts), np.bool_)
    for problem, mask in missing.items():
        absent = mask.to_numpy(zero_copy_only=False)
        if absent.any():
            example = given[int(np.flatnonzero(absent)[0])].as_py() if "created_at" in problem else None
            shown = "" if example is None else f", such as {str(example)[:_SHOWN]!r}"
            say(f"{int(absent.sum()):,} rows {problem} left out{shown}")
        usable &= ~absent
    rows = np.flatnonzero(usable)
    columns = {"time": times, "id": identifiers, "text": texts}
    kept = pa.table({name: values.take(pa.array(rows)) for name, values in columns.items()})
    rows = rows[pc.sort_indices(kept, [(name, "ascending") for name in columns]).to_numpy()]
    codes = identifiers.take(pa.array(rows)).dictionary_encode().indices.to_numpy()
    first = np.sort(np.unique(codes, return_index=True)[1])
    if len(first) < len(rows):
        say(f"{len(rows) - len(first):,} rows repeat an id: the first in time is kept")
    return rows[first]


def _raw_posts(rows: pa.Table, identifiers: pa.Array, times: pa.Array, texts: pa.Array, say: Note) -> pa.Table:
    """The rows as ``social/raw_posts``, as the pipeline makes them of a table."""
    pseudonyms, count = Pseudonyms("evaluation of a file"), rows.num_rows
    hashtags, mentions = _entities(rows, HASHTAGS), _entities(rows, MENTIONS)
    mentions = _map_values(mentions, lambda name: pseudonyms.handle(_NETWORK, name.lstrip("@＠")))
    found_tags, found_mentions = _entities_of_texts(texts, pseudonyms)
    given: dict[str, pa.Array] = {
        "post_id": identifiers,
        "author": _authors(rows, identifiers, pseudonyms, say),
        "created_at": times,
        "captured_at": times,
        "text": texts,
        "hashtags": _filled(hashtags, found_tags),
        "mentions": _filled(mentions, found_mentions),
        "landing_line": pa.array(np.zeros(count, np.int32)),
    }
    constant = {"network": _NETWORK, "source": "table", "kind": "post", "landing_file": "", "request_id": "", "licence_class": "own"}
    columns: dict[str, pa.Array] = {}
    for field in TABLES["social/raw_posts"].schema:
        if field.name in given:
            columns[field.name] = given[field.name]
        elif field.name in constant:
            columns[field.name] = pa.repeat(pa.scalar(constant[field.name], field.type), count)
        elif pa.types.is_list(field.type):
            columns[field.name] = _no_lists(count)
        else:
            columns[field.name] = pa.nulls(count, field.type)
    return pa.table(columns)


def _authors(rows: pa.Table, identifiers: pa.Array, pseudonyms: Pseudonyms, say: Note) -> pa.Array:
    name = next((name for name in AUTHOR if name in rows.column_names), None)
    if name is None:
        say(f"there is no column {' or '.join(AUTHOR)}: every post counts as its own author's")
        return pc.binary_join_element_wise("post", identifiers, " ")
    accounts = _text(_plain(rows.column(name)), "author_id", trim=True)
    if accounts.null_count:
        say(f"{accounts.null_count:,} posts without {name} count as their own authors'")
    encoded = accounts.dictionary_encode()
    known = pa.array([pseudonyms.account_id(_NETWORK, account) for account in encoded.dictionary.to_pylist()], pa.string())
    return pc.coalesce(known.take(encoded.indices), pc.binary_join_element_wise("post", identifiers, " "))


def _no_lists(count: int) -> pa.ListArray:
    return list_array(np.zeros(count, np.int32), pa.array([], pa.string()))


def _entities(rows: pa.Table, names: Sequence[str]) -> pa.ListArray:
    """Words of a column of lists, or of text that holds them; empty lists where there is no such column."""
    name = next((name for name in names if name in rows.column_names), None)
    if name is None:
        return _no_lists(rows.num_rows)
    values = _plain(rows.column(name))
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        encoded = values.dictionary_encode()
        lists = [_words(text) for text in encoded.dictionary.to_pylist()]
        return take(pa.array([*lists, []], pa.list_(pa.string())), encoded.indices.fill_null(len(lists)).to_numpy())
    if pa.types.is_null(values.type):
        return _no_lists(rows.num_rows)
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        if pa.types.is_string(values.type.value_type) and not values.flatten().null_count:
            return _without_null_lists(values)
        return pa.array([_of_items(items or []) for items in values.to_pylist()], pa.list_(pa.string()))
    raise ValueError(f"the column {name} holds {values.type}: expected lists, or text that holds JSON or words")


def _without_null_lists(values: pa.Array) -> pa.ListArray:
    lengths = values.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int32)
    return list_array(lengths, values.flatten().cast(pa.string()))


def _words(text: str) -> list[str]:
    """Words of a text that holds a list: JSON, Python's notation (which pandas writes into CSV), or words with space, comma or bar."""
    text = text.strip()
    if text.startswith("["):
        for parse in (json.loads, ast.literal_eval):
            try:
                items = parse(text)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
            return _of_items(items)
        text = text.strip("[]")
    return [word for word in re.split(r"[\s,;|]+", text) if word]


def _of_items(items: Sequence[Any]) -> list[str]:
    """Words of a list of texts, numbers or entity objects of the networks."""
    found = []
    for item in items:
        value = next((item[name] for name in _ENTITY_NAMES if item.get(name)), None) if isinstance(item, dict) else item
        if value is not None and not isinstance(value, list | dict) and str(value).strip():
            found.append(str(value).strip())
    return found


def _map_values(lists: pa.ListArray, function: Callable[[str], str]) -> pa.ListArray:
    """The lists with ``function`` applied to each distinct value."""
    encoded = lists.flatten().dictionary_encode()
    values = pa.array([function(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return list_array(lists.value_lengths().to_numpy(), values.take(encoded.indices))


def _entities_of_texts(texts: pa.Array, pseudonyms: Pseudonyms) -> tuple[pa.ListArray, pa.ListArray]:
    """Hashtags and mentions that the texts hold, in the pipeline's way."""
    marked = pc.match_substring_regex(texts, "[#＃@＠]").to_numpy(zero_copy_only=False)
    tags: list[Sequence[str]] = [()] * len(texts)
    mentions: list[Sequence[str]] = [()] * len(texts)
    rows = np.flatnonzero(marked)
    for row, text in zip(rows.tolist(), texts.take(pa.array(rows)).to_pylist(), strict=True):
        tags[row], mentions[row], _ = entities_of_text(text, _NETWORK, pseudonyms)
    return pa.array(tags, pa.list_(pa.string())), pa.array(mentions, pa.list_(pa.string()))


def _filled(given: pa.ListArray, found: pa.ListArray) -> pa.ListArray:
    """Given lists, and what was found where they are empty."""
    empty = given.value_lengths().to_numpy(zero_copy_only=False) == 0
    positions = np.arange(len(given))
    return pa.concat_arrays([given, found]).take(pa.array(np.where(empty, positions + len(given), positions)))
