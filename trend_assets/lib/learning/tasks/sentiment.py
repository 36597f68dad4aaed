"""Sentiment of a post towards the brand: negative, neutral or positive. A linear classifier, trained from scratch.

What belongs here: the task and its choices. What doesn't: text features and fitting (``text_sentiment.py``; the baseline's in
``text_classifier.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import pyarrow as pa

from trend_assets.lib.learning.contract import Gate, Probabilities, Task


class Sentiment(Task):
    """Hashed words and characters beside affective scores of words; logistic regression, its strength by log-loss, authors apart."""

    description: ClassVar[str] = "Sentiment towards the brand of each post that names it"
    labels: ClassVar[tuple[str, ...]] = ("negative", "neutral", "positive")
    features: ClassVar[tuple[str, ...]] = ("clean_text",)
    about: ClassVar[Literal["brand", "all"]] = "brand"
    gate: ClassVar[Gate] = Gate(language_floor=0.45)

    depends_on: ClassVar[tuple[str, ...]] = ("language",)
    search_space: ClassVar[Mapping[str, tuple[Any, ...]]] = {"affect": (True, False)}
    minimum_posts_per_second: ClassVar[float] = 2_000.0
    intended_use: ClassVar[str] = (
        "Counting, by topic and hour, how posts that name the brand speak of it. Not for judging or answering single people."
    )
    limits: ClassVar[str] = (
        "Sarcasm, and praise of something else in the same post, are mostly beyond it. In a language that it was not trained on it guesses."
    )

    def train(self, examples: pa.Table, options: Mapping[str, Any]) -> Any:
        """A dict of arrays. options: affect, whether affective scores of words are read."""
        from trend_assets.lib.learning.text_examples import learnable
        from trend_assets.lib.learning.text_sentiment import fit_sentiment

        return fit_sentiment(*learnable(examples), affect=bool(options.get("affect", True)))

    def predict(self, model: Any, posts: pa.Table) -> Probabilities:
        """Probabilities in the order of ``labels``."""
        from trend_assets.lib.learning.text_examples import texts_of
        from trend_assets.lib.learning.text_sentiment import sentiment_probabilities

        return sentiment_probabilities(model, texts_of(posts), self.labels)
