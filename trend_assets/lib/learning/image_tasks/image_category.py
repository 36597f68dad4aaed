"""Category of the product that a picture shows. Pretrained convolutional features and a head of ours; served as ONNX.

What belongs here: the task and its choices. What doesn't: decoding, networks, the classical features (``lib/learning/vision``).

Change ``labels`` to the categories of your own pictures: folders named otherwise are left aside and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lib.learning.contract import Gate, Probabilities, Task
from trend_assets.lib.learning.splits import together
from trend_assets.lib.learning.vision.images import opened, pixels

FASHION = (
    "belts", "casual_shoes", "flip_flops", "formal_shoes", "handbags", "heels", "jeans", "kurtas", "sandals", "shirts", "socks",
    "sports_shoes", "sunglasses", "sweaters", "sweatshirts", "tops", "trousers", "tshirts", "wallets", "watches",
)  # fmt: skip
GROCERY = (
    "apple", "asparagus", "aubergine", "avocado", "banana", "cabbage", "carrots", "cucumber", "garlic", "ginger", "juice", "kiwi",
    "leek", "lemon", "lime", "mango", "melon", "milk", "mushroom", "nectarine", "oat_milk", "oatghurt", "onion", "orange", "papaya",
    "passion_fruit", "peach", "pear", "pepper", "pineapple", "plum", "pomegranate", "potato", "red_beet", "red_grapefruit",
    "satsumas", "sour_cream", "sour_milk", "soy_milk", "soyghurt", "tomato", "yoghurt", "zucchini",
)  # fmt: skip
SIDE = 224
"""Pixels: what EfficientNet-Lite0 was trained with."""
_HELD_OUT = 0.15
_FEATURES: dict[str, npt.NDArray[np.float32]] = {}
_MOST_FEATURES = 10_000


class ImageCategory(Task):
    """EfficientNet-Lite0, frozen, pictures and their mirror images; a linear head with dropout chosen on held-out training pictures."""

    description: ClassVar[str] = "Category of the product in a picture"
    source: ClassVar[Literal["posts", "images"]] = "images"
    labels: ClassVar[tuple[str, ...]] = (*FASHION, *GROCERY)
    features: ClassVar[tuple[str, ...]] = ("image",)
    from_scratch: ClassVar[bool] = False
    gate: ClassVar[Gate] = Gate(over_majority=0.2)
    search_space: ClassVar[Mapping[str, tuple[Any, ...]]] = {"dropout": (0.5, 0.2, 0.8), "decay": (0.01, 0.1, 1.0)}
    minimum_posts_per_second: ClassVar[float] = 20.0
    intended_use: ClassVar[str] = (
        "Counting which categories the pictures of a topic's posts show, as evidence that a trend is about products. "
        "Not for pictures of people, and not for judging a single post."
    )
    limits: ClassVar[str] = (
        "It knows the categories it was shown and calls everything else one of them: use it above a probability only. Trained on product "
        "photographs; snapshots are harder. The pretrained weights come from ImageNet, whose pictures are mostly from Europe and America."
    )

    def train(self, examples: pa.Table, options: Mapping[str, Any]) -> Any:
        """An ``OnnxModel`` of about 13 MiB. Raises ``ValueError`` for fewer than two categories, ``ImportError`` without torch."""
        learnt, classes, held_out = _classes(examples, self.labels)
        networks = _networks()
        from trend_assets.lib.learning.store import OnnxModel

        both = _features(networks, examples)
        head = networks.fit_head(
            np.concatenate([both[:, 0], both[:, 1]]),
            np.concatenate([classes, classes]),
            labels=len(learnt),
            held_out=np.concatenate([held_out, held_out]),
            dropout=options["dropout"],
            decay=options["decay"],
        )
        return OnnxModel(networks.transfer(SIDE, head).network, {"learnt": learnt, "side": SIDE})

    def predict(self, model: Any, posts: pa.Table) -> Probabilities:
        """Probabilities in the order of ``labels``; of labels that were not learnt 0. Raises ``ImageRefusedError`` for a bad picture."""
        from trend_assets.lib.learning.vision.serving import probabilities

        side, learnt = int(model.values["side"]), list(model.values["learnt"])
        parts = [np.zeros((0, len(self.labels)))]
        for start in range(0, posts.num_rows, 64):
            images = posts["image"].slice(start, 64).to_pylist()
            parts.append(probabilities(model.session, np.stack([pixels(opened(image), side) for image in images]), learnt, self.labels))
        return np.concatenate(parts)

    def train_baseline(self, examples: pa.Table) -> Any:
        """Colour and gradient histograms, logistic regression."""
        from trend_assets.lib.learning.vision import classical

        return classical.fit(_described(examples), examples["label"].to_pylist())

    def predict_baseline(self, model: Any, posts: pa.Table) -> Probabilities:
        """Of the model of ``train_baseline``."""
        from trend_assets.lib.learning.vision import classical

        return classical.probabilities(model, _described(posts), self.labels)


def _classes(examples: pa.Table, labels: tuple[str, ...]) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Labels that occur, the class of each example (n,), and which are held out (n,): whole groups of near-duplicates and authors."""
    given = examples["label"].to_pylist()
    learnt = [label for label in labels if label in set(given)]
    if len(learnt) < 2:
        raise ValueError(f"pictures of {len(learnt)} categories: at least two are needed to tell them apart")
    authors = np.asarray(examples["author"].to_pylist(), dtype=object)
    groups, place = np.unique(together(authors, np.asarray(examples["near_duplicate_key"])), return_inverse=True)
    drawn = np.random.default_rng(len(groups)).random(len(groups)) < _HELD_OUT
    return learnt, np.array([learnt.index(label) for label in given], dtype=np.int64), drawn[place]


def _networks() -> Any:
    try:
        from trend_assets.lib.learning.vision import networks
    except ImportError as error:
        raise ImportError(f"training image_category needs torch and pretrained weights ({error}): run make vision") from error
    return networks


def _features(networks: Any, examples: pa.Table) -> npt.NDArray[np.float32]:
    """Backbone features of each picture and its mirror image, shape (n, 2, 1728); each picture is described once in a process."""
    digests = examples["post_id"].to_pylist()
    images = dict(zip(digests, examples["image"].to_pylist(), strict=True))
    missing = [digest for digest in images if digest not in _FEATURES]
    if len(_FEATURES) + len(missing) > _MOST_FEATURES:
        _FEATURES.clear()
        missing = list(images)
    for start in range(0, len(missing), 64):
        chosen = missing[start : start + 64]
        shown = np.stack([pixels(opened(images[digest]), SIDE) for digest in chosen])
        straight, mirrored = (networks.backbone_features(views) for views in (shown, np.ascontiguousarray(shown[:, :, ::-1])))
        _FEATURES.update({digest: np.stack(pair) for digest, *pair in zip(chosen, straight, mirrored, strict=True)})
    return np.stack([_FEATURES[digest] for digest in digests])


def _described(examples: pa.Table) -> npt.NDArray[np.float32]:
    from trend_assets.lib.learning.vision import classical

    found = [classical.described(pixels(opened(image), classical.SIDE)) for image in examples["image"].to_pylist()]
    return np.stack(found) if found else np.zeros((0, 640), dtype=np.float32)
