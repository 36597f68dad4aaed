"""Topic assets: assignments with the registry, hourly counts, trends, and terms that break out by a network's own counts.

What belongs here: which partitions are read (windows and history), one call into ``lib/``, metadata. What doesn't:
clustering and late posts (``lib/topics``), which posts are late (``landing/late_files.py``), statistics (``lib/trends``).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.declared import asset_key, asset_spec
from trend_assets.lake.lake import Lake
from trend_assets.landing.late_files import files_of, late_hours
from trend_assets.lib.tables import concatenate
from trend_assets.lib.trends.past import COUNTS_PAST, TERM_COLUMNS, TREND_PAST
from trend_assets.live.sealed import registries_of
from trend_assets.operations.catalogue import NEWEST, OLDEST, catalogues
from trend_assets.operations.collected import consumed, gaps_between
from trend_assets.partitions import hour_key, hours_between, hours_of
from trend_assets.resources import LakeResource, Published
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

SEALED_TOGETHER = ("topics", "topic_assignments", "topic_events")
"""Tables of one step, in the order that Dagster wants: the registry first, the others depend on it."""
_previous_hour = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)


def _past(hours: int) -> dg.TimeWindowPartitionMapping:
    return dg.TimeWindowPartitionMapping(start_offset=-hours, allow_nonexistent_upstream_partitions=True)


def _with_history(lake: Lake, path: str, start: datetime, keys: list[str], columns: list[str] | None = None) -> pa.Table:
    """Rows of the run's partitions and of the published hours of the four weeks before."""
    before = [hour_key(hour) for hour in hours_between(start - TREND_PAST, start)]
    return lake.read(TABLES[path], before + keys, columns=columns)


_window_and_registry = [
    dg.AssetDep(asset_key("social/clean_posts"), partition_mapping=_past(load_settings().window_hours - 1)),
    dg.AssetDep(asset_key("topics/topics"), partition_mapping=_previous_hour),
]


@dg.multi_asset(
    name="topic_assignments",
    specs=[asset_spec(f"topics/{name}", deps=_window_and_registry) for name in SEALED_TOGETHER],
    can_subset=True,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def topic_assignments(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Cluster the rolling window hour by hour; the registry of the hour before decides what keeps its id.

    Where assignments alone are selected (job late_hours), late posts are assigned against the registry recorded for their hour.
    """
    if context.selected_asset_keys == {asset_key("topics/topic_assignments")}:
        yield _take_in_late_posts(context, lake.get())
    else:
        yield from _seal(context, lake.get())


def _window(store: Lake, first: datetime) -> list[tuple[datetime, pa.Table]]:
    """Clean posts of the hours before ``first`` that are in its window."""
    before = hours_between(first - timedelta(hours=load_settings().window_hours - 1), first)
    return [(hour, store.read(TABLES["social/clean_posts"], [hour_key(hour)])) for hour in before]


def _seal(context: dg.AssetExecutionContext, store: Lake) -> Iterator[dg.MaterializeResult]:
    from trend_assets.lib.topics.assign import assign_hours

    settings, table, hours = load_settings(), TABLES["social/clean_posts"], hours_of(context.partition_time_window)
    files = files_of(store, table, list(context.partition_keys))
    results = list(
        assign_hours(
            ((hour, store.read(table, [hour_key(hour)])) for hour in hours),
            window=_window(store, hours[0]),
            registry=store.read(TABLES["topics/topics"], [hour_key(hours[0] - timedelta(hours=1))]),
            window_hours=settings.window_hours,
            window_groups=settings.window_groups,
        )
    )
    context.log.info(f"lowest share of the window that was kept: {min((result.kept_share for result in results), default=1.0):.3f}")
    for name in SEALED_TOGETHER:
        if asset_key(f"topics/{name}") not in context.selected_asset_keys:
            continue
        data = concatenate(TABLES[f"topics/{name}"], [getattr(result, name) for result in results])
        # Landing files that come later are late: what the hour was sealed from is recorded where sealing ends. Late runs
        # replace assignments, never the registry, so the registry keeps the first record.
        yield dg.MaterializeResult(asset_key=asset_key(f"topics/{name}"), value=Published(data, {} if name == "topic_events" else files))


def _take_in_late_posts(context: dg.AssetExecutionContext, store: Lake) -> dg.MaterializeResult:
    from trend_assets.lib.topics.late import assign_late

    settings, hours, keys = load_settings(), hours_of(context.partition_time_window), list(context.partition_keys)
    files = files_of(store, TABLES["social/clean_posts"], keys)
    recorded = sum(manifest.rows for manifest in store.manifests(TABLES["topics/topic_assignments"], keys).values() if manifest)
    assigned = assign_late(
        late_hours(store, settings, hours),
        window=_window(store, hours[0]),
        window_hours=settings.window_hours,
        window_groups=settings.window_groups,
    )
    data = concatenate(TABLES["topics/topic_assignments"], list(assigned))
    context.log.info(f"late posts assigned: {data.num_rows - recorded}")
    return dg.MaterializeResult(asset_key=asset_key("topics/topic_assignments"), value=Published(data, files))


@dg.multi_asset(
    name="topic_hours",
    specs=[asset_spec("topics/topic_hours", deps=["social/clean_posts", "topics/topic_assignments"])],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def topic_hours(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Count posts, reposts and authors of each topic and hour, over every post."""
    from trend_assets.lib.topics.hours import topic_hours as count

    store, keys = lake.get(), list(context.partition_keys)
    clean = store.read(TABLES["social/clean_posts"], keys)
    assignments = store.read(TABLES["topics/topic_assignments"], keys)
    counted = count(clean, assignments, hours_of(context.partition_time_window))
    yield dg.MaterializeResult(asset_key=asset_key("topics/topic_hours"), value=counted)


_days_of_counts = dg.AssetDep(asset_key("social/term_counts"), partition_mapping=_past(COUNTS_PAST // timedelta(hours=1)))
_days_before = dg.TimeWindowPartitionMapping(
    start_offset=-(OLDEST // timedelta(hours=1)), end_offset=-(NEWEST // timedelta(hours=1)), allow_nonexistent_upstream_partitions=True
)


@dg.multi_asset(
    name="trends",
    specs=[
        asset_spec(
            "topics/trends",
            deps=[
                dg.AssetDep(asset_key("topics/topic_hours"), partition_mapping=_past(TREND_PAST // timedelta(hours=1))),
                dg.AssetDep(asset_key("social/clean_posts"), partition_mapping=_past(TREND_PAST // timedelta(hours=1))),
                dg.AssetDep(asset_key("topics/topic_assignments"), partition_mapping=_past(24)),
                dg.AssetDep(asset_key("retail/products"), partition_mapping=_days_before),
                "topics/topics",
                "topics/stress_tests",
                dg.AssetDep(asset_key("social/collection_gaps"), partition_mapping=_past(TREND_PAST // timedelta(hours=1))),
            ],
        )
    ],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def trends(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Score each topic-hour against its cycle and past; rank, stage and explain what is unusual."""
    from trend_assets.lib.relevance.lanes import relevance_by_day
    from trend_assets.lib.relevance.signs import COLUMNS
    from trend_assets.lib.trends.lanes import hour_volumes
    from trend_assets.lib.trends.rank import rank_trends
    from trend_assets.lib.trends.seasons import NEAR, SEASON_COLUMNS, YEAR
    from trend_assets.lib.trends.terms import term_novelty

    settings, store, keys = load_settings(), lake.get(), list(context.partition_keys)
    hours = hours_of(context.partition_time_window)
    day_before = [hour_key(hour) for hour in hours_between(hours[0] - timedelta(days=1), hours[0])] + keys
    topics = store.read(TABLES["topics/topics"], keys)
    posts = _with_history(store, "social/clean_posts", hours[0], keys, TERM_COLUMNS)
    collected = gaps_between(store, hours[0] - TREND_PAST, hours[-1] + timedelta(hours=1)).shares()
    year_before = [hour_key(hour) for hour in hours_between(hours[0] - YEAR - NEAR, hours[-1] - YEAR + NEAR)]
    ranked = rank_trends(
        hours,
        topic_hours=_with_history(store, "topics/topic_hours", hours[0], keys),
        topics=topics,
        volumes=hour_volumes(posts),
        terms=term_novelty(topics, posts),
        previous_trends=_with_history(store, "topics/trends", hours[0], []),
        last_year=store.read(TABLES["topics/trends"], year_before, columns=SEASON_COLUMNS),
        stress=store.read(TABLES["topics/stress_tests"], keys),
        relevance=relevance_by_day(
            topics.filter(pc.greater_equal(topics["window_authors"], settings.trend_authors)),
            store.read(TABLES["social/clean_posts"], day_before, columns=list(COLUMNS)),
            store.read(TABLES["topics/topic_assignments"], day_before),
            brands=settings.brands,
            catalogues=catalogues(store, hours),
            hours=hours,
        ),
        collected=collected,
        minimum_authors=settings.trend_authors,
    )
    gaps = consumed(collected, keys, TREND_PAST)
    inputs = {key: {**registry, **gaps.get(key, {})} for key, registry in registries_of(store, keys).items()}
    yield dg.MaterializeResult(asset_key=asset_key("topics/trends"), value=Published(ranked, inputs))


@dg.multi_asset(
    name="term_bursts",
    specs=[asset_spec("topics/term_bursts", deps=[_days_of_counts])],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def term_bursts(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Judge each hourly count by its term's past: which terms break out, before any post of them is bought."""
    from trend_assets.lib.trends.term_bursts import term_bursts as judge

    hours = hours_of(context.partition_time_window)
    wanted = [hour_key(hour) for hour in hours_between(hours[0] - COUNTS_PAST, hours[0])] + list(context.partition_keys)
    judged = judge(lake.get().read(TABLES["social/term_counts"], wanted), hours)
    yield dg.MaterializeResult(asset_key=asset_key("topics/term_bursts"), value=judged)
