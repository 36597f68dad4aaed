"""Demand forecasts: what a day knows, what is learned from it, and that no forecast knows the future."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lib.demand import baselines, forecast_checks
from trend_assets.lib.demand.baselines import available_baselines, baseline
from trend_assets.lib.demand.calendar import easter, public_holidays
from trend_assets.lib.demand.features import holiday_factor, origin_features, targets, weekday_shares
from trend_assets.lib.demand.forecast_tables import Notes, feature_rows, forecast_rows, posts_of_products
from trend_assets.lib.demand.forecasts import ModelOptions, coverage, finished, joined, pinball, rows_at, train, weighted_error
from trend_assets.lib.demand.panel import Panel, panel
from trend_assets.tables import TABLES
from trend_assets.tables.forecasts import FEATURES

FIRST = date(2026, 3, 2)  # a Monday
DAYS = 112


def shop(products: int = 6, days: int = DAYS, seed: int = 3, growth: float = 0.0) -> dict[str, pa.Table]:
    """Orders, stock, promotions and products of two places; products sell by the weekday, some run out, some are promoted."""
    rng = np.random.default_rng(seed)
    orders, stock, promotions, catalogue = [], [], [], []
    for number in range(days):
        day = FIRST + timedelta(days=number)
        weekday = 2.0 if day.weekday() == 5 else 1.0
        for product in range(products):
            name = {"day": day, "product_id": f"P{product:02d}", "data_origin": "simulated"}
            catalogue.append({**name, "product_name": "x", "category": "ab"[product % 2], "unit_price": 10.0 + product})
            for store in ("S1", "WEB"):
                empty = product == 1 and 40 <= number < 50
                units = 0 if empty else int(rng.poisson((0.3 + product) * weekday * np.exp(growth * number)))
                pair = {**name, "store_id": store}
                stock.append({**pair, "on_hand": 0 if empty else 50, "reserved": 0})
                if product == 2 and number % 28 < 7:
                    start = day - timedelta(days=number % 28)
                    promotions.append(
                        {
                            **pair,
                            "promotion_id": f"R{number // 28}",
                            "starts_on": start,
                            "ends_on": start + timedelta(days=6),
                            "discount": 0.2,
                        }
                    )
                for line, quantity in enumerate(q for q in (units // 2, units - units // 2) if q):
                    order = {**pair, "order_id": f"{day}{product}{store}", "line": line + 1, "kind": "sale", "quantity": quantity}
                    orders.append({**order, "unit_price": 10.0 + product, "currency": "EUR"})
    stores = [{"day": FIRST, "store_id": name, "store_name": name, "channel": "store", "country": "FR"} for name in ("S1", "WEB")]
    rows = {"orders": orders, "inventory": stock, "promotions": promotions, "products": catalogue, "stores": stores}
    return {f"retail/{name}": without_schema(f"retail/{name}", found) for name, found in rows.items()}


def without_schema(path: str, rows: list[dict]) -> pa.Table:
    return TABLES[path].from_rows(rows)


def links(days: int = DAYS) -> pa.Table:
    rows = [
        {"day": FIRST + timedelta(days=n), "topic_id": "T", "product_id": "P03", "linked": True, "rank": 1, "score": 0.8,
         "evidence_terms": ["x"], "evidence_posts": n, "reason": "named"}
        for n in range(60, days)
    ]  # fmt: skip
    abstained = {**rows[0], "topic_id": "U", "product_id": None, "linked": False, "rank": 0, "evidence_posts": 0}
    return TABLES["demand/product_trend_links"].from_rows([*rows, abstained])


TOWN = shop()
LINEAR = {"day": ModelOptions(trees=0), "week": ModelOptions(trees=0)}


def other_future(table: pa.Table, day: date, seed: int) -> pa.Table:
    """The rows up to the day, and a future in which everything is another: values shuffled between rows, rows dropped, rows new."""
    past = table.filter(pc.less_equal(table["day"], pa.scalar(day, pa.date32())))
    future = table.filter(pc.greater(table["day"], pa.scalar(day, pa.date32())))
    rng = np.random.default_rng(seed)
    columns = {
        name: future[name].take(pa.array(rng.permutation(future.num_rows))) if name not in ("day",) else future[name]
        for name in future.column_names
    }
    changed = pa.table(columns, schema=future.schema).filter(pa.array(rng.random(future.num_rows) < 0.7))
    if "quantity" in changed.column_names:
        place = changed.schema.get_field_index("quantity")
        changed = changed.set_column(place, changed.schema.field(place), pc.multiply(changed["quantity"], 50).cast(pa.int64()))
    both = pa.concat_tables([past, changed])
    return both.take(pa.array(rng.permutation(both.num_rows)))


@pytest.mark.parametrize("seed", range(4))
def test_features_of_a_day_are_the_same_whatever_comes_after_it(seed):
    day = FIRST + timedelta(days=int(np.random.default_rng(seed).integers(20, DAYS - 10)))
    now = feature_rows(TOWN, links(), [day])
    tables = {name: other_future(table, day, seed) if name != "retail/stores" else table for name, table in TOWN.items()}
    assert now.equals(feature_rows(tables, other_future(links(), day, seed), [day]))
    changed = {name: table.filter(pc.not_equal(table["day"], pa.scalar(day, pa.date32()))) for name, table in TOWN.items()}
    assert not now.equals(feature_rows(changed, links(), [day])), "the day itself is known"


def test_a_panel_cut_at_a_day_gives_the_features_of_the_whole_one_cut_there():
    whole = panel(TOWN, FIRST, FIRST + timedelta(days=DAYS - 1), posts_of_products(links()))
    short = panel(TOWN, FIRST, FIRST + timedelta(days=69), posts_of_products(links()))
    first, second = origin_features(whole.until(69)), origin_features(short)
    np.testing.assert_array_equal(first.values, second.values)


def test_a_range_of_days_gives_the_rows_of_each_day_alone(monkeypatch):
    monkeypatch.setattr(baselines, "find_spec", lambda name: None)  # a fit for each series takes its time
    days = [FIRST + timedelta(days=number) for number in (90, 97)]
    features = feature_rows(TOWN, links(), origins_of(90, 97))
    together = forecast_rows(TOWN, features, days, options=LINEAR)
    alone = pa.concat_tables([forecast_rows(TOWN, features, [day], options=LINEAR) for day in days])
    assert together.equals(alone)


def origins_of(*sundays: int) -> list[date]:
    """The Sundays (counted from the first day) and days that train their models, not all of them: features of each take time."""
    needed = {sunday - 7 - 3 * back for sunday in sundays for back in range(14)} | {
        sunday - 1 - 5 * back for sunday in sundays for back in range(7)
    }
    return [FIRST + timedelta(days=number) for number in sorted(needed | set(sundays))]


def test_the_declared_features_are_those_that_are_made():
    assert origin_features(panel(TOWN, FIRST, FIRST + timedelta(days=30))).names == tuple(FEATURES)


def test_forecasts_conform_do_not_cross_and_say_what_was_skipped(monkeypatch):
    monkeypatch.setattr(baselines, "find_spec", lambda name: None)
    sunday, notes = FIRST + timedelta(days=104), Notes()
    features = feature_rows(TOWN, links(), origins_of(104))
    found = forecast_rows(TOWN, features, [sunday], notes, LINEAR, model_version=3)
    assert set(zip(found["method"].to_pylist(), found["model_version"].to_pylist(), strict=True)) == {
        ("global", 3),
        ("moving_median", None),
        ("seasonal_naive", None),
    }
    assert "statsforecast" in notes.in_words()
    assert set(found["method"].to_pylist()) == {"global", "moving_median", "seasonal_naive"}
    assert set(found["step"].to_pylist()) == {"day", "week"}
    model = found.filter(pc.equal(found["method"], "global"))
    low, middle, high = (model[name].to_numpy() for name in ("units_low", "units", "units_high"))
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert (low >= 0).all()
    assert pc.min(model["starts_on"]).as_py() == sunday + timedelta(days=1)
    weeks = model.filter(pc.and_(pc.equal(model["step"], "week"), pc.equal(model["horizon"], 1)))
    usual = {f"P{product:02d}": 8 * (0.3 + product) for product in range(6)}
    said = dict(zip(weeks["product_id"].to_pylist(), weeks["units"].to_pylist(), strict=True))
    assert all(0.4 * usual[name] <= said[name] <= 2 * usual[name] for name in ("P03", "P04", "P05"))


def test_with_little_history_baselines_forecast_alone_and_say_so():
    notes, day = Notes(), FIRST + timedelta(days=13)  # a Sunday
    found = forecast_rows(TOWN, feature_rows(TOWN, links(), [day]), [day], notes)
    assert "no model" in notes.in_words()
    assert "global" not in found["method"].to_pylist()
    assert found.num_rows


def test_without_orders_there_are_no_rows():
    empty = {path: TABLES[path].empty() for path in TOWN}
    nothing = TABLES["demand/product_trend_links"].empty()
    assert feature_rows(empty, nothing, [FIRST]).num_rows == 0
    assert forecast_rows(empty, TABLES["demand/demand_features"].empty(), [FIRST]).num_rows == 0


def test_one_order_is_enough_for_a_row():
    one = {**{path: TABLES[path].empty() for path in TOWN}, "retail/orders": TOWN["retail/orders"].slice(0, 1)}
    found = feature_rows(one, TABLES["demand/product_trend_links"].empty(), [FIRST + timedelta(days=3)])
    assert found.num_rows == 1
    assert found["scale"].to_pylist() == [1.0]


def test_steps_without_stock_are_not_free_and_do_not_count():
    whole = panel(TOWN, FIRST, FIRST + timedelta(days=DAYS - 1))
    out = np.flatnonzero(whole.product_id == "P01")
    assert not targets(whole, 38, 1, 7)[1][out].any()
    assert targets(whole, 55, 1, 7)[1][out].all()
    with pytest.raises(ValueError, match="the panel on"):
        targets(whole, DAYS - 3, 1, 7)


def forecasts_of(whole: Panel, options: ModelOptions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Units that came, the model's quantiles and the moving median, of three weeks after a model was trained."""
    model = train(joined([finished(rows_at(whole.until(90), origin, [1], 7)) for origin in range(30, 84, 3)]), options)
    assert model is not None
    rows = [rows_at(whole, origin, [1], 7) for origin in (90, 97, 104)]
    median = [baseline("moving_median", whole.until(origin), 7, 1)[:, 0] for origin in (90, 97, 104)]
    return np.concatenate([one.units for one in rows]), np.concatenate([model.predict(one) for one in rows]), np.concatenate(median)


def test_the_model_follows_growth_that_a_median_lags_behind():
    orders = {"retail/orders": shop(14, growth=0.012, seed=5)["retail/orders"]}
    came, band, median = forecasts_of(panel(orders, FIRST, FIRST + timedelta(days=DAYS - 1)), ModelOptions(trees=0))
    assert weighted_error(came, band[:, 1]) < 0.75 * weighted_error(came, median)


def test_intervals_hold_about_their_share_where_demand_does_not_drift():
    orders = {"retail/orders": shop(14, seed=5)["retail/orders"]}
    came, band, _ = forecasts_of(panel(orders, FIRST, FIRST + timedelta(days=DAYS - 1)), ModelOptions(trees=0))
    assert (np.diff(band, axis=1) >= 0).all()
    assert 0.65 <= coverage(came, band[:, 0], band[:, 2]) <= 0.95


def test_training_is_deterministic_and_refuses_other_features():
    whole = panel(TOWN, FIRST, FIRST + timedelta(days=DAYS - 1))
    rows = joined([finished(rows_at(whole, origin, [1, 2], 7)) for origin in range(30, 90, 12)])
    first, second = train(rows, ModelOptions(trees=5)), train(rows, ModelOptions(trees=5))
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.predict(rows), second.predict(rows))
    with pytest.raises(ValueError, match="other features"):
        first.predict(rows_at(whole, 90, [1], 1))
    assert train(rows.take(np.arange(10))) is None


def test_weekday_shares_and_holidays_are_learned():
    whole = panel(TOWN, FIRST, FIRST + timedelta(days=DAYS - 1))
    shares = weekday_shares(whole)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert (shares.argmax(axis=1) == 5).all()
    closed = frozenset({FIRST + timedelta(days=35), FIRST + timedelta(days=64)})
    orders = TOWN["retail/orders"]
    shut = orders.filter(pc.invert(pc.is_in(orders["day"], value_set=pa.array(sorted(closed), pa.date32()))))
    assert holiday_factor(whole, closed) > 0.9
    assert holiday_factor(panel({"retail/orders": shut}, FIRST, FIRST + timedelta(days=DAYS - 1)), closed) < 0.5


def test_baselines_are_what_they_say():
    whole = panel(TOWN, FIRST, FIRST + timedelta(days=DAYS - 1))
    newest = whole.units[:, -56:].reshape(whole.series, 8, 7)
    np.testing.assert_allclose(baseline("moving_median", whole, 7, 2)[:, 1], np.median(newest.sum(axis=2), axis=1))
    np.testing.assert_allclose(baseline("seasonal_naive", whole, 1, 8), np.hstack([whole.units[:, -7:], whole.units[:, -7:-6]]))
    np.testing.assert_allclose(baseline("moving_median", whole, 1, 1)[:, 0], np.median(newest[:, :, 0], axis=1))
    with pytest.raises(ValueError, match="no baseline"):
        baseline("oracle", whole, 7, 1)


def test_weeks_before_a_products_first_data_are_not_weeks_without_sales():
    """A product that is new for two weeks sells ten a week; six weeks in which it was not there do not make that none."""
    orders = TOWN["retail/orders"].slice(0, 1).to_pylist()[0]
    sold = [("OLD", 5, week) for week in range(8)] + [("NEW", 10, week) for week in (6, 7)]
    rows = [
        orders | {"product_id": name, "day": FIRST + timedelta(days=7 * week), "quantity": units, "order_id": f"{name} {week}"}
        for name, units, week in sold
    ]
    known = panel({"retail/orders": TABLES["retail/orders"].from_rows(rows)}, FIRST, FIRST + timedelta(days=55))
    assert known.product_id.tolist() == ["NEW", "OLD"]
    assert baseline("moving_median", known, 7, 2).tolist() == [[10, 10], [5, 5]]
    assert baselines.median_band(known, 7, 1, 0.1).tolist() == [[10], [5]]
    assert baseline("seasonal_naive", known, 7, 1).tolist() == [[10], [5]]
    by_day = baseline("moving_median", known, 1, 7)
    assert by_day[:, 0].tolist() == [10, 5]
    assert by_day[:, 1:].sum() == 0
    first_day = known.until(42)  # the new product's first day, in the middle of nothing that is known of it
    assert baseline("moving_median", first_day, 7, 1)[0, 0] == 10


def test_statsforecasts_baselines_forecast_the_usual_level():
    pytest.importorskip("statsforecast", reason="the extra forecasting is not installed")
    whole = panel(TOWN, FIRST, FIRST + timedelta(days=DAYS - 1))
    assert available_baselines()[1] == ""
    few = whole.until(DAYS - 1)
    mean = few.units[-2:].sum(axis=1) / (DAYS / 7)
    two = few.take(np.arange(few.series - 2, few.series))
    for name in ("ets", "theta", "croston"):
        found = baseline(name, two, 7, 2)
        assert found.shape == (2, 2)
        np.testing.assert_allclose(found[:, 0], mean, rtol=0.5)


def test_a_series_too_short_for_a_method_gets_its_mean():
    pytest.importorskip("statsforecast", reason="the extra forecasting is not installed")
    short = panel(TOWN, FIRST, FIRST + timedelta(days=62)).take(np.arange(2))
    for name in ("ets", "theta", "croston"):
        np.testing.assert_allclose(baseline(name, short, 7, 2)[1], short.units[1].sum() / 9, rtol=1e-4)


def test_easter_and_the_days_around_it():
    assert [easter(year) for year in (2011, 2024, 2026)] == [date(2011, 4, 24), date(2024, 3, 31), date(2026, 4, 5)]
    england = public_holidays("United Kingdom", [2010, 2011])
    assert {date(2011, 4, 22), date(2011, 5, 30), date(2011, 8, 29), date(2010, 12, 28), date(2011, 1, 3)} <= england
    assert date(2026, 7, 14) in public_holidays("FR", [2026])
    assert public_holidays("Atlantis", [2026]) == frozenset()


def test_measures_of_error():
    assert weighted_error([1, 3], [2, 3]) == 0.25
    assert coverage([1, 2, 3], [1, 2.5, 0], [1, 3, 4]) == pytest.approx(2 / 3)
    assert pinball([2.0], [1.0], 0.9) == pytest.approx(0.9)
    assert np.isnan(weighted_error([0], [1]))


def judged_weeks(rate: float, scale: float = 1.0, width: float = 1.0, weeks: int = 4000) -> pa.Table:
    """Weeks of Poisson sales with the quantiles of ``scale`` times their rate, the outer ones ``width`` times as far from the median."""
    from scipy.stats import poisson

    rates = rate * np.random.default_rng(2).uniform(0.5, 1.5, weeks)
    low, middle, high = (poisson.ppf(level, scale * rates) for level in (0.1, 0.5, 0.9))
    columns = {"units_low": middle - width * (middle - low), "units": middle, "units_high": middle + width * (high - middle)}
    return pa.table({**columns, "came": np.random.default_rng(1).poisson(rates)})


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.7, 2.0, 8.0, 60.0])
def test_perfect_forecasts_of_slow_and_fast_sellers_hold(rate):
    """Of a slow seller none sold is the median and the lower end at once: intervals hold more than 80 %, medians add up to too little."""
    assert forecast_checks.hold(judged_weeks(rate)).passed


@pytest.mark.parametrize(
    ("rate", "scale", "width"), [(0.3, 8.0, 1.0), (2.0, 2.0, 1.0), (8.0, 1.5, 1.0), (8.0, 0.6, 1.0), (60.0, 1.0, 0.4), (60.0, 1.0, 3.0)]
)
def test_forecasts_that_lean_or_are_too_sure_or_too_wide_do_not_hold(rate, scale, width):
    assert not forecast_checks.hold(judged_weeks(rate, scale, width)).passed


def test_the_check_compares_forecasts_with_what_came():
    """Of origins a day apart, those a week apart are judged, with the units of their own weeks."""
    whole, rows = panel(TOWN, FIRST, FIRST + timedelta(days=DAYS - 1)), []
    for origin in (90, 91, 97):
        units, _ = targets(whole, origin, 1, 7)
        rows += [
            {"day": whole.day(origin), "product_id": whole.product_id[number], "store_id": whole.store_id[number], "step": "week",
             "method": "global", "horizon": 1, "starts_on": whole.day(origin + 1), "ends_on": whole.day(origin + 7),
             "units": float(units[number]), "units_low": 0.0, "units_high": 1e9, "data_origin": "simulated"}
            for number in range(whole.series)
        ]  # fmt: skip
    published = TABLES["demand/demand_forecasts"].from_rows(rows)
    found = forecast_checks.judged(published, TOWN["retail/orders"], TOWN["retail/inventory"])
    assert set(found["day"].to_pylist()) == {FIRST + timedelta(days=90), FIRST + timedelta(days=97)}
    assert found["came"].to_pylist() == found["units"].to_pylist()


def test_the_check_says_nothing_of_few_forecasts():
    nothing = TABLES["demand/demand_forecasts"].empty()
    assert forecast_checks.hold(forecast_checks.judged(nothing, TOWN["retail/orders"], TOWN["retail/inventory"])).passed
    assert forecast_checks.judged(nothing, TABLES["retail/orders"].empty(), TABLES["retail/inventory"].empty()).num_rows == 0
