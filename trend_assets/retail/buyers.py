"""Who placed which order, from the retailer's files: opened to count customers, never stored.

What belongs here: finding and opening the files of the days. What doesn't: what is in them (``lib/retail/buyers.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa

from trend_assets.lib.retail.buyers import BUYERS, buyers
from trend_assets.retail.files import files_of_days, load_mapping
from trend_assets.retail.found import found_files
from trend_assets.retail.shaped import shaped


def buyers_of_orders(path: Path | None, days: Sequence[date]) -> pa.Table:
    """The customer of each order of the days, in the columns of ``BUYERS``; none where the mapping at ``path`` names no customer.

    Raises ``MappingError`` where the mapping cannot be used.
    """
    mapping = load_mapping(path) if path is not None else None
    orders = mapping.tables.get("orders") if mapping is not None else None
    if path is None or mapping is None or orders is None or orders.customer is None:
        return BUYERS.empty_table()
    found = found_files(mapping, "orders", path.parent)
    files = shaped(mapping, "orders", files_of_days(mapping, "orders", found, days), path.parent, days)
    return buyers(mapping, files, days)
