"""Running an exported network on pictures, with onnxruntime only.

What belongs here: batches of pixels in, numbers out. What doesn't: training (``networks.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

INPUT, OUTPUT = "pixels", "output"
"""Of every network here: uint8 (n, side, side, 3) in 0..255 goes in; scaling is part of the network, so it cannot be forgotten."""
AT_ONCE = 16


def run(session: Any, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Outputs (n, k) of pixels (n, side, side, 3), few at once, so that memory stays small. session: ``OnnxModel.session``."""
    parts = [session.run([OUTPUT], {INPUT: pixels[start : start + AT_ONCE]})[0] for start in range(0, len(pixels), AT_ONCE)]
    return np.concatenate(parts) if parts else np.zeros((0, session.get_outputs()[0].shape[1]), dtype=np.float32)


def probabilities(session: Any, pixels: npt.NDArray[np.uint8], learnt: Sequence[str], labels: Sequence[str]) -> npt.NDArray[np.float64]:
    """Shape (n, labels), rows summing to 1; labels that the network did not learn have probability 0."""
    found = np.zeros((len(pixels), len(labels)))
    if len(pixels):
        given = run(session, pixels).astype(np.float64)
        found[:, [list(labels).index(label) for label in learnt]] = given / given.sum(axis=1, keepdims=True)
    return found
