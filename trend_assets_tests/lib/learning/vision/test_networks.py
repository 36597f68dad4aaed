"""Networks learn drawings, repeat themselves byte for byte, and say the same in onnxruntime as in torch."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.learning.contract import checked_probabilities
from trend_assets.lib.learning.curves import collected
from trend_assets.lib.learning.image_tasks.image_category import ImageCategory, _classes
from trend_assets.lib.learning.store import OnnxModel, model_from_files, model_to_files
from trend_assets.lib.learning.vision import classical, serving
from trend_assets.lib.learning.vision.images import ImageRefusedError, pixels
from trend_assets_tests.lib.learning.vision.drawn import DRAWN, drawn_files

TASK = ImageCategory()
REASON = "torch is not installed: make vision installs it"


def examples(each: int, seed: int = 1) -> pa.Table:
    files = drawn_files(each, seed)
    digests = [hashlib.sha256(data).hexdigest() for _, data in files]
    return pa.table(
        {
            "post_id": digests,
            "author": digests,
            "label": [label for label, _ in files],
            "near_duplicate_key": [int(digest[:15], 16) for digest in digests],
            "image": pa.array([data for _, data in files], pa.binary()),
        }
    )


def answers(found: np.ndarray) -> list[str]:
    return [TASK.labels[column] for column in found.argmax(axis=1)]


def accuracy(found: np.ndarray, table: pa.Table) -> float:
    return float(np.mean([said == label for said, label in zip(answers(found), table["label"].to_pylist(), strict=True)]))


def test_the_classical_baseline_learns_drawings() -> None:
    unseen = examples(10, seed=2)
    found = checked_probabilities(TASK, TASK.predict_baseline(TASK.train_baseline(examples(20)), unseen), unseen.num_rows)
    assert accuracy(found, unseen) > 0.9
    assert TASK.predict_baseline(TASK.train_baseline(examples(5)), unseen.slice(0, 0)).shape == (0, len(TASK.labels))


def test_gradients_and_colours_are_described() -> None:
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::8] = 255
    upright, lying = classical.described(stripes), classical.described(stripes.transpose(1, 0, 2))
    assert upright.shape == (640,)
    assert np.allclose(upright[:64], lying[:64])
    assert not np.allclose(upright[64:], lying[64:])
    assert classical.described(np.full((64, 64, 3), 9, dtype=np.uint8))[64:].sum() == 0


def test_one_category_is_refused_before_torch_is_needed() -> None:
    one = examples(4).filter(pa.array([label == DRAWN[0] for label in examples(4)["label"].to_pylist()]))
    with pytest.raises(ValueError, match="pictures of 1 categories"):
        TASK.train(one, TASK.default_options)


def test_pictures_of_one_author_are_held_out_together() -> None:
    table = examples(40)
    authors = [f"photographer {number // 6}" for number in range(table.num_rows)]
    _, _, held = _classes(table.set_column(1, "author", pa.array(authors)), TASK.labels)
    assert held.any()
    assert not held.all()
    assert (held.reshape(-1, 6) == held[::6, None]).all()


def test_transfer_learns_stores_and_repeats() -> None:
    pytest.importorskip("torch", reason=REASON)
    pytest.importorskip("efficientnet_lite_pytorch", reason=REASON)
    with collected() as curves:
        model = TASK.train(examples(20), TASK.default_options)
    assert {"training_loss", "held_out_loss", "held_out_accuracy"} <= set(curves)
    assert curves["training_loss"][-1][1] < curves["training_loss"][0][1]
    unseen = examples(10, seed=2)
    found = checked_probabilities(TASK, TASK.predict(model, unseen), unseen.num_rows)
    assert accuracy(found, unseen) > 0.9
    assert model_to_files(TASK.train(examples(20), TASK.default_options)) == model_to_files(model)
    stored = model_from_files(model_to_files(model))
    assert (TASK.predict(stored, unseen) == found).all()
    assert TASK.predict(stored, unseen.slice(0, 0)).shape == (0, len(TASK.labels))
    with pytest.raises(ImageRefusedError, match="unknown_format"):
        TASK.predict(stored, pa.table({"image": pa.array([b"no picture"], pa.binary())}))


def test_onnxruntime_says_what_torch_says() -> None:
    torch = pytest.importorskip("torch", reason=REASON)
    pytest.importorskip("efficientnet_lite_pytorch", reason=REASON)
    from trend_assets.lib.learning.vision import networks

    shown = np.stack([pixels(data, 64) for _, data in drawn_files(12)])
    classes = np.array([DRAWN.index(label) for label, _ in drawn_files(12)])
    held_out = np.arange(len(classes)) % 6 == 0
    scratch = networks.train_from_scratch(shown, classes, labels=3, held_out=held_out, epochs=12)
    head = networks.fit_head(networks.backbone_features(shown), classes, labels=3, held_out=held_out)
    for trained in (scratch, networks.transfer(64, head)):
        served = serving.run(OnnxModel(trained.network).session, shown)
        with torch.no_grad():
            expected = trained.module(torch.from_numpy(shown)).numpy()
        assert np.abs(served - expected).max() < 1e-4
        assert served.std(axis=0).min() > 1e-3  # it answers differently to different pictures
    again = networks.train_from_scratch(shown, classes, labels=3, held_out=held_out, epochs=12)
    assert again.network == scratch.network


def test_torch_is_left_as_it_was() -> None:
    torch = pytest.importorskip("torch", reason=REASON)
    from trend_assets.lib.learning.vision import networks

    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.random.get_rng_state()
    with networks.repeatable():
        assert torch.get_num_threads() == 1
        torch.rand(3)
    after = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.random.get_rng_state()
    assert before[:2] == after[:2]
    assert torch.equal(before[2], after[2])
