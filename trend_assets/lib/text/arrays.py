"""Small Arrow helpers of the text stages: apply a function to few of many texts, build and take lists.

What belongs here: moves of data without any rule about text. What doesn't: everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def to_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One array of a column, whatever its chunks."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def map_where(texts: pa.Array, mask: pa.BooleanArray, function: Callable[[str], str]) -> pa.Array:
    """The texts, with ``function`` applied where the mask is true. For stages that few texts need."""
    chosen = texts.filter(mask)
    if not len(chosen):
        return texts
    return pc.replace_with_mask(texts, mask, pa.array([function(text) for text in chosen.to_pylist()], pa.string()))


def apply_where(texts: pa.Array, mask: pa.BooleanArray, function: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The texts, with a function on arrays applied to those where the mask is true."""
    chosen = texts.filter(mask)
    return pc.replace_with_mask(texts, mask, function(chosen)) if len(chosen) else texts


def strings_where(mask: pa.BooleanArray, lists: Sequence[Sequence[str]]) -> pa.ListArray:
    """A list array as long as the mask: the given lists where it is true, in order, empty lists elsewhere."""
    lengths = np.zeros(len(mask), np.int32)
    lengths[mask.to_numpy(zero_copy_only=False)] = [len(values) for values in lists]
    return list_array(lengths, pa.array([value for values in lists for value in values], pa.string()))


def list_array(lengths: np.ndarray, values: pa.Array) -> pa.ListArray:
    """A list array from the lengths of its lists and their values one after another."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def lengths_of(lists: pa.ListArray) -> np.ndarray:
    """Length of each list, 0 for null."""
    return pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype(np.int32)


def take(array: pa.Array, indices: np.ndarray) -> pa.Array:
    """Elements by position; the array itself where that is what the indices say."""
    if len(indices) == len(array) and np.array_equal(indices, np.arange(len(array))):
        return array
    return array.take(pa.array(indices))


def string_buffers(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Bytes of a string array and where its texts begin and the last ends, without a copy; null counts as empty."""
    texts = pc.fill_null(texts, "") if texts.null_count else texts
    _, offsets, data = texts.buffers()
    starts = np.zeros(1, np.int32) if offsets is None else np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8), starts
