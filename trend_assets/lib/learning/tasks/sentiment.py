"""Sentiment of a post towards the brand: negative, neutral or positive. A linear baseline, trained from scratch.

What belongs here: the task and its choices. What doesn't: text features and fitting (``text_classifier.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import pyarrow as pa

from trend_assets.lib.learning.contract import Gate, Probabilities, Task


class Sentiment(Task):
    """Hashed words and characters, TF-IDF, multinomial logistic regression; strength chosen by log-loss, authors apart."""

    description: ClassVar[str] = "Sentiment towards the brand of each post that names it"
    labels: ClassVar[tuple[str, ...]] = ("negative", "neutral", "positive")
    features: ClassVar[tuple[str, ...]] = ("clean_text",)
    about: ClassVar[Literal["brand", "all"]] = "brand"
    gate: ClassVar[Gate] = Gate(language_floor=0.45)

    depends_on: ClassVar[tuple[str, ...]] = ("language",)
    minimum_posts_per_second: ClassVar[float] = 2_000.0
    intended_use: ClassVar[str] = (
        "Counting, by topic and hour, how posts that name the brand speak of it. Not for judging or answering single people."
    )
    limits: ClassVar[str] = (
        "Sarcasm, and praise of something else in the same post, are mostly beyond it; other languages than these two are not judged."
    )

    def train(self, examples: pa.Table, options: Mapping[str, Any]) -> Any:  # noqa: ARG002 - cross-validation chooses the strength
        """A scikit-learn pipeline."""
        from trend_assets.lib.learning.text_classifier import fit_text_classifier

        return fit_text_classifier(
            examples["clean_text"].to_pylist(), examples["label"].to_pylist(), authors=examples["author"].to_pylist()
        )

    def predict(self, model: Any, posts: pa.Table) -> Probabilities:
        """Probabilities in the order of ``labels``."""
        from trend_assets.lib.learning.text_classifier import probabilities

        return probabilities(model, posts["clean_text"].to_pylist(), self.labels)
