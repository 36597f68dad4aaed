"""Every file that defines a model was read as it is now, by somebody who did not write it, and what was found is recorded."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from pathlib import Path

import pytest

from trend_assets.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "trend_assets" / "lib" / "learning"
SPECS = sorted(
    [path for name in ("tasks", "image_tasks") for path in (FOLDER / name).glob("*.py") if path.name != "__init__.py"]
    + [FOLDER / "demand_model.py"]
)
PAGE = PROJECT_ROOT / "docs" / "model-reviews.md"
_ROW = re.compile(
    r"^\| `(?P<file>[^`]+)` \| `(?P<hash>[0-9a-f]{64})` \| (?P<day>\d{4}-\d{2}-\d{2}) \| (?P<by>[^|]+) \| (?P<read>[^|]+) \|$"
)


def reviewed(page: str) -> dict[tuple[str, str], int]:
    """Findings by file and SHA-256 of each review of the page. Raises ``ValueError`` for a day that is none."""
    found: dict[tuple[str, str], int] = {}
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        lines = section.splitlines()
        for row in filter(None, map(_ROW.match, lines)):
            date.fromisoformat(row["day"])
            found[row["file"], row["hash"]] = sum(line.startswith(("- Held:", "- Open:", "- Mended:")) for line in lines)
    return found


def unread(specs: list[Path], page: str, root: Path) -> list[str]:
    """Specs without a review of the bytes that they have now, or with one that found nothing, good or bad."""
    known = reviewed(page)
    return [
        name for path in specs if not known.get((name := path.relative_to(root).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()))
    ]


def test_every_model_spec_was_reviewed_as_it_is_now() -> None:
    assert len(SPECS) >= 5
    assert unread(SPECS, PAGE.read_text(encoding="utf-8"), PROJECT_ROOT) == [], "read the change and record it in docs/model-reviews.md"


@pytest.mark.parametrize("change", ["spec", "findings", "row"])
def test_a_changed_spec_and_an_empty_review_count_as_unread(tmp_path: Path, change: str) -> None:
    spec = tmp_path / "a.py"
    spec.write_bytes(b"x = 1\n")
    row = f"| `a.py` | `{hashlib.sha256(spec.read_bytes()).hexdigest()}` | 2026-01-02 | a reviewer | the file |"
    page = f"# Reviews\n\n## a\n\n{row}\n\n- Held: it is short.\n"
    assert unread([spec], page, tmp_path) == []
    if change == "spec":
        spec.write_bytes(b"x = 2\n")
    broken = {"spec": page, "findings": page.replace("- Held: it is short.", ""), "row": page.replace(row, "")}[change]
    assert unread([spec], broken, tmp_path) == ["a.py"]
