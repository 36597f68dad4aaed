"""The digest: one printed page, in both languages, complete in itself, with nothing from strangers becoming markup."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest

from trend_assets.board.data import CardGroup
from trend_assets.board.digest import MOST_DECISIONS, Digest, NoSuchDayError, gather, page
from trend_assets.board.outcomes import Outcome
from trend_assets.board.regrets import Sum
from trend_assets.board.responses import respond
from trend_assets.warehouse.engine import Warehouse
from trend_assets_tests.board.conftest import DAYS, HOSTILE, BoardTown, with_cards
from trend_assets_tests.support import skip_or_fail


@pytest.fixture(scope="module")
def board_town(town, tmp_path_factory) -> BoardTown:
    return with_cards(town, tmp_path_factory.mktemp("digest") / "town")


@cache
def gathered(town: BoardTown, language: str = "en", day: date | None = None) -> Digest:
    return gather(Warehouse(town.folder / "lake" / "trends.duckdb"), town.lake, language, day)


def pages_printed(html: str, folder: Path) -> int:
    """Pages of the PDF that Chromium prints; skips where it is absent."""
    chromium = shutil.which("chromium")
    if chromium is None:
        skip_or_fail("chromium", "chromium is not installed (Debian: apt-get install chromium)")
    source, printed = folder / "digest.html", folder / "digest.pdf"
    source.write_text(html, encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={folder / 'profile'}"]
    subprocess.run([chromium, *flags, f"--print-to-pdf={printed}", source.as_uri()], check=True, capture_output=True, timeout=60)
    return len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes()))


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "What to do today: Sun 6 Sep 2026",
                "What would change our mind",
                "simulated data",
                "nothing lost",
                "What people say about us: ",
            ],
        ),
        (
            "fr",
            [
                "Que faire aujourd&#x27;hui\u00a0: dim. 6 sept. 2026",
                "Ce qui nous ferait changer d&#x27;avis",
                "rien de perdu",
                "Ce qu&#x27;on dit de nous",
            ],
        ),
    ],
)
def test_the_digest_of_a_town_is_one_page(board_town, tmp_path, language, expected):
    html = page(gathered(board_town, language))
    for words in expected:
        assert words in html
    assert pages_printed(html, tmp_path) == 1


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_fullest_digest_with_the_longest_texts_is_still_one_page(board_town, tmp_path, language):
    facts = gathered(board_town, language)
    long = "Unreasonably long and winding name of something " * 6
    cards = [
        {
            **card,
            "product_name": long,
            "product_name_fr": long,
            "label": long,
            "store_name": long,
            "action": "expedite",
            "quantity": 123_456,
        }
        for card in facts.groups[0].cards
    ]
    groups = tuple(CardGroup(tuple({**card, "product_id": f"P{number}"} for card in cards)) for number in range(9))
    trend = {"topic_id": "t", "day": DAYS[1], "label": long, "stage": "emerging", "posts": 123_456, "unlinked_reason": long, "reason": long}
    outcome = Outcome(DAYS[0], long, long, long, "expedite", 12.3, 45.6, 7.8, 7, True)
    closed = Sum(DAYS[0], long, "reorder", 123, 45, 123_456.0, -234_567.0, 234_567.0, 12_345.0, 345_678.0)
    full = replace(facts, groups=groups, trends=(trend,) * 4, outcomes=(outcome,) * 9, regrets=(closed,) * 9)
    html = page(full)
    assert html.count('class="card"') == MOST_DECISIONS
    assert pages_printed(html, tmp_path) == 1


def test_the_digest_is_complete_in_itself_and_runs_nothing(board_town):
    html = page(gathered(board_town))
    assert "<script" not in html
    assert not re.search(r"<[^>]*\s(src|href)=", html)
    assert "url(" not in html


def test_what_strangers_wrote_stays_text(board_town):
    html = page(gathered(board_town))
    assert "&lt;img src=x onerror=" in html
    assert "<img" not in html
    assert HOSTILE not in html


def test_a_day_can_be_asked_for_and_an_unknown_one_is_refused_with_those_that_are_known(board_town):
    assert gathered(board_town, day=DAYS[0]).day == DAYS[0]
    with pytest.raises(NoSuchDayError, match=r"the days are 2026-09-0\d to 2026-09-06"):
        gathered(board_town, day=date(2027, 1, 1))


def test_a_day_without_cards_says_so(board_town):
    html = page(gathered(board_town, day=date(2026, 9, 4)))
    assert "No decision is due for this day." in html


def test_the_command_writes_the_page_in_the_language_of_the_settings(board_town, tmp_path):
    file = tmp_path / "page.html"
    result = board_town.command("digest", "--output", str(file), "--day", "2026-09-05", TREND_ASSETS_DIGEST_LANGUAGE="fr")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Que faire aujourd" in file.read_text(encoding="utf-8")


def test_the_command_says_what_is_missing(tmp_path):
    from trend_assets_tests.conftest import Town

    result = Town(tmp_path, "").command("digest")
    assert result.returncode == 2
    assert "make run" in result.stdout


def test_what_was_answered_is_not_asked_again(board_town):
    facts = gathered(board_town)
    answered = facts.groups[0].cards
    respond(board_town.lake, answered, "declined", datetime.now(UTC), note="ordered by telephone")
    try:
        left = gathered.__wrapped__(board_town)
        assert left.answered == facts.answered + len(answered)
        assert {card["card_id"] for group in left.groups for card in group.cards}.isdisjoint(card["card_id"] for card in answered)
        assert f"{left.answered} places answered already" in page(left)
    finally:
        respond(board_town.lake, answered, "reopened", datetime.now(UTC))
    assert gathered.__wrapped__(board_town).groups == facts.groups
