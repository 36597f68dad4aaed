"""Pictures that are nearly the same: a perceptual signature, and groups that must stay on one side of a split.

What belongs here: signature and groups. What doesn't: the split (``lib/learning/splits.py``).

Two product photographs on white differ little, pixel by pixel, and outlines alone call every belt the same. So the difference of two
small thumbnails is measured against their own contrast. docs/images.md says what of re-encoded copies this finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

SIDE = 12
NEAR = 0.16
"""Root mean square difference of two thumbnails, in units of their mean contrast, up to which pictures are near-duplicates."""
LEAST_CONTRAST = 4.0
"""Levels of 255: below, a picture is one colour, and noise would be all its contrast."""
_ROWS_AT_ONCE = 1_024


def signature(image: Image.Image) -> npt.NDArray[np.uint8]:
    """An RGB thumbnail of 12 x 12 pixels, shape (432,); each pixel is the mean of what it stands for."""
    from PIL import Image

    return np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.uint8).ravel()


def near_duplicate_groups(signatures: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """For each of n signatures (n, 432) the number of its group: the smallest index in it. Chains count: a like b, b like c.

    The colour that half of a thumbnail has (the ground, and how bright the picture is) is taken off first. Pictures of one colour are
    compared as they are. O(n²) time by blocks of matrix products, O(n) memory.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(signatures)
    if not n:
        return np.empty(0, dtype=np.int64)
    colours = signatures.reshape(n, SIDE * SIDE, 3).astype(np.float32)
    ground = np.median(colours, axis=1, keepdims=True)
    shown = (colours - ground).reshape(n, -1)
    contrast = np.sqrt((shown**2).mean(axis=1))
    plain = contrast < LEAST_CONTRAST
    shown[plain] = colours.reshape(n, -1)[plain]
    scale, squares = np.maximum(contrast, LEAST_CONTRAST), (shown**2).sum(axis=1)
    rows, columns = [], []
    for start in range(0, n, _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        apart = np.maximum(squares[part, None] + squares[None] - 2.0 * (shown[part] @ shown.T), 0.0) / shown.shape[1]
        near = np.sqrt(apart) <= NEAR * (scale[part, None] + scale[None]) / 2
        row, column = np.nonzero(near & (plain[part, None] == plain[None]))
        rows.append(row + start)
        columns.append(column)
    place = (np.concatenate(rows), np.concatenate(columns))
    _, group = connected_components(coo_matrix((np.ones(len(place[0]), dtype=bool), place), shape=(n, n)), directed=False)
    smallest = np.full(int(group.max()) + 1, n, dtype=np.int64)
    np.minimum.at(smallest, group, np.arange(n))
    return smallest[group]
