"""An alert is open until our own sales decide it, once; what nobody alerted is a miss."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lib.demand.lead_time import Alert, lead_time_scores, naive_method_alerts, trend_alerts
from trend_assets.tables import TABLES

DAY = date(2026, 5, 10)
PRODUCTS = pa.table(
    {
        "product_id": ["red", "blue", "lamp"],
        "product_name": ["Scarf Red", "Scarf Blue", "Lamp"],
        "category": ["fashion", "fashion", "home"],
        "colour": ["Red", "Blue", None],
    }
)
SCARF, LAMP = "fashion/scarf", "home/lamp"


def uplift(day: date, range_id: str = SCARF, *, onset: date | None = None, **changes: Any) -> dict[str, Any]:
    row = {
        "day": day, "subject_kind": "range", "subject_id": range_id, "region": "", "range_id": range_id, "label": range_id,
        "category": "fashion", "product_ids": ["lamp"] if range_id == LAMP else ["red", "blue"],
        "uplift": onset is not None, "onset_on": onset,
        "units": 30.0, "expected_units": 10.0, "ratio": 3.0,
        "ratio_low": 2.0, "ratio_high": 4.0, "p_value": 1e-6, "q_value": 1e-4, "detectable_ratio": 1.6, "out_of_stock_share": 0.0,
        "promotion": False, "data_origin": "real",
    }  # fmt: skip
    return row | changes


def sales(rises: list[dict[str, Any]], last: date) -> pa.Table:
    """A month of tested days until ``last``, quiet but for the rises."""
    quiet = [uplift(last - timedelta(days=number)) for number in range(28)] + [uplift(last - timedelta(days=1), LAMP, category="home")]
    taken = {(row["day"], row["range_id"]) for row in rises}
    return TABLES["demand/sales_uplifts"].from_rows(rises + [row for row in quiet if (row["day"], row["range_id"]) not in taken])


def alert(day: date = DAY, products: tuple[str, ...] = ("red",), key: str = "t1", method: str = "trends") -> Alert:
    return Alert(method, key, key, "scarves", day, list(products))


def judged(
    last: date, rises: list[dict[str, Any]], alerts: list[Alert], method: str = "trends", products: pa.Table = PRODUCTS
) -> list[dict[str, Any]]:
    found = lead_time_scores(last, alerts, sales(rises, last), products, methods=[method])
    return TABLES["demand/lead_time_scores"].conform(found).to_pylist()


def after(days: int) -> date:
    return DAY + timedelta(days=days)


def test_sales_that_rise_after_the_alert_make_it_a_hit_with_the_days_between() -> None:
    (row,) = judged(after(4), [uplift(after(4), onset=after(3))], [alert()])
    assert (row["outcome"], row["onset_on"], row["detected_on"]) == ("hit", after(3), after(4))
    assert row["alerted_at"] == datetime(2026, 5, 11, 4, tzinfo=UTC), "a day's tables are there four hours after it"
    assert row["lead_days"] == pytest.approx(2 - 4 / 24)
    assert row["category"] == "fashion"
    assert "1.8 days after the alert" in row["reason"]


def test_sales_that_had_risen_before_make_it_late() -> None:
    (row,) = judged(after(1), [uplift(after(1), onset=after(-1))], [alert()])
    assert (row["outcome"], row["lead_days"]) == ("late", pytest.approx(-2 - 4 / 24))


def test_sales_that_rose_while_the_day_was_being_linked_are_no_hit() -> None:
    assert [row["outcome"] for row in judged(after(2), [uplift(after(2), onset=after(1))], [alert()])] == ["late"]


def test_an_alert_is_open_until_its_horizon_ends_and_then_a_false_alarm() -> None:
    outcomes = [[row["outcome"] for row in judged(after(days), [], [alert()])] for days in (0, 7, 13, 14, 15, 20)]
    assert outcomes == [["open"], ["open"], ["open"], ["false_alarm"], [], []]


def test_a_decided_alert_gets_no_second_row() -> None:
    rises = [uplift(after(days), onset=after(3)) for days in range(4, 12)]
    decided = [
        row["outcome"] for days in range(16) for row in judged(after(days), [one for one in rises if one["day"] <= after(days)], [alert()])
    ]
    assert decided == ["open"] * 4 + ["hit"]


def test_what_is_known_later_does_not_change_a_day() -> None:
    rises = [uplift(after(6), onset=after(3))]
    assert judged(after(4), rises, [alert(), alert(after(5), key="t2", products=("lamp",))]) == judged(after(4), [], [alert()])


def test_the_same_range_alerted_again_counts_once() -> None:
    again = alert(after(2), key="t2", products=("blue",))
    assert [row["outcome"] for row in judged(after(2), [], [alert(), again])] == ["open", "repeat"]
    assert [row["outcome"] for row in judged(after(14), [], [alert(), again])] == ["false_alarm"]


def test_each_range_of_an_alert_is_judged_by_itself() -> None:
    both = [alert(products=("lamp", "red", "blue"))]
    rises = [uplift(after(3), onset=after(2))]
    day_three = {row["range_id"]: row for row in judged(after(3), rises, both)}
    assert {name: row["outcome"] for name, row in day_three.items()} == {SCARF: "hit", LAMP: "open"}
    assert day_three[SCARF]["product_ids"] == ["red", "blue"]
    assert (day_three[LAMP]["product_ids"], day_three[LAMP]["category"]) == (["lamp"], "home")
    tested = [*rises, uplift(after(9), LAMP)]
    assert [(row["range_id"], row["outcome"]) for row in judged(after(14), tested, both)] == [(LAMP, "false_alarm")]


def test_a_trend_and_a_naive_method_that_say_the_same_have_the_same_record() -> None:
    """A trend names three products of two ranges at once, a naive method each range by itself."""
    trend = [alert(products=("red", "blue", "lamp"))]
    naive = [alert(products=("red", "blue"), key="scarf", method="mentions"), alert(products=("lamp",), key="lamp", method="mentions")]
    rises = [uplift(after(3), onset=after(2)), uplift(after(5), LAMP, onset=after(1), category="home")]
    records = {
        method: [
            (row["day"], row["range_id"], row["outcome"])
            for days in range(16)
            for row in judged(after(days), [one for one in rises if one["day"] <= after(days)], alerts, method)
        ]
        for method, alerts in (("trends", trend), ("mentions", naive))
    }
    assert records["trends"] == records["mentions"]
    assert (after(3), SCARF, "hit") in records["trends"]
    assert (after(5), LAMP, "late") in records["trends"]


def test_a_range_named_again_beside_another_does_not_hide_the_other() -> None:
    later = alert(after(2), key="t2", products=("red", "lamp"))
    assert {row["range_id"]: row["outcome"] for row in judged(after(2), [], [later])} == {SCARF: "open", LAMP: "open"}
    found = [(row["range_id"], row["outcome"]) for row in judged(after(2), [], [alert(), later])]
    assert sorted(found) == [(SCARF, "open"), (SCARF, "repeat"), (LAMP, "open")]


def test_a_product_that_has_left_the_shop_is_decided_all_the_same() -> None:
    listed = pa.concat_tables([PRODUCTS.append_column("day", pa.array([after(days)] * 3, pa.date32())) for days in range(4)])
    gone = listed.append_column("data_origin", pa.array(["simulated"] * listed.num_rows))
    (row,) = judged(after(14), [], [alert()], products=gone)
    assert (row["outcome"], row["range_id"], row["data_origin"]) == ("false_alarm", SCARF, "simulated")


def renamed_on(days: int) -> pa.Table:
    """Catalogues of three weeks in which the scarves are called shawls from a day on."""
    return pa.concat_tables(
        pa.table(
            {
                "day": pa.array([after(number)] * 2, pa.date32()),
                "product_id": ["red", "blue"],
                "product_name": [f"{name} Red", f"{name} Blue"],
                "category": ["fashion"] * 2,
                "colour": ["Red", "Blue"],
            }
        )
        for number in range(21)
        for name in ("Scarf" if number < days else "Shawl",)
    )


def told_daily(
    rises: list[dict[str, Any]], alerts: list[Alert], products: pa.Table, method: str = "trends"
) -> list[tuple[int, str, str, str]]:
    """Day, outcome, range and score of the rows that are not open, each day from what was known by its end."""
    found = []
    for number in range(21):
        known = [one for one in rises if one["day"] <= after(number)]
        listed = products.filter(pc.less_equal(products["day"], pa.scalar(after(number), pa.date32())))
        rows = judged(after(number), known, alerts, method, listed)
        found += [(number, row["outcome"], row["range_id"], row["score_id"]) for row in rows if row["outcome"] != "open"]
    return found


def test_an_alert_keeps_its_row_when_its_range_is_renamed() -> None:
    rows = judged(DAY, [], [alert()], products=renamed_on(1)) + judged(after(14), [], [alert()], products=renamed_on(1))
    assert [row["range_id"] for row in rows] == [SCARF, SCARF]
    assert len({row["score_id"] for row in rows}) == 1


@pytest.mark.parametrize("days", [2, 3, 4, 5, 7])
def test_a_rise_decides_an_alert_once_whatever_its_range_is_called_meanwhile(days: int) -> None:
    shawl = "fashion/shawl"
    rises = [uplift(after(number), SCARF if number < days else shawl, onset=after(2)) for number in range(3, 9)]
    ((day, outcome, range_id, _),) = told_daily(rises, [alert()], renamed_on(days))
    assert (day, outcome, range_id) == (3, "hit", SCARF)
    assert [row[:2] for row in told_daily(rises, [], renamed_on(days))] == [(3, "miss")], "one rise is missed once"
    assert [row[:2] for row in told_daily(rises[-1:], [alert()], renamed_on(days))] == [(8, "hit")]


def test_a_renamed_range_that_is_alerted_again_is_a_repeat_and_keeps_what_its_sales_showed() -> None:
    tested = [uplift(after(number), SCARF if number < 5 else "fashion/shawl") for number in range(21)]
    products = ("red", "blue")
    found = told_daily(tested, [alert(products=products), alert(after(6), key="t2", products=products)], renamed_on(5))
    assert [row[:2] for row in found] == [(6, "repeat"), (14, "false_alarm")]


def test_one_product_that_gets_another_name_leaves_the_alert_of_its_range_one_alert() -> None:
    listed = renamed_on(30)
    moved = pc.and_(pc.equal(listed["product_id"], "blue"), pc.greater_equal(listed["day"], pa.scalar(after(5), pa.date32())))
    listed = listed.set_column(2, "product_name", pc.if_else(moved, "Hat Blue", listed["product_name"]))
    found = told_daily([], [alert(products=("red", "blue"))], listed)
    assert [row[:3] for row in found] == [(14, "false_alarm", SCARF)]


def test_too_few_sales_to_show_a_rise_decide_nothing() -> None:
    weak = [uplift(after(days), detectable_ratio=9.0) for days in range(-14, 15)]
    assert [row["outcome"] for row in judged(after(14), weak, [alert()])] == ["unmeasured"]
    untested = alert(products=("lamp",))
    rows = TABLES["demand/sales_uplifts"].from_rows([uplift(after(14))])
    assert lead_time_scores(after(14), [untested], rows, PRODUCTS, methods=[])["outcome"].to_pylist() == ["unmeasured"]


def test_a_rise_without_an_alert_is_a_miss_on_the_day_it_is_first_seen() -> None:
    rises = [uplift(after(days), onset=after(-1)) for days in range(3)]
    assert [row["outcome"] for row in judged(after(0), rises[:1], [])] == ["miss"]
    assert judged(after(1), rises[:2], []) == []
    assert judged(after(0), rises[:1], [alert(after(-3))], "trends")[0]["outcome"] == "hit"


def test_a_rise_first_seen_on_the_day_of_the_alert_was_missed_and_is_told_late() -> None:
    found = {row["outcome"]: row for row in judged(DAY, [uplift(DAY, onset=after(-1))], [alert()])}
    assert set(found) == {"miss", "late"}
    assert found["late"]["detected_on"] < found["late"]["alerted_at"].date(), "so it counts as one rise"


def test_a_late_alert_says_when_the_rise_was_first_seen() -> None:
    rises = [uplift(after(days), onset=after(-6)) for days in (-5, -3, 1)]
    (row,) = judged(after(1), rises, [alert()])
    assert (row["outcome"], row["detected_on"]) == ("late", after(-5))


def test_a_rise_counts_once_for_every_method_however_often_it_was_announced() -> None:
    """The first alert's horizon is over before sales rise; those that repeat it in between are no further alerts."""
    said = [alert(after(days), key=f"day {days}") for days in (0, 9, 16)]
    rises = [uplift(after(days), onset=after(19)) for days in (20, 22)]
    outcomes = [
        row["outcome"] for days in range(30) for row in judged(after(days), [one for one in rises if one["day"] <= after(days)], said)
    ]
    assert [one for one in outcomes if one not in ("open", "repeat")] == ["false_alarm", "miss"]


def test_a_miss_of_a_range_that_was_alerted_the_day_before_says_that_it_was() -> None:
    said = [alert(after(days), key=f"day {days}") for days in range(30)]
    rises = [uplift(after(days), onset=after(17)) for days in (17, 18)]
    reasons = {row["outcome"]: row["reason"] for row in judged(after(17), rises, said)}
    assert reasons["miss"].endswith("; the range's last alert was decided before, and a repeat opens no other")
    assert judged(after(17), rises, [])[0]["reason"].endswith("; no alert was known within the 14 days before")
    first = {row["outcome"]: row["reason"] for row in judged(after(17), rises, [alert(after(17))])}
    assert first["miss"].endswith("; no alert was known within the 14 days before"), "the day's own is known when it is over"
    ended = judged(after(17), rises, [alert(after(2))])[0]["reason"]
    assert ended.endswith("; no alert was known within the 14 days before")


def test_each_method_is_asked_by_itself() -> None:
    rises = [uplift(after(2), onset=after(2))]
    rows = lead_time_scores(after(2), [alert()], sales(rises, after(2)), PRODUCTS, methods=["trends", "mentions"]).to_pylist()
    assert sorted((row["method"], row["outcome"]) for row in rows) == [("mentions", "miss"), ("trends", "hit")]


def test_products_nobody_sells_make_no_alert() -> None:
    assert judged(after(0), [], [alert(products=("ghost",))]) == []


def test_without_any_tested_sales_an_alert_is_open_and_then_unmeasured() -> None:
    untested = TABLES["demand/sales_uplifts"].empty()
    outcomes = [lead_time_scores(after(days), [alert()], untested, PRODUCTS)["outcome"].to_pylist() for days in (0, 13, 14, 15)]
    assert outcomes == [["open"], ["open"], ["unmeasured"], []]


def trends(*hours: tuple[int, bool]) -> pa.Table:
    start = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    rows = [
        {"hour": start + timedelta(hours=hour), "topic_id": "t1", "label": "scarves", "suppressed": suppressed}
        for hour, suppressed in hours
    ]
    return pa.Table.from_pylist(rows, pa.schema([(name, TABLES["topics/trends"].schema.field(name).type) for name in rows[0]]))


@pytest.mark.parametrize(
    ("hours", "alerts"), [([(3, False), (5, False)], 1), ([(3, True), (5, False)], 1), ([(3, True)], 0), ([(30, False)], 0)]
)
def test_a_trend_alerts_on_a_day_on_which_it_is_raised_and_linked(hours: list[tuple[int, bool]], alerts: int) -> None:
    link = {"day": DAY, "topic_id": "t1", "product_id": "red", "linked": True, "rank": 1, "score": 0.8, "evidence_posts": 9, "reason": ""}
    links = TABLES["demand/product_trend_links"].from_rows([link | {"product_id": "blue", "rank": 2}, link])
    found = trend_alerts(trends(*hours), links)
    assert [(one.key, one.day, one.product_ids) for one in found] == [(f"t1 {DAY}", DAY, ["red", "blue"])] * alerts


def test_naive_alerts_are_known_when_their_day_is_over() -> None:
    row = {
        "day": DAY,
        "method": "mentions",
        "range_id": SCARF,
        "label": "Scarf",
        "category": "fashion",
        "product_ids": ["red"],
        "value": 9.0,
        "alerts": True,
    }
    (found,) = naive_method_alerts(TABLES["demand/naive_alerts"].from_rows([row, row | {"alerts": False, "range_id": LAMP}]))
    assert found.day == DAY
    assert found.at == datetime(2026, 5, 11, 4, tzinfo=UTC)


def test_the_assets_read_as_many_days_as_the_methods_need() -> None:
    from trend_assets.defs.demand import lead_time as assets
    from trend_assets.lib.demand.lead_time import ScoreRules
    from trend_assets.lib.demand.naive_alerts import WEEK
    from trend_assets.lib.demand.uplift import UpliftRules

    assert UpliftRules().history_days <= assets._DAYS_OF_SALES
    assert assets._WEEK == WEEK
    assert timedelta(days=assets._DAYS_OF_ALERTS) == ScoreRules().look_back
