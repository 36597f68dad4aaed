"""Search and counts end to end, against a real HTTP server: paging, going on after faults, samples of what breaks out."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from trend_assets.collect.source import Batch
from trend_assets.collect.x.budget import BudgetExceededError
from trend_assets.collect.x.client import CreditsError, NetworkError, RateLimitedError, RefusedError, XError
from trend_assets.collect.x.compliance import check_compliance
from trend_assets.collect.x.ledger import Purchase
from trend_assets.collect.x.rules import Rule, RulesError
from trend_assets_tests.collect.x.server import Answer, LoopbackX, number_of, post
from trend_assets_tests.collect.x.shop import PRICES, Waits, client, collect, gaps, purse, records, run, source

RECENT = "/2/tweets/search/recent"
BAGS = [Rule("bag", "bags")]


class Clock:
    """A clock that is set by hand."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def posts(count: int, last: datetime | None = None, first: int = 0) -> list[dict]:
    end = last or datetime.now(UTC) - timedelta(minutes=1)
    return [post(first + number, f"a bag {number}", end - timedelta(seconds=count - number)) for number in range(count)]


def numbers(items) -> list[int]:
    return [number_of(record.body) for record in records(items) if record.kind == "post"]


def passes(count: int):
    """After so many passes over all rules: each ends with an empty batch."""
    return lambda items: len([item for item in items if isinstance(item, Batch) and not item.records]) >= count


def test_all_pages_of_a_pass_are_read_and_the_next_pass_brings_only_what_is_new():
    async def main():
        async with LoopbackX().running() as server:
            clock = server.clock = Clock(datetime(2026, 9, 20, 12, 0, 0, 700_000, tzinfo=UTC))
            server.posts, server.page_size = posts(25, clock() - timedelta(minutes=1)), 10
            first = await collect(source(server, "search", rules=BAGS, clock=clock), passes(1))
            clock.moment += timedelta(minutes=5)
            server.posts += posts(3, clock() - timedelta(seconds=40), first=100)
            second = await collect(source(server, "search", rules=BAGS, clock=clock), passes(1), cursor=first[-1].cursor)
            return first, second

    first, second = run(main())
    assert numbers(first) == list(range(24, -1, -1))
    assert numbers(second) == [102, 101, 100]
    assert gaps(first) + gaps(second) == []
    record = records(first)[0]
    assert json.loads(record.includes) == {"matching_rules": [{"tag": "bags"}]}
    assert record.request_id == "x/search_recent/abc123"
    assert record.created_at is not None


@pytest.mark.parametrize("pages_read", [1, 2])
@pytest.mark.parametrize("token_lost", [False, True])
def test_an_interrupted_pass_goes_on_from_its_last_page(pages_read, token_lost):
    async def main():
        async with LoopbackX().running() as server:
            server.posts, server.page_size = posts(25), 10
            first = await collect(source(server, "search", rules=BAGS), lambda items: len(records(items)) >= 10 * pages_read)
            server.token_lost = token_lost
            second = await collect(source(server, "search", rules=BAGS), passes(1), cursor=first[-1].cursor)
            return first, second

    first, second = run(main())
    found = Counter(numbers(first) + numbers(second))
    assert set(found) == set(range(25))
    assert found.total() - 25 == token_lost  # only the second of the oldest post is asked for again


@pytest.mark.parametrize("token_lost", [False, True])
def test_what_comes_after_a_lost_token_is_asked_with_the_same_bounds_when_it_is_interrupted_again(token_lost):
    async def main():
        async with LoopbackX().running() as server:
            server.posts, server.page_size = posts(45), 10
            first = await collect(source(server, "search", rules=BAGS), lambda items: len(records(items)) >= 10)
            server.token_lost = True
            second = await collect(source(server, "search", rules=BAGS), lambda items: len(records(items)) >= 10, cursor=first[-1].cursor)
            server.token_lost = token_lost
            third = await collect(source(server, "search", rules=BAGS), passes(1), cursor=second[-1].cursor)
            return numbers(first) + numbers(second) + numbers(third), server.requests

    found, requests = run(main())
    assert set(found) == set(range(45))
    assert len(found) <= 47
    asked = [{name: one.params.get(name) for name in ("start_time", "end_time", "next_token")} for one in requests]
    assert {one["start_time"] for one in asked} == {asked[0]["start_time"]}
    assert len({one["end_time"] for one in asked}) == 2 + token_lost


def test_posts_of_the_second_at_which_passes_meet_are_found_once():
    async def main():
        clock = Clock(datetime(2026, 9, 20, 12, 0, 0, 700_000, tzinfo=UTC))
        async with LoopbackX().running() as server:
            server.clock = clock
            meet = datetime(2026, 9, 20, 11, 59, 30, tzinfo=UTC)
            server.posts = [post(number, "a bag", meet + timedelta(seconds=number - 2)) for number in range(5)]
            first = await collect(source(server, "search", rules=BAGS, clock=clock), passes(1))
            clock.moment += timedelta(minutes=5)
            second = await collect(source(server, "search", rules=BAGS, clock=clock), passes(1), cursor=first[-1].cursor)
            return numbers(first), numbers(second)

    assert run(main()) == ([1, 0], [4, 3, 2])


def test_the_position_moves_only_when_every_rule_has_been_asked_to_its_end():
    async def main():
        clock = Clock(datetime(2026, 9, 20, 12, tzinfo=UTC))
        rules = [*BAGS, Rule("shoe", "shoes")]
        async with LoopbackX().running() as server:
            server.clock, server.page_size = clock, 10
            server.posts = [*posts(25, clock() - timedelta(minutes=1)), post(100, "a shoe", clock() - timedelta(minutes=2))]
            first = await collect(source(server, "search", rules=rules, clock=clock), passes(2))
            clock.moment += timedelta(hours=1)
            server.posts += posts(25, clock() - timedelta(minutes=1), first=200)
            second = await collect(source(server, "search", rules=rules, clock=clock), passes(3), cursor=first[-1].cursor)
            return [[(len(item.records), item.position) for item in items] for items in (first, second)]

    first, second = run(main())
    noon = datetime(2026, 9, 20, 11, 59, 30, tzinfo=UTC)
    # three pages and the end of one rule, a page and the end of the other; then the other finds nothing
    assert first == [(10, None), (10, None), (5, None), (0, None), (1, None), (0, noon)]
    assert second == [(10, noon), (10, noon), (5, noon), (0, noon), (0, noon), (0, noon + timedelta(hours=1))]


def test_two_passes_within_a_second_ask_for_no_interval_without_length():
    async def main():
        clock = Clock(datetime(2026, 9, 20, 12, tzinfo=UTC))
        async with LoopbackX().running() as server:
            server.clock = clock
            await collect(source(server, "search", rules=BAGS, clock=clock), passes(3))
            return server.asked[RECENT]

    assert run(main()) == 1


def test_a_rule_that_finds_nothing_for_a_week_is_asked_on():
    async def main():
        clock = Clock(datetime(2026, 9, 1, 12, tzinfo=UTC))
        async with LoopbackX().running() as server:
            server.clock, server.posts = clock, posts(2, clock() - timedelta(minutes=1))
            items, cursor = [], None
            for _ in range(9):
                items += await collect(source(server, "search", rules=BAGS, clock=clock), passes(2), cursor=cursor)
                cursor = items[-1].cursor
                clock.moment += timedelta(days=1)
            server.posts += posts(2, clock() - timedelta(minutes=1), first=50)
            items += await collect(source(server, "search", rules=BAGS, clock=clock), passes(1), cursor=cursor)
            return items

    items = run(main())
    assert numbers(items) == [1, 0, 51, 50]
    assert gaps(items) == []


def test_a_pass_interrupted_longer_than_search_reaches_lets_go_of_what_is_too_old_only():
    async def main():
        clock = Clock(datetime(2026, 9, 20, 12, tzinfo=UTC))
        async with LoopbackX().running() as server:
            server.clock, server.page_size = clock, 10
            begun = await collect(source(server, "search", rules=BAGS, clock=clock), passes(1))
            clock.moment += timedelta(days=2)
            server.posts = [post(number, "a bag", clock() - timedelta(hours=25 - number)) for number in range(25)]
            first = await collect(
                source(server, "search", rules=BAGS, clock=clock), lambda items: len(records(items)) >= 10, cursor=begun[-1].cursor
            )
            clock.moment += timedelta(days=6, hours=12)
            server.token_lost = True
            second = await collect(source(server, "search", rules=BAGS, clock=clock), passes(2), cursor=first[-1].cursor)
            return clock(), first, second

    now, first, second = run(main())
    [gap] = gaps(second)
    assert (gap.reason, gap.begin) == ("look_back", datetime(2026, 9, 20, 11, 59, 30, tzinfo=UTC))
    reach = now - timedelta(days=7)
    assert reach <= gap.end <= reach + timedelta(minutes=5)
    assert set(numbers(first) + numbers(second)) == set(range(14, 25))  # the others are older than a week


@pytest.mark.parametrize(
    "fault",
    [
        Answer(503, b"<html>busy</html>"),
        Answer(429, {"title": "Too Many Requests"}),
        Answer(200, b'{"data": [{"id": "1"', cut=True),
        Answer(200, b'{"data": [{"id": "1"'),
        Answer(200, b""),
    ],
    ids=["503", "429", "body cut", "json cut", "empty"],
)
def test_faults_within_a_pass_lose_and_double_nothing(fault):
    async def main():
        async with LoopbackX().running() as server:
            server.posts, server.page_size = posts(25), 10
            server.faults[RECENT] = [fault, fault]
            return await collect(source(server, "search", rules=BAGS), passes(1))

    items = run(main())
    assert numbers(items) == list(range(24, -1, -1))


def test_the_other_names_of_fields_are_asked_for_where_x_complains_and_read_where_x_uses_them():
    async def main():
        async with LoopbackX().running() as server:
            server.dialect, server.posts, server.page_size = "post", posts(15), 10
            items = await collect(source(server, "search", rules=BAGS), passes(1))
            return items, [sorted(set(request.params) & {"tweet.fields", "post.fields"}) for request in server.requests]

    items, asked = run(main())
    assert len(numbers(items)) == 15
    assert asked == [["tweet.fields"], ["post.fields"], ["post.fields"]]


def test_an_interval_older_than_search_reaches_is_a_gap():
    async def main():
        clock = Clock(datetime(2026, 9, 20, tzinfo=UTC))
        async with LoopbackX().running() as server:
            server.posts = posts(2, clock() - timedelta(minutes=1))
            first = await collect(source(server, "search", rules=BAGS, clock=clock), passes(1))
            clock.moment += timedelta(days=10)
            server.posts = posts(2, clock() - timedelta(minutes=1), first=50)
            return await collect(source(server, "search", rules=BAGS, clock=clock), passes(1), cursor=first[-1].cursor)

    items = run(main())
    assert [(gap.reason, (gap.end - gap.begin).days) for gap in gaps(items)] == [("look_back", 3)]
    assert numbers(items) == [51, 50]


def test_a_budget_that_pays_for_no_page_stops_search_until_the_next_day():
    async def main():
        clock = Clock(datetime(2026, 9, 20, 23, 50, tzinfo=UTC))
        held = purse(a_day=0.12, clock=clock)  # two pages of ten, not three
        async with LoopbackX().running() as server:
            server.posts, server.page_size = posts(40, clock() - timedelta(minutes=1)), 10
            found = source(server, "search", rules=BAGS, clock=clock, of=held)
            found._asking.sleep = clock.sleep
            items = await collect(found, lambda items: gaps(items) != [] and gaps(items)[-1].end.day == 21)
            return items, held.ledger.day(datetime(2026, 9, 20).date()), clock.moment

    items, spent, now = run(main())
    assert len(numbers(items)) == 20
    assert spent.charged_posts == 20
    assert {gap.reason for gap in gaps(items)} == {"budget"}
    assert gaps(items)[0].begin < datetime(2026, 9, 21, tzinfo=UTC) <= gaps(items)[-1].end <= now
    assert all(earlier.end == later.begin for earlier, later in zip(gaps(items), gaps(items)[1:], strict=False))


def test_a_gap_is_filled_by_search_and_what_cannot_be_had_is_told():
    async def main():
        now = datetime.now(UTC)
        async with LoopbackX().running() as server:
            server.posts = posts(5, now - timedelta(hours=1))
            found = source(server, rules=BAGS)
            items = [item async for item in found.backfill(now - timedelta(days=30), now)]
            await found.close()
            return items

    items = run(main())
    assert len(numbers(items)) == 5
    assert [gap.reason for gap in gaps(items)] == ["look_back"]


def test_a_backfill_with_a_rule_that_search_cannot_ask_is_refused_before_anything_is_bought():
    async def main():
        async with LoopbackX().running() as server:
            found = source(server, rules=[*BAGS, Rule("bio:designer", "bios"), Rule("a" * 600, "long")])
            with pytest.raises(RulesError, match="bios: bio: only works on the stream; long: 600 characters"):
                await anext(found.backfill(datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC)))
            return server.requests

    assert run(main()) == []


def counted(hour: int):
    """After all of an hour's counts and samples."""
    return lambda items: f'"counted":"2026-09-20T{hour}' in (items[-1].cursor or "")


def burst(query: str, start: datetime) -> int:
    """300 posts in the last hour, 20 in others."""
    return 300 if query == "bag" and start >= datetime(2026, 9, 20, 11, tzinfo=UTC) else 20 + start.hour % 3


@pytest.mark.parametrize("dialect", ["tweet", "post"])
def test_counts_come_first_and_posts_only_of_what_breaks_out(dialect):
    async def main():
        clock = Clock(datetime(2026, 9, 20, 12, 5, tzinfo=UTC))
        held = purse(clock=clock)
        async with LoopbackX().running() as server:
            server.dialect, server.count_of, server.page_size = dialect, burst, 60
            last_hour = datetime(2026, 9, 20, 11, tzinfo=UTC)
            server.posts = [post(number, f"bag {number}", last_hour + timedelta(seconds=12 * number)) for number in range(300)]
            server.posts += [post(1000 + number, f"shoe {number}", last_hour + timedelta(seconds=number)) for number in range(20)]
            found = source(server, "counts", rules=[Rule("bag", "bags"), Rule("shoe", "shoes")], clock=clock, of=held, sample_posts=60)
            first = await collect(found, counted(12))
            asked = server.asked
            clock.moment += timedelta(hours=1)
            server.posts = []
            again = source(server, "counts", rules=[Rule("bag", "bags"), Rule("shoe", "shoes")], clock=clock, of=held)
            second = await collect(again, counted(13), cursor=first[-1].cursor)
            return first, second, asked, held.ledger.day(clock().date())

    first, second, asked, spent = run(main())
    kinds = Counter(record.kind for record in records(first))
    assert kinds["count"] == 2 * 168
    assert 20 <= kinds["post"] <= 60
    found = [json.loads(record.body) for record in records(first) if record.kind == "post"]
    assert {one["text"].split()[0] for one in found} == {"bag"}
    minutes = {int(one["created_at"][14:16]) // 15 for one in found if one["created_at"][11:13] == "11"}
    assert len(minutes) >= 2  # spread over the hour, not its end
    sample = json.loads(next(record for record in records(first) if record.kind == "post").includes)
    assert sample["sample"]["posts"] == 300
    assert sample["matching_rules"] == [{"tag": "bags"}]
    assert asked["/2/tweets/counts/recent"] == 6  # three pages for each of two terms
    assert Counter(record.kind for record in records(second))["count"] == 2  # only the new hour
    assert spent.charged_posts == kinds["post"]
    # A restart between two hours misses no count: the collector may call that gap filled once the next hour is counted.
    assert [items[-1].position for items in (first, second)] == [last_counted(12), last_counted(13)]
    assert first[0].position is None


def last_counted(hour: int) -> datetime:
    return datetime(2026, 9, 20, hour, tzinfo=UTC)


BEFORE_OCTOBER = datetime(2026, 9, 30, 22, tzinfo=UTC)


def near_the_cap(charged: int, until, stale: bool = False):
    """Counts in which a term breaks out, with 100 posts a month allowed; stale: what is left was read before another process bought."""

    async def main():
        clock = Clock(BEFORE_OCTOBER + timedelta(minutes=5))
        held = purse(clock=clock, prices=msgspec.structs.replace(PRICES, posts_a_month=100))
        held.pay(Purchase("stream"), posts=[str(number) for number in range(charged)])
        held.posts_left = (lambda purchase: None) if stale else held.posts_left
        async with LoopbackX().running() as server:
            server.count_of = lambda query, start: 300 if start >= BEFORE_OCTOBER - timedelta(hours=1) else 20 + start.hour % 3
            began = BEFORE_OCTOBER - timedelta(hours=1)
            server.posts = [post(number, f"bag {number}", began + timedelta(seconds=12 * number)) for number in range(300)]
            found = source(server, "counts", rules=[Rule("bag", "bags")], clock=clock, of=held, sample_posts=60)
            found._asking.sleep = clock.sleep
            items = await collect(found, until)
            return items, held.ledger.month(BEFORE_OCTOBER.date()), server.asked, found.notices

    return run(main())


def test_with_less_than_a_page_left_of_the_plans_cap_counting_goes_on_and_says_that_no_posts_are_bought():
    items, spent, asked, said = near_the_cap(95, lambda items: '"counted":"2026-09-30T23' in (items[-1].cursor or ""))
    assert (spent.charged_posts, gaps(items)) == (95, [])
    assert (asked["/2/tweets/counts/recent"], asked[RECENT]) == (2, 0)
    assert said[0] == "bags breaks out and no post of it is bought: budgets and the plan's cap allow 5 more"


def test_a_sample_that_the_plans_cap_refuses_is_waited_for_until_the_month_turns_not_asked_again_and_again():
    items, spent, asked, _ = near_the_cap(95, lambda items: gaps(items) != [] and gaps(items)[-1].end.month == 10, stale=True)
    assert spent.charged_posts == 95
    assert {gap.reason for gap in gaps(items)} == {"budget"}
    assert len(gaps(items)) == 2  # at once, and when it is over
    assert (gaps(items)[0].begin, gaps(items)[-1].end) == (BEFORE_OCTOBER + timedelta(minutes=5), BEFORE_OCTOBER + timedelta(hours=2))
    assert (asked["/2/tweets/counts/recent"], asked[RECENT]) == (1, 0)


def test_the_plans_cap_bounds_a_page_of_search():
    held = purse(prices=msgspec.structs.replace(PRICES, posts_a_month=100))
    held.pay(Purchase("stream"), posts=[str(number) for number in range(70)])
    assert held.posts_left(Purchase("search_recent")) == 30
    free = purse(prices=msgspec.structs.replace(PRICES, posts_a_month=100, per_post=0.0))
    assert free.posts_left(Purchase("search_recent")) == 100

    async def main():
        async with LoopbackX().running() as server:
            server.posts = posts(50)
            async for _ in client(server, of=held).search("bag", Purchase("search_recent")):
                break
            return server.requests[0].params["max_results"]

    assert run(main()) == "30"


@pytest.mark.parametrize("mode", ["search", "counts", "stream"])
@pytest.mark.parametrize(
    "fault",
    [Answer(503, b"busy"), Answer(429, {"title": "Too Many Requests"}), Answer(402, {"title": "CreditsDepleted"})],
    ids=["503", "429", "402"],
)
def test_heartbeats_say_whether_x_is_heard(mode, fault):
    path = {"search": RECENT, "counts": "/2/tweets/counts/recent", "stream": "/2/tweets/search/stream"}[mode]

    async def main():
        async with LoopbackX().running() as server:
            server.faults[path] = [fault] * 3
            found = source(server, mode, Waits(0.002), stall=0.06, rules=BAGS)
            paused: set[bool] = set()
            beats = await collect(found, lambda items: paused.add(found.paused) or sum(good(item) for item in items) >= 4)
            return beats, paused

    def good(item) -> bool:
        return isinstance(item, Batch) and item.alive

    items, paused = run(main())
    alive = [item.alive for item in items if isinstance(item, Batch)]
    assert alive == sorted(alive), "not heard during the fault, and heard after it"
    assert not alive[0]
    assert paused == {False}


@pytest.mark.parametrize("mode", ["search", "counts", "stream"])
def test_a_used_budget_is_a_pause_neither_connected_nor_a_fault(mode):
    async def main():
        async with LoopbackX().running() as server:
            found = source(server, mode, Waits(0.002), stall=0.06, rules=BAGS, of=purse(a_day=0.001))
            states = []
            await collect(found, lambda items: states.append((items[-1], found.paused)) or len(states) > 6)
            return states

    states = run(main())
    assert {(item.alive, paused) for item, paused in states if isinstance(item, Batch)} == {(False, True)}


def test_a_killed_hour_goes_on_with_the_terms_that_are_left():
    async def main():
        clock = Clock(datetime(2026, 9, 20, 12, 5, tzinfo=UTC))
        rules = [Rule(f"term{number}", f"t{number}") for number in range(4)]
        async with LoopbackX().running() as server:
            server.count_of = burst
            first = await collect(source(server, "counts", rules=rules, clock=clock), lambda items: len(records(items)) > 168)
            second = await collect(source(server, "counts", rules=rules, clock=clock), counted(12), cursor=first[-1].cursor)
            return first, second

    first, second = run(main())
    tags = Counter(json.loads(record.includes)["matching_rules"][0]["tag"] for record in records(first) + records(second))
    assert set(tags) == {"t0", "t1", "t2", "t3"}
    assert tags["t0"] == 168  # not asked, and paid for, again
    assert len(records(second)) <= 3 * 168


def test_compliance_jobs_become_deletion_records():
    async def main():
        async with LoopbackX().running() as server:
            server.gone = [{"id": "5", "action": "delete", "created_at": "2026-09-01T00:00:00.000Z", "reason": "deleted"}]
            server.polls_until_complete = 3
            waits = Waits()
            made = client(server)
            found = await check_compliance(made, "tweets", ["5", "6"], "nightly", sleep=waits)
            jobs = await made.jobs("tweets", "complete")
            await made.close()
            return found, server, waits.asked, jobs

    found, server, waits, jobs = run(main())
    assert server.uploaded == b"5\n6\n"
    assert [(record.kind, json.loads(record.body)["id"]) for record in found] == [("post_compliance", "5")]
    assert waits == [1.0, 2.0, 4.0, 8.0]
    assert jobs[0].id == "42"


@pytest.mark.parametrize("ids", [[], ["5", "x; drop"]])
def test_compliance_refuses_what_are_no_ids(ids):
    async def main():
        async with LoopbackX().running() as server:
            with pytest.raises(ValueError, match="id"):
                await check_compliance(client(server), "tweets", ids, "n")

    run(main())


def test_a_signed_address_elsewhere_never_sees_the_token():
    async def main():
        elsewhere = LoopbackX()
        async with LoopbackX().running() as server, elsewhere.running():
            made = client(server)
            job = await made.create_job("tweets", "n")
            job.upload_url = f"{elsewhere.url}/files/up"
            await made.upload(job, ["1"])
            return elsewhere.requests[0].headers

    assert "authorization" not in run(main())


def test_usage_corrects_what_a_killed_process_did_not_write_down():
    async def main():
        today = datetime.now(UTC).date()
        held = purse()
        held.pay(Purchase("stream"), posts=["1", "2"])
        async with LoopbackX().running() as server:
            server.usage = {today.isoformat(): 10}
            found = source(server, of=held)
            added = await found.reconcile()
            again = await found.reconcile()
            return added, again, held.ledger.day(today)

    added, again, spent = run(main())
    assert (added, again, spent.charged_posts) == (8, 0, 10)
    assert spent.cost == pytest.approx(0.05)


def test_the_ledger_is_held_against_xs_count_at_the_start_and_a_failure_of_that_stops_nothing():
    async def main(fault: bool):
        today = datetime.now(UTC).date()
        held = purse()
        async with LoopbackX().running() as server:
            server.usage, server.posts = {today.isoformat(): 500}, posts(3)
            server.faults["/2/usage/tweets"] = [Answer(403, {"title": "Forbidden"})] if fault else []
            found = source(server, "search", rules=BAGS, of=held, reconciled=True, waits=Waits(0.0001))
            items = await collect(found, lambda items: passes(2)(items) and found.notices != [])
            return numbers(items), held.ledger.day(today).charged_posts, found.notices

    good, charged, told = run(main(False))
    assert (len(good), "added" in told[0]) == (3, True)
    assert charged >= 500
    good, charged, told = run(main(True))
    assert (len(good), charged, "Forbidden" in told[0]) == (3, 3, True)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(400, {"title": "Invalid Request", "errors": [{"parameters": {"query": ["("]}, "message": "bad query"}]}), RefusedError),
        (Answer(403, {"title": "Forbidden", "detail": "client-not-enrolled"}), RefusedError),
        (Answer(402, {"title": "CreditsDepleted"}), CreditsError),
        (Answer(429, b"no json"), RateLimitedError),
        (Answer(200, b"<html>a proxy's page</html>"), NetworkError),
    ],
)
def test_answers_that_are_no_counts_raise_what_they_mean_and_cost_nothing(answer, error):
    async def main():
        held = purse()
        async with LoopbackX().running() as server:
            server.faults["/2/tweets/counts/recent"] = [answer] * 9
            made = client(server, of=held, attempts=2)
            with pytest.raises(error) as caught:
                await anext(made.counts("bag", Purchase("counts_recent"), end=datetime.now(UTC)))
            assert isinstance(caught.value, XError)
            await made.close()
        return held.ledger.day(datetime.now(UTC).date()).cost

    cost = run(main())
    assert cost == (0.005 if error is NetworkError else 0.0)  # X answered 200: taken as charged


def test_counts_are_refused_before_they_are_asked_once_the_budget_is_used():
    async def main():
        held = purse(a_day=0.005)
        async with LoopbackX().running() as server:
            made = client(server, of=held)
            end = datetime.now(UTC)
            async for _ in made.counts("bag", Purchase("counts_recent"), end=end):
                pass
            with pytest.raises(BudgetExceededError, match="day's budget"):
                await anext(made.counts("bag", Purchase("counts_recent"), end=end))
            await made.close()
            return server.asked["/2/tweets/counts/recent"]

    assert run(main()) == 1
