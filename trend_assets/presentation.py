"""What a person sees of a table in Dagster's web UI: previews, small plots, column lineage, kinds.

What belongs here: metadata made from a declaration or from published rows. What doesn't: checks, publishing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg
import pyarrow as pa

from trend_assets.tables import Table


def definition_metadata(table: Table, deps: Sequence[dg.AssetDep]) -> dict[str, Any]:
    """Metadata of the asset's definition beside its column schema: column lineage."""
    return {}


def output_metadata(table: Table, data: pa.Table) -> dict[str, Any]:
    """Metadata of one materialization: row counts, a preview, a small plot."""
    return {}
