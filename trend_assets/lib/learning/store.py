"""A model as files and back, without pickle: what is loaded can hold data, never code.

What belongs here: the forms a model may have. What doesn't: where the files are kept (``trend_assets/models/tracking.py``).

A scikit-learn estimator is stored by skops, which names the types of every object; a type that skops does not know to be
harmless is refused when storing and when loading. A dict is stored as NumPy arrays (``arrays.npz``, no objects) and JSON. A network is
stored as ONNX, a spaCy pipeline as its configuration and the MessagePack that spaCy makes of it; both with JSON values beside.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from trend_assets.lib.learning.contract import LARGEST_MODEL_BYTES

SKOPS, ARRAYS, VALUES, ONNX, SPACY = "model.skops", "arrays.npz", "values.json", "model.onnx", "model.spacy"
_CONFIGURATION = "spacy.cfg"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SCHEMA = "schema.json"
_ADDRESS = re.compile(rb'("__id__": |"file": ")(\d+)(\.\w+"|)')


class UnsafeModelError(ValueError):
    """The model cannot be stored, or must not be loaded; the message says what to do."""


@dataclass(frozen=True)
class OnnxModel:
    """A network. data: the ONNX file, weights inside. values: JSON values that go with it (class names, sizes, means)."""

    data: bytes
    values: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def session(self) -> Any:
        """An ``onnxruntime.InferenceSession`` on one thread: equal input gives equal output."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(self.data, options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True)
class SpacyModel:
    """A spaCy pipeline. configuration: ``nlp.config.to_str()``. data: ``nlp.to_bytes()``. values: JSON values that go with it."""

    configuration: str
    data: bytes
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, nlp: Any, values: Mapping[str, Any] | None = None) -> SpacyModel:
        """Of a trained pipeline."""
        return cls(nlp.config.to_str(), nlp.to_bytes(), values or {})

    @cached_property
    def pipeline(self) -> Any:
        """The pipeline. Raises ``UnsafeModelError`` where the configuration would do more than build it: read files, run callbacks."""
        import spacy.util

        configuration = spacy.util.Config().from_str(self.configuration, interpolate=False)
        _check_configuration(configuration)
        return spacy.util.load_model_from_config(configuration, auto_fill=True).from_bytes(self.data)


def model_to_files(model: object) -> dict[str, bytes]:
    """The files of a model. Raises ``UnsafeModelError`` for a model of another form, of untrusted types, or too large."""
    if isinstance(model, OnnxModel):
        files = {ONNX: model.data, **_dict_to_files(dict(model.values))}
    elif isinstance(model, SpacyModel):
        files = {SPACY: model.data, _CONFIGURATION: model.configuration.encode(), **_dict_to_files(dict(model.values))}
    else:
        files = _dict_to_files(model) if isinstance(model, dict) else _estimator_to_files(model)
    size = sum(map(len, files.values()))
    if size > LARGEST_MODEL_BYTES:
        raise UnsafeModelError(f"the model takes {size / 2**20:.0f} MiB, more than {LARGEST_MODEL_BYTES / 2**20:.0f}: use fewer features")
    return files


def model_from_files(files: Mapping[str, bytes]) -> Any:
    """Inverse of ``model_to_files``. Raises ``UnsafeModelError`` for files that are none, or hold untrusted types."""
    if SKOPS in files:
        return _estimator_from_bytes(files[SKOPS])
    if VALUES not in files:
        raise UnsafeModelError(f"no model: expected {SKOPS}, or {VALUES} with {ARRAYS}; there are {', '.join(sorted(files)) or 'no files'}")
    model: dict[str, Any] = json.loads(files[VALUES])
    if ARRAYS in files:
        try:
            with np.load(io.BytesIO(files[ARRAYS]), allow_pickle=False) as arrays:
                model |= {name: arrays[name] for name in arrays.files}
        except ValueError as error:
            raise UnsafeModelError(f"{ARRAYS} holds more than numbers and text: {error}") from error
    if ONNX in files:
        return OnnxModel(files[ONNX], model)
    if SPACY in files:
        return SpacyModel(files[_CONFIGURATION].decode(), files[SPACY], model)
    return model


def form_of(model: object) -> str:
    """What a model is, in words: the estimator's type, or the names in the dict; tells what the code must know how to read."""
    if isinstance(model, dict):
        return f"a dict of {', '.join(sorted(map(str, model)))}"
    if isinstance(model, OnnxModel | SpacyModel):
        return f"{type(model).__name__} with {', '.join(sorted(model.values)) or 'no values'}"
    return f"a scikit-learn {type(model).__name__}"


def _check_configuration(configuration: Mapping[str, Any]) -> None:
    """Callbacks and readers are functions that a configuration can name; a stored pipeline needs none of them."""
    named = configuration.get("nlp", {})
    wanted = [name for name in ("before_creation", "after_creation", "after_pipeline_creation") if named.get(name)]
    wanted += [name for name, one in configuration.get("components", {}).items() if "source" in one]
    if wanted:
        raise UnsafeModelError(f"the pipeline's configuration asks for more than its parts: {', '.join(wanted)}")


def _dict_to_files(model: dict[str, Any]) -> dict[str, bytes]:
    arrays = {name: value for name, value in model.items() if isinstance(value, np.ndarray)}
    wrong = [name for name, array in arrays.items() if array.dtype.hasobject]
    if wrong:
        raise UnsafeModelError(f"arrays of Python objects cannot be stored without pickle: {', '.join(wrong)}; use numbers or fixed text")
    try:
        values = json.dumps({name: value for name, value in model.items() if name not in arrays}, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UnsafeModelError(f"the model's values must be NumPy arrays or JSON: {error}") from error
    files = {VALUES: values.encode()}
    if arrays:
        sink = io.BytesIO()
        np.savez_compressed(sink, allow_pickle=False, **arrays)
        files[ARRAYS] = _normalised(sink.getvalue())
    return files


def _estimator_to_files(model: object) -> dict[str, bytes]:
    import skops.io
    from sklearn.base import BaseEstimator

    if not isinstance(model, BaseEstimator):
        raise UnsafeModelError(
            f"train returned a {type(model).__name__}: return a scikit-learn estimator, a dict of arrays and JSON values, "
            "an OnnxModel or a SpacyModel"
        )
    data = _normalised(skops.io.dumps(model))
    _check_types(data)
    return {SKOPS: data}


def _estimator_from_bytes(data: bytes) -> Any:
    import skops.io

    _check_types(data)
    return skops.io.loads(data, trusted=[])


def _check_types(data: bytes) -> None:
    import skops.io

    unknown = skops.io.get_untrusted_types(data=data)
    if unknown:
        raise UnsafeModelError(
            f"types that skops does not trust: {', '.join(sorted(unknown))}; use scikit-learn's own estimators and NumPy's functions"
        )


def _normalised(archive: bytes) -> bytes:
    """The zip archive without times and memory addresses, which skops uses as names: equal models are equal bytes."""
    sink, numbers = io.BytesIO(), dict[bytes, bytes]()

    def renamed(found: re.Match[bytes]) -> bytes:
        return found[1] + numbers.setdefault(found[2], str(len(numbers) + 1).encode()) + found[3]

    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        members = {name: source.read(name) for name in source.namelist()}
    if _SCHEMA in members:
        members[_SCHEMA] = _ADDRESS.sub(renamed, members[_SCHEMA])
    named = {
        re.sub(rb"^\d+(?=\.)", lambda found: numbers.get(found[0], found[0]), name.encode()).decode(): data
        for name, data in members.items()
    }
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(named):
            target.writestr(zipfile.ZipInfo(name, _EPOCH), named[name], zipfile.ZIP_DEFLATED)
    return sink.getvalue()
