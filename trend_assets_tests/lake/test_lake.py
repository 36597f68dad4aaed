"""The lake as its users see it: publish, append, read, split, verify, collect garbage; on a folder and on a bucket."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import Manifest
from trend_assets.lake.reader import MissingPartitionError
from trend_assets.lake.storage import ConflictError, Storage
from trend_assets.lib.quality.audit import CHECKS, AuditError
from trend_assets.tables import Column
from trend_assets.tables.declaration import timestamp
from trend_assets_tests.lake_tables import COUNTS, DAYS, GATES, HOURS, counts
from trend_assets_tests.storages import KINDS, new_storage


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return new_storage(request.param, tmp_path / "lake")


@pytest.fixture
def lake(storage: Storage) -> Lake:
    return Lake(storage, code_version="1")


# -- publishing ----------------------------------------------------------------------------------------------------


def test_published_partitions_are_read_back_in_order(lake: Lake) -> None:
    manifests = lake.publish(COUNTS, {HOURS[1]: counts(1), HOURS[0]: counts(0)}, inputs={"landing/a": "hash a"})
    assert list(manifests) == HOURS[:2] == lake.partitions(COUNTS)
    assert lake.read(COUNTS).equals(pa.concat_tables([counts(0), counts(1)]))
    assert lake.read(COUNTS).schema.equals(COUNTS.schema, check_metadata=True)
    assert lake.read(COUNTS, [HOURS[1]]).equals(counts(1))
    assert lake.read(COUNTS, HOURS, columns=["visitors", "gate"]).column_names == ["visitors", "gate"]
    assert lake.manifest(COUNTS, HOURS[0]) == manifests[HOURS[0]]
    assert lake.manifests(COUNTS, HOURS) == {**manifests, HOURS[2]: None}


def test_the_manifest_tells_where_rows_come_from(lake: Lake) -> None:
    first = lake.publish(COUNTS, {HOURS[0]: counts(0)}, inputs={"landing/a": "hash a"})[HOURS[0]]
    second = lake.publish(COUNTS, {HOURS[0]: counts(0, rows=6)}, inputs={HOURS[0]: {"landing/b": "hash b"}})[HOURS[0]]
    assert (first.rows, first.code_version, first.previous, first.checks) == (5, "1", None, CHECKS)
    assert (second.rows, dict(second.inputs), second.previous) == (6, {"landing/b": "hash b"}, first.hash)
    assert first.data_version != second.data_version
    stored = json.loads(lake.storage.read("town/counts/hour=2026-09-01-0000/_manifest.json"))
    assert stored["parts"][0]["name"] == f"part-{stored['parts'][0]['sha256']}.parquet"


def test_publishing_the_same_again_swaps_nothing(lake: Lake) -> None:
    shuffled = counts(0).take([3, 1, 4, 0, 2])
    first = lake.publish(COUNTS, {HOURS[0]: counts(0)}, inputs={"a": "1"})
    path = "town/counts/hour=2026-09-01-0000/_manifest.json"
    generation = lake.storage.read_with_generation(path)[1]
    assert lake.publish(COUNTS, {HOURS[0]: shuffled}, inputs={"a": "1"}) == first
    assert lake.storage.read_with_generation(path)[1] == generation
    assert lake.publish(COUNTS, {HOURS[0]: shuffled}, inputs={"a": "2"}) != first  # made from something else: say so
    assert Lake(lake.storage, code_version="2").publish(COUNTS, {HOURS[0]: shuffled}, inputs={"a": "2"})[HOURS[0]].code_version == "2"


def test_a_range_equals_its_partitions_one_by_one(lake: Lake, tmp_path: Path) -> None:
    parts = {key: counts(hour, rows=20 + hour) for hour, key in enumerate(HOURS)}
    at_once = lake.publish(COUNTS, parts)
    alone = Lake(str(tmp_path / "alone"), code_version="1")
    for key, data in parts.items():
        assert alone.publish(COUNTS, {key: data})[key] == at_once[key]


def test_unpartitioned_and_daily_tables(lake: Lake) -> None:
    rows = GATES.from_rows([{"gate": "a", "opened": date(2026, 9, 1)}, {"gate": "b", "opened": date(2026, 9, 2)}])
    lake.publish(GATES, {"all": rows})
    assert lake.partitions(GATES) == ["all"]
    assert lake.read(GATES).equals(rows)
    days = ["2026-09-01", "2026-09-02"]
    lake.publish(DAYS, lake.split(DAYS, rows, days))
    assert lake.partitions(DAYS) == days
    assert lake.read(DAYS, days[1:])["gate"].to_pylist() == ["b"]
    for table, key in ((GATES, days[0]), (DAYS, HOURS[0]), (DAYS, "2026-9-1"), (COUNTS, "../x"), (COUNTS, "2026-09-01-00:30")):
        with pytest.raises(ValueError, match="key"):
            lake.publish(table, {key: rows})


def test_rows_that_fail_the_audit_are_never_visible(lake: Lake) -> None:
    lake.publish(COUNTS, {HOURS[0]: counts(0)})
    wrong = counts(1, visitors=-1)
    with pytest.raises(AuditError, match=r"town/counts \[2026-09-01-01:00\].*visitors is below 0 in 5 rows") as raised:
        lake.publish(COUNTS, {HOURS[0]: counts(0, rows=9), HOURS[1]: wrong})
    assert [finding.check for finding in raised.value.findings] == ["values"]
    assert lake.partitions(COUNTS) == HOURS[:1]
    assert lake.read(COUNTS).equals(counts(0))  # nor is the good half of the range


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (lambda rows: rows.drop_columns(["visitors"]), "schema"),
        (lambda rows: rows.set_column(2, "visitors", pa.array(["many"] * rows.num_rows)), "schema"),
        (lambda rows: rows.set_column(0, "gate", pa.nulls(rows.num_rows, pa.string())), "required"),
        (lambda rows: pa.concat_tables([rows, rows.slice(0, 1)]), "key"),
        (lambda rows: rows.set_column(4, "weather", pa.array(["foggy"] * rows.num_rows)), "values"),
        (lambda rows: rows.set_column(3, "tags", pa.array([["a", None]] * rows.num_rows)), "values"),
        (lambda rows: rows.set_column(1, "counted_at", counts(1)["counted_at"]), "partition"),
    ],
)
def test_each_kind_of_fault_is_refused(tmp_path: Path, spoil, check: str) -> None:
    lake = Lake(str(tmp_path))
    with pytest.raises(AuditError) as raised:
        lake.publish(COUNTS, {HOURS[0]: spoil(counts(0))})
    assert {finding.check for finding in raised.value.findings} == {check}
    assert lake.partitions(COUNTS) == []


def test_losing_most_rows_needs_consent(lake: Lake) -> None:
    lake.publish(COUNTS, {HOURS[0]: counts(0, rows=200)})
    with pytest.raises(AuditError, match="allow_shrink"):
        lake.publish(COUNTS, {HOURS[0]: counts(0, rows=19)})
    assert lake.read(COUNTS).num_rows == 200
    lake.publish(COUNTS, {HOURS[0]: counts(0, rows=19)}, allow_shrink=True)
    assert lake.read(COUNTS).num_rows == 19


def test_columns_are_conformed_and_extra_ones_dropped(lake: Lake) -> None:
    loose = counts(0).append_column("extra", pa.array(range(5)))
    loose = loose.set_column(2, "visitors", loose["visitors"].cast(pa.int32())).select(
        ["extra", "visitors", "tags", "weather", "counted_at", "gate"]
    )
    lake.publish(COUNTS, {HOURS[0]: loose})
    assert lake.read(COUNTS).equals(counts(0))


def test_of_many_faulty_partitions_each_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    """Partitions are audited together; the messages are those of each alone."""
    lake = Lake(str(tmp_path), workers=1)
    parts = {HOURS[0]: counts(0), HOURS[1]: counts(1, visitors=-1), HOURS[2]: pa.concat_tables([counts(2), counts(2, rows=1)])}
    with pytest.raises(AuditError) as raised:
        lake.publish(COUNTS, parts)
    assert [(finding.partition, finding.check, finding.rows) for finding in raised.value.findings] == [
        (HOURS[1], "values", 5),
        (HOURS[2], "key", 1),
    ]
    assert lake.storage.list() == []


def test_pieces_of_different_types_are_published_together(tmp_path: Path) -> None:
    loose = counts(1).set_column(2, "visitors", counts(1)["visitors"].cast(pa.int32()))
    lake = Lake(str(tmp_path), workers=1)
    lake.publish(COUNTS, {HOURS[0]: counts(0).take([4, 0, 2, 1, 3]), HOURS[1]: loose, HOURS[2]: COUNTS.empty()})
    assert lake.read(COUNTS).equals(pa.concat_tables([counts(0), counts(1)]))


def test_small_and_large_parts_are_read_alike(tmp_path: Path) -> None:
    """They are compressed differently; a range equals its partitions one by one for both."""
    parts = {HOURS[0]: counts(0, rows=900), HOURS[1]: counts(1, rows=3)}
    together, alone = Lake(str(tmp_path / "a"), workers=1), Lake(str(tmp_path / "b"), workers=1)
    manifests = together.publish(COUNTS, parts)
    assert manifests == {key: alone.publish(COUNTS, {key: data})[key] for key, data in parts.items()}
    assert together.read(COUNTS).equals(pa.concat_tables(list(parts.values())))
    assert {pq.read_metadata(file).row_group(0).column(0).compression for file in together.files(COUNTS)} == {"ZSTD", "LZ4"}


# -- two writers ---------------------------------------------------------------------------------------------------


def test_of_two_publishers_one_is_told(storage: Storage) -> None:
    """The slower one started from a state that is gone: it gets a conflict, and the faster one's rows stay."""
    faster = Lake(storage)

    def overtake(step: str) -> None:
        if step == "publish: all staged":
            faster.publish(COUNTS, {HOURS[0]: counts(0, visitors=1)})

    slower = Lake(storage, on_step=overtake)
    with pytest.raises(ConflictError, match="read it again"):
        slower.publish(COUNTS, {HOURS[0]: counts(0, visitors=2)})
    assert set(faster.read(COUNTS)["visitors"].to_pylist()) == {1}


def test_two_publishers_of_the_same_rows_agree(storage: Storage) -> None:
    faster = Lake(storage)
    slower = Lake(storage, on_step=lambda step: step == "publish: all staged" and faster.publish(COUNTS, {HOURS[0]: counts(0)}))
    assert slower.publish(COUNTS, {HOURS[0]: counts(0)}) == faster.manifests(COUNTS)


def test_concurrent_micro_batches_all_arrive(lake: Lake) -> None:
    lake.publish(COUNTS, {HOURS[0]: counts(0)})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: lake.append(COUNTS, HOURS[0], counts(0, first=100 * n), inputs={f"file {n}": "x"}), range(1, 9)))
    manifest = lake.verify(COUNTS, HOURS[0])
    assert (manifest.rows, len(manifest.parts), len(manifest.inputs)) == (45, 9, 8)
    assert lake.read(COUNTS).num_rows == 45


# -- micro-batches -------------------------------------------------------------------------------------------------


def test_appending_adds_a_part_and_publishing_compacts(lake: Lake) -> None:
    lake.append(COUNTS, HOURS[0], counts(0, first=0), inputs={"a": "1"})
    manifest = lake.append(COUNTS, HOURS[0], counts(0, first=5), inputs={"b": "2"})
    assert (len(manifest.parts), dict(manifest.inputs)) == (2, {"a": "1", "b": "2"})
    whole = counts(0, rows=10)
    assert lake.read(COUNTS).equals(whole)
    assert len(lake.files(COUNTS)) == 2
    assert len(lake.publish(COUNTS, {HOURS[0]: whole})[HOURS[0]].parts) == 1
    assert lake.read(COUNTS).equals(whole)


def test_compacting_keeps_rows_and_inputs(lake: Lake) -> None:
    assert lake.compact(COUNTS, HOURS[0]) is None
    for number in range(3):
        lake.append(COUNTS, HOURS[0], counts(0, first=5 * number), inputs={f"file {number}": "x"})
    manifest = lake.compact(COUNTS, HOURS[0])
    assert (len(manifest.parts), manifest.rows, sorted(manifest.inputs)) == (1, 15, ["file 0", "file 1", "file 2"])
    assert lake.read(COUNTS).equals(counts(0, rows=15))
    assert lake.compact(COUNTS, HOURS[0]) == manifest == lake.verify(COUNTS, HOURS[0])


def test_what_another_writer_adds_while_a_partition_is_compacted_is_not_lost(storage: Storage) -> None:
    lake = Lake(storage)
    for number in range(2):
        lake.append(COUNTS, HOURS[0], counts(0, first=5 * number))

    def rival(step: str) -> None:
        if step == "publish: part written":
            lake.append(COUNTS, HOURS[0], counts(0, first=10))

    with pytest.raises(ConflictError):
        Lake(storage, on_step=rival).compact(COUNTS, HOURS[0])
    assert lake.read(COUNTS).equals(counts(0, rows=15))


def test_a_micro_batch_may_be_repeated(lake: Lake) -> None:
    lake.append(COUNTS, HOURS[0], counts(0), inputs={"a": "1"})
    once = lake.append(COUNTS, HOURS[0], counts(0, first=5), inputs={"b": "2"})
    assert lake.append(COUNTS, HOURS[0], counts(0, first=5), inputs={"b": "2"}) == once
    assert lake.read(COUNTS).num_rows == 10


def test_a_micro_batch_without_rows_still_records_its_input(lake: Lake) -> None:
    empty = COUNTS.empty()
    assert lake.append(COUNTS, HOURS[0], empty, inputs={"a": "1"}).rows == 0
    lake.append(COUNTS, HOURS[0], counts(0), inputs={"b": "2"})
    manifest = lake.append(COUNTS, HOURS[0], empty, inputs={"c": "3"})
    assert (manifest.rows, dict(manifest.inputs)) == (5, {"a": "1", "b": "2", "c": "3"})


def test_keys_are_unique_over_all_parts(lake: Lake) -> None:
    lake.append(COUNTS, HOURS[0], counts(0))
    before = lake.manifest(COUNTS, HOURS[0])
    with pytest.raises(AuditError, match="2 rows repeat the key"):
        lake.append(COUNTS, HOURS[0], counts(0, first=3, visitors=9))
    assert lake.manifest(COUNTS, HOURS[0]) == before


def test_appending_under_a_changed_declaration_rewrites_the_partition(lake: Lake) -> None:
    lake.append(COUNTS, HOURS[0], counts(0))
    wider = replace(COUNTS, columns=(*COUNTS.columns, Column("note", pa.string(), "Note", nullable=True)))
    assert lake.read(wider)["note"].null_count == 5  # a column declared later reads as null
    batch = counts(0, first=5).append_column("note", pa.array(["new"] * 5))
    manifest = lake.append(wider, HOURS[0], batch)
    assert len(manifest.parts) == 1
    assert lake.read(wider)["note"].to_pylist() == [None] * 5 + ["new"] * 5
    required = replace(COUNTS, columns=(*COUNTS.columns, Column("height", pa.float64(), "Height")))
    with pytest.raises(ValueError, match="publish its partition again"):
        lake.read(required)


# -- reading -------------------------------------------------------------------------------------------------------


def test_what_does_not_exist_reads_as_no_rows_of_the_declared_schema(lake: Lake) -> None:
    assert lake.partitions(COUNTS) == []
    assert lake.files(COUNTS) == []
    for rows in (lake.read(COUNTS), lake.read(COUNTS, HOURS), lake.read(COUNTS, [])):
        assert rows.schema.equals(COUNTS.schema, check_metadata=True)
        assert rows.num_rows == 0
    with pytest.raises(MissingPartitionError, match="3 partitions are not published, first 2026-09-01-00:00"):
        lake.read(COUNTS, HOURS, missing="raise")
    with pytest.raises(KeyError, match="no column"):
        lake.read(COUNTS, columns=["nonsense"])


def test_an_empty_partition_is_published(lake: Lake) -> None:
    lake.publish(COUNTS, {HOURS[0]: COUNTS.empty()})
    assert lake.partitions(COUNTS) == HOURS[:1]
    assert lake.read(COUNTS, HOURS[:1], missing="raise").num_rows == 0
    assert len(lake.files(COUNTS)) == 1  # engines that need at least one file find one


def test_duckdb_reads_the_files(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake with spaces"))
    lake.publish(COUNTS, {key: counts(hour) for hour, key in enumerate(HOURS)})
    lake.append(COUNTS, HOURS[0], counts(0, first=5))
    total = duckdb.execute("select sum(visitors), count(*) from read_parquet(?)", [lake.files(COUNTS, HOURS[:2])]).fetchone()
    assert total == (105, 15)


# -- splitting -----------------------------------------------------------------------------------------------------


def test_split_covers_every_key_and_keeps_order() -> None:
    data = pa.concat_tables([counts(2), counts(0), counts(2, first=5)])
    parts = Lake.split(COUNTS, data, HOURS)
    assert list(parts) == HOURS
    assert parts[HOURS[0]].equals(counts(0))
    assert parts[HOURS[1]].equals(COUNTS.empty())
    assert parts[HOURS[2]].equals(counts(2, rows=10))
    assert Lake.split(GATES, GATES.empty(), ["all"]) == {"all": GATES.empty()}


def test_split_names_the_rows_outside() -> None:
    data = pa.concat_tables([counts(0), counts(30, rows=3)])
    with pytest.raises(ValueError, match=r"3 rows lie outside.*2026-09-01-00:00 to 2026-09-01-02:00.*2026-09-02-06:00 \(3 rows\)"):
        Lake.split(COUNTS, data, HOURS)
    with pytest.raises(ValueError, match="have no counted_at"):
        Lake.split(COUNTS, counts(0).set_column(1, "counted_at", pa.nulls(5, timestamp)), HOURS)
    for unfit in (counts(0).drop_columns(["counted_at"]), counts(0).set_column(1, "counted_at", pa.array(["now"] * 5))):
        with pytest.raises(ValueError, match="column counted_at, a date or timestamp, is needed"):
            Lake.split(COUNTS, unfit, HOURS)


def test_split_handles_times_before_1970_and_at_the_edges() -> None:
    edge = datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    data = COUNTS.from_rows(
        [{"gate": "a", "counted_at": moment, "visitors": 1, "tags": []} for moment in (edge, datetime(1970, 1, 1, tzinfo=UTC))]
    )
    parts = Lake.split(COUNTS, data, ["1969-12-31-23:00", "1970-01-01-00:00"])
    assert [part.num_rows for part in parts.values()] == [1, 1]


# -- determinism ---------------------------------------------------------------------------------------------------


def test_content_does_not_depend_on_words_or_order_of_making(tmp_path: Path) -> None:
    reworded = replace(COUNTS, columns=tuple(replace(column, description="other words") for column in COUNTS.columns))
    chunks = pa.concat_tables([counts(0).slice(2), counts(0).slice(0, 2)])
    first = Lake(str(tmp_path / "a")).publish(COUNTS, {HOURS[0]: counts(0)})[HOURS[0]]
    second = Lake(str(tmp_path / "b")).publish(reworded, {HOURS[0]: chunks})[HOURS[0]]
    assert first == second
    assert Manifest.from_json(first.to_json(), "here") == first
