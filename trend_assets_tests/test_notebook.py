"""The notebook of the first hour runs from its first cell to its last on the small town; it is committed without outputs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from trend_assets.settings import PROJECT_ROOT

NOTEBOOK = PROJECT_ROOT / "docs" / "notebooks" / "first_hour.ipynb"


def test_the_notebook_holds_no_output_and_no_path_of_a_machine():
    text = NOTEBOOK.read_text(encoding="utf-8")
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    assert not any(folder in text for folder in ("/home/", "/tmp/", "/work/", "/Users/"))


def test_the_notebook_runs(town, tmp_path: Path, monkeypatch):
    copied = town.copy(tmp_path / "town")
    for name, value in copied.environment().items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = [
        output["data"]["text/plain"] for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs if "data" in output
    ]
    assert "says the label alone" in said[4]
    assert "'macro_f1'" in said[5]
    assert "'agreement'" in said[6]
    shutil.rmtree(copied.folder)
