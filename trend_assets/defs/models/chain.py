"""Checks of the chain's stages that are code or a package: another version that shifts what they say stops what reads them.

What belongs here: one blocking check a stage. What doesn't: the verdict (``trend_assets/models/chain_stages.py``), tasks' gates.
"""

import dagster as dg

from trend_assets.declared import asset_key
from trend_assets.models.chain_stages import STAGES, Stage
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings


def stage_check(name: str, stage: Stage) -> dg.AssetChecksDefinition:
    """The present version of a stage against the accepted one."""

    @dg.asset_check(
        asset=asset_key(stage.path),
        name="chain",
        blocking=True,
        description=f"Where the version of {name} changed, what it says by day is what the accepted version said, within ordinary change.",
    )
    def chain(lake: LakeResource) -> dg.AssetCheckResult:
        from trend_assets.models.chain_stages import judge_stage

        found = judge_stage(name, lake.get(), load_settings())
        rules = "\n".join([*(f"- ✗ {rule}" for rule in found.worse), *(f"- ✓ {rule}" for rule in found.fine)])
        return dg.AssetCheckResult(
            passed=found.passed,
            severity=dg.AssetCheckSeverity.ERROR,
            description=str(found),
            metadata={"accepted": found.accepted, "present": found.present, "slices": dg.MetadataValue.md(rules or "nothing to compare")},
        )

    return chain


checks = [stage_check(name, stage) for name, stage in STAGES.items()]
