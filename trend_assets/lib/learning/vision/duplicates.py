"""Pictures that are nearly the same: a perceptual signature, and groups that must stay on one side of a split.

What belongs here: signature and groups. What doesn't: the split (``lib/learning/splits.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

HASH_SIDE, THUMBNAIL_SIDE = 16, 8
LEAST_STEP = 4
"""Levels of 255: smaller steps between neighbours are noise of a flat ground."""
HASH_BYTES = HASH_SIDE * HASH_SIDE // 8
NEAR_BITS, NEAR_LEVELS = 20, 5.0
"""Bits of 256 that may differ, and mean difference of the thumbnails in levels of 255; both must hold. Outlines alone would call every
shoe on white the same. docs/images.md says what of re-encoded copies this finds."""
_ROWS_AT_ONCE = 256


def signature(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Bytes (224,): a difference hash of 256 bits (dHash, N. Krawetz, 2013) and an RGB thumbnail of 8 x 8."""
    from PIL import Image

    grey = np.asarray(image.convert("L").resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BOX), dtype=np.int16)
    outline = np.packbits(grey[:, 1:] > grey[:, :-1] + LEAST_STEP)
    colours = np.asarray(image.convert("RGB").resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BOX), dtype=np.uint8)
    return np.concatenate([outline, colours.ravel()])


def near_duplicate_groups(signatures: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """For each of n signatures (n, 224) the number of its group: the smallest index in it. Chains count: a like b, b like c.

    O(n²) comparisons of 32 bytes, of thumbnails only where those agree.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(signatures)
    if not n:
        return np.empty(0, dtype=np.int64)
    outlines = np.ascontiguousarray(signatures[:, :HASH_BYTES]).view(np.uint64)
    colours = signatures[:, HASH_BYTES:].astype(np.int16)
    rows, columns = [], []
    for start in range(0, n, _ROWS_AT_ONCE):
        part = outlines[start : start + _ROWS_AT_ONCE, None, :] ^ outlines[None, :, :]
        row, column = np.nonzero(np.bitwise_count(part).sum(axis=2, dtype=np.int64) <= NEAR_BITS)
        row += start
        after = column > row
        row, column = row[after], column[after]
        near = np.abs(colours[row] - colours[column]).mean(axis=1) <= NEAR_LEVELS
        rows.append(row[near])
        columns.append(column[near])
    place = (np.concatenate(rows), np.concatenate(columns))
    _, group = connected_components(coo_matrix((np.ones(len(place[0]), dtype=bool), place), shape=(n, n)), directed=False)
    smallest = np.full(int(group.max()) + 1, n, dtype=np.int64)
    np.minimum.at(smallest, group, np.arange(n))
    return smallest[group]
