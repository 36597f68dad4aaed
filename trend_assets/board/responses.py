"""Answers to decision cards: appending one, and what the answers so far mean for a card.

What belongs here: rows of ``demand/card_responses``, which of them holds, when a snoozed card comes back. What doesn't:
buttons (``sections/decisions.py``).

An answer is never changed: taking one back is another answer (``reopened``). Each goes to the lake as a micro-batch of its
own, which is retried when another browser was faster, so two people at once lose nothing; of a card's answers the latest holds.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import pyarrow as pa

from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import CorruptionError, UnsupportedFormatError
from trend_assets.lake.storage import ConflictError
from trend_assets.tables import TABLES
from trend_assets.tables.demand import RESPONSES

TABLE = TABLES["demand/card_responses"]
MOST_SNOOZE_DAYS = 30
"""A card can be put off so long; also how far back answers are read for a day's page."""
ATTEMPTS = 10
"""How often the lake's own attempts to append are begun again; together they outlast a dozen buyers clicking at once."""
MOST_NOTE_CHARACTERS = 500
MOST_NAME_CHARACTERS = 40


@dataclass(frozen=True)
class Answer:
    """The latest answer to a card. ``subject`` is trend, product and place, which cards of several days share."""

    card_id: str
    subject: tuple[str, str, str]
    day: date
    action: str
    quantity: int
    response: str
    snoozed_until: date | None
    note: str
    responded_at: datetime
    responded_by: str | None

    def as_card(self) -> dict[str, Any]:
        """The columns of the answered card that another answer needs."""
        topic_id, product_id, store_id = self.subject
        keys = {"topic_id": topic_id, "product_id": product_id, "store_id": store_id}
        return {"day": self.day, "card_id": self.card_id, "action": self.action, "quantity": self.quantity, **keys}


def subject_of(card: Mapping[str, Any]) -> tuple[str, str, str]:
    """Trend, product and place of a card or answer."""
    return card["topic_id"], card["product_id"], card["store_id"]


def respond(
    lake: Lake,
    cards: Sequence[Mapping[str, Any]],
    response: str,
    now: datetime,
    *,
    snoozed_until: date | None = None,
    note: str = "",
    responded_by: str = "",
) -> None:
    """Append one answer to each of the cards (rows of ``demand/decision_cards``), day by day, each day in one step.

    Raises:
        ValueError: the response is none, an answer has no reason (``note``; only taking one back needs none), a snooze has no day or
            one that is not after the card's or too far off.
        AuditError, ConflictError: from the lake; nothing of that day was written.
    """
    if response not in RESPONSES:
        raise ValueError(f"{response!r} is no answer; the answers are {', '.join(RESPONSES)}")
    if (response == "snoozed") != (snoozed_until is not None):
        raise ValueError("a snooze needs the day on which the card comes back, and nothing else may have one")
    if response != "reopened" and not note.strip():
        raise ValueError("an answer needs a reason: say in a few words why, so that whoever looks back can learn from it")
    rows = [_row(card, response, now, snoozed_until, note, responded_by) for card in cards]
    if snoozed_until is not None and rows:
        first, last = max(row["day"] for row in rows), min(row["day"] for row in rows) + timedelta(days=MOST_SNOOZE_DAYS)
        if not first < snoozed_until <= last:
            raise ValueError(f"a card can be snoozed to a day after its own and until {last.isoformat()}")
    for day in sorted({row["day"] for row in rows}):
        _append(lake, day.isoformat(), TABLE.from_rows(row for row in rows if row["day"] == day))


def _append(lake: Lake, key: str, rows: pa.Table) -> None:
    """Append, waiting a random moment when many browsers answer at once: each attempt lost means that another one was saved."""
    for attempt in range(ATTEMPTS - 1):
        try:
            lake.append(TABLE, key, rows)
        except ConflictError:
            time.sleep(random.uniform(0, 0.05 * 2 ** min(attempt, 4)))
        else:
            return
    lake.append(TABLE, key, rows)


def _row(card: Mapping[str, Any], response: str, now: datetime, snoozed_until: date | None, note: str, responded_by: str) -> dict[str, Any]:
    moment = now.astimezone(UTC)
    name = " ".join(responded_by.split())[:MOST_NAME_CHARACTERS] or None
    text = " ".join(note.split())[:MOST_NOTE_CHARACTERS]
    parts = [card["card_id"], response, moment.isoformat(), str(snoozed_until), text, name or ""]
    return {
        **{column: card[column] for column in ("day", "card_id", "topic_id", "product_id", "store_id", "action", "quantity")},
        "response_id": hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16],
        "response": response,
        "snoozed_until": snoozed_until,
        "note": text,
        "responded_at": moment,
        "responded_by": name,
    }


@dataclass(frozen=True)
class Answers:
    """Answers in order of time, and per day whose answers cannot be read, why and what to do."""

    rows: pa.Table
    unreadable: Mapping[str, str]


def answers(lake: Lake, first_day: date, last_day: date) -> Answers:
    """Every answer to cards of these days, both included. A damaged day costs its own answers only."""
    wanted = {(first_day + timedelta(days=n)).isoformat() for n in range((last_day - first_day).days + 1)}
    found, unreadable = [TABLE.empty()], {}
    for key in (key for key in lake.partitions(TABLE) if key in wanted):
        try:
            manifest = lake.manifest(TABLE, key)
            if manifest is not None:
                found.append(_answers_of_day(lake, key, manifest.parts))
        except (CorruptionError, UnsupportedFormatError, OSError) as error:
            unreadable[key] = str(error)
    return Answers(pa.concat_tables(found).sort_by([("responded_at", "ascending"), ("response_id", "ascending")]), unreadable)


@lru_cache(maxsize=256)
def _answers_of_day(lake: Lake, key: str, parts: tuple[Any, ...]) -> pa.Table:  # noqa: ARG001 - the parts say when to read again
    return lake.read(TABLE, [key])


def latest(rows: pa.Table) -> dict[str, Answer]:
    """The answer that holds for each card id; a card whose last answer was taken back has none."""
    found: dict[str, Answer] = {}
    for row in rows.sort_by([("responded_at", "ascending"), ("response_id", "ascending")]).to_pylist():
        fields = ("card_id", "day", "action", "quantity", "response", "snoozed_until", "note", "responded_at", "responded_by")
        found[row["card_id"]] = Answer(subject=subject_of(row), **{name: row[name] for name in fields})
    return {card_id: answer for card_id, answer in found.items() if answer.response != "reopened"}


@dataclass(frozen=True)
class Standing:
    """Where a card stands on a day: ``open``, ``answered`` or ``snoozed``, with the answer that says so.

    ``earlier`` is the latest answer of an earlier day about the same product and place, under whichever trend, which an open card
    should show: whoever ordered yesterday should not order again.
    """

    state: str
    answer: Answer | None = None
    earlier: Answer | None = None


def standing(card: Mapping[str, Any], holding: Mapping[str, Answer], today: date) -> Standing:
    """How a card stands ``today``, given the answers that hold.

    A snooze holds for the same trend, product and place on later days too, until its day; then the card is open again.
    """
    own = holding.get(card["card_id"])
    others = [
        answer
        for answer in holding.values()
        if answer.subject[1:] == subject_of(card)[1:] and answer.card_id != card["card_id"] and answer.day < card["day"]
    ]
    earlier = max(others, key=lambda answer: answer.responded_at, default=None)
    same = max((answer for answer in others if answer.subject == subject_of(card)), key=lambda answer: answer.responded_at, default=None)
    if own is not None:
        asleep = own.response == "snoozed" and own.snoozed_until is not None and today < own.snoozed_until
        if own.response != "snoozed":
            return Standing("answered", own, earlier)
        return Standing("snoozed" if asleep else "open", own, earlier)
    if same is not None and same.response == "snoozed" and same.snoozed_until is not None and today < same.snoozed_until:
        return Standing("snoozed", same)
    return Standing("open", None, earlier)


def due_back(holding: Mapping[str, Answer], cards: Sequence[Mapping[str, Any]], today: date) -> list[Answer]:
    """Snoozed answers of earlier days that come back by ``today`` and have no newer card among ``cards``; the newest first."""
    present = {subject_of(card) for card in cards}
    newest: dict[tuple[str, str, str], Answer] = {}
    for answer in sorted(holding.values(), key=lambda answer: answer.responded_at):
        newest[answer.subject] = answer
    due = [
        answer
        for subject, answer in newest.items()
        if subject not in present and answer.response == "snoozed" and answer.snoozed_until is not None and answer.snoozed_until <= today
    ]
    return sorted(due, key=lambda answer: (answer.day, answer.responded_at), reverse=True)
