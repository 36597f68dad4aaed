"""The board in a real browser: a process as `trend-assets board` starts it, Chromium as a buyer has it."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from trend_assets.board.launch import PortInUseError, check_port, command
from trend_assets.board.responses import TABLE
from trend_assets.settings import PROJECT_ROOT
from trend_assets_tests.board.conftest import HOSTILE, BoardTown
from trend_assets_tests.support import skip_or_fail

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
START_SECONDS = 180


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def address(board_town: BoardTown) -> Iterator[str]:
    """The board's address; its process works on the board's town."""
    port = free_port()
    board = subprocess.Popen(
        [sys.executable, "-c", f"from trend_assets.board.launch import run; run({port})"],
        env=board_town.environment(DAGSTER_HOME=str(PROJECT_ROOT)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield _answering(board, f"http://127.0.0.1:{port}")
    finally:
        board.send_signal(signal.SIGTERM)
        board.wait(20)


def _answering(board: subprocess.Popen[bytes], address: str) -> str:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        assert board.poll() is None, board.stderr.read().decode() if board.stderr else ""
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return address
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"the board did not answer in {START_SECONDS} s")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    executable = shutil.which("chromium")
    if executable is None:
        skip_or_fail("chromium", "chromium is not installed (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield chromium
        chromium.close()


class Visit:
    """A page with everything it asked for and complained about."""

    def __init__(self, browser: Any, width: int) -> None:
        self.page = browser.new_context(viewport={"width": width, "height": 844}).new_page()
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.outside.append(request.url)

    def overflow(self) -> int:
        """Pixels by which the page is wider than the screen."""
        return self.page.evaluate(
            "() => Math.max(...['[data-testid=stMain]', 'html'].map(s => document.querySelector(s))"
            ".map(e => e.scrollWidth - e.clientWidth))"
        )

    def chosen(self, field: str, option: str) -> None:
        """Pick the first option that holds the words; while a page is drawn anew, the field of before is there too."""
        self.page.wait_for_function(
            "name => document.querySelectorAll(`input[aria-label='${name}']`).length === 1", arg=field, timeout=60_000
        )
        from playwright.sync_api import TimeoutError as TooLateError

        found = self.page.get_by_role("option").filter(has_text=option).first
        for patience in (8_000, 8_000, 30_000):  # milliseconds; a page drawn anew on a busy machine closes the list that was opened
            self.page.get_by_label(field, exact=True).click()
            try:
                found.click(timeout=patience)
            except TooLateError as error:
                missed = error
                self.page.keyboard.press("Escape")
            else:
                break
        else:
            raise missed
        self.settled()

    def settled(self) -> None:
        self.page.wait_for_selector(".ta h3, .ta h4", timeout=60_000)
        self.page.wait_for_function(
            "() => !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSpinner]')", timeout=60_000
        )


@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_loads_fits_the_screen_and_asks_nobody_outside(address, browser, width):
    visit = Visit(browser, width)
    visit.page.goto(address)
    visit.settled()
    for words in ("What would change our mind", "simulated data"):
        visit.page.get_by_text(words).first.wait_for(timeout=60_000)
    assert visit.overflow() <= 0
    for name, expected in (("Trends", "Posts that show it"), ("Influencers", "Most amplified authors"), ("Health", "Is anything lost?")):
        visit.page.get_by_role("link", name=name, exact=False).first.click()
        visit.page.get_by_text(expected).first.wait_for(timeout=60_000)
        visit.settled()
        assert visit.overflow() <= 0, name
    visit.page.get_by_text("checks passed when last run").wait_for(timeout=60_000)
    verdict = re.compile(r"Everything is as it should be\.|Nothing failed;|Something needs a look\.")
    visit.page.get_by_role("heading").filter(has_text=verdict).wait_for(timeout=60_000)
    assert visit.errors == []
    assert visit.outside == []


def test_what_strangers_wrote_is_seen_as_they_wrote_it_and_does_nothing(address, browser):
    visit = Visit(browser, 1440)
    visit.page.goto(address)
    visit.settled()
    visit.page.get_by_role("link", name="Trends").first.click()
    visit.page.get_by_text("Posts that show it").first.wait_for(timeout=60_000)
    visit.settled()
    visit.chosen("Trend", "onerror")
    visit.page.get_by_role("heading", name=HOSTILE[:30]).wait_for(timeout=60_000)
    visit.settled()
    heading = visit.page.get_by_role("heading", name=HOSTILE[:30])
    assert heading.is_visible()
    assert heading.inner_text() == HOSTILE
    assert visit.page.locator("img[src=x]").count() == 0
    assert "stolen" not in visit.page.title()
    assert visit.errors == []
    assert visit.outside == []


def test_a_hostile_post_is_seen_as_its_author_wrote_it(address, browser, board_town):
    visit = Visit(browser, 390)
    visit.page.goto(address)
    visit.settled()
    visit.page.get_by_role("link", name="Trends").first.click()
    visit.page.get_by_text("Posts that show it").first.wait_for(timeout=60_000)
    visit.settled()
    visit.chosen("Day", "5 Sep")
    visit.page.wait_for_function(
        "() => [...document.querySelectorAll('input[aria-label=Trend]')].every(one => !one.value.includes('onerror'))"
    )
    visit.chosen("Trend", board_town.label)
    post = visit.page.locator(".post p", has_text=HOSTILE[:30]).first
    post.wait_for(timeout=60_000)
    assert post.inner_text() == HOSTILE
    assert visit.page.locator("img[src=x]").count() == 0
    assert "stolen" not in visit.page.title()
    assert visit.overflow() <= 0


def test_a_click_on_accept_is_an_answer_in_the_lake(address, browser, board_town):
    visit = Visit(browser, 1440)
    visit.page.goto(address)
    visit.settled()
    before = board_town.lake.read(TABLE).num_rows
    visit.page.get_by_role("button", name="You").click()
    visit.page.get_by_label("Your name or initials (optional)").fill("Ada")
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Escape")
    visit.page.get_by_label("Reason for the answer").first.click()
    visit.page.get_by_role("option").filter(has_text="The figures convince us").first.click()
    visit.settled()
    visit.page.get_by_role("button", name="Accept").first.click()
    visit.page.get_by_text("Answered (1)").wait_for(timeout=60_000)
    rows = board_town.lake.read(TABLE).to_pylist()
    assert len(rows) > before
    assert {(row["response"], row["responded_by"]) for row in rows} == {("accepted", "Ada")}
    assert visit.errors == []


def test_the_board_listens_on_this_machine_only_and_gathers_nothing():
    flags = command(8501)
    assert "--server.address=127.0.0.1" in flags
    assert "--browser.gatherUsageStats=false" in flags


def test_a_port_in_use_is_refused_with_another_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"port {port} is in use; choose another one"):
            check_port(port)


@pytest.mark.parametrize("width", [390, 1440])
def test_a_link_to_a_moment_of_the_past_says_so_and_fits_the_screen(address, browser, width):
    visit = Visit(browser, width)
    visit.page.goto(f"{address}/?as_of=2026-09-06T05")
    visit.page.get_by_text("As known at Sun 6 Sep 2026, 05:00 UTC").first.wait_for(timeout=60_000)
    visit.settled()
    assert visit.overflow() <= 0
    assert visit.page.get_by_role("button", name="Accept").count() == 0
    visit.page.get_by_role("button", name="Back to now").click()
    visit.page.get_by_text("As known at").first.wait_for(state="detached", timeout=60_000)
    visit.page.wait_for_function("() => !location.search.includes('as_of')", timeout=60_000)
    visit.page.get_by_role("button", name="Accept").first.wait_for(timeout=60_000)
    assert visit.errors == []
    assert visit.outside == []
