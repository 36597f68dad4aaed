"""Why a model answered as it did on one text: what each word contributes, by leaving it out.

What belongs here: following one answer, for any model that reads a text. What doesn't: models (``tasks/``), pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Answer = Callable[[Sequence[str]], npt.NDArray[np.float64]]
"""From texts to probabilities, shape (texts, labels)."""


@dataclass(frozen=True)
class Step:
    """One word of the text, and the probability of the answer with it less that without it."""

    word: str
    contribution: float


def followed(answer: Answer, text: str) -> tuple[int, float, list[Step]]:
    """The likeliest label (its column), its probability, and what each word does to it, in the order of the text.

    Occlusion (Zeiler and Fergus, ECCV 2014) by word: contributions need not add up to the probability. A text without words has none.
    """
    words = text.split()
    without = [" ".join([*words[:place], *words[place + 1 :]]) for place in range(len(words))]
    found = answer([" ".join(words), *without])
    label = int(found[0].argmax())
    probability = float(found[0, label])
    return label, probability, [Step(word, probability - float(found[place + 1, label])) for place, word in enumerate(words)]
