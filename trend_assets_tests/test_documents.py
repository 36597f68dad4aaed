"""Examples in the documentation work as they are shown."""

from __future__ import annotations

import yaml

from trend_assets.settings import PROJECT_ROOT, Settings
from trend_assets.warehouse.engine import Warehouse

WORKFLOW = PROJECT_ROOT / "docs" / "examples" / "trend-assets-check.yml"


def test_the_settings_of_the_example_workflow_load(monkeypatch):
    for name, value in yaml.safe_load(WORKFLOW.read_text())["jobs"]["check"]["env"].items():
        monkeypatch.setenv(name, value)
    assert Settings(_env_file=None).data == "/srv/trend-assets/data"


def test_the_page_shows_the_example_workflow_as_it_is():
    shown = (PROJECT_ROOT / "docs" / "continuous-integration.md").read_text()
    assert WORKFLOW.read_text().split("\n", 2)[2] in shown


def test_the_first_query_for_forecasts_answers_on_a_town_of_few_days(town):
    query = (PROJECT_ROOT / "docs" / "forecasts.md").read_text().split("```sql\n")[1].split("```")[0]
    rows = Warehouse(town.folder / "lake" / "trends.duckdb").query(query)
    assert rows.num_rows == 20
    assert len(set(rows["starts_on"].to_pylist())) == 1
