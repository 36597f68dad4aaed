"""Identifiers in the networks' own forms: snowflakes, TIDs, DIDs, CIDs.

What belongs here: making identifiers from times and random numbers, vectorised. What doesn't: records (``wire_*.py``).
"""

from __future__ import annotations

import numpy as np

_SNOWFLAKE_EPOCH_MILLISECONDS = 1_288_834_974_657
_TID_ALPHABET = np.frombuffer(b"234567abcdefghijklmnopqrstuvwxyz", dtype=np.uint8)
_BASE32_ALPHABET = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype=np.uint8)


def snowflakes(times: np.ndarray, workers: np.ndarray) -> np.ndarray:
    """Post ids of X for sorted times (microseconds since 1970) and workers (0 to 1023): unique per worker below 4096 a millisecond."""
    milliseconds = times // 1000
    first = np.searchsorted(milliseconds, milliseconds, side="left")
    sequence = (np.arange(len(times)) - first) & 0xFFF
    return ((milliseconds - _SNOWFLAKE_EPOCH_MILLISECONDS) << 22) | (workers.astype(np.int64) << 12) | sequence


def tids(times: np.ndarray, clocks: np.ndarray) -> list[str]:
    """Record keys of the AT Protocol: microseconds and a 10-bit clock id, 13 characters that sort by time."""
    numbers = (times.astype(np.int64) << 10) | clocks.astype(np.int64)
    digits = (numbers[:, None] >> np.arange(60, -1, -5)) & 31
    return _strings(_TID_ALPHABET[digits])


def random_base32(rng: np.random.Generator, count: int, length: int) -> list[str]:
    """Random lower-case base-32 strings: the body of DIDs (24) and CIDs (52)."""
    return _strings(_BASE32_ALPHABET[rng.integers(0, 32, (count, length), dtype=np.uint8)])


def _strings(characters: np.ndarray) -> list[str]:
    if len(characters) == 0:
        return []
    return np.ascontiguousarray(characters).view(f"S{characters.shape[1]}").ravel().astype(str).tolist()
