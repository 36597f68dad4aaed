"""Checks against the past on a lake: what stops, what only warns, and how a true change is accepted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from trend_assets.lake.lake import Lake
from trend_assets.operations.accepted import FILE, Accepted, accept, accepted_changes
from trend_assets.operations.history_checks import UNUSUAL, post_verdicts, retail_verdicts, stopped_by, without_warnings
from trend_assets.operations.stopping import FILE as STOPPING
from trend_assets.operations.stopping import record_judged, stopping_days
from trend_assets.tables import TABLES

FIRST = date(2026, 9, 1)
ORDERS = TABLES["retail/orders"]


def _orders(day: date, units: int = 1):
    rows = [
        {
            "day": day, "order_id": f"A-{day:%m%d}-{n:03d}", "line": 1, "product_id": f"P-{(n * 7 + day.day) % 40:03d}",
            "store_id": f"S{n % 3}", "ordered_at": datetime(day.year, day.month, day.day, 9 + n % 9, n % 60, day.day, tzinfo=UTC),
            "kind": "sale", "quantity": units * (1 + n % 2), "unit_price": float(10 + n % 40), "currency": "EUR", "country": "FR",
            "data_origin": "simulated",
        }
        for n in range(90)
    ]  # fmt: skip
    return ORDERS.from_rows(rows)


@pytest.fixture
def lake(tmp_path):
    """Ten days of orders; on the last one units are ten times as many."""
    lake = Lake(str(tmp_path / "lake"))
    days = [FIRST + timedelta(days=number) for number in range(10)]
    lake.publish(ORDERS, {f"{day}": _orders(day, 10 if day == days[-1] else 1) for day in days})
    return lake


def _failed(verdicts):
    return {key for key, verdict in verdicts.items() if not verdict.passed}


def test_the_newest_day_is_judged_by_the_days_before_it_and_stops_what_comes_after(lake):
    verdicts = retail_verdicts(lake, ["2026-09-10"])
    assert _failed(verdicts) == {("orders", "quantities")}
    verdict = verdicts["orders", "quantities"]
    assert verdict.blocks
    assert "2026-09-10: " in verdict.message
    assert "2026-09-10 (retail/orders quantities)" in stopped_by(lake)


def test_a_day_before_the_damaged_one_is_clean(lake):
    assert not _failed(retail_verdicts(lake, ["2026-09-09"]))
    assert stopped_by(lake) == ""


def test_a_clean_day_lifts_nothing_and_repaired_data_does(lake):
    retail_verdicts(lake, ["2026-09-10"])
    for number in range(1, 12):  # however long nobody looks
        day = date(2026, 9, 10) + timedelta(days=number)
        lake.publish(ORDERS, {f"{day}": _orders(day)})
        verdicts = retail_verdicts(lake, [f"{day}"])
        assert list(verdicts["orders", "quantities"].stopping) == ["2026-09-10"]
        assert _failed(verdicts) == {("orders", "quantities")}
    assert retail_verdicts(lake, [])["orders", "quantities"].blocks
    assert "2026-09-10" in stopped_by(lake)
    lake.publish(ORDERS, {"2026-09-10": _orders(date(2026, 9, 10))})
    assert not _failed(retail_verdicts(lake, ["2026-09-10"]))
    assert stopped_by(lake) == ""


def test_what_stops_is_lifted_by_accepting_its_day_and_no_later_one(lake):
    moment = datetime(2026, 9, 12, tzinfo=UTC)
    retail_verdicts(lake, ["2026-09-10"])
    lake.publish(ORDERS, {"2026-09-11": _orders(date(2026, 9, 11))})
    accept(lake.storage, Accepted("retail/orders", "quantities", date(2026, 9, 11), "the wrong day", "me", moment))
    assert retail_verdicts(lake, [])["orders", "quantities"].blocks
    accept(lake.storage, Accepted("retail/orders", "quantities", date(2026, 9, 10), "a sale by the dozen", "me", moment))
    assert not _failed(retail_verdicts(lake, []))
    assert stopped_by(lake) == ""


def test_days_that_others_judge_at_once_are_kept(lake):
    one, other = date(2026, 9, 3), date(2026, 9, 10)
    record_judged(lake.storage, [one], {one: frozenset({("orders", "signs")})})
    retail_verdicts(lake, ["2026-09-10"])
    assert set(stopping_days(lake.storage)) == {other}, "judged again, it holds"
    record_judged(lake.storage, [one], {one: frozenset({("orders", "signs")})})
    assert set(stopping_days(lake.storage)) == {one, other}


def test_a_damaged_file_of_stopping_days_says_what_to_do(lake):
    lake.storage.write_new(STOPPING, b"[1]")
    with pytest.raises(ValueError, match=r"is damaged .* trend-assets check"):
        stopped_by(lake)


def test_a_first_load_warns_and_stops_nothing(lake):
    verdict = retail_verdicts(lake, lake.partitions(ORDERS))["orders", "quantities"]
    assert not verdict.passed
    assert not verdict.blocks
    lake.publish(ORDERS, {"2026-09-11": _orders(date(2026, 9, 11))})
    assert not _failed(retail_verdicts(lake, ["2026-09-11"])), "the first load's warnings come to stop nothing later"


def test_warnings_are_told_by_a_check_that_does_not_block(lake):
    told = without_warnings(retail_verdicts(lake, lake.partitions(ORDERS)))
    assert _failed(told) == {("orders", UNUSUAL)}
    assert "quantities: " in told["orders", UNUSUAL].message
    assert "a first load" in told["orders", UNUSUAL].message
    assert not told["orders", UNUSUAL].blocks


def test_an_accepted_change_is_the_usual_from_its_day_on(lake):
    moment = datetime(2026, 9, 11, tzinfo=UTC)
    accept(lake.storage, Accepted("retail/orders", "quantities", date(2026, 9, 10), "units instead of packs", "me", moment))
    assert not _failed(retail_verdicts(lake, ["2026-09-10"]))
    lake.publish(ORDERS, {"2026-09-11": _orders(date(2026, 9, 11), 10)})
    assert not _failed(retail_verdicts(lake, ["2026-09-11"]))


def test_acceptances_are_kept_in_order_and_need_a_reason(lake):
    moment = datetime(2026, 9, 11, tzinfo=UTC)
    changes = [Accepted("retail/orders", check, FIRST, "été", "me", moment) for check in ("signs", "quantities")]
    for change in changes:
        accept(lake.storage, change)
    assert accepted_changes(lake.storage) == changes
    with pytest.raises(ValueError, match="say why"):
        accept(lake.storage, Accepted("retail/orders", "signs", FIRST, " ", "me", moment))


def test_a_damaged_file_of_acceptances_says_which_line(lake):
    lake.storage.write_new(FILE, b'{"table": "retail/orders"}\n')
    with pytest.raises(ValueError, match="line 1 is no accepted change"):
        accepted_changes(lake.storage)


def test_nothing_published_is_nothing_wrong(tmp_path):
    empty = Lake(str(tmp_path / "empty"))
    assert not _failed(retail_verdicts(empty, []))
    assert not _failed(post_verdicts(empty, []))
