"""Sources: from records as their networks send them to one canonical shape.

What belongs here: the landing file format, the meaning of each network's records, the accounting of what became of each
record. What doesn't: reading users' files and writing landing files (``trend_assets.landing.ingest``, ``trend_assets.landing.files``),
and what a text means (``lib/text``).
"""

from trend_assets.lib.sources.decode import Decoded, decode_hours, decode_landing

__all__ = ["Decoded", "decode_hours", "decode_landing"]
