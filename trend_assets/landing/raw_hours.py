"""From landing hours to raw tables: what the raw asset and `trend-assets ingest` share.

What belongs here: listing and reading landing files, calling the decoder with the settings. What doesn't: decoding
(``lib/sources``), publishing (``lake/lake.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trend_assets.lake.storage import open_storage
from trend_assets.landing.files import list_landing
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.sources import Decoded, decode_hours
from trend_assets.partitions import hour_key
from trend_assets.settings import Settings

RAW_TABLES = ("social/raw_posts", "social/quarantined_posts", "social/deletions", "social/landing_counts")
RECORD_FILES = ("social/raw_posts", "social/landing_counts")
"""Raw tables whose manifests say which landing files they hold: where posts are read, and where every record is counted."""


def decode_landing_hours(hours: Sequence[datetime], settings: Settings) -> tuple[Decoded, dict[str, dict[str, str]]]:
    """Decode every landing file of the hours.

    Returns:
        The raw tables of all hours, and per partition key the landing files consumed (path to content hash).
    """
    storage = open_storage(settings.landing_root)
    files = list_landing(storage, hours)
    decoded = decode_hours(
        {hour: [(path, storage.read(path)) for path in paths] for hour, paths in files.items()},
        lake_start=settings.lake_start,
        lake_end=settings.lake_end,
        pseudonyms=Pseudonyms(settings.pseudonym_key.get_secret_value()),
    )
    inputs = {
        hour_key(hour): {path: path.removesuffix(".jsonl.zst").rsplit("-", 1)[-1] for path in paths}
        for hour, paths in files.items()
        if paths
    }
    return decoded, inputs
