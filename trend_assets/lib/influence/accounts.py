"""Accounts and topics as numbers.

What belongs here: from columns of names to codes that do not depend on the order of rows. What doesn't: what is counted per code.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.trends.history import Integers, encode


class Pairs(NamedTuple):
    """Who acted towards whom as codes (n,) of one list of names, sorted: a smaller code is a smaller name."""

    source: Integers
    target: Integers
    names: pa.Array


def encode_pairs(source: pa.ChunkedArray | pa.Array, target: pa.ChunkedArray | pa.Array) -> Pairs:
    """Codes of two columns of names (text or numbers, no nulls) in one list. O(n + distinct · log distinct).

    Columns of different types are compared as text.
    """
    if source.type != target.type:
        source, target = pc.cast(source, pa.string()), pc.cast(target, pa.string())
    encoded = [_combined(pc.dictionary_encode(_combined(column))) for column in (source, target)]
    known = pc.unique(pa.concat_arrays([column.dictionary for column in encoded]))
    names = known.take(pc.sort_indices(known))
    codes = []
    for column in encoded:
        place = np.asarray(pc.index_in(column.dictionary, value_set=names), dtype=np.int64)
        indices = np.asarray(column.indices, dtype=np.int64)
        codes.append(place[indices] if place.size else indices)
    return Pairs(codes[0], codes[1], names)


def compact(numbers: Integers, size: int) -> tuple[Integers, Integers]:
    """The distinct values of ``numbers`` (n,), each in [0, size), in order, and the place (n,) of each number among them.

    O(n + size) where ``size`` is not much more than n, else O(n log n).
    """
    if size > 8 * numbers.size + 1024:
        distinct, place = np.unique(numbers, return_inverse=True)
        return distinct, place
    present = np.zeros(size, dtype=bool)
    present[numbers] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[numbers]


class Accounts(NamedTuple):
    """Accounts by code, sorted by network and author, and the codes (n,) of who acted and who received."""

    network: pa.Array
    author: pa.Array
    source: Integers
    target: Integers

    @property
    def size(self) -> int:
        """How many accounts there are."""
        return len(self.author)


def encode_accounts(interactions: pa.Table) -> Accounts:
    """Accounts of rows of ``influencers/interactions``. The same author on two networks is two accounts."""
    pairs = encode_pairs(interactions["source_author"], interactions["target_author"])
    networks, network_names = encode(interactions["network"])
    authors = max(len(pairs.names), 1)
    numbers = np.concatenate([networks * authors + pairs.source, networks * authors + pairs.target])
    distinct, place = compact(numbers, max(len(network_names), 1) * authors)
    rows = interactions.num_rows
    network = pa.array(network_names, pa.string()).take(pa.array(distinct // authors))
    return Accounts(network, pairs.names.take(pa.array(distinct % authors)), place[:rows], place[rows:])


def rows_of(mask: npt.NDArray[np.bool_], *columns: Integers) -> tuple[Integers, ...]:
    """The rows of each column where ``mask`` is true."""
    return tuple(column[mask] for column in columns)


def _combined(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)
