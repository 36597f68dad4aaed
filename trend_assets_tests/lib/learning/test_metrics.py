"""Metrics agree with scikit-learn's, hold per language and say how sure they are."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss

from trend_assets.lib.learning.metrics import ALL, OTHER, calibration, confusion_matrix, evaluate, majority
from trend_assets.lib.learning.picture import confusion_svg


def _case(rows: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, rows)
    predicted = rng.dirichlet([1.0, 1.0, 1.0], rows) + 1.5 * np.eye(3)[truth] * (rng.random(rows) < 0.7)[:, None]
    return (
        truth,
        predicted / predicted.sum(axis=1, keepdims=True),
        np.where(rng.random(rows) < 0.3, "fr", np.where(rng.random(rows) < 0.05, "nl", "en")),
    )


def test_figures_are_those_of_scikit_learn() -> None:
    truth, predicted, languages = _case()
    found = {part.name.removeprefix("language:"): part for part in evaluate(truth, predicted, languages, 30)}
    answer = predicted.argmax(axis=1)
    for language in ("en", "fr"):
        rows = languages == language
        assert found[language].examples == rows.sum()
        assert found[language].values["macro_f1"] == pytest.approx(f1_score(truth[rows], answer[rows], average="macro"))
        assert found[language].values["accuracy"] == pytest.approx(accuracy_score(truth[rows], answer[rows]))
        assert found[language].values["log_loss"] == pytest.approx(log_loss(truth[rows], predicted[rows]))
    assert list(found) == [ALL, "en", "fr", OTHER.removeprefix("language:")]
    overall = found[ALL].values
    assert overall["macro_f1_low"] < overall["macro_f1"] < overall["macro_f1_high"]


def test_a_perfect_model_and_the_majority_are_at_the_ends() -> None:
    truth, _, languages = _case()
    perfect = evaluate(truth, np.eye(3)[truth], languages, 30)[0].values
    assert (perfect["macro_f1"], perfect["brier"], perfect["calibration_error"]) == (1.0, 0.0, 0.0)
    shares = np.bincount(truth) / len(truth)
    base = evaluate(truth, majority(shares.tolist(), len(truth)), languages, 30)[0].values
    assert base["accuracy"] == pytest.approx(shares.max())
    assert base["macro_f1"] < 0.2


def test_no_examples_make_no_figures() -> None:
    assert evaluate(np.empty(0, np.int64), np.empty((0, 3)), np.empty(0, dtype=str), 30) == []


def test_calibration_counts_every_example_once() -> None:
    truth, predicted, _ = _case()
    bins = calibration(truth, predicted)
    assert sum(row["examples"] for row in bins) == len(truth)
    assert all(row["from"] <= row["mean_probability"] <= row["from"] + 0.1 for row in bins)


def test_the_picture_shows_every_count_and_escapes_names() -> None:
    truth, predicted, _ = _case()
    matrix = confusion_matrix(truth, predicted.argmax(axis=1), 3)
    svg = confusion_svg(matrix, ("<no>", "maybe", "yes"), "a & b")
    assert all(f">{count}<" in svg for count in matrix.ravel().tolist())
    assert "&lt;no&gt;" in svg
    assert "<no>" not in svg
