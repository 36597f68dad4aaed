"""What the pictures of posts show: one optional table, its checks and the job that makes it.

What belongs here: definitions. What doesn't: fetching and judging (``trend_assets/media``), the model's own assets (``defs/models``).

Without a source of pictures in the settings, or without a champion, nothing is published and nothing fails. The sealed lane does not
wait for it: other people's servers must not hold up an hour.
"""

from collections.abc import Iterator

import dagster as dg

from trend_assets.declared import asset_key, asset_spec, declared_checks
from trend_assets.defs.jobs import LANE, MAX_RUNTIME, tried_again
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings

PATH, TASK = "image_category/media_categories", "image_category"


@dg.multi_asset(
    name="media_categories",
    specs=[asset_spec(PATH, deps=["social/raw_posts", "social/clean_posts", f"{TASK}/champion"], group_name="models", skippable=True)],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def media_categories(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Get the pictures of each hour's posts, keep what they show and forget them."""
    from trend_assets.media.categories import categorise_hours, source_of
    from trend_assets.media.judge import judge_of

    source = source_of(load_settings())
    if source is None:
        context.log.info("pictures of posts have no source: set TREND_ASSETS_MEDIA_FOLDER or TREND_ASSETS_MEDIA_HOSTS (docs/images.md)")
        return
    judge = judge_of(load_settings())
    if judge is None:
        context.log.warning(f"{TASK} has no champion, so no picture is judged: run the job {TASK}_training (docs/images.md)")
        return
    rows = categorise_hours(lake.get(), list(context.partition_keys), source, judge)
    counted = rows.group_by("outcome", use_threads=False).aggregate([([], "count_all")])
    outcomes = dict(zip(counted["outcome"].to_pylist(), counted["count_all"].to_pylist(), strict=True))
    yield dg.MaterializeResult(asset_key=asset_key(PATH), value=rows, metadata={"outcomes": dg.MetadataValue.json(outcomes)})


media_categories_checks = declared_checks(PATH)

media_hours = dg.define_asset_job(
    "media_hours",
    selection=dg.AssetSelection.assets(asset_key(PATH)),
    description="Pictures of the range's posts to categories; optional, and of no other job.",
    tags={LANE: "media", MAX_RUNTIME: "21600"},
    executor_def=dg.in_process_executor,
    op_retry_policy=tried_again(times=1, after_seconds=5),
)
