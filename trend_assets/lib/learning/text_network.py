"""A convolutional classifier of short texts, trained from scratch: spaCy's CNN text categoriser.

What belongs here: architecture, training, probabilities. What doesn't: which posts and labels (``tasks/``), the linear classifier
that it has to beat (``text_classifier.py``). Imports spaCy: import this module inside functions.

Words, their first and last letters and their shape are embedded by hashing (no word of anybody's post is stored); windows of three words
are convolved, and the mean and the largest values over the text are classified (Collobert et al., JMLR 2011; Kim, EMNLP 2014;
Honnibal's "embed, encode, attend, predict" in spaCy: HashEmbedCNN.v2 and TextCatReduce.v1). No weights come from elsewhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score
from threadpoolctl import threadpool_limits

from trend_assets.lib.learning.contract import Probabilities
from trend_assets.lib.learning.curves import report
from trend_assets.lib.learning.leaks_copies import plain
from trend_assets.lib.learning.splits import newest_apart
from trend_assets.lib.learning.store import SpacyModel
from trend_assets.lib.learning.text_classifier import prepared

if TYPE_CHECKING:
    from spacy.language import Language

SEED = 20_261_122
EPOCHS, PATIENCE = 12, 3
"""Passes over the examples at most, and how many in a row may bring no lower loss on held-out examples."""
BATCH = 32
HELD_SHARE, LEAST_HELD = 0.15, 20
"""Of the newest examples those by people, and of texts, that are not learnt from decide when to stop; fewer: all epochs are run."""
WIDTH, DEPTH, ROWS = 48, 1, 2_000
"""On an inner split of the town (development family) as good as 64 wide and two deep, or 96 wide, and twice as fast."""
LONGEST = 400
"""Characters read of a text: posts are shorter, and time grows with length."""
_BATCH_TO_PREDICT = 256


def fit_text_network(
    texts: Sequence[str], labels: Sequence[str], classes: Sequence[str], authors: Sequence[str | None], dropout: float = 0.3
) -> SpacyModel:
    """A network from text to class probabilities; equal input gives equal bytes on any number of threads.

    texts, labels, authors (null or blank where unknown): in order of time, at least two different labels, all in ``classes``. Reports the
    loss, and macro F1 and log-loss on the held-out examples, after each epoch.
    """
    from spacy.training import Example

    with _seeded(), threadpool_limits(limits=1):
        nlp = _pipeline(classes)
        read = _read(texts)
        known = [
            Example.from_dict(nlp.make_doc(text), {"cats": {name: float(name == label) for name in classes}})
            for text, label in zip(read, labels, strict=True)
        ]
        held = _held_out(texts, authors)
        taught = [one for one, out in zip(known, held, strict=True) if not out]
        judged = [[value for value, out in zip(values, held, strict=True) if out] for values in (read, labels)]
        optimizer = nlp.initialize(lambda: taught[:BATCH])
        order = np.random.default_rng(SEED)
        best, weights, since = np.inf, nlp.to_bytes(exclude=["vocab", "tokenizer"]), 0
        for epoch in range(1, EPOCHS + 1):
            losses: dict[str, float] = {}
            shuffled = order.permutation(len(taught))
            for start in range(0, len(taught), BATCH):
                batch = [taught[place] for place in shuffled[start : start + BATCH].tolist()]
                nlp.update(batch, sgd=optimizer, drop=dropout, losses=losses)
            figures = {"loss": losses["textcat"] / max(1, -(-len(taught) // BATCH))}
            if held.any():
                figures |= _judged(nlp, judged[0], judged[1], classes)
            report(epoch, **figures)
            now = figures.get("held_log_loss", -float(epoch))
            if now < best:
                best, weights, since = now, nlp.to_bytes(exclude=["vocab", "tokenizer"]), 0
            else:
                since += 1
                if since >= PATIENCE:
                    break
        # A fresh vocabulary: the one that was used has learnt every word of the examples.
        fresh = _pipeline(classes).from_bytes(weights, exclude=["vocab", "tokenizer"])
    return SpacyModel.of(fresh, {"classes": list(classes)})


def network_probabilities(model: SpacyModel, texts: Sequence[str], labels: Sequence[str]) -> Probabilities:
    """Class probabilities (texts, labels), columns in the order of ``labels``; 0 for a label that the network does not have."""
    found = _predicted(model.pipeline, _read(texts)) if len(texts) else np.zeros((0, len(model.values["classes"])))
    result = np.zeros((len(texts), len(labels)))
    for column, name in enumerate(model.values["classes"]):
        if name in labels:
            result[:, list(labels).index(name)] = found[:, column]
    return result


def _held_out(texts: Sequence[str], authors: Sequence[str | None]) -> npt.NDArray[np.bool_]:
    """Which examples (n,), in order of time, decide when to stop; none where they would be few."""
    copies = np.array([plain(text) or text for text in texts], dtype=np.str_)
    held = newest_apart(np.arange(len(texts)), np.array(authors, dtype=object), copies, HELD_SHARE)
    return held if held.sum() >= LEAST_HELD else np.zeros(len(texts), dtype=bool)


def _pipeline(classes: Sequence[str]) -> Language:
    import spacy

    nlp = spacy.blank("xx")
    categoriser: Any = nlp.add_pipe(
        "textcat",
        config={
            "model": {
                "@architectures": "spacy.TextCatReduce.v1",
                "exclusive_classes": True,
                "use_reduce_first": False,
                "use_reduce_last": False,
                "use_reduce_max": True,
                "use_reduce_mean": True,
                "tok2vec": {
                    "@architectures": "spacy.HashEmbedCNN.v2",
                    "pretrained_vectors": None,
                    "width": WIDTH,
                    "depth": DEPTH,
                    "embed_size": ROWS,
                    "window_size": 1,
                    "maxout_pieces": 2,
                    "subword_features": True,
                },
            }
        },
    )
    for name in classes:
        categoriser.add_label(name)
    return nlp


def _read(texts: Sequence[str]) -> list[str]:
    # A text without a word has nothing to convolve: it becomes a mark of its own.
    return [text.strip().lower()[:LONGEST] or "_" for text in prepared(texts)]


def _predicted(nlp: Language, read: Sequence[str]) -> Probabilities:
    categoriser: Any = nlp.get_pipe("textcat")
    parts = []
    with threadpool_limits(limits=1):
        for start in range(0, len(read), _BATCH_TO_PREDICT):
            scores = categoriser.predict([nlp.make_doc(text) for text in read[start : start + _BATCH_TO_PREDICT]])
            parts.append(np.asarray(scores, dtype=np.float64))
    found = np.concatenate(parts)
    return found / found.sum(axis=1, keepdims=True)  # single precision sums to 1 only nearly


def _judged(nlp: Language, read: Sequence[str], labels: Sequence[str], classes: Sequence[str]) -> dict[str, float]:
    found = _predicted(nlp, read)
    truth = np.array([list(classes).index(label) for label in labels])
    present = np.unique(truth)
    return {
        "held_log_loss": float(-np.log(np.maximum(found[np.arange(len(truth)), truth], 1e-9)).mean()),
        "held_macro_f1": float(f1_score(truth, found.argmax(axis=1), labels=present, average="macro", zero_division=0)),
    }


@contextmanager
def _seeded() -> Iterator[None]:
    """thinc draws first weights and dropout from NumPy's own stream: seeded here, and given back as it was."""
    arrays, plain = np.random.get_state(), random.getstate()
    np.random.seed(SEED)
    random.seed(SEED)
    try:
        yield
    finally:
        np.random.set_state(arrays)
        random.setstate(plain)
