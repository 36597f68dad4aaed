"""Names of the checks of each retail table, and what each asserts.

What belongs here: the list that Dagster, the command ``accept`` and the docs know. What doesn't: the facts behind a check
(``retail_facts.py`` lists their rooms).
"""

from __future__ import annotations

from collections.abc import Mapping

_ANY = {
    "refused_rows": "Hardly any rows of the day's files were refused.",
    "empty_columns": "No column lost its values, and none became a constant.",
    "id_shapes": "Ids look as they did: no digits lost, no decimals.",
}
_SNAPSHOT = {
    "feed_present": "The day has rows where most days had, or other tables tell some.",
    "row_count": "About as many rows as on the days before.",
}
_KNOWN = {"known_values": "No value that was never seen, and every value that always came."}
_TEXTS = {"text_encoding": "No text was read in another encoding; accents are where they were."}
_KEPT = {
    "rows_kept": "What was there yesterday is there, unless it ended.",
    "attributes_kept": "What yesterday said of the same row holds.",
}
_REPEATED = {"repeated_rows": "No rows that differ in their id only."}
_REFERENCES = {"references": "Products and places are in the day's catalogue."}
_DATES = {"dates_in_order": "Dates are in their order and of this day."}
CHECKS: Mapping[str, Mapping[str, str]] = {
    "products": {
        **_ANY,
        **_SNAPSHOT,
        **_KNOWN,
        **_TEXTS,
        **_KEPT,
        "prices_kept": "List prices and costs are near yesterday's, and did not all change by one factor.",
        "price_rules": "List prices are above zero and above costs.",
    },
    "stores": {**_ANY, **_SNAPSHOT, **_KNOWN, **_TEXTS, **_KEPT},
    "inventory": {
        **_ANY,
        **_SNAPSHOT,
        **_REFERENCES,
        "rows_kept": _KEPT["rows_kept"],
        "adds_up": "Stock is yesterday's and the day's movements.",
        "negative_stock": "Stock is not below zero.",
        "reserved_within_stock": "No more is promised than there is.",
        "stock_levels": "Stock did not jump without a delivery, and did not stand still.",
        "copied_rows": "The day's movements are not those of an earlier day.",
    },
    "orders": {
        **_ANY,
        **_SNAPSHOT,
        **_KNOWN,
        **_TEXTS,
        **_REPEATED,
        **_REFERENCES,
        "copied_rows": "The day's lines are not those of an earlier day.",
        "prices_paid": "Prices are the list's or the promotion's.",
        "quantities": "Units of a line are as they were.",
        "signs": "Sales are positive; returns and cancellations negative.",
        "order_times": "Orders are of the day, at hours at which their place sells.",
        "matches_stock": "Units sold and returned are those that stock tells, by product and place.",
    },
    "deliveries": {
        **_ANY,
        **_KNOWN,
        **_REPEATED,
        **_REFERENCES,
        **_DATES,
        **_KEPT,
        "received_within_ordered": "What was received is what was ordered, or less.",
        "quantities": "Units of a line are as they were.",
        "lead_times": "Promises are near the supplier's lead time.",
        "supplier_matches": "Products come from their supplier.",
        "matches_stock": "Units received are those that stock tells, by product and place.",
    },
    "promotions": {
        **_ANY,
        "row_count": _SNAPSHOT["row_count"],
        **_REPEATED,
        **_REFERENCES,
        **_DATES,
        **_KEPT,
        "discounts": "Discounts are above 1 % and below 90 %.",
    },
}
"""Checks of each table against its past, with what each asserts."""
