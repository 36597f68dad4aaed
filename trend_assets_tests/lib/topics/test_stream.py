"""A stream of posts: topics at the end of each step, whatever the order within it, and a state to go on from."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.topics.stream import TopicStream, for_any_author, topic_of_each
from trend_assets.tables import TABLES
from trend_assets_tests.lib.topics.posts import SUBJECTS, about, clean_posts, hour_at


def posts_of(hours: range) -> pa.Table:
    """Every subject a few times an hour, minutes apart."""
    rows = []
    for hour in hours:
        for subject in SUBJECTS:
            for number in range(6):
                at = hour_at(hour) + timedelta(minutes=7 * number)
                rows.append(about(subject, 10 * hour + number, hour_at(hour), created_at=at))
    return clean_posts(rows)


def taken_in(stream: TopicStream, posts: pa.Table) -> list[str]:
    none = TABLES["topics/topic_assignments"].empty()
    assigned = pa.concat_tables([none, *(step.topic_assignments for step in stream.add(posts))])
    return topic_of_each(posts, assigned).to_pylist()


def test_posts_of_a_subject_share_a_topic_from_the_step_they_come_in() -> None:
    posts = posts_of(range(3))
    topics = taken_in(TopicStream(parameters=for_any_author()), posts)
    subjects = [post.split("-")[0] for post in posts["post_id"].to_pylist()]
    late = [place for place in range(len(topics)) if place >= len(topics) // 2]
    assert len({(subjects[place], topics[place]) for place in late}) == len({subjects[place] for place in late}) == len(SUBJECTS)


def test_going_on_from_the_state_gives_the_same_topics() -> None:
    posts = posts_of(range(4))
    half = posts.filter(pa.compute.less(posts["created_at"], pa.scalar(hour_at(2), posts["created_at"].type)))
    rest = posts.filter(pa.compute.greater_equal(posts["created_at"], pa.scalar(hour_at(2), posts["created_at"].type)))
    whole = TopicStream(parameters=for_any_author())
    first = TopicStream(parameters=for_any_author())
    assert taken_in(whole, half) == taken_in(first, half)
    resumed = TopicStream(parameters=for_any_author(), state=first.state)
    assert taken_in(whole, rest) == taken_in(resumed, rest)


def test_order_within_a_step_does_not_matter() -> None:
    posts = posts_of(range(2))
    order = np.random.default_rng(1).permutation(posts.num_rows)
    topics = taken_in(TopicStream(parameters=for_any_author()), posts)
    shuffled = taken_in(TopicStream(parameters=for_any_author()), posts.take(pa.array(order)))
    assert shuffled == [topics[place] for place in order.tolist()]


def test_late_posts_come_in_the_step_after_the_last() -> None:
    stream = TopicStream(step=timedelta(minutes=30))
    last = [step.hour for step in stream.add(posts_of(range(1, 2)))][-1]
    (late,) = stream.add(posts_of(range(1)))
    assert late.hour == last + timedelta(minutes=30)
    assert late.window_posts == 2 * posts_of(range(1)).num_rows


def test_a_date_in_the_future_does_not_empty_the_window() -> None:
    stream, posts = TopicStream(), posts_of(range(2))
    wrong = clean_posts([about("storm", 99, hour_at(0), created_at=hour_at(24 * 365))])
    seen = sum(step.topic_assignments.num_rows > 0 for step in stream.add(pa.concat_tables([posts, wrong]), now=hour_at(2)))
    assert seen
    steps = list(stream.add(posts_of(range(2, 3)), now=hour_at(3)))
    assert hour_at(2) == steps[0].hour <= steps[-1].hour < hour_at(3)
    assert steps[-1].window_posts == posts_of(range(3)).num_rows + 1


def test_calls_within_a_step_wait_for_its_end_and_never_run_ahead_of_the_clock() -> None:
    posts = posts_of(range(2))
    whole = [step.hour for step in TopicStream().add(posts)]
    stream, hours = TopicStream(), []
    times = np.array([int(at.timestamp()) for at in posts["created_at"].to_pylist()])
    for minute in range(1, 2 * 60 + 1):
        now = hour_at(0) + timedelta(minutes=minute)
        come = posts.filter(pa.array((times < now.timestamp()) & (times >= now.timestamp() - 60)))
        if minute == 63:  # stopped and started again between two steps
            stream = TopicStream(state=stream.state)
        hours += [step.hour for step in stream.add(come, now=now)]
    assert hours == whole
    assert stream.state.waiting is None


def test_copies_that_resemble_nothing_else_are_one_topic() -> None:
    posts = clean_posts([about("storm", number, hour_at(0), words=["one", "text"]) | {"near_duplicate_key": 7} for number in range(5)])
    assert len(set(topic_of_each(posts, TABLES["topics/topic_assignments"].empty()).to_pylist())) == 1


def test_steps_are_positive() -> None:
    with pytest.raises(ValueError, match="step"):
        TopicStream(step=timedelta(0))


def test_no_posts_are_no_steps() -> None:
    stream = TopicStream()
    assert list(stream.add(TABLES["social/clean_posts"].empty())) == []
    assert stream.state.registry.num_rows == 0
