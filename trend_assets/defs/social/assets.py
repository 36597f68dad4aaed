"""Social assets: landing, collection gaps and costs (external), raw posts with what was refused or deleted, counts of terms, clean posts.

What belongs here: reading, one call into ``lib/``, returning data and metadata. What doesn't: decoding or cleaning.
"""

from collections.abc import Iterator

import dagster as dg

from trend_assets.declared import OWNERS, asset_key, asset_spec
from trend_assets.lake.storage import open_storage
from trend_assets.landing.late_files import read_raw_posts
from trend_assets.landing.raw_hours import RAW_TABLES, RECORD_FILES, decode_landing_hours
from trend_assets.landing.term_counts import read_term_counts
from trend_assets.operations import removals
from trend_assets.operations.removals import without_gone_posts
from trend_assets.partitions import hours_of
from trend_assets.resources import LakeResource, Published
from trend_assets.settings import load_settings
from trend_assets.tables.lineage import LANDING_COLUMNS

landing = dg.AssetSpec(
    asset_key("social/landing"),
    description="Immutable files of records as received, by network and hour; written by ingest, the collector or the simulated town.",
    group_name="social",
    kinds={"jsonl"},
    tags={"layer": "raw", "licence": "restricted"},
    owners=OWNERS,
    metadata={
        "dagster/column_schema": dg.TableSchema([dg.TableColumn(name, kind, text) for name, (kind, text) in LANDING_COLUMNS.items()])
    },
)


# External: collectors append a row when they may have missed something, so no run makes it, none is due and none is late.
collection_gaps = asset_spec("social/collection_gaps").replace_attributes(
    automation_condition=None, freshness_policy=None, kinds={"parquet"}
)

# External as well: the collector of a paid source adds what it bought.
collection_costs = asset_spec("social/collection_costs").replace_attributes(
    automation_condition=None, freshness_policy=None, kinds={"parquet"}
)


@dg.multi_asset(
    name="raw_posts",
    specs=[asset_spec(path, deps=["social/landing"]) for path in RAW_TABLES],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def raw_posts(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Decode the landing files of each hour: every record becomes a post, a deletion, or a quarantined row with its reason."""
    decoded, inputs = decode_landing_hours(hours_of(context.partition_time_window), load_settings())
    for path in RAW_TABLES:
        name = path.split("/")[1]
        consumed = inputs if path in RECORD_FILES else {}
        yield dg.MaterializeResult(asset_key=asset_key(path), value=Published(getattr(decoded, name), consumed))


@dg.multi_asset(
    name="term_counts",
    specs=[asset_spec("social/term_counts", deps=["social/landing", "social/landing_counts"])],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def term_counts(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Read what networks counted of each term, from the landing files that the accounting says hold counts."""
    counted, files = read_term_counts(lake.get(), open_storage(load_settings().landing_root), list(context.partition_keys))
    yield dg.MaterializeResult(asset_key=asset_key("social/term_counts"), value=Published(counted, files))


@dg.multi_asset(
    name="clean_posts",
    specs=[asset_spec("social/clean_posts", deps=["social/raw_posts"])],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def clean_posts(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Normalise text, identify languages, split words and find near-duplicates.

    The landing files whose posts were read are recorded: `trend-assets ingest` may rebuild the raw tables at any time. When a sealed
    hour is rebuilt (job late_hours), posts that were deleted or edited since are left out, and the files that say so are recorded too.
    """
    from trend_assets.lib.text.clean import clean_posts as clean

    settings = load_settings()
    keys = list(context.partition_keys)
    raw, files = read_raw_posts(lake.get(), keys)
    cleaned = clean(raw, public_handles=frozenset(brand.lower() for brand in settings.brands))
    kept, notices = without_gone_posts(lake.get(), cleaned, keys) if context.run.job_name == removals.BY else (cleaned, {})
    if kept.num_rows < cleaned.num_rows:
        context.log.info(f"posts deleted or edited since their hour was sealed: {cleaned.num_rows - kept.num_rows}")
    inputs = {key: {**files.get(key, {}), **notices.get(key, {})} for key in {*files, *notices}}
    yield dg.MaterializeResult(asset_key=asset_key("social/clean_posts"), value=Published(kept, inputs))
