"""Values kept as bytes: what comes back is what went in, and damaged bytes are refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from trend_assets.lib.live.packing import pack, unpack


@dataclass(frozen=True)
class Inner:
    """A value inside another."""

    hashes: npt.NDArray[np.uint64]
    grid: npt.NDArray[np.int64]
    flags: npt.NDArray[np.bool_]
    names: pa.Array


@dataclass(frozen=True)
class Outer:
    """A value with one of each kind."""

    at: datetime
    share: float
    words: tuple[str, ...]
    table: pa.Table
    hours: tuple[Inner, ...]
    last: Inner | None


def inner(count: int) -> Inner:
    return Inner(
        np.arange(count, dtype=np.uint64) + np.uint64(2**63),
        np.arange(2 * count).reshape(2, count),
        np.arange(count) % 2 == 0,
        pa.array(["a", None, "é"][:count]),
    )


@pytest.mark.parametrize("last", [None, inner(2)])
def test_every_kind_of_field_comes_back(last):
    value = Outer(datetime(2026, 9, 1, 10, tzinfo=UTC), 0.5, ("maison", "lune"), pa.table({"n": [1, 2]}), (inner(3), inner(0)), last)
    found = unpack(Outer, pack(value))
    assert (found.at, found.share, found.words) == (value.at, value.share, value.words)
    assert found.table.equals(value.table)
    assert (found.last is None) == (last is None)
    for one, other in zip((*found.hours, *filter(None, [found.last])), (*value.hours, *filter(None, [last])), strict=True):
        for name in ("hashes", "grid", "flags"):
            assert getattr(one, name).dtype == getattr(other, name).dtype
            assert np.array_equal(getattr(one, name), getattr(other, name))
        assert one.names.equals(other.names)


@dataclass(frozen=True)
class Odd:
    """A value that cannot be kept."""

    what: object


def test_other_types_and_damaged_bytes_are_refused():
    with pytest.raises(TypeError, match="/what: complex"):
        pack(Odd(1j))
    with pytest.raises((pa.ArrowInvalid, KeyError, ValueError)):
        unpack(Outer, pack(inner(2)))
    with pytest.raises(pa.ArrowInvalid):
        unpack(Outer, b"no such file")
