"""The choice between the convolutional network and the linear classifier of texts, which the search of options makes.

What belongs here: from options to one of the two, and from either to probabilities. What doesn't: the two themselves
(``text_network.py``, ``text_classifier.py``). Imports spaCy and scikit-learn: import this module inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from trend_assets.lib.learning.contract import Probabilities
from trend_assets.lib.learning.store import SpacyModel
from trend_assets.lib.learning.text_classifier import fit_text_classifier, probabilities
from trend_assets.lib.learning.text_examples import learnable, texts_of
from trend_assets.lib.learning.text_network import fit_text_network, network_probabilities


def fit_text_method(examples: pa.Table, classes: Sequence[str], options: Mapping[str, Any]) -> Any:
    """A model of the examples. options: method (``cnn``, the default, or ``linear``) and dropout of the network.

    Raises ``ValueError`` for examples that nothing can be learnt from, saying why.
    """
    texts, labels, authors = learnable(examples.sort_by([("created_at", "ascending"), ("post_id", "ascending")]))
    if options.get("method", "cnn") == "linear":
        return fit_text_classifier(texts, labels, authors)
    return fit_text_network(texts, labels, classes, authors, dropout=float(options.get("dropout", 0.3)))


def method_probabilities(model: Any, posts: pa.Table, labels: Sequence[str]) -> Probabilities:
    """Probabilities (posts, labels) of a model of ``fit_text_method``."""
    told = network_probabilities if isinstance(model, SpacyModel) else probabilities
    return told(model, texts_of(posts), labels)
