"""A model as files and back, without pickle: what is loaded can hold data, never code.

What belongs here: the two forms a model may have. What doesn't: where the files are kept (``trend_assets/models/tracking.py``).

A scikit-learn estimator is stored by skops, which names the types of every object; a type that skops does not know to be
harmless is refused when storing and when loading. A dict is stored as NumPy arrays (``arrays.npz``, no objects) and JSON.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from trend_assets.lib.learning.contract import LARGEST_MODEL_BYTES

SKOPS, ARRAYS, VALUES = "model.skops", "arrays.npz", "values.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SCHEMA = "schema.json"
_ADDRESS = re.compile(rb'("__id__": |"file": ")(\d+)(\.\w+"|)')


class UnsafeModelError(ValueError):
    """The model cannot be stored, or must not be loaded; the message says what to do."""


def model_to_files(model: object) -> dict[str, bytes]:
    """The files of a model. Raises ``UnsafeModelError`` for a model of another form, of untrusted types, or too large."""
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
    return model


def form_of(model: object) -> str:
    """What a model is, in words: the estimator's type, or the names in the dict; tells what the code must know how to read."""
    return f"a dict of {', '.join(sorted(map(str, model)))}" if isinstance(model, dict) else f"a scikit-learn {type(model).__name__}"


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
            f"train returned a {type(model).__name__}: return a scikit-learn estimator, or a dict of arrays and JSON values"
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
