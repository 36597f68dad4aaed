"""`trend-assets check`: every check on the latest partitions, one verdict for a user's CI.

What belongs here: running the checks job and judging its outcome. What doesn't: the checks (``defs/*/checks.py``, dbt tests).
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as Grid

from trend_assets.operations.runs import run_job


def run_checks(console: Console) -> int:
    """Run every check; print failures; 0 where none of ERROR severity failed, else 1 (Dagster's own command exits 0)."""
    import dagster as dg

    result = run_job("checks", console, raise_on_error=False)
    evaluations = result.get_asset_check_evaluations()
    failed = [evaluation for evaluation in evaluations if not evaluation.passed]
    errors = [evaluation for evaluation in failed if evaluation.severity == dg.AssetCheckSeverity.ERROR]
    broken = [event for event in result.all_events if event.is_step_failure]
    if failed:
        grid = Grid(title="Checks that failed")
        for name in ("asset", "check", "severity", "why"):
            grid.add_column(name, overflow="fold")
        for evaluation in sorted(failed, key=lambda one: (one.severity.value, one.asset_key.to_user_string(), one.check_name)):
            grid.add_row(
                evaluation.asset_key.to_user_string(),
                evaluation.check_name,
                evaluation.severity.value,
                evaluation.description or "see the run",
            )
        console.print(grid)
    for event in broken:
        data = event.step_failure_data
        console.print(f"[red]could not run[/] {event.step_key}: {data.error.message.strip() if data.error else 'unknown error'}")
    passed = len(evaluations) - len(failed)
    console.print(f"{passed} checks passed, {len(failed) - len(errors)} warnings, {len(errors) + len(broken)} errors")
    return 1 if errors or broken else 0
