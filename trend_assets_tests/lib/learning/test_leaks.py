"""Leaks are named with their family; clean examples pass."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trend_assets.lib.learning.leaks import Leak, leaks_in
from trend_assets_tests.support import shared_data

ROWS, EVALUATION = 1200, 400
WORDS = np.array(
    [
        "bag",
        "coat",
        "dress",
        "shoes",
        "shirt",
        "late",
        "slow",
        "kind",
        "shop",
        "paris",
        "leeds",
        "monday",
        "queue",
        "parcel",
        "size",
        "blue",
        "red",
        "wool",
        "linen",
        "today",
        "again",
        "never",
    ]
)


def examples(seed: int = 1) -> dict[str, np.ndarray]:
    """Columns of clean examples in order of time: labels by words, a category, counts known at the moment and at the end."""
    draw = np.random.default_rng(seed)
    label = draw.integers(0, 3, ROWS)
    hints = np.array([["awful", "broke"], ["seen", "maybe"], ["lovely", "great"]])
    texts = []
    for number in range(ROWS):
        words = list(draw.choice(WORDS, draw.integers(7, 14)))
        if draw.random() < 0.5:
            words.insert(int(draw.integers(0, len(words))), hints[label[number], draw.integers(0, 2)])
        texts.append(" ".join(words) + " " + "".join(draw.choice(list("abcdefgh"), 6)))
    known = draw.poisson(2, ROWS)
    return {
        "network": np.full(ROWS, "x"),
        "post_id": np.array([f"p{number}" for number in draw.permutation(ROWS)]),
        "author": np.array([f"a{number // 2}" for number in range(ROWS)]),
        "created_at": np.arange(ROWS) * 60_000_000 + draw.integers(0, 50_000_000, ROWS),
        "label": np.array(["negative", "neutral", "positive"])[label],
        "text": np.array(texts),
        "category": np.array([f"c{number}" for number in draw.integers(0, 40, ROWS)]),
        "known": known,
        "final": known + draw.poisson(30 * draw.lognormal(0, 1, ROWS)),
        "followers": draw.lognormal(5, 2, ROWS),
    }


def sides(columns: dict[str, np.ndarray], cut: int = ROWS - EVALUATION) -> tuple[pa.Table, pa.Table]:
    rows = pa.table({name: pa.array(values) for name, values in columns.items()})
    rows = rows.set_column(3, "created_at", rows["created_at"].cast(pa.timestamp("us", tz="UTC")))
    return rows.slice(0, cut), rows.slice(cut)


CLEAN = ["text", "category", "known", "followers"]


def found(columns: dict[str, np.ndarray], features: list[str], **options) -> list[Leak]:
    return leaks_in(*sides(columns), [*CLEAN, *features], later=["final"], **options)


@pytest.mark.parametrize("seed", range(5))
def test_clean_examples_pass(seed):
    assert found(examples(seed), []) == []


def test_a_copy_of_the_label_is_refused():
    columns = examples()
    columns["code"] = np.where(columns["label"] == "neutral", 3, np.where(columns["label"] == "positive", 8, 5))
    assert [(leak.family, leak.feature) for leak in found(columns, ["code"])] == [("label", "code")]


def test_a_marker_in_the_text_is_refused_in_a_tenth_of_the_posts():
    columns = examples()
    draw = np.random.default_rng(2)
    columns["text"] = np.array(
        [f"__{label}__ {text}" if draw.random() < 0.1 else text for text, label in zip(columns["text"], columns["label"], strict=True)]
    )
    assert [(leak.family, leak.feature) for leak in found(columns, [])] == [("label", "text")]


def marked(columns: dict[str, np.ndarray], shares: tuple[float, float, float], mark: dict[str, str], wrong: float = 0.0) -> np.ndarray:
    """Texts with a mark of their label at any place, each label's in a share of its texts; some with another label's."""
    draw, found = np.random.default_rng(4), []
    share = dict(zip(sorted(mark), shares, strict=True))
    for label, text in zip(columns["label"].tolist(), columns["text"].tolist(), strict=True):
        words, chance = text.split(), draw.random()
        told = str(draw.choice(sorted(mark))) if draw.random() < wrong else label
        words.insert(int(draw.integers(0, len(words))), mark[told])
        found.append(" ".join(words) if chance < share[label] else text)
    return np.array(found)


HASHTAGS = {label: f"#{label}" for label in ("negative", "neutral", "positive")}
CODES = {"negative": "k7", "neutral": "q2", "positive": "z4"}


@pytest.mark.parametrize(("mark", "share"), [(HASHTAGS, 0.12), (CODES, 0.06), ({"negative": "▲", "neutral": "◆", "positive": "●"}, 0.07)])
def test_marks_on_part_of_the_posts_are_refused_where_every_label_has_them_as_often(mark, share):
    columns = examples()
    columns["text"] = marked(columns, (share, share, share), mark)
    (leak,) = found(columns, [])
    assert (leak.family, leak.feature) == ("label", "text")
    assert "marks each label as often" in leak.evidence


@pytest.mark.parametrize(("shares", "wrong"), [((0.04, 0.12, 0.19), 0.0), ((0.12, 0.0, 0.12), 0.0), ((0.12, 0.12, 0.12), 0.3)])
def test_what_people_say_of_some_labels_or_wrongly_at_times_passes(shares, wrong):
    columns = examples()
    columns["text"] = marked(columns, shares, HASHTAGS, wrong)
    assert found(columns, []) == []


def test_final_counts_are_refused_by_name_and_by_value():
    columns = examples()
    columns["like_count"] = columns["known"]
    columns["popularity"] = np.log1p(columns["final"]) + np.random.default_rng(3).normal(0, 0.2, ROWS)
    leaks = found(columns, ["like_count", "popularity"])
    assert {(leak.family, leak.feature) for leak in leaks} == {("final_counts", "like_count"), ("future", "popularity")}


def test_an_id_that_tells_the_time_is_refused():
    columns = examples()
    columns["number"] = 7_000_000 + np.arange(ROWS) * 3 + np.random.default_rng(4).integers(0, 40, ROWS)
    assert [(leak.family, leak.feature) for leak in found(columns, ["number"])] == [("time_in_id", "number")]


def encoded(columns: dict[str, np.ndarray], rows: slice) -> np.ndarray:
    hits = columns["label"] == "positive"
    by = {one: hits[rows][columns["category"][rows] == one].mean() for one in np.unique(columns["category"])}
    return np.array([by[one] for one in columns["category"]])


def test_an_encoding_of_the_target_that_saw_the_evaluation_is_refused():
    columns = examples()
    columns["rate"] = encoded(columns, slice(None))
    assert [(leak.family, leak.feature) for leak in found(columns, ["rate"])] == [("target_encoding", "rate")]


def test_an_encoding_of_other_rows_passes():
    columns = examples()
    draw = np.random.default_rng(5)
    fold, train, hits = draw.integers(0, 5, ROWS), np.arange(ROWS) < ROWS - EVALUATION, columns["label"] == "positive"
    rate = np.zeros(ROWS)
    for number in range(ROWS):
        others = train & (columns["category"] == columns["category"][number]) & ((fold != fold[number]) | ~train[number])
        rate[number] = (hits[others].sum() + 2 * hits.mean()) / (others.sum() + 2)
    columns["rate"] = rate
    assert found(columns, ["rate"]) == []


def test_rows_authors_and_paraphrases_on_both_sides_are_refused():
    columns = examples()
    columns["author"][-1] = columns["author"][0]
    for number in range(30):
        words = columns["text"][number].split()
        columns["text"][ROWS - 1 - number] = " ".join([*words[3:], "honestly", *words[:3]])
    assert {(leak.family, leak.feature) for leak in found(columns, [])} == {("duplicates", "author"), ("duplicates", "text")}


def test_moments_after_the_prediction_are_refused():
    columns = examples()
    columns["rests_on"] = columns["created_at"] + np.where(np.arange(ROWS) == 5, 1, -1)
    train, evaluation = (side.append_column("seen_until", side["rests_on"].cast(pa.timestamp("us", tz="UTC"))) for side in sides(columns))
    leaks = leaks_in(train, evaluation, CLEAN, feature_times={"known": "seen_until"})
    assert [(leak.family, leak.feature, leak.rows) for leak in leaks] == [("future", "known", 1)]
    mixed = leaks_in(pa.concat_tables([train, evaluation.slice(300)]), evaluation.slice(0, 300), CLEAN)
    assert ("future", "created_at") in {(leak.family, leak.feature) for leak in mixed}
    outcome = leaks_in(train, evaluation, CLEAN, label_time="seen_until")
    assert outcome == []
    late = train.set_column(
        train.column_names.index("seen_until"),
        "seen_until",
        pa.chunked_array([evaluation["created_at"].combine_chunks().slice(1, 1).take(pa.array([0] * train.num_rows))]),
    )
    assert [(leak.family, leak.feature) for leak in leaks_in(late, evaluation, CLEAN, label_time="seen_until")] == [
        ("future", "seen_until")
    ]


def test_features_made_again_must_be_the_same():
    train, evaluation = sides(examples())
    again = train.set_column(train.column_names.index("known"), "known", pa.array(np.r_[99, np.asarray(train["known"])[1:]]))
    leaks = leaks_in(train, evaluation, CLEAN, recomputed=(again, evaluation))
    assert [(leak.family, leak.feature, leak.rows) for leak in leaks] == [("future", "known", 1)]


def test_what_a_person_accepted_is_not_told():
    columns = examples()
    columns["number"] = np.arange(ROWS)
    assert found(columns, ["number"], accepted={"time_in_id:number": "a count of days, wanted"}) == []


def test_a_missing_feature_is_told():
    with pytest.raises(ValueError, match="no column 'nothing'"):
        leaks_in(*sides(examples()), ["nothing"])


@pytest.mark.parametrize("rows", [0, 1, 10])
def test_few_rows_one_label_and_empty_columns_are_no_error(rows):
    train, evaluation = sides(examples())
    assert leaks_in(train.slice(0, rows), evaluation.slice(0, rows), CLEAN) == []
    constant = {
        name: side.set_column(side.column_names.index("label"), "label", pa.array(["one"] * side.num_rows))
        for name, side in (("t", train), ("e", evaluation))
    }
    assert leaks_in(constant["t"], constant["e"], CLEAN) == []
    nothing = [
        side.set_column(side.column_names.index("known"), "known", pa.nulls(side.num_rows, pa.float64())) for side in (train, evaluation)
    ]
    assert leaks_in(*nothing, CLEAN) == []


@pytest.mark.parametrize(
    ("file", "text", "label"),
    [
        ("tweets_airline_sentiment_2015.parquet", "text", "airline_sentiment"),
        ("tweets_airline_sentiment_2015.parquet", "text", "negativereason"),
        ("tweets_sentiment_8lang_xlmt.parquet", "text", "label"),
        ("tweets_brand_emotion_sxsw2011.parquet", "text", "emotion"),
        ("tweets_brand_emotion_sxsw2011.parquet", "text", "product"),
    ],
)
def test_what_people_wrote_marks_no_label(file, text, label):
    rows = pq.read_table(shared_data(file), columns=[text, label]).drop_null()
    for seed, size in ((1, 400), (2, 1200), (3, 4000)):
        chosen = np.sort(np.random.default_rng(seed).choice(rows.num_rows, min(size, rows.num_rows), replace=False))
        part = pa.table({"text": rows[text], "label": rows[label].cast(pa.string())}).take(pa.array(chosen))
        cut = part.num_rows * 7 // 10
        assert [leak for leak in leaks_in(part.slice(0, cut), part.slice(cut), ["text"]) if leak.family == "label"] == []
