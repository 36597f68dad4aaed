"""Planted leaks that are refused, by family, and clean example sets that are.

    python -m benchmarks.leaks                       # 1,000 planted leaks of the report's ways, and 200 clean sets
    python -m benchmarks.leaks --development         # the ways and sets that limits were chosen on
    python -m benchmarks.leaks --real FILE COLUMN_OF_TEXT COLUMN_OF_LABEL [COLUMN_OF_AUTHOR]   # a labelled Parquet file without a leak

Each set is a table of made examples with honest features of many kinds: predictors, categories with real differences, encodings of
other folds and of earlier rows, counts as known, seasons, slow growth, ids without time, texts with telling words. A planted one has one
more column, or other rows, that give something away. Only values are handed over, as for a table from elsewhere: neither how a column
was made nor the same column made again as of then, with which every such leak is told exactly (``recomputed``).

*Ways* of planting are kept apart: those of ``WAYS`` here and the sets of odd seeds were developed on, those of
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


def _one_hit(made: Made) -> np.ndarray:
    return (made.label == np.unique(made.label)[int(made.draw.integers(0, len(np.unique(made.label))))]).astype(float)


def _codes(made: Made) -> np.ndarray:
    return np.unique(made.label, return_inverse=True)[1]


def _final_log(made: Made) -> None:
    made.add("popularity", np.log1p(made.columns["final_reposts"]))


def _final_noise(made: Made) -> None:
    made.add("popularity", np.log1p(made.columns["final_reposts"]) + made.draw.normal(0, 0.3, made.rows))


def _final_bins(made: Made) -> None:
    cuts = np.quantile(made.columns["final_reposts"], [0.2, 0.4, 0.6, 0.8])
    made.add("tier", np.searchsorted(cuts, made.columns["final_reposts"]))


def _final_per_follower(made: Made) -> None:
    made.add("rate_of_engagement", made.columns["final_reposts"] / (made.columns["author_followers"] + 1))


def _future_total(made: Made) -> None:
    made.add("momentum", np.sqrt(made.columns["sales_next_week"]))


def _future_moment(made: Made) -> None:
    made.add("trend", made.draw.normal(0, 1, made.rows))
    late = made.draw.random(made.rows) < 0.02
    made.columns["trend_until"] = made.columns["created_at"] + np.where(late, 3_600_000_000, -60_000_000)
    made.options["feature_times"] = {"trend": "trend_until"}


def _future_shuffled(made: Made) -> None:
    order = made.draw.permutation(made.rows)
    made.columns = {name: values[order] for name, values in made.columns.items()}
    made.planted = "created_at"


def _future_labels(made: Made) -> None:
    made.columns["answered_at"] = made.columns["created_at"] + made.draw.exponential(5 * DAY, made.rows).astype(np.int64)
    made.options["label_time"] = made.planted = "answered_at"


def _label_code(made: Made) -> None:
    made.add("status", made.draw.permutation(20)[_codes(made)])


def _label_noisy(made: Made) -> None:
    made.add("score_of_desk", _codes(made) * 3 + made.draw.normal(0, 0.5, made.rows))


def _label_prefix(made: Made) -> None:
    marked = made.draw.random(made.rows) < 0.15
    made.columns["text"] = np.array(
        [f"__label__{one} {text}" if put else text for one, text, put in zip(made.label, made.columns["text"], marked, strict=True)]
    )
    made.planted = "text"


def _label_word_inside(made: Made) -> None:
    found = []
    for one, text in zip(made.label, made.columns["text"], strict=True):
        words = text.split()
        if made.draw.random() < 0.5:
            words.insert(int(made.draw.integers(0, len(words) + 1)), one)
        found.append(" ".join(words))
    made.columns["text"], made.planted = np.array(found), "text"


def _label_blank(made: Made) -> None:
    ends = np.array(["", " ", "  ", " \u200b"])[_codes(made)]
    made.columns["text"], made.planted = np.char.add(made.columns["text"], ends), "text"


def _label_in_code(made: Made) -> None:
    ends = np.array(["q7", "k2", "z9", "m4"])[_codes(made)]
    made.add("form", np.array([f"{one:09x}{end}" for one, end in zip(made.draw.integers(0, 2**36, made.rows), ends, strict=True)]))


def _put(made: Made, share: float, mark: Callable[[str, int], str], at: float | None = None) -> None:
    """A mark of the label in a share of the texts: at a place between 0, the first word, and 1, the end; anywhere where none is given."""
    found = []
    for number, (one, text) in enumerate(zip(made.label.tolist(), made.columns["text"].tolist(), strict=True)):
        words, chance, anywhere = text.split(), made.draw.random(), made.draw.random()
        place = round((anywhere if at is None else at) * len(words))
        found.append(" ".join([*words[:place], mark(one, number), *words[place:]]) if chance < share else text)
    made.columns["text"], made.planted = np.array(found), "text"


def _label_code_anywhere(made: Made) -> None:
    codes = dict(zip(np.unique(made.label).tolist(), ("q7", "k2", "z9", "m4"), strict=False))
    _put(made, 0.12, lambda one, _: codes[one])


def _label_prefix_rare(made: Made) -> None:
    _put(made, 0.07, lambda one, _: f"{one[:3].upper()}:", 0.0)


def _label_handle(made: Made) -> None:
    _put(made, 0.15, lambda one, _: f"@{one}_desk", 0.8)


def _label_said(made: Made) -> None:
    _put(made, 0.16, lambda one, _: one)


def _label_numbered(made: Made) -> None:
    _put(made, 0.08, lambda one, number: f"({one[:4]}-{number})", 0.5)


def _label_misspelt(made: Made) -> None:
    _put(made, 0.3, lambda one, _: one[:2] + one[1:])


def _label_emoji(made: Made) -> None:
    signs = dict(zip(np.unique(made.label).tolist(), ("🔴", "🟢", "🔵", "🟡"), strict=False))
    _put(made, 0.1, lambda one, _: signs[one])


def _id_serial(made: Made) -> None:
    made.add("record", 10_000 + np.arange(made.rows) * 7)


def _id_snowflake(made: Made) -> None:
    made.add("status_id", (made.columns["created_at"] // 1000 << 22) + made.draw.integers(0, 2**22, made.rows))


def _id_noise(made: Made) -> None:
    made.add("ticket", made.columns["created_at"] / DAY + made.draw.normal(0, 1.5, made.rows))


def _id_of_day(made: Made) -> None:
    shuffled = made.draw.permutation(41)
    made.add("batch", np.array([f"b{shuffled[one]:02d}" for one in made.columns["created_at"] // DAY]))


def _encoding_all(made: Made) -> None:
    made.add("rate_all", encoded(made, "category", _one_hit(made), np.ones(made.rows), smooth=0))


def _encoding_smoothed(made: Made) -> None:
    made.add("rate_all", encoded(made, "category", _one_hit(made), np.ones(made.rows), smooth=10))


def _encoding_own_row(made: Made) -> None:
    early = (np.arange(made.rows) < made.cut).astype(float)
    made.add("rate_own", encoded(made, "category", _one_hit(made), early, smooth=1))


def _encoding_rank(made: Made) -> None:
    value = encoded(made, "category", _one_hit(made), np.ones(made.rows), smooth=0)
    made.add("rank_all", np.unique(value, return_inverse=True)[1])


def _encoding_noise(made: Made) -> None:
    made.add("rate_all", encoded(made, "category", _one_hit(made), np.ones(made.rows), smooth=0) + made.draw.normal(0, 0.03, made.rows))


def _copied(made: Made, share: float) -> tuple[np.ndarray, np.ndarray]:
    count = max(int(share * (made.rows - made.cut)), 8)
    return made.cut + made.draw.choice(made.rows - made.cut, count, replace=False), made.draw.choice(made.cut, count, replace=False)


def _copies_of_rows(made: Made) -> None:
    late, early = _copied(made, 0.05)
    for name in ("post_id", "text"):
        made.columns[name][late] = made.columns[name][early]
    made.planted = "network, post_id"


def _copies_of_authors(made: Made) -> None:
    late, early = _copied(made, 0.02)
    made.columns["author"][late] = made.columns["author"][early]
    made.planted = "author"


def _copies_of_texts(made: Made) -> None:
    late, early = _copied(made, 0.05)
    made.columns["text"] = made.columns["text"].astype(object)
    for to, source in zip(late, early, strict=True):
        made.columns["text"][to] = "RT " * bool(made.draw.random() < 0) + made.columns["text"][source].upper() + " https://x.example/1"
    made.columns["text"], made.planted = made.columns["text"].astype(str), "text"


def _paraphrases(made: Made) -> None:
    late, early = _copied(made, 0.08)
    made.columns["text"] = made.columns["text"].astype(object)
    for to, source in zip(late, early, strict=True):
        words = made.columns["text"][source].split()
        turn = int(made.draw.integers(1, max(len(words), 2)))
        made.columns["text"][to] = " ".join(words[turn:] + words[:turn] + ["honestly"])
    made.columns["text"], made.planted = made.columns["text"].astype(str), "text"


WAYS: dict[str, tuple[Way, ...]] = {
    "final_counts": (_final_log, _final_noise, _final_bins, _final_per_follower),
    "future": (_future_total, _future_moment, _future_shuffled, _future_labels),
    "label": (
        _label_code,
        _label_noisy,
        _label_prefix,
        _label_word_inside,
        _label_blank,
        _label_in_code,
        _label_code_anywhere,
        _label_prefix_rare,
        _label_handle,
        _label_said,
        _label_numbered,
        _label_misspelt,
        _label_emoji,
    ),
    "time_in_id": (_id_serial, _id_snowflake, _id_noise, _id_of_day),
    "target_encoding": (_encoding_all, _encoding_smoothed, _encoding_own_row, _encoding_rank, _encoding_noise),
    "duplicates": (_copies_of_rows, _copies_of_authors, _copies_of_texts, _paraphrases),
}
"""Ways of planting that the limits were chosen on."""


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
        from benchmarks.leaks_families import SEEN

        report(WAYS | {"label": (*WAYS["label"], *SEEN)}, options.planted, options.clean, first=1)
    else:
        from benchmarks.leaks_families import FIRST, REPORTED

        report(REPORTED, options.planted, options.clean, first=FIRST)


if __name__ == "__main__":
    main()
