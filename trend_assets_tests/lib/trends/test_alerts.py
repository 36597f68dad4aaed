"""Alerts on a stream: an event is raised within minutes and once, everyday talk and one author's repetition never."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trend_assets.lib.trends import alert_window
from trend_assets.lib.trends.alerts import ALERT_SCHEMA, STATE_SCHEMA, WINDOW_SCHEMA, AlertRules, AlertState, AlertStream
from trend_assets_tests.lib.topics.posts import START, clean_posts

EVERYDAY = [f"everyday{number}" for number in range(2000)]
STRIKE = ["ferry", "strike", "harbour", "cancelled", "union", "crew"]
GREVE = ["grève", "traversier", "port", "annulé", "syndicat", "équipage"]


def talk(hours: float, an_hour: int = 250, seed: int = 0) -> list[dict[str, Any]]:
    """Posts of everyday words, some far more usual than others."""
    dice = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(len(EVERYDAY))]
    return [
        {
            "post_id": f"talk{number}",
            "author": f"talker{number}",
            "created_at": START + timedelta(hours=dice.random() * hours),
            "words": list(dict.fromkeys(dice.choices(EVERYDAY, weights, k=9))),
        }
        for number in range(int(hours * an_hour))
    ]


def event(
    words: list[str], minute: float, count: int, *, seed: int = 1, name: str = "event", author: str | None = None
) -> list[dict[str, Any]]:
    """Posts on one subject, one every two minutes, each with a few everyday words."""
    dice = random.Random(seed)
    return [
        {
            "post_id": f"{name}{number}",
            "author": author or f"{name}{number}",
            "created_at": START + timedelta(minutes=minute + 2 * number),
            "words": [*dice.sample(words, 4), *dice.sample(EVERYDAY, 4)],
        }
        for number in range(count)
    ]


def run(rows: list[dict[str, Any]], *, minutes: int, step: int = 5, first: int = 0, rules: AlertRules | None = None) -> pa.Table:
    """All alerts of a stream judged every ``step`` minutes after minute ``first``."""
    posts, stream, found = clean_posts(rows).sort_by("created_at"), AlertStream(rules), []
    times = np.array([moment.timestamp() for moment in posts["created_at"].to_pylist()])
    done = 0
    for minute in range(first + step, minutes + step, step):
        now = START + timedelta(minutes=minute)
        upto = int(np.searchsorted(times, now.timestamp(), "right"))
        stream.add(posts.slice(done, upto - done))
        done = upto
        found.append(stream.judge(now))
    return pa.concat_tables(found)


@pytest.mark.parametrize("words", [STRIKE, GREVE, ["فيضان", "ميناء", "عاصفة", "إنذار", "ساحل", "عبارة"]])
def test_an_event_is_raised_within_minutes_of_its_fifth_post_whatever_its_language(words: list[str]) -> None:
    found = run(talk(6) + event(words, 310, 12), minutes=350, first=300)
    assert found.num_rows == 1
    row = found.to_pylist()[0]
    fifth = START + timedelta(minutes=310 + 8)
    assert row["at"] <= fifth + timedelta(minutes=5)
    assert set(row["terms"][:3]) <= set(words)
    assert sum(member.startswith("x:event") for member in row["members"]) > row["posts"] / 2
    assert "authors within an hour say the same rare words" in row["reason"]


def test_everyday_talk_raises_nothing() -> None:
    assert run(talk(6), minutes=360, step=15).num_rows == 0


def test_the_rhythm_of_the_day_is_no_event() -> None:
    night, morning = talk(4, an_hour=40, seed=3), talk(2, an_hour=500, seed=4)
    rows = night + [row | {"post_id": f"m{row['post_id']}", "created_at": row["created_at"] + timedelta(hours=4)} for row in morning]
    greeting = [
        row | {"post_id": f"g{number}", "author": f"g{number}", "words": [*row["words"][:6], "good", "morning"]}
        for number, row in enumerate(morning[:60])
    ]
    rows += [row | {"created_at": row["created_at"] + timedelta(hours=4)} for row in greeting]
    assert run(rows, minutes=360, step=15, first=180).num_rows == 0


def test_an_event_that_goes_on_for_hours_is_raised_once_and_another_one_beside_it_too() -> None:
    other = ["penalty", "referee", "goal", "stadium", "keeper", "final"]
    found = run(talk(6) + event(STRIKE, 140, 100) + event(other, 200, 20, name="match"), minutes=360, step=10, first=120)
    subjects = ["strike" if set(row["terms"][:4]) & set(STRIKE) else "match" for row in found.to_pylist()]
    assert sorted(subjects) == ["match", "strike"]


@pytest.mark.parametrize("copies", [False, True])
def test_one_author_or_one_text_again_and_again_is_no_event(copies: bool) -> None:
    rows = event(STRIKE, 310, 15, author=None if copies else "same")
    if copies:
        rows = [row | {"words": rows[0]["words"]} for row in rows]
    assert run(talk(6) + rows, minutes=345, first=300).num_rows == 0


def test_what_is_usual_at_every_hour_is_no_event_however_rare_its_words() -> None:
    rows = [post for hour in range(6) for post in event(STRIKE, 60 * hour, 4, seed=hour, name=f"usual{hour}-")]
    found = run(talk(6) + rows, minutes=360, step=10)
    late = [row for row in found.to_pylist() if row["at"] > START + timedelta(hours=3)]
    assert not late


def test_the_order_in_which_posts_of_a_call_come_and_seeing_them_twice_change_nothing() -> None:
    rows = talk(3) + event(STRIKE, 120, 14)
    once, twice = AlertStream(), AlertStream()
    posts = clean_posts(rows)
    once.add(posts)
    twice.add(posts.take(np.random.default_rng(0).permutation(posts.num_rows)))
    twice.add(posts.slice(0, 50))
    for minute in (130, 140, 150):
        now = START + timedelta(minutes=minute)
        assert once.judge(now).equals(twice.judge(now))


@pytest.mark.parametrize("spare", [100_000, 100], ids=["", "vocabulary made anew"])
def test_a_stream_that_goes_on_from_a_stored_state_raises_what_the_other_would_have(spare: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_window, "SPARE_TERMS", spare)
    other = ["penalty", "referee", "goal", "stadium", "keeper", "final"]
    rows = talk(5, an_hour=150) + event(STRIKE, 130, 80) + event(other, 200, 20, name="match") + event(STRIKE, 280, 5, name="late")
    posts = clean_posts(rows).sort_by("created_at")
    times = np.array([moment.timestamp() for moment in posts["created_at"].to_pylist()])
    through, interrupted = AlertStream(), AlertStream()
    raised, done = 0, 0
    for minute in range(130, 300, 10):
        now = START + timedelta(minutes=minute)
        upto = int(np.searchsorted(times, now.timestamp(), "right"))
        for stream in (through, interrupted):
            stream.add(posts.slice(done, upto - done))
        expected, found = through.judge(now), interrupted.judge(now)
        assert found.equals(expected)
        raised, done = raised + expected.num_rows, upto
        stored = AlertState(*(read_back(table) for table in interrupted.state))
        assert (stored.posts.schema, stored.alerts.schema) == (WINDOW_SCHEMA, STATE_SCHEMA)
        interrupted = AlertStream(state=stored)
        assert interrupted.state.posts.equals(stored.posts)
    assert raised == 2


def read_back(table: pa.Table) -> pa.Table:
    """The table from its Parquet file."""
    file = io.BytesIO()
    pq.write_table(table, file)
    return pq.read_table(io.BytesIO(file.getvalue()))


def test_what_a_stream_holds_does_not_grow_with_its_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_window, "SPARE_TERMS", 50)
    stream = AlertStream(AlertRules(day_hours=2, memory_hours=4))
    for hour in range(12):
        words = [f"{word}{hour}" for word in STRIKE]
        rows = event(words, 60 * hour + 5, 8, name=f"event{hour}-")
        rows = [row | {"words": [*row["words"], f"only{hour}x{number}"]} for number, row in enumerate(rows)]
        stream.add(clean_posts(rows))
        stream.judge(START + timedelta(minutes=60 * hour + 30))
        posts, alerts = stream.state
        assert posts.num_rows <= 3 * 8
        assert alerts.num_rows <= 5
        assert len(stream._vocabulary) <= 2 * 24 * 10 + 50


def test_posts_dated_in_the_future_wait_for_their_time() -> None:
    stream = AlertStream()
    stream.add(clean_posts(talk(6) + event(STRIKE, 310, 14)))
    assert stream.judge(START + timedelta(minutes=305)).num_rows == 0
    assert stream.judge(START + timedelta(minutes=340)).num_rows == 1


def test_reposts_count_for_nothing() -> None:
    rows = [row | {"kind": "repost"} for row in event(STRIKE, 310, 12)]
    assert run(talk(6) + rows, minutes=340, step=20, first=300).num_rows == 0


@pytest.mark.parametrize(
    "words",
    [[], ["x"] * 100_000, ["🔥"], [f"w{number}" for number in range(5_000)], ["كرة", "القدم"]],
    ids=["no words", "one word a hundred thousand times", "only emoji", "thousands of words", "right to left"],
)
def test_strange_posts_alone_or_in_ten_thousand_copies_are_defined(words: list[str]) -> None:
    rows = [{"post_id": f"p{n}", "author": f"a{n}", "created_at": START + timedelta(seconds=n), "words": words} for n in range(3)]
    stream = AlertStream()
    assert stream.judge(START).schema == ALERT_SCHEMA
    stream.add(clean_posts(rows[:1]))
    assert stream.judge(START + timedelta(minutes=1)).num_rows == 0
    stream.add(clean_posts(rows))
    assert stream.judge(START + timedelta(minutes=2)).num_rows == 0


def test_ten_thousand_copies_by_as_many_accounts_are_one_text_and_no_event() -> None:
    rows = [
        {"post_id": f"p{n}", "author": f"a{n}", "created_at": START + timedelta(milliseconds=n), "words": STRIKE} for n in range(10_000)
    ]
    stream = AlertStream()
    stream.add(clean_posts(rows))
    assert stream.judge(START + timedelta(minutes=2)).num_rows == 0


def test_a_busy_hour_is_sampled_and_its_event_still_found() -> None:
    many = event(STRIKE, 180, 300, name="many")
    rows = talk(4, an_hour=1500) + [row | {"created_at": START + timedelta(minutes=180 + n / 10)} for n, row in enumerate(many)]
    stream = AlertStream(AlertRules(most_posts=400))
    stream.add(clean_posts(rows))
    found = stream.judge(START + timedelta(minutes=239))
    assert found.num_rows >= 1
    assert set(found["terms"][0].as_py()[:3]) <= set(STRIKE)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        AlertStream().judge(datetime(2026, 9, 1))
    assert AlertStream().judge(datetime(2026, 9, 1, tzinfo=UTC)).num_rows == 0
