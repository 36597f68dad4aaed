"""Which category of the range a post is about, or none: a small convolutional network, or the linear classifier where that is better.

What belongs here: the task and its choices. What doesn't: the network (``text_network.py``), the linear classifier
(``text_classifier.py``).

The categories are those of the simulated town. For your own range, change ``labels``: the label file must use the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import pyarrow as pa

from trend_assets.lib.learning.contract import Gate, Probabilities, Task


class PostCategory(Task):
    """spaCy's CNN text categoriser trained from scratch; the search may choose hashed TF-IDF and logistic regression instead."""

    description: ClassVar[str] = "Category of the range that each post is about, or none"
    labels: ClassVar[tuple[str, ...]] = ("beauty", "fashion", "food", "garden", "gifts", "home", "kids", "kitchen", "none")
    features: ClassVar[tuple[str, ...]] = ("clean_text",)
    about: ClassVar[Literal["brand", "all"]] = "all"
    # Macro F1 over nine categories of which a town talks about some: what a post says of a product never seen before is hard to tell.
    gate: ClassVar[Gate] = Gate(language_floor=0.2)
    search_space: ClassVar[Mapping[str, tuple[Any, ...]]] = {"method": ("cnn", "linear"), "dropout": (0.3, 0.1)}
    only_with: ClassVar[Mapping[str, tuple[str, Any]]] = {"dropout": ("method", "cnn")}
    minimum_posts_per_second: ClassVar[float] = 500.0
    intended_use: ClassVar[str] = (
        "Counting, by topic and hour, which categories posts are about, beside the links of trends to products. Not for ordering by itself."
    )
    limits: ClassVar[str] = (
        "Products that no labelled post names are often taken for none; everyday talk about food or clothes is told from talk about "
        "goods by few words."
    )

    def train(self, examples: pa.Table, options: Mapping[str, Any]) -> Any:
        """A ``SpacyModel``, or a scikit-learn pipeline where ``options`` say linear."""
        from trend_assets.lib.learning.text_method import fit_text_method

        return fit_text_method(examples, self.labels, options)

    def predict(self, model: Any, posts: pa.Table) -> Probabilities:
        """Probabilities in the order of ``labels``."""
        from trend_assets.lib.learning.text_method import method_probabilities

        return method_probabilities(model, posts, self.labels)
