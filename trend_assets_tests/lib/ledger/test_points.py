"""What a ledger said at a moment: every state that was ever recorded comes back, whatever was added since."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from trend_assets.lib.ledger.points import FEATURES, as_of_rows, as_text, changes, digest, trend_features_as_of
from trend_assets.tables import TABLES

START = datetime(2026, 9, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
TIMES = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [("day", pa.int64()), ("name", pa.string()), ("product", pa.string()), ("posts", pa.int64()), ("words", pa.list_(pa.string()))]
)
KEY = ("day", "name", "product")


def ledger_of(states: list[pa.Table]) -> pa.Table:
    """A ledger to which one state after the other was recorded, an hour apart."""
    parts, before = [], SCHEMA.empty_table()
    for number, state in enumerate(states):
        added = changes(before, state, KEY)
        moment = pa.array([START + number * HOUR] * added.num_rows, TIMES)
        parts.append(
            added.append_column("knowledge_time", moment).append_column("basis", pa.array(["clock"] * added.num_rows, pa.string()))
        )
        before = state
    return pa.concat_tables(parts)


def random_state(chance: random.Random) -> pa.Table:
    rows = [
        {"day": day, "name": name, "product": product, "posts": chance.randint(0, 3), "words": chance.choice([[], ["é"], ["a", "b"]])}
        for day in range(2)
        for name in "abc"
        for product in ("p", None)
        if chance.random() < 0.6
    ]
    chance.shuffle(rows)
    return pa.Table.from_pylist(rows, SCHEMA)


@pytest.mark.parametrize("seed", range(20))
def test_every_state_that_was_recorded_comes_back_byte_for_byte(seed):
    chance = random.Random(seed)
    states = [random_state(chance) for _ in range(6)]
    ledger = ledger_of(states)
    shuffled = ledger.take(pa.array(chance.sample(range(ledger.num_rows), ledger.num_rows), pa.int64()))
    for number, state in enumerate(states):
        for moment in (START + number * HOUR, START + number * HOUR + timedelta(minutes=59)):
            found = as_of_rows(shuffled, moment, KEY)
            assert digest(found, KEY) == digest(state, KEY)
            assert found.sort_by([(name, "ascending") for name in KEY]).equals(found)
    assert as_of_rows(ledger, START - timedelta(microseconds=1), KEY).num_rows == 0, "before anything was recorded nothing was known"


def test_nothing_is_added_where_nothing_changed():
    state = random_state(random.Random(1))
    assert changes(state, state.take(pa.array(range(state.num_rows - 1, -1, -1))), KEY).num_rows == 0


def test_a_correction_a_withdrawal_and_a_return_are_told_apart():
    one = pa.Table.from_pylist([{"day": 1, "name": "a", "product": None, "posts": 5, "words": []}], SCHEMA)
    more = pa.Table.from_pylist([{"day": 1, "name": "a", "product": None, "posts": 6, "words": []}], SCHEMA)
    ledger = ledger_of([one, more, SCHEMA.empty_table(), one])
    assert ledger["change"].to_pylist() == ["recorded", "corrected", "withdrawn", "recorded"]
    assert as_of_rows(ledger, START + 2 * HOUR, KEY).num_rows == 0
    assert as_of_rows(ledger, START + 3 * HOUR, KEY)["posts"].to_pylist() == [5]


def test_a_digest_is_of_rows_not_of_how_they_are_stored():
    state = random_state(random.Random(3))
    pieces = pa.concat_tables([state.slice(2), state.slice(0, 2)]).replace_schema_metadata({"note": "x"})
    assert digest(pieces, KEY) == digest(state, KEY)
    changed = state.set_column(3, "posts", pa.array([None, *state["posts"].to_pylist()[1:]], pa.int64()))
    assert digest(changed, KEY) != digest(state, KEY)
    empty, null = (pa.table({"day": pa.array([1]), "name": pa.array([text], pa.string())}) for text in ("", None))
    assert digest(empty, ("day",)) != digest(null, ("day",)), "an empty text is not an unknown one"
    assert digest(SCHEMA.empty_table(), KEY) != digest(SCHEMA.remove(4).empty_table(), KEY)


def test_lists_are_written_without_ambiguity():
    assert as_text(pa.table({"words": pa.array([["a, b"], ["a", "b"], None])}))["words"].to_pylist() == ['["a, b"]', '["a", "b"]', None]


TRENDS = TABLES["topics/trend_ledger"]


def trend(topic: str, hour: int, known: float, **more: object) -> dict[str, object]:
    given = {
        "knowledge_time": START + known * HOUR, "change": "recorded", "basis": "clock", "hour": START + hour * HOUR, "rank": 1,
        "topic_id": topic, "label": "", "keywords": [], "stage": "rising", "lane": "lifestyle", "suppressed": False, "score": 1.0,
        "burst_z": 5.0, "p_value": 0.1, "q_value": 0.1, "posts": 5, "expected_posts": 1.0, "authors": 5, "posts_24h": 10 + hour,
        "authors_24h": 9, "growth_6h": 1.0, "first_raised_at": START, "reason": "",
    }  # fmt: skip
    return given | more


def test_features_are_of_what_was_known_by_then_and_later_knowledge_changes_nothing():
    known = [trend("a", 10, 13), trend("a", 34, 37), trend("a", 40, 43), trend("b", 40, 43)]
    later = [trend("a", 40, 60, change="corrected", posts_24h=999), trend("a", 42, 45.5), trend("b", 40, 70, change="withdrawn")]
    moment = START + 45 * HOUR
    found = trend_features_as_of(TRENDS.from_rows(known + later), [moment])
    assert found.equals(trend_features_as_of(TRENDS.from_rows(known), [moment]))
    assert found.schema == FEATURES
    [a, b] = found.to_pylist()
    assert (a["topic_id"], a["last_hour"], a["hours_known"], a["age_hours"]) == ("a", START + 40 * HOUR, 2, 45.0)
    assert (a["posts_24h"], a["peak_posts_24h"]) == (50, 50)
    assert a["posts_72h"] == 50 + 20, "hour 34 is less than a day before hour 40: its posts would count twice"
    assert (b["topic_id"], b["posts_72h"]) == ("b", 50)
    corrected = trend_features_as_of(TRENDS.from_rows(known + later), [START + 71 * HOUR])
    assert corrected["topic_id"].to_pylist() == ["a"]
    assert corrected["last_hour"].to_pylist() == [START + 42 * HOUR]


def test_features_of_no_moments_of_no_rows_and_of_hours_too_old_are_empty():
    rows = TRENDS.from_rows([trend("a", 0, 3)])
    assert trend_features_as_of(rows, []).schema == FEATURES
    assert trend_features_as_of(TRENDS.empty(), [START]).num_rows == 0
    assert trend_features_as_of(rows, [START + 8 * 24 * HOUR]).num_rows == 0
