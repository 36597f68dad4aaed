"""Planted leaks that are refused where features are made by a function that can be asked again as of then.

    python -m benchmarks.leaks_recomputed            # 1,000 planted leaks of the report's ways, and 200 clean sets

What belongs here: making planted and honest features again without what was not known, and counting. What doesn't: planting
(``leaks_families.py``), values alone (``leaks.py``).

A way of planting is a function of a log: of what a post's row was known to hold at its moment and of what came later. It is called
again, with the same seed of its noise, on logs from which this is taken away: counts of the end are those known at the moment, sales of
the next week are none, labels of the evaluation from the row's own moment on are others, and the row's own label is another one.
Whatever changes the row's value is refused, as ``leaks_in(recomputed=)`` does, without statistics. Own labels are changed one row at a
time, for ``ASKED`` rows of a set. Labels inside texts, ids of the moment, and copies are no features that a function could make again:
they are refused or not from values alone, as ``leaks.py`` reports them.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from benchmarks.leaks import Made, Way, asked, clean, interval, planted, refused
from benchmarks.leaks_families import FIRST, REPORTED
from trend_assets.lib.learning.leaks import differences

ASKED = 60
"""Rows of a set whose own label is changed, evenly over both sides; a planted feature is let go at the first that differs."""
GIVEN = ("time_in_id", "duplicates")
"""Families of rows and ids as they came: nothing makes them again."""


def known(log: Made, without: int | None = None, turn: int = 1) -> Made:
    """A copy of the log without what came after the moment of one row, and without its label; of any training row where none is named.

    turn: how many names further the labels that are taken away are put, so that what rests on any of them changes.
    """
    told = Made(dict(log.columns), log.cut, list(log.features), log.later, copy.deepcopy(log.draw))
    told.columns["final_reposts"] = log.columns["known_reposts"].copy()
    told.columns["sales_next_week"] = np.zeros_like(log.columns["sales_next_week"])
    names, codes = np.unique(log.label, return_inverse=True)
    gone = np.arange(log.rows) >= max(log.cut, without or 0)
    if without is not None:
        gone[without] = True
    told.columns["label"] = names[(codes + turn * gone) % len(names)]
    return told


def same(log: Made) -> Made:
    """A copy of the log with everything, for the function that plants."""
    return Made(
        {name: values.copy() for name, values in log.columns.items()}, log.cut, list(log.features), log.later, copy.deepcopy(log.draw)
    )


def otherwise(log: Made, way: Way, handed: np.ndarray, name: str) -> bool:
    """Whether a feature's values differ from those made again without what was not known."""
    turns = range(1, len(np.unique(log.label)))

    def differs(told: Made, rows: np.ndarray) -> bool:
        way(told)
        again = told.columns[name]
        return bool(differences(pa.array(handed[rows]), pa.array(again[rows])).size)

    if any(differs(known(log, None, turn), np.arange(log.cut)) for turn in turns):
        return True
    places = np.unique(np.linspace(0, log.rows - 1, ASKED).astype(int))
    return any(differs(known(log, int(place), turn), np.array([place])) for place in places for turn in turns)


def _rate_of_other_folds(made: Made) -> None:
    """Shares of a label among training rows of other folds of the same category, towards one half."""
    fold, codes = made.draw.integers(0, 5, made.rows), np.unique(made.columns["category"], return_inverse=True)[1]
    hits, early = (made.label == np.unique(made.label)[0]).astype(float), np.arange(made.rows) < made.cut
    value = np.zeros(made.rows)
    for one in range(6):
        rest = early & (fold != one)
        sums, sizes = np.bincount(codes, hits * rest), np.bincount(codes, rest)
        mine = (early & (fold == one)) if one < 5 else ~early
        value[mine] = ((sums + 1) / (sizes + 2))[codes][mine]
    made.add("rate_of_folds", value)


def _rate_until_then(made: Made) -> None:
    """Shares of a label among earlier rows of the same category, towards one half."""
    codes, hits = np.unique(made.columns["category"], return_inverse=True)[1], (made.label == np.unique(made.label)[0]).astype(float)
    value = np.zeros(made.rows)
    for one in range(codes.max() + 1):
        rows = np.flatnonzero(codes == one)
        value[rows] = (np.cumsum(hits[rows]) - hits[rows] + 1) / (np.arange(rows.size) + 2)
    made.add("rate_until_then", value)


def _known_count_with_noise(made: Made) -> None:
    """The count as known under seeded noise: made again it is the same."""
    made.add("reach_known", np.log1p(made.columns["known_reposts"]) + made.draw.normal(0, 0.5, made.rows))


def _known_per_follower(made: Made) -> None:
    """The count as known by followers."""
    made.add("rate_known", made.columns["known_reposts"] / (made.columns["author_followers"] + 1))


HONEST: tuple[Callable[[Made], None], ...] = (_rate_of_other_folds, _rate_until_then, _known_count_with_noise, _known_per_follower)


def report(count: int, sets: int, values: int) -> None:
    """Print, by family and way, what is refused with features made again, and sets without a leak that are.

    Sets without a leak are judged between planted ones. values: planted sets of which it is also told what values alone refuse.
    """
    started, clear = time.process_time(), list[bool]()
    by_way: dict[tuple[str, str], list[str]] = defaultdict(list)
    alone: dict[tuple[str, str], list[bool]] = defaultdict(list)
    ways = {way.__name__: way for some in REPORTED.values() for way in some}
    for place, (family, name, made) in enumerate(planted(REPORTED, count, FIRST)):
        log = clean(FIRST + 2 * place)
        added = made.planted in made.columns and (made.planted == "rate" or made.planted not in log.columns)
        again = family not in GIVEN and added and not made.options and otherwise(log, ways[name], made.columns[made.planted], made.planted)
        told = refused(family, made, asked(made)) if place < values or not again else False
        by_way[family, name].append("again" if again else "values" if told else "")
        if place < values:
            alone[family, name].append(told)
        if not by_way[family, name][-1]:
            print(f"missed: {name} in a set of {made.rows} rows, {len(np.unique(made.label))} labels, seed {FIRST + 2 * place}", flush=True)
        while len(clear) * count < (place + 1) * sets:
            clear.append(_passes(len(clear)))
        if (place + 1) % 100 == 0 or place + 1 == count:
            _print(by_way, alone, place + 1)
            print(f"without a leak, refused: {clear.count(False)} of {len(clear)} ({interval(clear.count(False), len(clear))})")
            print(f"{time.process_time() - started:.0f} CPU s", flush=True)


def _passes(number: int) -> bool:
    """Whether a set without a leak, with one more honest feature, passes: made again, and by its values."""
    log, way = clean(1_000_000 + FIRST + 2 * number), HONEST[number % len(HONEST)]
    made = same(log)
    way(made)
    differs, leaks = otherwise(log, way, made.columns[made.planted], made.planted), asked(made)
    for told in (*leaks, *(["is otherwise when made again"] if differs else [])):
        print(f"without a leak, refused: {way.__name__}: {told}", flush=True)
    return not differs and not leaks


def _print(by_way: dict[tuple[str, str], list[str]], alone: dict[tuple[str, str], list[bool]], count: int) -> None:
    for family in REPORTED:
        lines = [(way, told) for (of, way), told in by_way.items() if of == family]
        every = [one for _, told in lines for one in told]
        print(f"{family:16} {sum(map(bool, every)):4} of {len(every):4} refused, {every.count('again')} of them made again")
        for way, told in lines:
            by_values = alone[family, way]
            beside = f"; values alone {sum(by_values)} of {len(by_values)}" if by_values else ""
            print(f"    {way:28} {sum(map(bool, told)):3} of {len(told):3}{' made again' if 'again' in told else ''}{beside}")
    every = [one for told in by_way.values() for one in told]
    hits, by_values = sum(map(bool, every)), [one for told in alone.values() for one in told]
    print(
        f"{'all':16} {hits:4} of {count:4} refused ({interval(hits, count)}); values alone {sum(by_values)} of {len(by_values)}", flush=True
    )
    print(f"so far {hits} of {count}", file=sys.stderr, flush=True)


def main() -> None:
    """Parse options and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planted", type=int, default=1000)
    parser.add_argument("--clean", type=int, default=200)
    parser.add_argument("--values", type=int, default=300, help="planted sets of which values alone are told too")
    options = parser.parse_args()
    report(options.planted, options.clean, options.values)


if __name__ == "__main__":
    main()
