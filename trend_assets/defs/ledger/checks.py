"""The check of the ledgers: rewinding gives what was recorded. The checks generated from declarations are with their groups.

What belongs here: checks of the ledgers. What doesn't: the proof itself (``operations/ledger.py``), the rule that nothing recorded
changes (``lake/append_only.py``).
"""

import dagster as dg

from trend_assets.declared import asset_key
from trend_assets.operations.ledger import prove
from trend_assets.resources import LakeResource, keys_in_run
from trend_assets.tables.ledgers import LEDGERS

PROVED_HOURS = 24
"""Newest knowledge hours that are proved where a run has none of its own."""


def _rewinds(path: str) -> dg.AssetChecksDefinition:
    ledger = LEDGERS[path]

    @dg.asset_check(
        asset=asset_key(path),
        name="rewinds",
        description="Rewinding to the end of each knowledge hour gives the rows whose digest was written when it was recorded.",
        blocking=True,
    )
    def check(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        store = lake.get()
        keys = keys_in_run(context.run.tags, ledger.table) or store.partitions(ledger.table)[-PROVED_HOURS:]
        proof = prove(store, ledger, keys)
        told = "; ".join(proof.broken[:5])
        return dg.AssetCheckResult(
            passed=not proof.broken,
            description=f"{len(proof.broken)} recorded partitions come back otherwise: {told}" if proof.broken else None,
            metadata={"recorded partitions": proof.checked, "come back otherwise": len(proof.broken)},
        )

    return check


rewinds = [_rewinds(path) for path in LEDGERS]
