"""Terms that break out by their counts: what is found, what is not, and that it is the same however it is made."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.trends.past import COUNTS_PAST
from trend_assets.lib.trends.term_bursts import FEWEST_HOURS, term_bursts
from trend_assets.tables.collection import TERM_BURSTS, TERM_COUNTS

START = datetime(2026, 9, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(number: int) -> datetime:
    return START + number * HOUR


def count(number: int, posts: int, term: str = "bags", landed: int | None = None, **more: object) -> dict:
    """The count of an hour; it lands in the hour after it, two minutes past."""
    landing = number + 1 if landed is None else landed
    row = {"hour": at(landing), "network": "x", "source": "x", "term": term, "query": term, "topic_id": None, "begins_at": at(number)}
    row |= {"ends_at": at(number + 1), "posts": posts, "counted_at": at(landing) + timedelta(minutes=2)}
    return row | {"landing_file": f"file-{landing}", "landing_line": number} | more


def rhythm(seed: int, hours: int = 15 * 24, level: float = 30.0) -> list[int]:
    """Posts an hour with a day's rhythm and more spread than Poisson's."""
    dice = np.random.default_rng(seed)
    mean = level * (1 + 0.7 * np.sin(np.arange(hours) / 24 * 2 * np.pi)) * dice.gamma(10, 0.1, hours)
    return [int(one) for one in dice.poisson(mean)]


def counts(rows: list[dict]) -> pa.Table:
    return TERM_COUNTS.from_rows(rows)


def judged(rows: list[dict], hour: int) -> list[dict]:
    return term_bursts(counts(rows), [at(hour)]).to_pylist()


def test_a_burst_breaks_out_in_the_hour_in_which_its_count_landed_and_says_why():
    posts = rhythm(1)
    posts[300] = 400
    rows = [count(number, number_of, topic_id="topic-1") for number, number_of in enumerate(posts)]
    (found,) = judged(rows, 301)
    assert (found["begins_at"], found["posts"], found["breaks_out"], found["topic_id"]) == (at(300), 400, True, "topic-1")
    assert found["z"] > 5
    assert found["alarms_per_day"] < 0.1
    assert found["reason"].startswith("400 posts in the hour, ")
    assert not judged(rows, 300)[0]["breaks_out"]


def test_ordinary_days_of_many_terms_hardly_ever_break_out_and_bursts_among_them_do():
    terms = {f"term {number}": rhythm(number) for number in range(40)}
    terms["term 7"][340] = terms["term 31"][341] = 600
    rows = [count(number, posts, term) for term, series in terms.items() for number, posts in enumerate(series)]
    found = [row for row in term_bursts(counts(rows), [at(hour) for hour in range(312, 360)]).to_pylist() if row["breaks_out"]]
    assert {("term 7", at(340)), ("term 31", at(341))} <= {(row["term"], row["begins_at"]) for row in found}
    false = [row for row in found if row["posts"] < 500]
    assert len(false) <= 4  # two days of forty terms, at one alarm a day for all of them


def test_most_bursts_of_some_hours_are_found_in_a_list_of_terms_that_burst_at_different_times():
    terms = {f"term {number}": rhythm(100 + number, 250) for number in range(20)}
    for number, series in enumerate(terms.values()):
        for hour in range(170 + 3 * number, 173 + 3 * number):
            series[hour] = 4 * max(series[hour], 20)
    rows = [count(number, posts, term) for term, series in terms.items() for number, posts in enumerate(series)]
    found = [row for row in term_bursts(counts(rows), [at(hour) for hour in range(168, 250)]).to_pylist() if row["breaks_out"]]
    planted = {(term, at(170 + 3 * number + hour)) for number, term in enumerate(terms) for hour in range(3)}
    hit = {row["term"] for row in found if (row["term"], row["begins_at"]) in planted}
    assert len(hit) >= 15
    assert len([row for row in found if (row["term"], row["begins_at"]) not in planted]) <= 5


@pytest.mark.parametrize("order", ["given", "reversed", "shuffled"])
def test_a_range_gives_the_same_rows_as_its_hours_one_by_one_in_any_order_of_records(order):
    rows = [count(number, posts, term) for term in ("bags", "shoes") for number, posts in enumerate(rhythm(len(term)))]
    rows += [count(330, 900, landed=333), count(120, 3, "shoes", landed=335)]  # counted again, later, otherwise
    arranged = {"given": rows, "reversed": rows[::-1], "shuffled": random.Random(3).sample(rows, len(rows))}[order]
    hours = [at(hour) for hour in range(325, 340)]
    past = COUNTS_PAST // HOUR
    one_by_one = [
        term_bursts(counts([row for row in arranged if at(number - past) <= row["hour"] <= at(number)]), [at(number)])
        for number in range(325, 340)
    ]
    assert term_bursts(counts(arranged), hours).equals(pa.concat_tables(one_by_one).combine_chunks())


def test_the_count_received_last_holds_and_one_that_says_nothing_new_is_not_judged_again():
    rows = [count(number, posts) for number, posts in enumerate(rhythm(2, 200))]
    again = [count(190, rows[190]["posts"], landed=195), count(191, 999, landed=195)]
    found = {row["begins_at"]: row["posts"] for row in judged(rows + again, 195)}
    assert found == {at(194): rows[194]["posts"], at(191): 999}
    both = [count(191, 5, landed=195, landing_line=1), count(191, 6, landed=195, landing_line=2)]
    assert {row["posts"] for row in judged(rows + both, 195)} == {rows[194]["posts"], 6}


def test_what_was_not_known_in_an_hour_does_not_change_its_rows():
    rows = [count(number, posts) for number, posts in enumerate(rhythm(4, 200))]
    later = [count(number, 5_000, landed=199) for number in range(150, 160)]
    assert judged(rows, 170) == judged(rows + later, 170)


def test_the_first_week_comes_at_once_and_its_first_day_proves_nothing():
    posts = rhythm(5, 168)
    posts[5] = posts[160] = 3_000
    found = judged([count(number, one, landed=168) for number, one in enumerate(posts)], 168)
    assert len(found) == 168
    out = {row["begins_at"] for row in found if row["breaks_out"]}
    assert at(160) in out
    assert at(5) not in out
    assert all("hours of past" in row["reason"] for row in found[:FEWEST_HOURS])


def test_a_changed_query_is_another_series():
    rows = [count(number, 30) for number in range(100)] + [count(100, 4_000, query="other")]
    (found,) = judged(rows, 101)
    assert (found["past_hours"], found["breaks_out"]) == (0, False)


@pytest.mark.parametrize(
    "posts",
    [[0] * 400, [7] * 400, [0] * 399 + [9], [2**62] * 400, [2**62, 0] * 200, [1], [0] * 399 + [2**62]],
    ids=["silence", "evenness", "nine", "enormous", "up and down", "one", "out of nothing"],
)
def test_any_counts_give_finite_rows(posts):
    (found,) = judged([count(number, one) for number, one in enumerate(posts)], len(posts))
    assert all(np.isfinite(found[name]) for name in ("expected_posts", "z", "p_value", "alarms_per_day"))
    assert found["breaks_out"] == (posts[-1] == 2**62 and posts[0] == 0 and len(set(posts[:-1])) == 1)


def test_nothing_counted_no_hours_and_intervals_that_are_no_clock_hours_give_no_rows():
    assert term_bursts(TERM_COUNTS.empty(), [at(1)]).schema == TERM_BURSTS.schema
    assert term_bursts(counts([count(0, 5)]), []).num_rows == 0
    odd = count(3, 5) | {"begins_at": at(3) + timedelta(minutes=13)}
    day = count(3, 5) | {"ends_at": at(27)}
    not_over = count(3, 5) | {"counted_at": at(3) + timedelta(minutes=30)}
    assert judged([odd, day, not_over], 4) == []


def test_a_term_in_any_script_is_a_term():
    rows = [count(number, 20, term) for term in ("שק", "👜", "x" * 10_000) for number in range(50)]
    assert [row["term"][:2] for row in judged(rows, 50)] == ["xx", "שק", "👜"]
