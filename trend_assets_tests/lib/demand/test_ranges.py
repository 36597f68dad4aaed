"""Colours of one thing are one range."""

from __future__ import annotations

import pyarrow as pa

from trend_assets.lib.demand.ranges import of_products, ranges_of

PRODUCTS = pa.table(
    {
        "product_id": ["1", "2", "3", "4", "5", "6"],
        "product_name": ["Wrap Dress Sage", "Wrap Dress Dark Blue", "Sage", "Sagebrush Candle Sage", "", "وشاح أحمر"],
        "category": ["fashion", "fashion", "fashion", "gifts", "gifts", "fashion"],
        "product_type": ["dress", "dress", "dress", "candle", None, None],
        "colour": ["sage", "Dark Blue", "Sage", "Sage", None, "أحمر"],
    }
)


def test_products_that_differ_by_colour_are_one_range() -> None:
    rows = {row["product_id"]: row for row in ranges_of(PRODUCTS).to_pylist()}
    assert rows["1"]["range_id"] == rows["2"]["range_id"] == "fashion/dress/wrap dress"
    assert rows["1"]["range_name"] == "Wrap Dress"


def test_a_colour_inside_a_word_stays_and_a_name_that_is_a_colour_stays_whole() -> None:
    rows = {row["product_id"]: row["range_name"] for row in ranges_of(PRODUCTS).to_pylist()}
    assert rows["4"] == "Sagebrush Candle"
    assert rows["3"] == "Sage"
    assert rows["5"] == ""
    assert rows["6"] == "وشاح"


def test_ranges_of_products_keep_their_order_and_leave_out_strangers() -> None:
    ranges = ranges_of(PRODUCTS)
    assert of_products(ranges, ["4", "nobody's", "2", "1"]) == ["gifts/candle/sagebrush candle", "fashion/dress/wrap dress"]
    assert of_products(ranges, []) == []


def test_an_empty_catalogue_has_no_ranges() -> None:
    assert ranges_of(PRODUCTS.slice(0, 0)).num_rows == 0
