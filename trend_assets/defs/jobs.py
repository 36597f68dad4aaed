"""The jobs: each materializes one stage of the flow over a range of partitions, with its checks.

What belongs here: selections. What doesn't: when they run; nothing schedules them yet.
"""

from __future__ import annotations

import dagster as dg

social_hours = dg.define_asset_job(
    "social_hours",
    selection=dg.AssetSelection.groups("social", "topics", "influencers") - dg.AssetSelection.assets(["social", "landing"]),
    description="Landing files of the range to posts, topics, trends and influencer rankings.",
)

retail_days = dg.define_asset_job(
    "retail_days", selection=dg.AssetSelection.groups("retail"), description="The retailer's files of the range to daily tables."
)

demand_days = dg.define_asset_job(
    "demand_days",
    selection=dg.AssetSelection.groups("demand") | dg.AssetSelection.tag("lane", "daily"),
    description="Trends of the range linked to products, stock position, decision cards.",
)

marts = dg.define_asset_job(
    "marts",
    selection=dg.AssetSelection.tag("lane", "marts"),
    description="dbt marts and their tests, then the warehouse file that readers open.",
)

checks = dg.define_asset_job(
    "checks", selection=dg.AssetSelection.all_asset_checks(), description="Every check on the latest partitions; materializes nothing."
)
