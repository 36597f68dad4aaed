"""The form in which an aggregate is kept for rewinding: no post, no author, no group under five authors, no words of a few.

What belongs here: what of a row is kept, by table. What doesn't: counting who said what (``voices.py``),
what was known when (``points.py``).

What is kept outlives the posts it was made from, so it must be such that the deletion of a post need not touch it:

* a topic that fewer than five authors posted about in the 24 hours that a row describes has no row, nor has a decision card because of
  it: its reason, growth and chance are aggregates of these few;
* counts of an hour that fewer than five authors posted in are null, also in the words of a reason;
* a word is kept where five authors of the topic used it in these 24 hours; labels lose their other parts, and take the strongest
  keywords that are left where nothing of them is; a word quoted in a reason becomes an ellipsis.

The product's own names, numbers of the retailer and text that our rules write stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.ledger.voices import ANY_WORD, Voices, plain
from trend_assets.lib.trends.reasons import COUNTED_IN_THE_HOUR
from trend_assets.tables.ledgers import FEWEST_AUTHORS, Ledger

PARTS = " · "
WITHHELD = "…"
_QUOTED = re.compile(r"'([^']*)'|“([^”]*)”")
_WORD = re.compile(r"[#$]?\w+(?:['’\-]\w+)*")
_FEW = f"fewer than {FEWEST_AUTHORS} authors in the hour"
_Said = Callable[[str], bool]


def words_of(ledger: Ledger, rows: pa.Table) -> set[str]:
    """Words of the rows that come from posts: what must be counted before ``kept`` can judge them."""
    found: set[str] = set()
    for name in ("label", "novel_term"):
        if name in rows.column_names:
            for text in pc.unique(rows[name]).drop_null().to_pylist():
                found |= _words(text)
    for name in ("keywords", "evidence_terms"):
        if name in rows.column_names:
            found |= {plain(word) for word in pc.unique(pc.list_flatten(rows[name])).to_pylist()}
    if "reason" in rows.column_names and _speaks_of_posts(ledger):
        for text in pc.unique(rows["reason"]).to_pylist():
            for quoted in _quoted(text):
                found |= _words(quoted)
    return found


def kept(ledger: Ledger, rows: pa.Table, voices: Voices | None) -> pa.Table:
    """Rows of the ledger's source in the form that is kept, with the ledger's columns but its own; order stays.

    voices: authors by topic and word (``words_of``) in the 24 hours before the end of each row's hour or day; None where the posts are
    gone: then no word of theirs is kept, and no row whose authors nothing else tells.
    """
    columns = [column.name for column in ledger.source.columns if column.name not in ledger.dropped]
    chosen = rows.select(columns)
    if ledger.table.name == "topic_hour_ledger":
        chosen = chosen.filter(pc.greater_equal(chosen["authors"], FEWEST_AUTHORS))
    elif ledger.table.name == "trend_ledger":
        chosen = _trends(chosen, voices, _last_hours(ledger, chosen))
    else:
        chosen = _of_days(chosen, voices, _last_hours(ledger, chosen), quotes=_speaks_of_posts(ledger))
    fields = [ledger.table.column(name).field.remove_metadata() for name in columns]
    return chosen.cast(pa.schema(fields))


def _speaks_of_posts(ledger: Ledger) -> bool:
    """Whether a reason may quote posts: those of cards are arithmetic."""
    return ledger.table.path != "demand/card_ledger"


def _last_hours(ledger: Ledger, rows: pa.Table) -> list[int]:
    """The hour (since 1970) that the 24 hours end with which each row describes."""
    times = rows[ledger.event]
    if pa.types.is_date(times.type):
        return [24 * day + 23 for day in times.cast(pa.int32()).to_pylist()]
    return (times.cast(pa.int64()).to_numpy() // 3_600_000_000).tolist()


def _trends(rows: pa.Table, voices: Voices | None, hours: Sequence[int]) -> pa.Table:
    if voices is None:
        return rows.slice(0, 0)
    topics = rows["topic_id"].to_pylist()
    enough = [voices.of(topic, ANY_WORD, hour) >= FEWEST_AUTHORS for topic, hour in zip(topics, hours, strict=True)]
    rows = rows.filter(pa.array(enough, pa.bool_()))
    of = [(topic, hour) for topic, hour, kept_row in zip(topics, hours, enough, strict=True) if kept_row]
    few = pc.less(rows["authors"], FEWEST_AUTHORS)
    for name in ("posts", "authors"):
        rows = _with(rows, name, pc.if_else(few, pa.scalar(None, rows[name].type), rows[name]))
    told = [_said_by(voices, topic, hour) for topic, hour in of]
    keywords = [[word for word in words if said(word)] for words, said in zip(rows["keywords"].to_pylist(), told, strict=True)]
    labels = [_label(text, said, left) for text, said, left in zip(rows["label"].to_pylist(), told, keywords, strict=True)]
    novel = [word if word is not None and said(word) else None for word, said in zip(rows["novel_term"].to_pylist(), told, strict=True)]
    reasons = [
        _reason(COUNTED_IN_THE_HOUR.sub(_FEW, text) if small else text, said)
        for text, said, small in zip(rows["reason"].to_pylist(), told, few.to_pylist(), strict=True)
    ]
    for name, values in (("keywords", keywords), ("label", labels), ("novel_term", novel), ("reason", reasons)):
        rows = _with(rows, name, pa.array(values, rows[name].type))
    return rows


def _of_days(rows: pa.Table, voices: Voices | None, hours: Sequence[int], *, quotes: bool) -> pa.Table:
    """Rows about products because of a topic: they stay, less the words of few; those that count too few authors go, and no row
    names a card that went.

    quotes: the reason may quote posts.
    """
    told = [_said_by(voices, topic, hour) for topic, hour in zip(rows["topic_id"].to_pylist(), hours, strict=True)]
    counted = next((name for name in ("authors", "authors_24h") if name in rows.column_names), None)
    if counted is not None:
        # where a row does not say how many, the posts do
        enough = [
            said(ANY_WORD) if authors is None else authors >= FEWEST_AUTHORS
            for authors, said in zip(rows[counted].to_pylist(), told, strict=True)
        ]
        told = [said for said, kept_row in zip(told, enough, strict=True) if kept_row]
        rows = rows.filter(pa.array(enough, pa.bool_()))
    if "covered_by" in rows.column_names:
        there = pc.is_in(rows["covered_by"], value_set=pc.unique(rows["card_id"]))
        rows = _with(rows, "covered_by", pc.if_else(there, rows["covered_by"], pa.scalar(None, pa.string())))
    if "label" in rows.column_names:
        labels = [_label(text, said, []) for text, said in zip(rows["label"].to_pylist(), told, strict=True)]
        rows = _with(rows, "label", pa.array(labels, pa.string()))
    if "evidence_terms" in rows.column_names:
        terms = [[word for word in words if said(word)] for words, said in zip(rows["evidence_terms"].to_pylist(), told, strict=True)]
        whole = np.array([len(left) == len(words) for left, words in zip(terms, rows["evidence_terms"].to_pylist(), strict=True)], bool)
        counted = pc.and_(pa.array(whole), pc.greater_equal(rows["evidence_posts"], FEWEST_AUTHORS))
        rows = _with(rows, "evidence_posts", pc.if_else(counted, rows["evidence_posts"], pa.scalar(None, pa.int64())))
        rows = _with(rows, "evidence_terms", pa.array(terms, rows["evidence_terms"].type))
    if quotes:
        reasons = [_reason(text, said) for text, said in zip(rows["reason"].to_pylist(), told, strict=True)]
        rows = _with(rows, "reason", pa.array(reasons, pa.string()))
    return rows


def _said_by(voices: Voices | None, topic: str, hour: int) -> _Said:
    """Whether five authors of the topic used a word in the 24 hours."""
    return lambda word: voices is not None and voices.of(topic, word, hour) >= FEWEST_AUTHORS


def _label(text: str, said: _Said, keywords: Sequence[str]) -> str:
    """The parts of a label whose words, or all of them run together as in a hashtag, enough authors used; else keywords."""
    parts = [part for part in text.split(PARTS) if _all_said(part, said)]
    return PARTS.join(parts or keywords[:3])


def _all_said(part: str, said: _Said) -> bool:
    words = [word.group() for word in _WORD.finditer(part)]
    return bool(words) and (all(said(word) for word in words) or said("".join(words)))


def _words(text: str) -> set[str]:
    """Words of a text, and those of each part run together."""
    found: set[str] = set()
    for part in text.split(PARTS):
        words = [word.group() for word in _WORD.finditer(part)]
        found |= {plain(word) for word in words} | ({plain("".join(words))} if words else set())
    return found


def _quoted(text: str) -> list[str]:
    return [first or second for first, second in _QUOTED.findall(text)]


def _reason(text: str, said: _Said) -> str:
    """The reason with an ellipsis for each quotation that not enough authors used."""
    return _QUOTED.sub(lambda found: found.group() if _all_said(found[1] or found[2] or "", said) else WITHHELD, text)


def _with(rows: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), name, values)
