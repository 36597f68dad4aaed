"""One run has the live lane at a time, and the next one takes over as soon as it is ready."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import open_storage
from trend_assets.live.lane import LiveLane
from trend_assets.live.lease import FILE, LEASE_SECONDS, Turn, read_lease
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets_tests.live.test_live import land, record


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(_env_file=None, data=str(tmp_path), lake_start=datetime.now(UTC) - timedelta(minutes=90))


def turn(settings: Settings, run: str, finished: tuple[str, ...] = (), after: float = 0.0) -> Turn:
    return Turn(settings, run, finished=finished.__contains__, clock=lambda: time.time() + after)


def test_a_run_goes_on_until_the_next_one_is_ready_and_lets_go_before_that_starts(settings):
    first, second, taken = turn(settings, "first"), turn(settings, "second"), threading.Event()
    first.take()
    assert first.goes_on()
    waiting = threading.Thread(target=lambda: (second.take(), taken.set()))
    waiting.start()
    while first.goes_on():
        time.sleep(0.01)
    assert not taken.wait(0.7)  # its micro-batch may still be under way
    first.let_go()
    assert taken.wait(5)
    waiting.join()
    assert (second.goes_on(), first.goes_on()) == (True, False)
    first.let_go()  # not its own any more
    assert read_lease(settings).holder == "second"


def test_a_holder_that_is_dead_or_stands_still_loses_the_lane(settings):
    turn(settings, "killed").take()
    turn(settings, "next", finished=("killed",)).take()
    late = turn(settings, "after", after=LEASE_SECONDS + 1)
    late.take()
    assert read_lease(settings).holder == "after"
    assert not turn(settings, "next").goes_on()


def test_a_damaged_lease_is_nobodys(settings):
    open_storage(f"{settings.data}/live").compare_and_swap(FILE, b"{", None)
    turn(settings, "run").take()
    assert turn(settings, "run").goes_on()


def test_two_lanes_hand_over_between_two_batches_and_no_file_is_lost_or_waits_for_a_start(settings):
    """The first works until the second is ready; each file is taken in once, by one of them."""
    lake, posts = Lake(settings.lake_root), TABLES["social/live_posts"]
    turns = [turn(settings, name) for name in ("first", "second")]
    lanes = [LiveLane(settings, Lake(settings.lake_root), goes_on=one.goes_on) for one in turns]
    turns[0].take()
    running = lanes[0].run(seconds=600, idle_seconds=600)
    now = datetime.now(UTC)
    taken = [next(running).batch.added]
    land(settings, [record(1, now - timedelta(seconds=2), "for the first")])
    taken.append(next(running).batch.added)
    lanes[1].prepare()
    successor = threading.Thread(target=turns[1].take)
    successor.start()
    while not read_lease(settings).successor:
        time.sleep(0.01)
    land(settings, [record(2, now - timedelta(seconds=1), "for the second")])
    assert list(running) == []
    turns[0].let_go()
    successor.join()
    taken.append(next(lanes[1].run(seconds=0, idle_seconds=0)).batch.added)
    assert taken == [0, 1, 1]
    assert lake.read(posts)["post_id"].length() == 2


def test_micro_batches_are_spaced_out_to_their_share_of_a_core(settings):
    """A file that waits is taken in only when the batch before has been paid for."""
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        time.sleep(0.01)

    sparing = settings.model_copy(update={"live_cpu_share": 0.05})
    running = LiveLane(sparing, Lake(settings.lake_root)).run(seconds=600, idle_seconds=600, sleep=sleep)
    next(running)
    for number in (1, 2):
        land(settings, [record(number, datetime.now(UTC) - timedelta(seconds=1), "one post")])
        assert next(running).batch.added == 1
    assert slept
