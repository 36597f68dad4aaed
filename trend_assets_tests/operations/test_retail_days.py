"""Which days of retail tables are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg

from trend_assets.defs.retail import assets
from trend_assets.lake.lake import Lake
from trend_assets.lib.retail.shape import MappingError
from trend_assets.operations.retail_days import days_of_changed_sources, retail_due
from trend_assets.operations.runs import Range
from trend_assets.operations.schema_changes import sources_seen, verdict_result
from trend_assets.operations.sealing import DAY, DAYS_PER_RUN, HOUR, RETAIL, recorded
from trend_assets.partitions import day_key
from trend_assets.resources import LakeIOManager
from trend_assets.tables import TABLES
from trend_assets_tests.operations.test_sealing import START, landed, settings

NOW = START + timedelta(days=40, hours=3)


def retail(made: list[str], sealed: tuple[datetime, datetime] | None = (START, START + 40 * DAY)):
    return retail_due(settings(), landed(START, NOW), sealed, made, NOW)


def test_retail_days_are_due_from_two_weeks_before_the_first_sealed_day_to_yesterday_and_bounded():
    found = retail([], (START + 20 * DAY, START + 40 * DAY))
    assert found.range == Range("2026-09-07", "2026-10-07")
    assert found.left == 34 - DAYS_PER_RUN


def test_retail_days_that_are_missing_are_due_wherever_they_are():
    days = [day_key(START + number * DAY) for number in range(40)]
    assert retail(days).range is None
    assert retail(days[:-1]).range == Range("2026-10-10", "2026-10-10")
    assert retail(days[3:]).range == Range("2026-09-01", "2026-09-03")


def test_retail_waits_for_the_first_sealed_hour_to_know_where_to_begin_unless_nothing_lands():
    assert "no hour is sealed yet" in retail([], None).reason
    assert retail_due(settings(), None, None, [], NOW).range == Range("2026-10-10", "2026-10-10")
    assert retail_due(settings(), None, None, ["2026-10-08"], NOW).range == Range("2026-10-09", "2026-10-10")


def test_retail_days_end_where_sealing_has_ended_for_good():
    now, end = START + 90 * DAY, START + 7 * DAY
    town = landed(START, START + 6 * DAY - HOUR)
    sealed = (START, START + 6 * DAY)
    days = [day_key(START + number * DAY) for number in range(6)]
    assert retail_due(settings(lake_end=end), town, sealed, days[:4], now).range == Range("2026-09-05", "2026-09-06")
    assert retail_due(settings(lake_end=end), town, sealed, days, now).range is None


def test_a_day_is_due_three_hours_after_its_end_in_the_time_zone_of_each_table(tmp_path):
    path = tmp_path / "mapping.yml"
    columns = "{order_id: a, ordered_at: b, product_id: c, store_id: d, kind: {constant: sale}, quantity: e, unit_price: f}"
    path.write_text(
        "name: Shop\ncurrency: USD\ndata_origin: real\ntables:\n  stores: {rows: [{store_id: web, store_name: Web, channel: web}]}\n"
        f"  orders: {{files: o.csv, format: {{timezone: America/Los_Angeles}}, columns: {columns}}}\n"
    )
    sealed = (START, START + 40 * DAY)

    def newest(now: datetime) -> str:
        found = retail_due(settings(retail_mapping=path), landed(START, now), sealed, [day_key(START)], now)
        assert found.range is not None
        return found.range.last

    assert newest(START + 4 * DAY + timedelta(hours=9)) == "2026-09-03"  # two in the morning there
    assert newest(START + 4 * DAY + timedelta(hours=10)) == "2026-09-04"
    path.write_text(path.read_text().replace("America/Los_Angeles", "Asia/Tokyo"))
    assert newest(START + 4 * DAY + timedelta(hours=2)) == "2026-09-03"  # Tokyo's fourth ended eleven hours ago, London's did not


def test_days_whose_sources_changed_are_due_once_no_day_is_missing():
    days = [day_key(START + number * DAY) for number in range(40)]

    def due(made: list[str], changed: list[str]) -> Range | None:
        return retail_due(settings(), landed(START, NOW), (START, START + 40 * DAY), made, NOW, lambda: changed).range

    assert due(days, ["2026-10-05", "2026-10-06", "2026-10-09"]) == Range("2026-10-05", "2026-10-06")
    assert due(days[:-1], ["2026-10-05"]) == Range("2026-10-10", "2026-10-10")
    assert due(days, ["2026-10-20"]) is None  # it was made by hand and has not ended

    def unknown() -> list[str]:
        raise MappingError("orders: no file matches 'orders.csv'")

    found = retail_due(settings(), landed(START, NOW), (START, START + 40 * DAY), days, NOW, unknown)
    assert (found.range, "no file matches 'orders.csv'" in found.reason) == (None, True)


MAPPING = """
name: Shop
currency: EUR
data_origin: real
references: false
tables:
  orders:
    files: "orders_{day}.csv"
    columns: {order_id: a, ordered_at: b, product_id: c, store_id: d, kind: {constant: sale}, quantity: e, unit_price: f}
"""


def test_a_day_whose_file_came_late_is_made_again(tmp_path, monkeypatch):
    (tmp_path / "mapping.yml").write_text(MAPPING)
    chosen = settings(retail_mapping=tmp_path / "mapping.yml", data=str(tmp_path))
    monkeypatch.setattr(assets, "load_settings", lambda: chosen)
    today = datetime.now(UTC).replace(hour=12)
    day = day_key(today.date() - DAY)
    with dg.instance_for_test() as instance:

        def due() -> list[str]:
            return days_of_changed_sources(chosen, instance, recorded(instance, RETAIL), today)

        def read() -> int:
            lake = LakeIOManager(root=chosen.lake_root)
            assert dg.materialize([assets.retail], partition_key=day, instance=instance, resources={"io_manager": lake}).success
            return (
                Lake(chosen.lake_root).read(TABLES["retail/orders"], [day]).num_rows
                if Lake(chosen.lake_root).manifest(TABLES["retail/orders"], day)
                else 0
            )

        assert (read(), due()) == (0, [])
        (tmp_path / f"orders_{day}.csv").write_text(f"a,b,c,d,e,f\nO1,{day}T10:00:00,A,web,1,5\n")
        assert due() == [day]
        assert (read(), due()) == (1, [])


def test_a_column_that_changed_its_meaning_stops_the_load_and_shows_in_its_check(tmp_path, monkeypatch):
    (tmp_path / "mapping.yml").write_text(MAPPING)
    chosen = settings(retail_mapping=tmp_path / "mapping.yml", data=str(tmp_path))
    monkeypatch.setattr(assets, "load_settings", lambda: chosen)
    first, second = (day_key(datetime.now(UTC).date() - number * DAY) for number in (2, 1))
    (tmp_path / f"orders_{first}.csv").write_text(f"a,b,c,d,e,f\nO1,{first}T10:00:00,A,web,1,5\n")
    (tmp_path / f"orders_{second}.csv").write_text(f"a,b,c,d,e,price\nO2,{second}T10:00:00,A,web,1,5\n")
    lake = LakeIOManager(root=chosen.lake_root)
    with dg.instance_for_test() as instance:

        def load(day: str) -> dg.ExecuteInProcessResult:
            return dg.materialize(
                [assets.retail], partition_key=day, instance=instance, resources={"io_manager": lake}, raise_on_error=False
            )

        orders = load(first).asset_materializations_for_node("retail")
        said = next(one.metadata["source files"].value for one in orders if one.asset_key == dg.AssetKey(["retail", "orders"]))
        assert said == "1 new or changed, 0 as before, 0 without rows of these days"
        assert not load(second).success
    kept = Lake(chosen.lake_root)
    assert kept.partitions(TABLES["retail/orders"]) == [first]
    assert not any(second in kept.partitions(TABLES[path]) for path in assets.PATHS)  # of no table half
    result = verdict_result(sources_seen(chosen, datetime.now(UTC)), "orders")
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "f: column is gone; 'price' is new and may be its new name [stop]" in (result.description or "")
    assert verdict_result(sources_seen(chosen, datetime.now(UTC)), "products").passed


def test_without_a_retail_mapping_no_retail_day_is_due():
    found = retail_due(settings(retail_mapping=None), None, None, [], START + DAY)
    assert found.range is None
    assert "TREND_ASSETS_RETAIL_MAPPING" in found.reason
