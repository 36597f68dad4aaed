"""Why a post complains of the brand: a small convolutional network, or the linear classifier where that is better.

What belongs here: the task and its choices. What doesn't: the network (``text_network.py``), the linear classifier
(``text_classifier.py``), whether a post complains at all (``sentiment.py``).

Labelled posts are complaints, so the answer means something for posts that `sentiment` calls negative only: join the two predictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import pyarrow as pa

from trend_assets.lib.learning.contract import Gate, Probabilities, Task


class ComplaintReason(Task):
    """spaCy's CNN text categoriser trained from scratch; the search may choose hashed TF-IDF and logistic regression instead."""

    description: ClassVar[str] = "Reason of each complaint about the brand, for posts that sentiment calls negative"
    labels: ClassVar[tuple[str, ...]] = (
        "late_delivery", "damaged", "quality", "not_as_described", "size_fit", "service", "price_refund", "other",
    )  # fmt: skip
    features: ClassVar[tuple[str, ...]] = ("clean_text",)
    about: ClassVar[Literal["brand", "all"]] = "brand"
    gate: ClassVar[Gate] = Gate(language_floor=0.35)
    search_space: ClassVar[Mapping[str, tuple[Any, ...]]] = {"method": ("cnn", "linear"), "dropout": (0.3, 0.1)}
    only_with: ClassVar[Mapping[str, tuple[str, Any]]] = {"dropout": ("method", "cnn")}
    depends_on: ClassVar[tuple[str, ...]] = ("sentiment",)
    minimum_posts_per_second: ClassVar[float] = 500.0
    intended_use: ClassVar[str] = (
        "Counting, by topic and hour, what people complain of, so that somebody looks into it. Not for answering single people."
    )
    limits: ClassVar[str] = (
        "Posts that are no complaint get a reason too: read it only where sentiment is negative. Of several reasons one is told."
    )

    def train(self, examples: pa.Table, options: Mapping[str, Any]) -> Any:
        """A ``SpacyModel``, or a scikit-learn pipeline where ``options`` say linear."""
        from trend_assets.lib.learning.text_method import fit_text_method

        return fit_text_method(examples, self.labels, options)

    def predict(self, model: Any, posts: pa.Table) -> Probabilities:
        """Probabilities in the order of ``labels``."""
        from trend_assets.lib.learning.text_method import method_probabilities

        return method_probabilities(model, posts, self.labels)
