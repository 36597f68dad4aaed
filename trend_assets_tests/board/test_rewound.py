"""The board as of a moment: what was published then, read-only, said in a banner, and in the address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from trend_assets.board import cache, rewound
from trend_assets.board.words import text
from trend_assets.warehouse.engine import Warehouse
from trend_assets_tests.board.conftest import BoardTown
from trend_assets_tests.board.test_pages import APPLICATION, _ran, buttons, words

DAY = datetime(2026, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (DAY + timedelta(hours=14), "2026-09-05T14:00"),
        (DAY + timedelta(hours=14, minutes=30), "2026-09-05T14:30"),
        (DAY + timedelta(days=1) - timedelta(microseconds=1), "2026-09-05"),
        (DAY, "2026-09-05T00:00"),
    ],
)
def test_a_moment_is_written_as_the_address_is_read(moment, written):
    assert rewound.written(moment) == written
    assert rewound.parse_moment(written) == moment


def test_a_moment_is_told_in_both_languages():
    assert rewound.told("en", DAY + timedelta(hours=14)).endswith("2026, 14:00 UTC")
    assert text("fr", "as_of_end_of_day") in rewound.told("fr", DAY + timedelta(days=1) - timedelta(microseconds=1))


def _opened(moment: str) -> AppTest:
    test = AppTest.from_file(str(APPLICATION), default_timeout=120)
    test.query_params["as_of"] = moment
    return _ran(test)


def _published(town: BoardTown, sql: str) -> list[dict[str, Any]]:
    return Warehouse(town.folder / "lake" / "trends.duckdb").query(sql).to_pylist()


def test_a_page_of_the_past_shows_what_was_published_then_and_cannot_be_answered(inside):
    """The cards of the published file were replaced since (``with_cards``): what the ledger says is shown instead."""
    [known] = _published(
        inside,
        "select day, max(knowledge_time) as moment, count(*) as cards, any_value(product_name) as product "
        "from history.decision_cards group by day order by day desc limit 1",
    )
    test = _opened(f"{known['moment'].astimezone(UTC):%Y-%m-%dT%H:%M}")
    assert test.session_state[cache.AS_OF] == known["moment"]
    assert test.selectbox(key="card_day").value == known["day"]
    shown = words(test)
    assert "As known at" in shown
    assert known["product"] in shown
    for start in ("accept-", "decline-", "snooze-", "undo-"):
        assert buttons(test, start) == []
    test.button(key="as_of_now").click()
    _ran(test)
    assert "As known at" not in words(test)
    assert buttons(test, "accept-")


def test_before_anything_was_known_there_is_nothing_to_decide(inside):
    test = _opened("2026-09-01T00")
    assert "As known at" in words(test)
    assert text("en", "no_cards") in words(test)


@pytest.mark.parametrize(
    ("asked", "told"), [("yesterday", "is no moment"), ("2020-01-01", "the lake starts at"), ("2099-01-01", "has not come yet")]
)
def test_an_address_that_is_no_moment_is_said_and_today_is_shown(inside, asked, told):
    test = _opened(asked)
    assert told in words(test)
    assert test.session_state[cache.AS_OF] is None
    assert buttons(test, "accept-")


@pytest.mark.parametrize("asked", ["2026-09-30", "2031-01-01", "1999-01-01"])
def test_an_address_beyond_the_lake_opens_all_the_same(inside, asked):
    assert words(_opened(asked))  # ``_opened`` fails where the page does
