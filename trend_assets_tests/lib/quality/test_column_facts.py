"""Facts of any table: damaged texts in two alphabets, ids that lost digits, rows that came twice, tables of no rows."""

from __future__ import annotations

import pyarrow as pa
import pytest

from trend_assets.lib.quality.column_facts import Watched, broken_text, column_facts, content_hashes, note_columns, shapes

WATCHED = Watched(optional=("name",), varied=("name",), lists=("kind",), ids=("id",), texts=("name",), content=("name", "kind"))


def _rows(count: int, name: str = "écharpe", kind: str = "sale", start: int = 0) -> pa.Table:
    numbers = range(start, start + count)
    return pa.table({"id": [f"A-{n:04d}" for n in numbers], "name": [f"{name} {n}" for n in numbers], "kind": [kind] * count})


@pytest.mark.parametrize(
    "text", ["Écharpe à carreaux", "Voilà» dit-il", "Straße", "Ñandú", "Привет", "מה שלומך", "😀", "why? because", "x" * 100_000]
)
def test_text_as_people_write_it_is_not_called_damaged(text):
    assert broken_text(pa.array([text])).to_pylist() == [False]


@pytest.mark.parametrize("text", ["Écharpe", "Crème mains à l'amande", "Привет", "it’s"])
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_text_read_in_another_encoding_is_found(text, encoding):
    assert broken_text(pa.array([text.encode().decode(encoding, "replace")])).to_pylist() == [True]


def test_text_whose_accents_became_question_marks_is_found():
    assert broken_text(pa.array(["Cr?me", "caf\ufffd"])).to_pylist() == [True, True]


def test_ids_keep_their_shape_and_may_grow_by_a_digit():
    assert shapes(pa.array(["MC-0012", "a.b:7"])).to_pylist() == ["AA-9999", "a.a:9"]
    past = [note_columns(_rows(50), WATCHED) for _ in range(6)]

    def broken(ids):
        rows = _rows(50).set_column(0, "id", pa.array(ids))
        return column_facts(note_columns(rows, WATCHED), past)["id_shapes", "id"].broken

    assert broken([f"A-{n:05d}" for n in range(50)]) == 0
    assert broken([f"A-{n}" for n in range(50)]) == 50
    assert broken([f"A-{n:04d}.0" for n in range(50)]) == 50


def test_rows_equal_but_for_their_id_and_rows_of_an_earlier_day_are_counted():
    past = [note_columns(_rows(50, start=100 * day), WATCHED) for day in range(6)]
    twice = pa.concat_tables([_rows(50, start=900), _rows(50, start=900)])
    facts = column_facts(note_columns(twice, WATCHED), past)
    assert facts["repeated_rows", "rows equal to another but for their id"].broken == 50
    assert facts["copied_rows", "rows of one earlier day"].broken == 0
    assert column_facts(note_columns(_rows(50, start=300), WATCHED), past)["copied_rows", "rows of one earlier day"].broken == 50


def test_values_never_seen_and_values_that_stay_away_are_counted():
    past = [note_columns(pa.concat_tables([_rows(50), _rows(50, kind="return")]), WATCHED) for _ in range(6)]
    facts = column_facts(note_columns(_rows(100, kind="retour"), WATCHED), past)
    assert facts["known_values", "kind never seen before"].broken == 100
    assert facts["known_values", "kind that always came and are not there"].broken == 100


def test_hashes_depend_on_values_alone_and_nulls_are_values():
    one = pa.table({"a": pa.array(["x", None, "y"]), "b": pa.array([1, 2, None])})
    again = pa.concat_tables([one.slice(1), one.slice(0, 1)])
    assert content_hashes(one, ("a", "b")).tolist() == content_hashes(again, ("a", "b"))[[2, 0, 1]].tolist()
    assert len(set(content_hashes(one, ("a", "b")).tolist())) == 3


def test_a_table_of_no_rows_has_no_facts():
    empty = note_columns(_rows(1).slice(0, 0), WATCHED)
    assert column_facts(empty, [empty] * 6) == {}
