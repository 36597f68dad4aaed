"""The check of the ledgers: rewinding gives what was recorded. The checks generated from declarations are with their groups.

What belongs here: checks of the ledgers. What doesn't: the proof itself (``operations/ledger.py``), the rule that nothing recorded
changes (``lake/append_only.py``).
"""

from collections.abc import Sequence

import dagster as dg

from trend_assets.declared import asset_key
from trend_assets.operations.ledger import prove
from trend_assets.resources import LakeResource, keys_in_run
from trend_assets.tables.ledgers import LEDGERS

PROVED_HOURS = 24
"""Newest knowledge hours that are proved where a run has none of its own."""
NEWEST, SPREAD = 48, 48
"""Of a run of more hours than both together, so many newest are proved and so many spread over the others; all of them every night."""


def proved(keys: Sequence[str]) -> list[str]:
    """The knowledge hours of a run that its check proves."""
    if len(keys) <= NEWEST + SPREAD:
        return list(keys)
    older = keys[:-NEWEST]
    return [older[place * len(older) // SPREAD] for place in range(SPREAD)] + list(keys[-NEWEST:])


def _rewinds(path: str) -> dg.AssetChecksDefinition:
    ledger = LEDGERS[path]

    @dg.asset_check(
        asset=asset_key(path),
        name="rewinds",
        description="Rewinding to the end of knowledge hours gives the rows whose digest was written when they were recorded.",
        blocking=True,
    )
    def check(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        store = lake.get()
        keys = keys_in_run(context.run.tags, ledger.table)
        recorded = store.partitions(ledger.table)
        mine = set(keys)
        proof = prove(store, ledger, proved([key for key in recorded if key in mine]) if keys else recorded[-PROVED_HOURS:])
        told = "; ".join(proof.broken[:5])
        return dg.AssetCheckResult(
            passed=not proof.broken,
            description=f"{len(proof.broken)} recorded partitions come back otherwise: {told}" if proof.broken else None,
            metadata={"recorded partitions": proof.checked, "come back otherwise": len(proof.broken)},
        )

    return check


rewinds = [_rewinds(path) for path in LEDGERS]
