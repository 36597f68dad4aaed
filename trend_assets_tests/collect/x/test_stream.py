"""The filtered stream end to end, against a real HTTP server: nothing lost, nothing doubled, every gap told."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from trend_assets.collect.source import Batch, SourceRefusedError
from trend_assets.collect.x.rules import Rule
from trend_assets_tests.collect.x.server import END, HOLD, RESET, TOKEN, Answer, LoopbackX, line, number_of
from trend_assets_tests.collect.x.shop import Waits, collect, gaps, purse, records, run, source


def numbers(items) -> list[int]:
    return [number_of(record.body) for record in records(items) if record.kind == "stream"]


def has(count: int):
    return lambda items: len(numbers(items)) >= count


def cut(data: bytes, seed: int) -> list[bytes]:
    """The bytes in chunks that end anywhere, also within CRLF and within a character."""
    rng = random.Random(seed)
    marks = sorted(rng.sample(range(1, len(data)), min(len(data) - 1, rng.choice([1, 7, 60]))))
    return [data[first:last] for first, last in zip([0, *marks], [*marks, len(data)], strict=True)]


@pytest.mark.parametrize("seed", range(6))
def test_posts_split_anywhere_over_chunks_come_out_whole_and_byte_for_byte(seed):
    lines = [line(number) for number in range(40)]
    data = b"".join(one + (b"\r\n" if number % 7 == 0 else b"") for number, one in enumerate(lines))

    async def main():
        async with LoopbackX().running() as server:
            server.scripts = [[*cut(data, seed), HOLD]]
            return await collect(source(server), has(40))

    items = run(main())
    assert [record.body for record in records(items)] == [one.strip() for one in lines]
    assert {record.created_at.tzinfo for record in records(items)} == {UTC}
    assert gaps(items) == []


def test_reconnects_lose_and_double_nothing_and_each_gap_is_told():
    faults = {
        "broken off": ([line(0), RESET], "disconnect"),
        "ended well": ([line(1), b"\r\n", END], "disconnect"),
        "cut off within a post": ([line(2), line(99)[:50], RESET], "truncated"),
        "operational disconnect": (
            [
                line(3),
                json.dumps({"errors": [{"title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect"}]}).encode()
                + b"\r\n",
                HOLD,
            ],
            "operational",
        ),
    }

    async def main():
        async with LoopbackX().running() as server:
            server.scripts = [*(script for script, _ in faults.values()), [line(4), HOLD]]
            return await collect(source(server), has(5))

    items = run(main())
    assert numbers(items) == [0, 1, 2, 3, 4]
    assert [gap.reason for gap in gaps(items)] == [reason for _, reason in faults.values()]
    assert all(timedelta(seconds=9) < gap.end - gap.begin < timedelta(seconds=15) for gap in gaps(items))
    kinds = Counter(record.kind for record in records(items))
    assert kinds == {"stream": 5, "truncated": 1, "error": 1}  # what was received of the cut post, and the message, are kept


def test_an_error_that_nobody_foresaw_reaches_the_collector_instead_of_silence():
    async def main():
        async with LoopbackX().running() as server:
            server.scripts = [[line(0), HOLD]]
            found = source(server, stall=0.3)
            pay = found._asking.purse.pay

            def failing(purchase, *, requests=0, **bought):
                if requests:
                    raise ZeroDivisionError("in the ledger")
                return pay(purchase, **bought)

            found._asking.purse.pay = failing
            with pytest.raises(ZeroDivisionError, match="in the ledger"):
                await collect(found, has(1), seconds=3)

    run(main())


def test_answers_that_refuse_a_connection_are_waited_out_as_documented():
    reset_at = datetime.now(UTC) + timedelta(seconds=100)
    too_often = Answer(429, {"title": "ConnectionException", "connection_issue": "TooManyConnections"})
    with_reset = Answer(429, {"title": "Too Many Requests"}, {"x-rate-limit-reset": str(int(reset_at.timestamp()))})

    async def main():
        waits = Waits()
        async with LoopbackX().running() as server:
            server.scripts = [Answer(503, b"<html>"), Answer(503, b""), Answer(500, {}), too_often, too_often, with_reset, [line(0), HOLD]]
            items = await collect(source(server, waits=waits), has(1))
            return items, waits.asked

    items, waits = run(main())
    assert waits[:5] == [5.0, 10.0, 20.0, 60.0, 120.0]
    assert 90 < waits[5] <= 102
    assert numbers(items) == [0]
    assert [gap.reason for gap in gaps(items)] == ["operational"]


def test_a_server_that_is_away_is_tried_again_after_250_ms_more_each_time():
    async def main():
        waits = Waits()
        server = LoopbackX()
        async with server.running():
            found = source(server, waits=waits)
            server.rules = [{"id": "1", "value": "bag OR sac", "tag": "bags"}]
            server.scripts = [[line(0), RESET], [RESET], [RESET], [RESET], [line(1), HOLD]]
            return await collect(found, has(2)), waits.asked

    items, waits = run(main())
    assert numbers(items) == [0, 1]
    assert waits == [0.25, 0.5, 0.75]  # at once after the first loss


def test_silence_is_a_stall_and_keep_alives_are_not():
    async def main():
        async with LoopbackX().running() as server:
            alive = [step for _ in range(4) for step in (b"\r\n", 0.3)]
            server.scripts = [[line(0), *alive, line(1), HOLD], [line(2), HOLD]]
            return await collect(source(server, stall=0.6), has(3))

    items = run(main())
    assert numbers(items) == [0, 1, 2]
    assert [gap.reason for gap in gaps(items)] == ["stall"]
    heartbeats = [item for item in items if isinstance(item, Batch) and not item.records]
    assert len(heartbeats) >= 4  # one at least every third of the stall time


def test_a_restart_with_the_cursor_tells_the_time_in_between():
    async def main():
        async with LoopbackX().running() as server:
            server.scripts = [[line(0), HOLD], [line(1), HOLD]]
            first = await collect(source(server), has(1))
            second = await collect(source(server), has(1), cursor=first[-1].cursor)
            return first, second

    first, second = run(main())
    gap = gaps(second)[0]
    assert gap.reason == "disconnect"
    assert gap.begin <= first[-1].received_at < gap.end
    assert numbers(second) == [1]


def test_backfill_leaves_no_gap_and_doubles_nothing():
    async def main():
        async with LoopbackX().running() as server:
            server.scripts = [[line(0), line(1), RESET], [line(0), line(1), line(2), HOLD]]
            items = await collect(source(server, backfill_minutes=2), has(3))
            return items, [request.params.get("backfill_minutes") for request in server.requests if request.path.endswith("stream")]

    items, asked = run(main())
    assert numbers(items) == [0, 1, 2]
    assert gaps(items) == []
    assert asked == ["2", "2"]


def test_partial_errors_come_with_their_post_and_are_kept():
    problem = {"title": "Not Found Error", "resource_type": "tweet", "type": "https://api.x.com/2/problems/resource-not-found"}

    async def main():
        async with LoopbackX().running() as server:
            server.scripts = [[line(0, errors=[problem]), line(1), HOLD]]
            return await collect(source(server), has(2))

    items = run(main())
    assert numbers(items) == [0, 1]
    assert [record.kind for record in records(items)] == ["stream", "error", "stream"]
    assert gaps(items) == []


def test_a_line_that_is_not_json_is_kept_and_the_next_one_read():
    async def main():
        async with LoopbackX().running() as server:
            server.scripts = [[b"\xff\xfe not json\r\n[1,2\r\n" + line(0), HOLD]]
            return await collect(source(server), has(1))

    items = run(main())
    assert [record.kind for record in records(items)][:1] == ["unreadable"]
    assert numbers(items) == [0]


def test_a_wrong_token_is_said_at_once_and_never_repeated_or_shown():
    async def main():
        async with LoopbackX().running() as server:
            found = source(server)
            found._asking.client._token = type(found._asking.client._token)("wrong-secret-token")
            with pytest.raises(SourceRefusedError, match="401") as caught:
                await collect(found, has(1))
            return str(caught.value), repr(found._asking.client._token), server.asked

    message, shown, asked = run(main())
    assert "wrong-secret-token" not in message + shown
    assert TOKEN not in message
    assert asked.total() == 1


def test_rules_of_the_file_become_those_of_the_server():
    wanted = [Rule("bag", "bags"), Rule("shoe", "shoes", topic="t1"), *(Rule(f"term{number}", f"n{number}") for number in range(250))]

    async def main():
        async with LoopbackX().running() as server:
            server.page_size = 100
            server.rules = [
                {"id": "1", "value": "bag", "tag": "bags"},
                {"id": "2", "value": "shoe", "tag": "old"},
                {"id": "3", "value": "x"},
            ]
            server.scripts = [[line(0), HOLD], [line(1), HOLD]]
            await collect(source(server, rules=wanted), has(1))
            kept = {rule["id"] for rule in server.rules}
            changes = sum(request.method == "POST" for request in server.requests)
            await collect(source(server, rules=wanted), has(1))
            again = sum(request.method == "POST" for request in server.requests) - changes
            return {(rule["value"], rule["tag"]) for rule in server.rules}, kept, again

    there, kept, again = run(main())
    assert there == {(rule.value, rule.tag) for rule in wanted}
    assert kept & {"1", "2", "3"} == {"1"}
    assert again == 0


def test_a_rule_that_x_refuses_stops_the_source_with_its_reason():
    async def main():
        async with LoopbackX().running() as server:
            with pytest.raises(SourceRefusedError, match="no viable alternative"):
                await collect(source(server, rules=[Rule("refuse me", "a")]), has(1))

    run(main())


def test_the_budget_stops_the_stream_and_says_so():
    async def main():
        held = purse(a_day=0.05)  # ten posts
        async with LoopbackX().running() as server:
            server.scripts = [[*(line(number) for number in range(30)), HOLD]]
            found = source(server, waits=Waits(0.001), of=held, stall=0.3)
            items = await collect(found, lambda items: gaps(items) != [])
            return items, server, held, found.notices

    items, server, held, notices = run(main())
    bought = numbers(items)
    assert bought == list(range(len(bought)))
    assert len(bought) >= 10
    assert held.ledger.day(datetime.now(UTC).date()).posts == len(bought)
    assert [gap.reason for gap in gaps(items)] == ["budget"]
    assert "day's budget is used" in gaps(items)[0].detail
    assert notices
    assert server.asked["/2/tweets/search/stream"] == 1


def test_a_post_is_charged_once_a_day_to_its_first_rule():
    async def main():
        held = purse()
        async with LoopbackX().running() as server:
            included = {"users": [{"id": "7", "username": "someone"}], "tweets": [{"id": "99", "text": "original"}]}
            server.scripts = [[line(0, includes=included), line(0), line(1, includes=included), HOLD]]
            await collect(source(server, of=held, rules=[Rule("bag", "bags", topic="t1")]), has(3))
        return held.ledger.day(datetime.now(UTC).date())

    spent = run(main())
    assert spent.posts == 3
    assert spent.charged_posts == 3  # two posts and the one included
    assert spent.cost == pytest.approx(3 * 0.005 + 0.010)
