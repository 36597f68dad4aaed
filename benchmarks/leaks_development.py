"""Ways of planting leaks that the limits of ``lib/learning/leaks*.py`` were chosen on.

What belongs here: planting. What doesn't: the ways that are reported (``leaks_families.py``), clean sets and counting (``leaks.py``).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.leaks import DAY, Made, Way, encoded


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
