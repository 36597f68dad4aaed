"""Checks against the past on a lake: what stops, what only warns, and how a true change is accepted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from trend_assets.cli import app
from trend_assets.commands import terminal
from trend_assets.lake.lake import Lake
from trend_assets.operations.accepted import FILE, Accepted, accept, accepted_changes
from trend_assets.operations.history_checks import UNUSUAL, post_verdicts, retail_verdicts, stopped_by, without_warnings
from trend_assets.operations.stopping import FILE as STOPPING
from trend_assets.operations.stopping import record_judged, stopping_days
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

FIRST = date(2026, 9, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(120)]
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


def _shown(day: date, damage: str):
    """A day of orders: units ten times as many, all signs turned, or as ever."""
    rows = _orders(day, 10 if damage == "units" else 1)
    if damage == "signs":
        rows = rows.set_column(rows.schema.get_field_index("quantity"), ORDERS.schema.field("quantity"), pc.negate(rows["quantity"]))
    return rows


@pytest.fixture
def sound(tmp_path):
    """Ten sound days of orders, loaded and judged."""
    lake = Lake(str(tmp_path / "sound"))
    lake.publish(ORDERS, {f"{day}": _orders(day) for day in DAYS[:10]})
    retail_verdicts(lake, lake.partitions(ORDERS))
    return lake


@pytest.mark.parametrize("damage", ["units", "signs"])
@pytest.mark.parametrize("at_once", [False, True], ids=["a run a day", "one run"])
def test_bad_days_teach_nothing_however_many_follow_each_other(sound, damage, at_once):
    bad = [f"{day}" for day in DAYS[10:16]]
    for keys in [bad] if at_once else [[key] for key in bad]:
        sound.publish(ORDERS, {key: _shown(date.fromisoformat(key), damage) for key in keys})
        retail_verdicts(sound, keys)
    assert [f"{day}" for day in sorted(stopping_days(sound.storage))] == bad
    sound.publish(ORDERS, {key: _orders(date.fromisoformat(key)) for key in bad[:2]})
    retail_verdicts(sound, bad[:2])
    assert [f"{day}" for day in sorted(stopping_days(sound.storage))] == bad[2:], "what is repaired is lifted, and nothing else"
    sound.publish(ORDERS, {key: _orders(date.fromisoformat(key)) for key in bad[2:]})
    retail_verdicts(sound, bad[2:])
    assert stopped_by(sound) == ""


def test_the_first_bad_day_of_several_is_accepted_for_all_of_them(sound):
    for day in DAYS[10:16]:
        sound.publish(ORDERS, {f"{day}": _shown(day, "units")})
        retail_verdicts(sound, [f"{day}"])
    accept(sound.storage, Accepted("retail/orders", "quantities", DAYS[10], "packs", "me", datetime(2026, 9, 17, tzinfo=UTC)))
    assert not _failed(retail_verdicts(sound, []))
    assert stopped_by(sound) == ""


def test_bad_days_of_a_long_run_that_only_warn_do_not_excuse_its_newest_ones(sound):
    sound.publish(ORDERS, {f"{day}": _shown(day, "units") for day in DAYS[10:25]})
    verdict = retail_verdicts(sound, [f"{day}" for day in DAYS[10:25]])["orders", "quantities"]
    assert sorted(verdict.stopping) == [f"{day}" for day in DAYS[18:25]]
    assert sorted(verdict.warnings) == [f"{day}" for day in DAYS[10:18]]
    assert sorted(retail_verdicts(sound, [])["orders", "quantities"].stopping) == sorted(verdict.stopping), "nor in later runs"


def test_days_that_had_a_bad_day_as_usual_are_judged_again_once_it_is_repaired(sound):
    """As a bad day that no check had told yet when they were judged: what an older release has let pass."""
    sound.publish(ORDERS, {f"{day}": _shown(day, "units") for day in DAYS[10:14]})
    record_judged(sound.storage, DAYS[10:14], {day: frozenset({("orders", "quantities")}) for day in DAYS[10:12]})
    sound.publish(ORDERS, {f"{day}": _orders(day) for day in DAYS[10:12]})
    assert sorted(retail_verdicts(sound, [f"{day}" for day in DAYS[10:12]])["orders", "quantities"].stopping) == [
        "2026-09-13",
        "2026-09-14",
    ]


def test_a_repair_stops_no_later_day_for_what_it_was_only_told_of(sound):
    """Units of two days of a long run are told; signs of an earlier day, wrong and then right again, are no reason to stop for units."""
    sound.publish(ORDERS, {f"{day}": _shown(day, "units" if day in DAYS[26:28] else "") for day in DAYS[10:40]})
    assert sorted(retail_verdicts(sound, [f"{day}" for day in DAYS[10:40]])["orders", "quantities"].warnings) == [
        "2026-09-27",
        "2026-09-28",
    ]
    sound.publish(ORDERS, {f"{DAYS[20]}": _shown(DAYS[20], "signs")})
    assert ("orders", "signs") in _failed(retail_verdicts(sound, [f"{DAYS[20]}"]))
    sound.publish(ORDERS, {f"{DAYS[20]}": _orders(DAYS[20])})
    assert not any(verdict.stopping for verdict in retail_verdicts(sound, [f"{DAYS[20]}"]).values())
    assert stopped_by(sound) == ""


def test_making_everything_again_is_no_first_load(sound):
    for day in DAYS[10:20]:
        sound.publish(ORDERS, {f"{day}": _orders(day)})
        assert not _failed(retail_verdicts(sound, [f"{day}"]))
    sound.publish(ORDERS, {f"{day}": _shown(day, "units") for day in DAYS[18:20]})
    assert sorted(retail_verdicts(sound, sound.partitions(ORDERS))["orders", "quantities"].stopping) == ["2026-09-19", "2026-09-20"]


def test_older_days_loaded_before_the_first_are_a_first_load(lake):
    older = [FIRST - timedelta(days=ago) for ago in range(20, 0, -1)]
    retail_verdicts(lake, ["2026-09-10"])
    lake.publish(ORDERS, {f"{day}": _shown(day, "units" if day == older[-1] else "") for day in older})
    verdict = retail_verdicts(lake, [f"{day}" for day in older])["orders", "quantities"]
    assert list(verdict.stopping) == ["2026-09-10"]
    assert list(verdict.warnings) == [f"{older[-1]}"]


def test_of_an_old_stop_and_a_new_day_only_their_own_pasts_are_read(tmp_path):
    class Reading(Lake):
        def read(self, table, keys=None, **options):
            read.update(keys or [])
            return super().read(table, keys, **options)

    read: set[str] = set()
    lake = Reading(str(tmp_path / "long"))
    lake.publish(ORDERS, {f"{day}": _orders(day, 10 if day == DAYS[30] else 1) for day in DAYS[:120]})
    retail_verdicts(lake, [f"{DAYS[30]}"])
    read.clear()
    retail_verdicts(lake, [f"{DAYS[119]}"])
    assert sorted(read) == [f"{day}" for day in [*DAYS[2:31], *DAYS[91:120]]]
    assert list(stopping_days(lake.storage)) == [DAYS[30]]


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


@pytest.fixture
def own_environment(monkeypatch):
    """What a command says to Dagster and dbt of its data folder ends with the test."""
    for name in ("TREND_ASSETS_DATA", "TREND_ASSETS_DAGSTER_STORAGE"):
        monkeypatch.setenv(name, "")
    yield
    monkeypatch.undo()
    load_settings.cache_clear()


def _accept_command(lake: Lake, *arguments: str) -> tuple[int, str]:
    with terminal.console.capture() as captured:
        folder = Path(lake.storage.uri(FILE)).parent.parent
        result = CliRunner().invoke(app, ["accept", *arguments, "--reason", "by the dozen", "--data", str(folder)])
    return result.exit_code, " ".join(captured.get().split())


@pytest.mark.usefixtures("own_environment")
def test_accepting_without_a_day_names_the_day_that_the_check_stopped(lake):
    retail_verdicts(lake, [])
    code, said = _accept_command(lake, "retail/orders", "quantities")
    assert (code, "--since is missing" in said, "It stops 2026-09-10." in said) == (2, True, True)
    code, said = _accept_command(lake, "retail/orders", "schema_changes")
    assert (code, "--since is missing" in said) == (2, True)
    code, said = _accept_command(lake, "retail/orders", "quantities", "--since", "the tenth")
    assert (code, "--since 'the tenth' is no day" in said) == (2, True)


@pytest.mark.usefixtures("own_environment")
def test_a_day_later_than_the_table_is_not_accepted(lake):
    code, said = _accept_command(lake, "retail/orders", "quantities", "--since", "2031-09-14")
    assert (code, "after the newest day of retail/orders, 2026-09-10" in said) == (2, True)
    code, said = _accept_command(lake, "social/raw_posts", "volume", "--since", "2026-09-10")
    assert code == 2
    assert accepted_changes(lake.storage) == []
    assert _accept_command(lake, "retail/orders", "quantities", "--since", "2026-09-10")[0] == 0
    assert [change.since for change in accepted_changes(lake.storage)] == [date(2026, 9, 10)]
