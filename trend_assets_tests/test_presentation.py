"""What the Dagster UI is told of a table: lineage that exists, numbers by partition, small plots, previews that give nobody away."""

from __future__ import annotations

import base64
import re
from datetime import UTC, date, datetime

import dagster as dg
import pyarrow as pa
import pytest
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from trend_assets import presentation, small_plots
from trend_assets.declared import asset_spec
from trend_assets.definitions import definitions
from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import Manifest, Part
from trend_assets.partitions import daily
from trend_assets.resources import LakeIOManager, _describe_partitions
from trend_assets.settings import PROJECT_ROOT
from trend_assets.tables import TABLES
from trend_assets.tables.lineage import RENAMED, column_sources, columns_of
from trend_assets.warehouse.dbt_row_counts import COUNTED_MODELS

ORDERS, TRENDS = TABLES["retail/orders"], TABLES["topics/trends"]


def key(path: str) -> dg.AssetKey:
    return dg.AssetKey(path.split("/"))


@pytest.fixture(scope="module")
def graph():
    return definitions().resolve_asset_graph()


@pytest.fixture
def recent_days() -> list[str]:
    return list(daily.get_partition_keys()[-5:-1])


def orders(day: str, kinds: list[str]) -> pa.Table:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return ORDERS.from_rows(
        {
            "day": date.fromisoformat(day), "order_id": f"{day}-{number}", "line": 1, "ordered_at": moment, "product_id": f"P{number}",
            "store_id": "WEB", "kind": kind, "quantity": 2 if kind == "sale" else -1, "unit_price": 9.5, "currency": "EUR",
            "data_origin": "simulated",
        }
        for number, kind in enumerate(kinds)
    )  # fmt: skip


def manifest(path: str, partition: str, rows: int) -> Manifest:
    return Manifest(path, partition, (Part("part.parquet", rows, rows * 10, "0" * 64),), "schema")


# Lineage


def test_every_declared_source_is_a_column_of_an_asset_that_the_table_depends_on(graph):
    for path, columns in RENAMED.items():
        parents = {"/".join(parent.path) for parent in graph.get(key(path)).parent_keys}
        for column, sources in columns.items():
            assert column in columns_of(path), f"{path}.{column}"
            for source in sources:
                upstream, _, name = source.rpartition(".")
                schema = graph.get(key(upstream)).metadata["dagster/column_schema"]
                assert upstream in parents, f"{path}.{column} is said to come from {upstream}, which it does not depend on"
                assert name in {found.name for found in schema.columns}, f"{path}.{column} ← {source}"


def test_a_column_comes_from_the_same_name_upstream_unless_the_declaration_says_otherwise():
    sources = column_sources(TABLES["influencers/interactions"], ["social/clean_posts", "topics/topic_assignments"])
    assert sources["topic_id"] == (("topics/topic_assignments", "topic_id"),)
    assert sources["source_author"] == (("social/clean_posts", "author"),)
    assert ("social/clean_posts", "kind") not in sources["kind"]  # equal names, other things


def test_what_is_made_here_and_a_tables_own_past_are_no_sources():
    assert "half_life_hours" not in column_sources(TABLES["influencers/influencer_rankings"], ["influencers/interactions"])
    sources = column_sources(TABLES["topics/topics"], ["social/clean_posts", "topics/topics"])
    assert all(path == "social/clean_posts" for found in sources.values() for path, _ in found)


def test_assets_carry_lineage_and_columns_link_to_where_they_come_from(graph):
    metadata = graph.get(key("topics/topic_hours")).metadata
    lineage = metadata["dagster/column_lineage"].deps_by_column["authors"]
    assert [(dep.asset_key.to_user_string(), dep.column_name) for dep in lineage] == [("social/clean_posts", "author")]
    described = {column.name: column.description for column in metadata["dagster/column_schema"].columns}
    assert described["authors"].endswith("From [social/clean_posts](/assets/social/clean_posts) `author`")


def test_every_asset_says_who_owns_it_and_what_it_is_made_of(graph):
    for asset in graph.get_all_asset_keys():
        node = graph.get(asset)
        kinds = {name.removeprefix("dagster/kind/") for name in node.tags if name.startswith("dagster/kind/")}
        assert node.owners, asset
        assert kinds, asset
        assert node.group_name != "default", asset


def test_a_spec_may_override_what_follows_from_the_declaration():
    spec = asset_spec("retail/orders", kinds={"parquet", "postgres"}, metadata={"note": "by hand"}, tags={"lane": "daily"})
    assert spec.kinds == {"parquet", "postgres"}
    assert spec.tags["layer"] == "clean"
    assert spec.tags["lane"] == "daily"
    assert {"note", "key", "dagster/column_schema"} <= set(spec.metadata)


# Numbers by partition


def test_each_partition_tells_its_rows_bytes_values_and_sums():
    parts = {"2026-09-01": orders("2026-09-01", ["sale", "sale", "return"]), "2026-09-02": orders("2026-09-02", ["sale"])}
    manifests = {day: manifest("retail/orders", day, part.num_rows) for day, part in parts.items()}
    assert presentation.partition_metadata(ORDERS, manifests, parts) == {
        "2026-09-01": {"dagster/row_count": 3, "dagster/size_bytes": 30, "kind: sale": 2, "kind: return": 1, "sum of quantity": 3},
        "2026-09-02": {"dagster/row_count": 1, "dagster/size_bytes": 10, "kind: sale": 1, "sum of quantity": 2},
    }


def test_only_the_most_frequent_values_of_the_run_get_a_figure_and_false_none():
    posts = pa.table({"kind": ["post"] * 12, "network": [f"n{min(number, 9)}" for number in range(12)]})
    found = presentation.partition_metadata(TABLES["social/raw_posts"], {"h": manifest("social/raw_posts", "h", 12)}, {"h": posts})["h"]
    assert found["network: n9"] == 3
    assert sum(name.startswith("network:") for name in found) == presentation.MOST_VALUES
    trends = pa.table({"stage": ["rising", "peak"], "suppressed": [True, False]})
    found = presentation.partition_metadata(TRENDS, {"h": manifest("topics/trends", "h", 2)}, {"h": trends})["h"]
    assert found["suppressed: yes"] == 1
    assert "suppressed: False" not in found


def test_landed_records_are_added_up_not_counted_as_rows():
    rows = pa.table({"outcome": ["post", "post", "ignored"], "records": [10, 5, 2]})
    found = presentation.partition_metadata(TABLES["social/landing_counts"], {"h": manifest("x", "h", 3)}, {"h": rows})["h"]
    assert (found["outcome: post"], found["outcome: ignored"]) == (15, 2)


# Plots


def test_the_plot_fits_where_the_ui_shows_it_without_a_click_and_keeps_a_peak():
    recent = {f"2026-09-{1 + hour // 24:02d}-{hour % 24:02d}:00": 1000 + hour % 24 for hour in range(720)} | {"2026-09-12-07:00": 90_000}
    text = presentation.rows_plot(TABLES["social/raw_posts"], recent)
    assert len(text) < 1000
    assert "720 hours to 2026-09-30-23:00" in text
    assert "highest 90,000" in text
    svg = base64.b64decode(re.search(r"base64,([^)]+)\)", text).group(1)).decode()
    assert svg.startswith("<svg")
    assert "V48z" in svg
    assert "v-47" in svg or "v-46" in svg  # the peak stands out of the resampled bars


@pytest.mark.parametrize("values", [[], [0], [0.0, float("nan"), -3], [5, 0, 5]])
def test_bars_are_drawn_of_anything(values):
    assert small_plots.bars(values).count("h1") == len(values)


# Previews


def test_rows_of_posts_and_of_people_stay_out_of_the_event_log():
    for path in ("social/raw_posts", "social/clean_posts", "influencers/interactions", "topics/topics"):
        with pytest.raises(ValueError, match="stay out of the event log"):
            presentation.top_rows(TABLES[path], TABLES[path].empty())
    with pytest.raises(ValueError, match="responded_by"):
        presentation.top_rows(TABLES["demand/card_responses"], TABLES["demand/card_responses"].empty(), columns=["responded_by"])
    with pytest.raises(ValueError, match="exemplar_posts"):
        presentation.top_rows(TRENDS, TRENDS.empty(), columns=["label", "exemplar_posts"])


def test_a_preview_shows_the_largest_rows_and_cuts_long_text():
    data = orders("2026-09-01", ["return", "sale"])
    shown = presentation.top_rows(ORDERS, data, by="quantity", columns=["product_id", "quantity"], n=1)
    assert [record.data for record in shown.records] == [{"product_id": "P1", "quantity": 2}]
    assert presentation._shown("word " * 50).endswith("…")
    assert presentation._shown([1, 2]) == "1, 2"
    assert presentation._shown(float("nan")) is None


def test_every_preview_that_is_declared_may_be_shown():
    for path, figures in presentation.FIGURES.items():
        table = TABLES[path]
        for name in (*figures.counted, *figures.summed, *figures.shown, *filter(None, (figures.top_by, figures.weight))):
            assert not table.column(name).personal
        if presentation.previewable(table):
            presentation.top_rows(table, table.empty(), by=figures.top_by, columns=figures.shown or None)


def test_a_provisional_table_says_how_many_rows_it_has_and_nothing_else():
    table = TABLES["topics/live_trends"]
    assert presentation.output_metadata(table, table.empty()) == {}


# A range of partitions in one run


def run_over(days: list[str], tmp_path, body) -> list[dg.AssetMaterialization]:
    """Materialize retail/orders over days with the project's I/O manager; the events in order."""
    made = dg.multi_asset(name="orders", specs=[asset_spec("retail/orders")], backfill_policy=dg.BackfillPolicy.single_run())(body)
    result = dg.materialize(
        [made],
        resources={"io_manager": LakeIOManager(root=str(tmp_path))},
        tags={ASSET_PARTITION_RANGE_START_TAG: days[0], ASSET_PARTITION_RANGE_END_TAG: days[-1]},
        instance=dg.DagsterInstance.ephemeral(),
    )
    return [event.step_materialization_data.materialization for event in result.get_asset_materialization_events()]


def test_each_partition_of_a_range_has_its_own_numbers_and_the_newest_the_plot_and_the_rows(recent_days, tmp_path):
    def body():
        parts = [orders(day, ["sale"] * (number + 1)) for number, day in enumerate(recent_days[:3])]
        yield dg.MaterializeResult(asset_key=key("retail/orders"), value=pa.concat_tables(parts))

    events = run_over(recent_days, tmp_path, body)
    assert [event.partition for event in events] == recent_days
    assert [event.metadata["dagster/row_count"].value for event in events] == [1, 2, 3, 0]
    assert Lake(str(tmp_path)).partitions(ORDERS) == recent_days[:3]
    assert all("rows by day" not in event.metadata for event in events[:-1])
    assert "lowest 0, highest 3, newest 0" in events[-1].metadata["rows by day"].value


def test_a_run_of_one_day_plots_the_days_before_it_from_the_lake(recent_days, tmp_path):
    lake = Lake(str(tmp_path))
    lake.publish(ORDERS, {day: orders(day, ["sale"] * 4) for day in recent_days[:3]})

    def body():
        yield dg.MaterializeResult(asset_key=key("retail/orders"), value=orders(recent_days[3], ["sale"]))

    (event,) = run_over(recent_days[3:], tmp_path, body)
    assert "4 days to" in event.metadata["rows by day"].value
    assert "lowest 1, highest 4, newest 1" in event.metadata["rows by day"].value
    assert [record.data["product_id"] for record in event.metadata["preview"].records] == ["P0"]


def test_the_short_way_to_partition_metadata_is_dagsters_own_way(recent_days, tmp_path):
    """``_describe_partitions`` writes what ``add_asset_metadata`` would, without its cost."""
    described = {day: {"dagster/row_count": number} for number, day in enumerate(recent_days)}
    told = {}

    def body(context):
        step = context._step_execution_context
        before = step._metadata_accumulator
        for day, metadata in described.items():
            context.add_asset_metadata(metadata, key("retail/orders"), partition_key=day)
        told["dagster"] = dict(step._metadata_accumulator.per_output_metadata)
        step._metadata_accumulator = before
        _describe_partitions(step, key("retail/orders"), described)
        told["ours"] = dict(step._metadata_accumulator.per_output_metadata)
        yield dg.MaterializeResult(asset_key=key("retail/orders"), value=ORDERS.empty())

    run_over(recent_days, tmp_path, body)
    assert told["ours"] == told["dagster"]
    assert len(told["ours"]) == len(recent_days)


# The whole graph


@pytest.fixture(scope="module")
def latest(town, graph) -> dict[str, dg.AssetMaterialization]:
    """Latest materialization of each asset of the town."""
    overrides = {
        "run_storage": ("dagster._core.storage.runs", "SqliteRunStorage"),
        "event_log_storage": ("trend_assets.operations.event_log", "BatchedSqliteEventLogStorage"),
    }
    storage = str(town.folder / "dagster")
    configured = {name: {"module": module, "class": kind, "config": {"base_dir": storage}} for name, (module, kind) in overrides.items()}
    with dg.instance_for_test(overrides=configured) as instance:
        events = {asset: instance.get_latest_materialization_event(asset) for asset in graph.materializable_asset_keys}
        return {"/".join(asset.path): event.asset_materialization for asset, event in events.items() if event is not None}


def test_tables_of_lake_and_warehouse_tell_their_rows(latest, town):
    for path, event in latest.items():
        if path in TABLES or path.partition("/")[2].startswith((*COUNTED_MODELS, "trends_database")):
            assert event.metadata["dagster/row_count"].value >= 0, path
    newest = town.lake.partitions(TABLES["topics/trends"])[-1]
    assert latest["topics/trends"].partition == newest
    assert latest["topics/trends"].metadata["dagster/row_count"].value == town.lake.read(TRENDS, [newest]).num_rows


def test_the_event_log_holds_no_post_no_pseudonym_and_little_else(latest, town):
    raw = town.lake.read(TABLES["social/raw_posts"], columns=["post_id", "author", "text"]).to_pylist()
    secrets = {row["author"] for row in raw} | {row["post_id"] for row in raw} | {row["text"] for row in raw if len(row["text"]) > 20}
    for path, event in latest.items():
        said = " ".join(str(value.value) for value in event.metadata.values())
        assert len(said) < (48_000 if path.endswith("/evaluation") else 8_000), path  # an evaluation shows a picture
        words = set(re.findall(r"[\w-]{8,}", said))
        assert not (words & secrets), path
        assert not any(text in said for text in secrets if " " in text), path


# The page for operators


def test_the_filters_of_the_page_for_operators_select_something(graph):
    page = (PROJECT_ROOT / "docs" / "operating.md").read_text()
    filters = page.split("## Filters to paste")[1].split("```")[1].strip().splitlines()
    assert len(filters) >= 6
    for line in filters:
        assert dg.AssetSelection.from_string(line).resolve(graph), line
