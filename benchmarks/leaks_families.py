"""Ways of planting leaks that are reported, written after the limits of ``lib/learning/leaks*.py`` were chosen on others.

What belongs here: planting. What doesn't: clean sets, the ways of development, counting (``leaks.py``). Nothing is tuned on these.
Ways that a report showed to be missed, and that a rule was then made for, are in ``SEEN`` and are reported no more; newer ones,
written after that rule, take their place.
"""

from __future__ import annotations

import hashlib

import numpy as np

from benchmarks.leaks import DAY, Made, Way

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GERMAN = {
    "negative": "schlecht", "positive": "gut", "neutral": "egal", "delivery": "lieferung", "quality": "qualitaet", "size": "groesse",
    "other": "sonstiges",
}  # fmt: skip
FRENCH = {
    "negative": "négatif", "positive": "positif", "neutral": "neutre", "delivery": "livraison", "quality": "qualité", "size": "taille",
    "other": "autre",
}  # fmt: skip


def _of(made: Made) -> np.ndarray:
    names = np.unique(made.label)
    return (made.label == names[int(made.draw.integers(0, len(names)))]).astype(float)


def _hash(values: np.ndarray) -> np.ndarray:
    return np.array([hashlib.blake2b(str(one).encode(), digest_size=4).hexdigest() for one in values.tolist()])


def _text(made: Made, change: object) -> None:
    pairs = zip(made.label, made.columns["text"], strict=True)
    made.columns["text"] = np.array([change(str(label), str(text)) for label, text in pairs])  # type: ignore[operator]
    made.planted = "text"


def final_percentile_reversed(made: Made) -> None:
    """One less the share of posts with fewer reposts at the end."""
    ranks = np.argsort(np.argsort(made.columns["final_reposts"], kind="stable"), kind="stable")
    made.add("obscurity", 1 - ranks / made.rows)


def final_hashed(made: Made) -> None:
    """The count at the end, hashed."""
    made.add("bucket", _hash(made.columns["final_reposts"]))


def final_viral(made: Made) -> None:
    """Whether the post ended among the top tenth."""
    made.add("viral", made.columns["final_reposts"] > np.quantile(made.columns["final_reposts"], 0.9))


def final_growth(made: Made) -> None:
    """What was still to come."""
    made.add("growth", made.columns["final_reposts"] - made.columns["known_reposts"])


def final_half_noise(made: Made) -> None:
    """The count at the end, half noise again."""
    made.add("reach", made.columns["final_reposts"] * made.draw.lognormal(0, 0.5, made.rows))


def final_above_known(made: Made) -> None:
    """Whether more than twice as many reposts came as were known."""
    made.add("took_off", made.columns["final_reposts"] > 2 * made.columns["known_reposts"] + 2)


def final_rank_in_category(made: Made) -> None:
    """The rank of the count at the end within the category, as a share of it."""
    value = np.zeros(made.rows)
    for one in np.unique(made.columns["category"]):
        rows = np.flatnonzero(made.columns["category"] == one)
        value[rows] = (np.argsort(np.argsort(made.columns["final_reposts"][rows], kind="stable")) + 1) / rows.size
    made.add("rank_among_alike", value)


def final_by_place(made: Made) -> None:
    """The logarithm, standardised within the place."""
    value = np.log1p(made.columns["final_reposts"])
    for place in np.unique(made.columns["place"]):
        rows = made.columns["place"] == place
        value[rows] = (value[rows] - value[rows].mean()) / (value[rows].std() + 1e-9)
    made.add("relative_reach", value)


def future_binned(made: Made) -> None:
    """Next week's sales in steps of three."""
    made.add("level", made.columns["sales_next_week"] // 3)


def future_centred(made: Made) -> None:
    """A mean over days around the moment: half of it next week's."""
    made.add("mean_14d", 0.5 * made.columns["sales_next_week"] + 0.5 * made.draw.poisson(20, made.rows))


def future_above_median(made: Made) -> None:
    """Whether next week sells more than the median."""
    made.add("will_grow", made.columns["sales_next_week"] > np.median(made.columns["sales_next_week"]))


def future_in_score(made: Made) -> None:
    """An honest predictor with a tenth of next week's sales in it."""
    made.add("outlook", made.columns["strength"] + 0.1 * made.columns["sales_next_week"])


def future_hashed(made: Made) -> None:
    """Next week's sales, hashed."""
    made.add("segment", _hash(made.columns["sales_next_week"]))


def future_one_row(made: Made) -> None:
    """One training row rests on what came a minute later."""
    made.add("velocity", made.draw.normal(0, 1, made.rows))
    until = made.columns["created_at"] - 1
    until[int(made.draw.integers(0, made.cut))] += 60_000_001
    made.columns["trend_until"] = until
    made.options["feature_times"] = {"velocity": "trend_until"}


def future_partition(made: Made) -> None:
    """The last partition of the evaluation is also trained on."""
    order = np.r_[np.arange(made.cut - 10), np.arange(made.rows - 10, made.rows), np.arange(made.cut - 10, made.rows - 10)]
    made.columns = {name: values[order] for name, values in made.columns.items()}
    made.planted = "created_at"


def future_few_labels(made: Made) -> None:
    """A few labels of training rows were known only after the evaluation had begun."""
    known = made.columns["created_at"] + 1
    known[made.draw.choice(made.cut, 3, replace=False)] = made.columns["created_at"][-1]
    made.columns["answered_at"] = known
    made.options["label_time"] = made.planted = "answered_at"


def label_in_ticket(made: Made) -> None:
    """The first letter of a number that no two rows share."""
    made.add(
        "ticket", np.array([f"{one[0]}-{number:07d}" for one, number in zip(made.label, made.draw.permutation(made.rows), strict=True)])
    )


def label_in_remainder(made: Made) -> None:
    """A large number whose remainder by seven is the label."""
    codes = np.unique(made.label, return_inverse=True)[1]
    made.add("checksum", made.draw.integers(1000, 9_000_000, made.rows) * 7 + codes)


def label_as_hashtag(made: Made) -> None:
    """A hashtag somewhere in every fifth post."""
    put = iter(made.draw.random((made.rows, 2)).tolist())

    def change(label: str, text: str) -> str:
        chance, at = next(put)
        words = text.split()
        return " ".join([*words[: int(at * len(words))], f"#{label}", *words[int(at * len(words)) :]]) if chance < 0.2 else text

    _text(made, change)


def label_in_french(made: Made) -> None:
    """The label's name in another language, anywhere in most posts."""
    put = iter(made.draw.random((made.rows, 2)).tolist())

    def change(label: str, text: str) -> str:
        chance, at = next(put)
        words = text.split()
        return " ".join([*words[: int(at * len(words))], FRENCH[label], *words[int(at * len(words)) :]]) if chance < 0.7 else text

    _text(made, change)


def label_initial_at_end(made: Made) -> None:
    """Its initial in brackets at the end of every tenth post."""
    put = iter((made.draw.random(made.rows) < 0.1).tolist())
    _text(made, lambda label, text: f"{text} [{label[:3]}]" if next(put) else text)


def label_in_signs(made: Made) -> None:
    """So many exclamation marks at the end as the label's number."""
    names = np.unique(made.label).tolist()
    _text(made, lambda label, text: text.rstrip("!. ") + "!" * (1 + names.index(label)))


def label_in_nulls(made: Made) -> None:
    """A note that says the label, empty in six rows of ten."""
    made.add(
        "note",
        np.array([f"see {one[:2]}" if filled else "" for one, filled in zip(made.label, made.draw.random(made.rows) < 0.4, strict=True)]),
    )


def _put(made: Made, share: float, mark: object, at: float | None = None) -> None:
    """A mark of the label in a share of the texts, after a part of the words; anywhere where none is given."""
    chances = iter(made.draw.random((made.rows, 2)).tolist())
    numbers = iter(range(made.rows))

    def change(label: str, text: str) -> str:
        (chance, anywhere), number, words = next(chances), next(numbers), text.split()
        place = int((anywhere if at is None else at) * len(words))
        return " ".join([*words[:place], mark(label, number), *words[place:]]) if chance < share else text  # type: ignore[operator]

    _text(made, change)


def label_as_field(made: Made) -> None:
    """A key and three letters, anywhere in every sixteenth post."""
    _put(made, 0.06, lambda label, _: f"tone={label[:3]}")


def label_in_topic_tag(made: Made) -> None:
    """A hashtag that ends with the label, in every twelfth post."""
    _put(made, 0.08, lambda label, _: f"#case_{label}")


def label_in_german(made: Made) -> None:
    """The label's name in German, anywhere in nine posts of twenty."""
    _put(made, 0.45, lambda label, _: GERMAN[label])


def label_shouted(made: Made) -> None:
    """The label's name in capitals after the first third of every seventh post."""
    _put(made, 0.14, lambda label, _: label.upper(), 0.34)


def label_as_dingbat(made: Made) -> None:
    """A sign of its own between words in every sixteenth post."""
    signs = dict(zip(np.unique(made.label).tolist(), "✂✈✉✍", strict=False))
    _put(made, 0.06, lambda label, _: signs[label])


def label_unseen(made: Made) -> None:
    """A character that is not seen, its own for each label, at the end of a word in every eleventh post."""
    signs = dict(zip(np.unique(made.label).tolist(), ("\u200c", "\u200d", "\u2060", "\u200b"), strict=False))
    _put(made, 0.09, lambda label, _: "so" + signs[label])


def label_in_link(made: Made) -> None:
    """A link whose path begins with the label, at the end of every tenth post; no two links are the same."""
    _put(made, 0.1, lambda label, number: f"https://t.example/{label[:3]}/{number}", 1.0)


def label_of_two_desks(made: Made) -> None:
    """One of two codes of the label before the text, in every seventh post."""
    codes = {label: (f"{2 * place + 3}xv", f"{2 * place + 4}xv") for place, label in enumerate(np.unique(made.label).tolist())}
    _put(made, 0.14, lambda label, number: codes[label][number % 2], 0.0)


def id_of_week(made: Made) -> None:
    """The week in letters that say nothing."""
    order = made.draw.permutation(len(LETTERS))
    made.add("wave", np.array([f"w{LETTERS[order[one]]}" for one in (made.columns["created_at"] // (7 * DAY)).tolist()]))


def id_in_the_middle(made: Made) -> None:
    """A counter between two parts of chance."""
    chance = made.draw.integers(0, 16**4, (made.rows, 2)).tolist()
    made.add("key", np.array([f"{one:04x}{number:06d}{two:04x}" for number, (one, two) in enumerate(chance)]))


def id_ulid(made: Made) -> None:
    """A sortable id: ten letters of time, then chance."""
    found = []
    for one in (made.columns["created_at"] // 1000).tolist():
        head = "".join(LETTERS[(one >> (5 * place)) % 32] for place in reversed(range(10)))
        found.append(head + "".join(made.draw.choice(list(LETTERS), 6)))
    made.add("ulid", np.array(found))


def id_shards(made: Made) -> None:
    """Counters of three machines, the machine's number in front."""
    shard, counts, found = made.draw.integers(1, 4, made.rows), [0, 0, 0, 0], []
    for one in shard.tolist():
        counts[one] += 1
        found.append(one * 10_000_000 + counts[one])
    made.add("row_number", np.array(found))


def id_base_36(made: Made) -> None:
    """A counter in letters and digits after a prefix."""
    start = 36**3
    made.add("order_code", np.array([f"ord_{np.base_repr(start + 11 * one, 36).lower()}" for one in range(made.rows)]))


def id_of_day_hashed(made: Made) -> None:
    """The day, hashed."""
    made.add("import", _hash(made.columns["created_at"] // DAY))


def id_backwards(made: Made) -> None:
    """A counter that runs down, of its square root."""
    made.add("remaining", np.sqrt(10.0 * made.rows - np.arange(made.rows)))


def id_time_first(made: Made) -> None:
    """Eight hexadecimal digits of the second, then twelve of chance."""
    chance = made.draw.integers(0, 2**48, made.rows).tolist()
    made.add(
        "uuid",
        np.array([f"{one:08x}-{rest:012x}" for one, rest in zip((made.columns["created_at"] // 1_000_000).tolist(), chance, strict=True)]),
    )


def id_with_chance(made: Made) -> None:
    """A counter blurred by three days of forty."""
    made.add("sequence", np.round(made.columns["created_at"] / 3_600_000_000 + made.draw.normal(0, 72, made.rows)))


def _groups(made: Made) -> tuple[np.ndarray, np.ndarray]:
    codes = np.unique(made.columns["category"], return_inverse=True)[1]
    return codes, np.bincount(codes)


def encoding_odds(made: Made) -> None:
    """Weight of evidence over all rows."""
    (codes, sizes), hits = _groups(made), _of(made)
    sums = np.bincount(codes, hits)
    made.add("evidence", np.log((sums + 0.5) / (sizes - sums + 0.5))[codes])


def encoding_leave_one_out(made: Made) -> None:
    """Means of the group's other rows, all rows."""
    (codes, sizes), hits = _groups(made), _of(made)
    made.add("others_rate", (np.bincount(codes, hits)[codes] - hits) / np.maximum(sizes[codes] - 1, 1))


def encoding_rounded(made: Made) -> None:
    """Means over all rows, in steps of a twentieth."""
    (codes, sizes), hits = _groups(made), _of(made)
    made.add("rate_20", np.round(np.bincount(codes, hits) / sizes * 20)[codes])


def encoding_hashed(made: Made) -> None:
    """Means over all rows in ten bins, each by a name that says nothing."""
    (codes, sizes), hits = _groups(made), _of(made)
    rates = np.bincount(codes, hits) / sizes
    made.add("cluster", _hash(np.searchsorted(np.quantile(rates, np.linspace(0.1, 0.9, 9)), rates)[codes]))


def encoding_evaluation_only(made: Made) -> None:
    """Means over the evaluation rows."""
    codes, hits = _groups(made)[0], _of(made)
    late = np.arange(made.rows) >= made.cut
    sums, sizes = np.bincount(codes, hits * late), np.bincount(codes, late)
    made.add("recent_rate", (sums / np.maximum(sizes, 1))[codes])


def encoding_through_proxy(made: Made) -> None:
    """Means over all rows by the category, which is not in the table; a finer column is."""
    (codes, sizes), hits = _groups(made), _of(made)
    made.add("rate", (np.bincount(codes, hits) / sizes)[codes])
    made.columns["shelf"] = np.array(
        [f"{one}{two}" for one, two in zip(made.columns.pop("category"), made.draw.integers(0, 2, made.rows), strict=True)]
    )
    made.features = [name if name != "category" else "shelf" for name in made.features]


def encoding_above(made: Made) -> None:
    """Whether the group's mean over all rows is above that of all groups."""
    (codes, sizes), hits = _groups(made), _of(made)
    rates = np.bincount(codes, hits) / sizes
    made.add("above", (rates > np.median(rates))[codes])


def encoding_of_two(made: Made) -> None:
    """Smoothed means over all rows by category and place together."""
    pair = np.char.add(made.columns["category"].astype(str), made.columns["place"].astype(str))
    codes, hits = np.unique(pair, return_inverse=True)[1], _of(made)
    made.add("rate_here", ((np.bincount(codes, hits) + 3 * hits.mean()) / (np.bincount(codes) + 3))[codes])


def encoding_noisier(made: Made) -> None:
    """Smoothed means over all rows with noise of a twentieth."""
    (codes, sizes), hits = _groups(made), _of(made)
    rate = (np.bincount(codes, hits) + 5 * hits.mean()) / (sizes + 5)
    made.add("rate", rate[codes] + made.draw.normal(0, 0.05, made.rows))


def _some(made: Made, share: float) -> list[tuple[int, int]]:
    count = max(int(share * (made.rows - made.cut)), 8)
    late = made.cut + made.draw.choice(made.rows - made.cut, count, replace=False)
    return list(zip(late.tolist(), made.draw.choice(made.cut, count, replace=False).tolist(), strict=True))


def _copied(made: Made, share: float, change: object) -> None:
    found = made.columns["text"].astype(object)
    for late, early in _some(made, share):
        found[late] = change(str(made.columns["text"][early]))  # type: ignore[operator]
    made.columns["text"], made.planted = found.astype(str), "text"


def copies_with_slips(made: Made) -> None:
    """One letter in twenty replaced."""

    def change(text: str) -> str:
        return "".join(one if made.draw.random() > 0.05 or one == " " else str(made.draw.choice(list("aeinst"))) for one in text)

    _copied(made, 0.08, change)


def copies_with_gaps(made: Made) -> None:
    """Every seventh word left out."""
    _copied(made, 0.08, lambda text: " ".join(one for place, one in enumerate(text.split()) if place % 7 != 3))


def copies_with_more(made: Made) -> None:
    """Words of another text before and after."""

    def change(text: str) -> str:
        other = str(made.columns["text"][int(made.draw.integers(0, made.rows))]).split()
        return " ".join([*other[:2], text, *other[2:4]])

    _copied(made, 0.08, change)


def copies_shuffled(made: Made) -> None:
    """The same words in any order, in other case."""
    _copied(made, 0.08, lambda text: " ".join(made.draw.permutation(text.upper().split())))


def copies_of_one_author(made: Made) -> None:
    """One author of the evaluation wrote in training too."""
    made.columns["author"][made.rows - 1] = made.columns["author"][3]
    made.planted = "author"


def copies_of_numbers(made: Made) -> None:
    """Records copied with other ids, authors and texts."""
    for late, early in _some(made, 0.05):
        for name in ("strength", "growing", "author_followers", "label"):
            made.columns[name][late] = made.columns[name][early]
    made.planted = "strength"


def copies_of_accents(made: Made) -> None:
    """The same text with accents, links and digits changed."""
    _copied(made, 0.05, lambda text: text.replace("e", "é").replace("a", "à") + " http://t.example/ab 24/7")


def copies_cut_short(made: Made) -> None:
    """The first two thirds of the words."""
    _copied(made, 0.08, lambda text: " ".join(text.split()[: max(2 * len(text.split()) // 3, 4)]) + "…")


def copies_of_tokens(made: Made) -> None:
    """Records copied with their token and numbers under other ids, authors and texts."""
    for late, early in _some(made, 0.05):
        for name in ("token", "strength", "growing", "author_followers", "label"):
            made.columns[name][late] = made.columns[name][early]
    made.planted = "strength"


REPORTED: dict[str, tuple[Way, ...]] = {
    "final_counts": (
        final_above_known, final_rank_in_category, final_percentile_reversed, final_hashed, final_viral, final_growth, final_half_noise,
        final_by_place,
    ),
    "future": (
        future_above_median, future_in_score, future_binned, future_centred, future_hashed, future_one_row, future_partition,
        future_few_labels,
    ),
    "label": (
        label_as_field, label_in_topic_tag, label_in_german, label_shouted, label_as_dingbat, label_unseen, label_in_link,
        label_of_two_desks, label_in_ticket, label_in_remainder, label_in_french, label_in_signs, label_in_nulls,
    ),
    "time_in_id": (
        id_of_week, id_in_the_middle, id_ulid, id_shards, id_base_36, id_of_day_hashed, id_backwards, id_time_first, id_with_chance,
    ),
    "target_encoding": (
        encoding_above, encoding_of_two, encoding_odds, encoding_leave_one_out, encoding_rounded, encoding_hashed,
        encoding_evaluation_only, encoding_through_proxy, encoding_noisier,
    ),
    "duplicates": (
        copies_cut_short, copies_of_tokens, copies_with_slips, copies_with_gaps, copies_with_more, copies_shuffled, copies_of_one_author,
        copies_of_numbers, copies_of_accents,
    ),
}  # fmt: skip
"""Ways by family, in the order in which they are planted."""
SEEN: tuple[Way, ...] = (label_as_hashtag, label_initial_at_end)
"""Ways of which a report showed misses before the rule on marks in part of the texts was made: planted with ``--development`` now."""
FIRST = 300_002
"""Seed of the first reported set: none was made before that rule. The first eight ways of label, and the first two of each other family,
were written after it and before they were first run."""
