"""The exposures say what the board and the command line really read: found in their code, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from trend_assets.answers import READY_QUERIES
from trend_assets.settings import PROJECT_ROOT
from trend_assets.warehouse.dbt_sources import PROJECT_FOLDER
from trend_assets.warehouse.engine import PUBLISHED_MODELS, PUBLISHED_TABLES
from trend_assets_tests.dbt_project.board_reads import BOARD, RELATION, Code
from trend_assets_tests.dbt_project.conftest import Built

MODELS = {path.stem for path in (PROJECT_FOLDER / "models" / "marts").rglob("*.sql")}
PUBLISHED = {path.replace("/", ".") for path in PUBLISHED_TABLES} | {f"warehouse.{name}" for name in MODELS}
PAGES = sorted(path.stem for path in (BOARD / "sections").glob("*.py") if path.stem != "__init__")


@pytest.fixture(scope="module")
def code() -> Code:
    return Code()


def exposed(manifest: dict[str, Any]) -> dict[str, set[str]]:
    """Tables of each exposure as ``group.table``."""

    def relation(unique_id: str) -> str:
        kind, _, *rest = unique_id.split(".")
        return ".".join(rest) if kind == "source" else f"warehouse.{rest[0]}"

    return {
        exposure["name"]: {relation(parent) for parent in exposure["depends_on"]["nodes"]} for exposure in manifest["exposures"].values()
    }


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_board_is_exposed_with_what_it_reads(built: Built, code: Code, page: str) -> None:
    read = code.read_by(f"sections.{page}") & PUBLISHED
    found = exposed(built.manifest).get(f"board_{page}", set())
    assert found == read, f"dbt_project/models/marts/exposures.yml, board_{page}: should name {sorted(read)}"


def test_the_digest_is_exposed_with_what_it_reads(built: Built, code: Code) -> None:
    read = code.read_by("digest") & PUBLISHED
    assert exposed(built.manifest)["digest"] == read, f"dbt_project/models/marts/exposures.yml, digest: should name {sorted(read)}"


def test_the_command_line_is_exposed_with_what_its_queries_read(built: Built) -> None:
    files = [*READY_QUERIES.glob("*.sql"), PROJECT_ROOT / "trend_assets" / "answers.py"]
    read = {relation for path in files for relation in RELATION.findall(path.read_text(encoding="utf-8"))} & PUBLISHED
    found = exposed(built.manifest)["command_line"]
    assert found == read, f"dbt_project/models/marts/exposures.yml, command_line: should name {sorted(read)}"


def test_nothing_is_exposed_that_is_no_page(built: Built) -> None:
    assert set(exposed(built.manifest)) <= {f"board_{page}" for page in PAGES} | {"digest", "command_line"}


def test_what_is_exposed_is_published(built: Built) -> None:
    for name, relations in exposed(built.manifest).items():
        assert relations <= PUBLISHED, name
        assert all(relation.partition(".")[2].startswith(PUBLISHED_MODELS) for relation in relations if relation.startswith("warehouse."))


def test_the_board_names_no_table_that_is_not_published(code: Code) -> None:
    """A renamed mart would be found by whoever opens the page; this finds it first."""
    groups = {relation.partition(".")[0] for relation in PUBLISHED}
    named = {relation for page in PAGES for relation in code.read_by(f"sections.{page}") if relation.partition(".")[0] in groups}
    assert named
    assert named <= PUBLISHED


def test_tables_are_found_through_helpers_and_modules(tmp_path: Any) -> None:
    (tmp_path / "sections").mkdir()
    (tmp_path / "data.py").write_text(
        "def rows(sql): ...\ndef cards(): return rows('select * from demand.cards')\ndef other(): return rows('select 1 from a.b')\n"
    )
    (tmp_path / "sections" / "page.py").write_text("from trend_assets.board import data\n\ndef show():\n    return data.cards()\n")
    assert Code(tmp_path).read_by("sections.page") == {"demand.cards"}
