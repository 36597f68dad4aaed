"""Models are stored without pickle: equal models are equal bytes, and code cannot be smuggled in."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from trend_assets.lib.learning.store import OnnxModel, SpacyModel, UnsafeModelError, model_from_files, model_to_files


def _fitted() -> LogisticRegression:
    return LogisticRegression().fit(np.arange(20.0).reshape(10, 2), [0, 1] * 5)


def test_an_estimator_returns_as_it_was_and_equal_ones_are_equal_bytes() -> None:
    files = model_to_files(_fitted())
    assert model_to_files(_fitted()) == files
    points = np.arange(6.0).reshape(3, 2)
    assert (model_from_files(files).predict_proba(points) == _fitted().predict_proba(points)).all()


def test_arrays_and_values_return_as_they_were() -> None:
    model = {"weights": np.arange(3.0), "names": np.array(["a", "b"]), "bias": 0.5, "words": ["x"]}
    again = model_from_files(model_to_files(model))
    assert again["bias"] == 0.5
    assert again["words"] == ["x"]
    assert again["weights"].tolist() == [0.0, 1.0, 2.0]
    assert again["names"].tolist() == ["a", "b"]
    assert model_to_files(model) == model_to_files(dict(reversed(model.items())))


def shout(values: np.ndarray) -> np.ndarray:
    return values


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (FunctionTransformer(shout), "does not trust"),
        ({"a": np.array([object()])}, "without pickle"),
        ({"a": object()}, "must be NumPy arrays or JSON"),
        ({"a": float("nan")}, "must be NumPy arrays or JSON"),
        ("a string", "return a scikit-learn estimator"),
    ],
)
def test_what_cannot_be_stored_safely_is_refused_with_a_reason(model: object, reason: str) -> None:
    with pytest.raises(UnsafeModelError, match=reason):
        model_to_files(model)


def test_foreign_files_are_refused_when_loading() -> None:
    with pytest.raises(UnsafeModelError, match="does not trust"):
        model_from_files({"model.skops": skops.io.dumps(FunctionTransformer(shout))})
    sink = io.BytesIO()
    np.savez(sink, evil=np.array([print], dtype=object))
    with pytest.raises(UnsafeModelError, match="more than numbers"):
        model_from_files({"values.json": b"{}", "arrays.npz": sink.getvalue()})
    with pytest.raises(UnsafeModelError, match="no model"):
        model_from_files({"model.pkl": pickle.dumps(_fitted())})


def test_a_spacy_pipeline_is_stored_without_pickle_and_says_the_same() -> None:
    spacy = pytest.importorskip("spacy")
    bow = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 1, "no_output_layer": False, "length": 4096}
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("textcat", config={"model": bow})
    for label in ("no", "yes"):
        pipe.add_label(label)
    nlp.initialize()
    model = SpacyModel.of(nlp, {"labels": ["no", "yes"]})
    files = model_to_files(model)
    again = model_from_files(files)
    assert again.values == {"labels": ["no", "yes"]}
    assert again.pipeline("some text").cats == nlp("some text").cats
    called = SpacyModel(model.configuration.replace("after_creation = null", 'after_creation = {"@callbacks": "x"}'), model.data)
    with pytest.raises(UnsafeModelError, match="asks for more than its parts: after_creation"):
        _ = called.pipeline


def test_a_network_is_stored_as_onnx_bytes() -> None:
    model = OnnxModel(b"network", {"labels": ["a", "b"]})
    assert model_to_files(model) == {"model.onnx": b"network", "values.json": b'{"labels": ["a", "b"]}'}
    assert model_from_files(model_to_files(model)) == model
