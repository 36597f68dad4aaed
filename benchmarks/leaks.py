"""Planted leaks that are refused, by family, and clean example sets that are.

    python -m benchmarks.leaks                       # 1,000 planted leaks of the report's ways, and 200 clean sets
    python -m benchmarks.leaks --development         # the ways and sets that limits were chosen on
    python -m benchmarks.leaks --real FILE COLUMN_OF_TEXT COLUMN_OF_LABEL [COLUMN_OF_AUTHOR]   # a labelled Parquet file without a leak

Each set is a table of made examples with honest features of many kinds: predictors, categories with real differences, encodings of
other folds and of earlier rows, counts as known, seasons, slow growth, ids without time, texts with telling words. A planted one has one
more column, or other rows, that give something away. Only values are handed over, as for a table from elsewhere: neither how a column
was made nor the same column made again as of then, with which every such leak is told exactly (``recomputed``).

*Ways* of planting are kept apart: those of ``benchmarks/leaks_development.py`` and the sets of odd seeds were developed on, those of
``benchmarks/leaks_families.py`` and even seeds are reported. A planted leak counts as refused where
the planted column is named.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from trend_assets.lib.learning.leaks import Leak, leaks_in
from trend_assets.lib.learning.splits import EVALUATION, TRAIN, split

DAY = 86_400_000_000


@dataclass
class Made:
    """Columns of examples in order of time, where training ends, which columns are features, and which were planted."""

    columns: dict[str, np.ndarray]
    cut: int
    features: list[str]
    later: list[str]
    draw: np.random.Generator
    planted: str = ""
    options: dict[str, object] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Examples of both sides."""
        return len(self.columns["label"])

    @property
    def label(self) -> np.ndarray:
        """Labels as texts."""
        return self.columns["label"]

    def add(self, name: str, values: np.ndarray) -> None:
        """One more feature, the planted one."""
        self.columns[name], self.planted = values, name
        self.features.append(name)

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Training and evaluation examples."""
        rows = pa.table({name: pa.array(list(values) if values.dtype == object else values) for name, values in self.columns.items()})
        at = rows.column_names.index("created_at")
        rows = rows.set_column(at, "created_at", rows["created_at"].cast(pa.timestamp("us", tz="UTC")))
        return rows.slice(0, self.cut), rows.slice(self.cut)


def encoded(made: Made, by: str, hits: np.ndarray, which: np.ndarray, smooth: float = 2.0, own: bool = True) -> np.ndarray:
    """Smoothed share of hits of each row's group among the rows ``which``; without the row's own where not ``own``."""
    codes = np.unique(made.columns[by], return_inverse=True)[1]
    sums, sizes = np.bincount(codes, hits * which, codes.max() + 1), np.bincount(codes, which, codes.max() + 1)
    mine = 0 if own else which
    return (sums[codes] - mine * hits + smooth * hits.mean()) / (sizes[codes] - mine + smooth + 1e-9)


def clean(seed: int) -> Made:
    """A set without a leak; its kind and sizes are drawn."""
    draw = np.random.default_rng([seed, 7])
    rows, kinds = int(draw.integers(500, 1400)), int(draw.integers(2, 5))
    names = np.array([["negative", "positive"], ["negative", "neutral", "positive"], ["delivery", "quality", "size", "other"]][kinds - 2])
    groups = int(draw.integers(20, 90))
    group = draw.choice(groups, rows, p=draw.dirichlet(np.full(groups, 2.0)))
    effect = draw.normal(0, draw.choice([0, 0.5, 1.2]), (groups, kinds))
    strength = draw.normal(0, 1, rows)
    weight = draw.normal(0, draw.choice([0.0, 1.0, 2.5]), kinds)
    logit = effect[group] + strength[:, None] * weight + draw.normal(0, 0.4, kinds)
    chance = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
    label = (draw.random(rows)[:, None] > chance.cumsum(axis=1)).sum(axis=1).clip(0, kinds - 1)
    known, followers = draw.poisson(3, rows), draw.lognormal(5, 2, rows).round()
    appeal = draw.lognormal(0, 0.8, rows) * followers**0.3
    created = np.sort(draw.integers(0, 40 * DAY, rows))
    hour = created // 3_600_000_000 % 24
    columns = {
        "network": np.full(rows, "x"),
        "post_id": np.array([f"{one:016x}" for one in draw.integers(0, 2**63, rows)]),
        "author": np.array([f"a{one}" for one in draw.permutation(rows)]),
        "created_at": created,
        "label": names[label],
        "text": texts(draw, names[label]),
        "category": np.array([f"c{one}" for one in group]),
        "place": draw.choice(["fr", "gb", "be", ""], rows),
        "strength": strength + draw.normal(0, draw.choice([0.1, 1.0]), rows),
        "known_reposts": known,
        "author_followers": followers,
        "hour": hour,
        "weekday": created // DAY % 7,
        "growing": np.exp(created / (40 * DAY) * draw.choice([0.2, 1.0])) * draw.lognormal(3, 0.5, rows),
        "token": np.array([f"{one:08x}" for one in draw.integers(0, 2**31, rows)]),
        "final_reposts": known + draw.poisson(appeal * 4),
        "sales_next_week": draw.poisson(20 * np.exp(0.3 * strength)),
    }
    made = Made(columns, int(rows * 0.7), [], ["final_reposts", "sales_next_week"], draw)
    made.features = [name for name in columns if name not in ("network", "post_id", "author", "created_at", "label", *made.later)]
    hits, early = (made.label == names[0]).astype(float), np.arange(rows) < made.cut
    kind = int(draw.integers(0, 4))
    if kind == 1:  # of other folds in training, of all training rows later
        fold, value = draw.integers(0, 5, rows), np.zeros(rows)
        for one in range(5):
            value = np.where(early & (fold == one), encoded(made, "category", hits, early & (fold != one)), value)
        columns["rate"] = np.where(early, value, encoded(made, "category", hits, early))
    elif kind == 2:  # of earlier rows, as labels come in
        sums, sizes, value = np.zeros(groups), np.zeros(groups), np.zeros(rows)
        for place in range(rows):
            value[place] = (sums[group[place]] + hits.mean()) / (sizes[group[place]] + 1)
            sums[group[place]] += hits[place]
            sizes[group[place]] += 1
        columns["rate"] = value
    elif kind == 3:  # from other data: what is known of the group, not of these rows
        columns["rate"] = np.exp(effect)[:, 0][group] / np.exp(effect).sum(axis=1)[group] + draw.normal(0, 0.02, groups)[group]
    made.features += ["rate"] if kind else []
    return made


_SYLLABLES = [a + b for a in "bcdfglmnprstv" for b in ("a", "e", "i", "o", "ou", "an", "er")]
TELLING = {
    "negative": ["awful", "broke", "late", "refund", "worst"], "positive": ["lovely", "great", "perfect", "thanks", "best"],
    "neutral": ["asking", "compare", "maybe", "price", "where"], "delivery": ["parcel", "late", "courier", "delivery", "waiting"],
    "quality": ["broke", "seam", "quality", "hole", "cheap"], "size": ["small", "tight", "size", "sleeve", "large"],
    "other": ["anyone", "today", "shop", "again", "queue"],
}  # fmt: skip


def texts(draw: np.random.Generator, label: np.ndarray) -> np.ndarray:
    """Texts of a Zipf vocabulary with words that tell the label now and then; some begin or end alike, some are short."""
    words = np.array(["".join(draw.choice(_SYLLABLES, draw.integers(1, 4))) for _ in range(3000)])
    chance = 1 / np.arange(3, 3003)
    chance /= chance.sum()
    tell, found = draw.choice([0.2, 0.5, 0.8]), []
    for one in label:
        said = list(draw.choice(words, int(draw.integers(4, 22)), p=chance))
        for _ in range(2):
            if draw.random() < tell:
                of = one if draw.random() < 0.85 else str(draw.choice(list(TELLING)))
                said.insert(int(draw.integers(0, len(said) + 1)), str(draw.choice(TELLING[of])))
        said = ([str(draw.choice(["just", "so", "why", "hello"]))] if draw.random() < 0.2 else []) + said
        text = " ".join(said) + str(draw.choice(["", ".", "!", " #shop", "…", " 😀"], p=[0.4, 0.2, 0.15, 0.1, 0.05, 0.1]))
        found.append(text.capitalize() if draw.random() < 0.4 else text)
    return np.array(found)


Way = Callable[[Made], None]


def asked(made: Made) -> list[Leak]:
    """What is found in a set."""
    train, evaluation = made.tables()
    for name in ("trend_until", "answered_at"):
        if name in train.column_names:
            kind = pa.timestamp("us", tz="UTC")
            train, evaluation = (one.set_column(one.column_names.index(name), name, one[name].cast(kind)) for one in (train, evaluation))
    return leaks_in(train, evaluation, made.features, later=made.later, **made.options)


def refused(family: str, made: Made, leaks: list[Leak]) -> bool:
    """Whether the planted leak is named: its column, in its family."""
    return any(leak.feature == made.planted or (leak.family == family and made.planted in leak.feature.split(", ")) for leak in leaks)


def planted(ways: dict[str, tuple[Way, ...]], count: int, first: int) -> Iterator[tuple[str, str, Made]]:
    """``count`` planted sets, families and ways in turn; seeds from ``first`` in steps of two."""
    turns = [(family, way) for place in range(max(map(len, ways.values()))) for family in ways for way in ways[family][place : place + 1]]
    for number in range(count):
        family, way = turns[number % len(turns)]
        made = clean(first + 2 * number)
        way(made)
        yield family, way.__name__.strip("_"), made


def interval(hits: int, of: int) -> str:
    """Wilson's 95 % interval of a share."""
    if not of:
        return ""
    z, share = 1.96, hits / of
    middle, half = share + z * z / 2 / of, z * math.sqrt(share * (1 - share) / of + z * z / 4 / of / of)
    return f"{max(middle - half, 0) / (1 + z * z / of):.1%} to {(middle + half) / (1 + z * z / of):.1%}"


def report(ways: dict[str, tuple[Way, ...]], count: int, sets: int, first: int) -> None:
    """Print what is refused by family and way, and clean sets that are."""
    started, alarms = time.process_time(), Counter[str]()
    told: list[str] = []
    for number in range(sets):
        leaks = asked(clean(1_000_000 + first + 2 * number))
        alarms["sets"] += bool(leaks)
        alarms.update(leak.family for leak in leaks)
        told += [f"  {leak}" for leak in leaks]
    print(f"clean sets refused: {alarms['sets']} of {sets} ({interval(alarms['sets'], sets)})")
    print("\n".join(told[:20]), flush=True)
    found: dict[str, list[bool]] = defaultdict(list)
    by_way: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for family, way, made in planted(ways, count, first):
        hit = refused(family, made, asked(made))
        found[family].append(hit)
        by_way[family, way].append(hit)
        if sum(map(len, found.values())) % 100 == 0:
            hits = [one for some in found.values() for one in some]
            print(f"so far {sum(hits)} of {len(hits)}", file=sys.stderr, flush=True)
    for family, hits in found.items():
        print(f"{family:16} {sum(hits):4} of {len(hits):4} refused")
        for (of, way), some in by_way.items():
            if of == family:
                print(f"    {way:28} {sum(some):3} of {len(some):3}")
    every = [hit for hits in found.values() for hit in hits]
    share, each = interval(sum(every), len(every)), (time.process_time() - started) / max(len(every) + sets, 1)
    print(f"{'all':16} {sum(every):4} of {len(every):4} refused ({share}); {each:.2f} CPU s a set")


def real(path: Path, text: str, label: str, author: str | None) -> None:
    """Leaks named in a labelled file, split as training sets are: its rows in order, authors and copies apart; ten draws of its rows."""
    import pyarrow.parquet as pq

    from trend_assets.lib.learning.leaks_copies import plain

    columns = [text, label, *([author] if author else [])]
    rows = pq.read_table(path, columns=columns).drop_null()
    for seed in range(10):
        chosen = np.sort(np.random.default_rng(seed).choice(rows.num_rows, min(3000, rows.num_rows), replace=False))
        part = rows.take(pa.array(chosen))
        keys = np.array([hash_of(plain(one)) for one in part[text].to_pylist()], dtype=np.int64)
        authors = np.array([str(one) for one in part[author].to_pylist()] if author else [str(one) for one in range(part.num_rows)])
        side = split(np.arange(part.num_rows, dtype=np.int64), authors, keys, 0.3)
        made = pa.table({"clean_text": part[text], "label": part[label].cast(pa.string()), "author": pa.array(authors)})
        sides = [made.filter(pa.array(side == one)) for one in (TRAIN, EVALUATION)]
        leaks = leaks_in(*sides, ["clean_text"])
        told = "; ".join(map(str, leaks)) or "nothing"
        print(f"{path.name}, draw {seed}: {sides[0].num_rows} to train, {sides[1].num_rows} to judge: {told}")


def hash_of(text: str) -> int:
    """A 63-bit hash of a text."""
    import hashlib

    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def main() -> None:
    """Parse options and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--development", action="store_true")
    parser.add_argument("--planted", type=int, default=1000)
    parser.add_argument("--clean", type=int, default=200)
    parser.add_argument("--real", nargs="+", metavar="FILE TEXT LABEL")
    options = parser.parse_args()
    if options.real:
        real(Path(options.real[0]), options.real[1], options.real[2], options.real[3] if len(options.real) > 3 else None)
    elif options.development:
        from benchmarks.leaks_development import WAYS
        from benchmarks.leaks_families import SEEN

        report(WAYS | {"label": (*WAYS["label"], *SEEN)}, options.planted, options.clean, first=1)
    else:
        from benchmarks.leaks_families import FIRST, REPORTED

        report(REPORTED, options.planted, options.clean, first=FIRST)


if __name__ == "__main__":
    main()
