"""Counts as they landed: which landing files hold any, read into rows.

What belongs here: asking the accounting where they are, reading those files. What doesn't: what a record says
(``lib/sources/term_counts``), publishing.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.reader import LakeReader
from trend_assets.lake.storage import Storage
from trend_assets.lib.sources.landing_file import landing_hour
from trend_assets.lib.sources.term_counts import term_counts
from trend_assets.partitions import hour_key
from trend_assets.tables import TABLES

ACCOUNTING = TABLES["social/landing_counts"]


def count_records(lake: LakeReader, keys: Sequence[str]) -> pa.Table:
    """The accounting's rows of count records in partitions (hours of landing): columns ``landing_file``, ``records``."""
    rows = lake.read(ACCOUNTING, list(keys), columns=["landing_file", "outcome", "detail", "records"])
    return rows.filter(pc.and_(pc.equal(rows["outcome"], "ignored"), pc.equal(rows["detail"], "count"))).select(["landing_file", "records"])


def read_term_counts(lake: LakeReader, landing: Storage, keys: Sequence[str]) -> tuple[pa.Table, dict[str, dict[str, str]]]:
    """Counts of terms that landed in the hours ``keys``; per hour the files that they came in (path to hash).

    Only files that the accounting says hold counts are read: posts are not read a second time. Raises ``FileNotFoundError`` where such
    a file is gone, ``DamagedLandingFileError`` where it is not what was published.
    """
    paths = sorted(set(count_records(lake, keys)["landing_file"].to_pylist()))
    files: dict[str, dict[str, str]] = {}
    for path in paths:
        files.setdefault(hour_key(landing_hour(path)), {})[path] = path.removesuffix(".jsonl.zst").rsplit("-", 1)[-1]
    return term_counts((path, landing.read(path)) for path in paths), files
