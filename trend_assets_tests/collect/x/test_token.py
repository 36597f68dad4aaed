"""The bearer token: what can be one, and that nothing that is said, logged or written down holds it."""

from __future__ import annotations

import logging
import traceback

import pytest

from trend_assets.collect.x.client import NetworkError
from trend_assets.collect.x.ledger import Purchase
from trend_assets.collect.x.opening import NotSetUpError, open_client
from trend_assets.collect.x.rules import Rule
from trend_assets.collect.x.source import XSource
from trend_assets.settings import Settings
from trend_assets_tests.collect.x.server import TOKEN, LoopbackX
from trend_assets_tests.collect.x.shop import Waits, client, collect, run


@pytest.mark.parametrize(
    "secret", ["", " \n", "SECRET TOKEN", "SECRET\nTOKEN", "SECRÉT", "SECRET\u00a0TOKEN", "SECRET\x00TOKEN", "“SECRET”"]
)
def test_a_token_that_no_header_can_hold_is_refused_in_words_that_do_not_hold_it(tmp_path, secret):
    made = Settings(data=str(tmp_path), x_bearer_token=secret, _env_file=None)
    with pytest.raises(NotSetUpError, match="copy the app-only bearer token again") as caught:
        open_client(made)
    assert "SECR" not in str(caught.value)


@pytest.mark.parametrize("around", ["{}\n", " {}", "{}\r\n\t"])
def test_what_a_file_or_shell_leaves_around_a_token_is_taken_off(tmp_path, around):
    async def main() -> int:
        async with LoopbackX().running() as server:
            found = Settings(data=str(tmp_path), x_bearer_token=around.format(TOKEN), x_endpoint=server.url, _env_file=None)
            made = open_client(found)
            await made.usage()
            await made.close()
            return len(server.requests)

    assert run(main()) == 1


@pytest.mark.parametrize("mode", ["stream", "search", "counts"])
def test_no_message_notice_gap_or_traceback_holds_a_token_that_slipped_through(mode, caplog):
    """The client's library quotes a header that it refuses; what becomes of its error may be logged and is in the gap ledger."""
    caplog.set_level(logging.DEBUG, "trend_assets")
    secret = "SECRETTOKEN\n"

    async def main() -> list[str]:
        async with LoopbackX().running() as server:
            made = client(server, token=secret, attempts=1)
            said = []
            for ask in (made.usage(), made.stream(Purchase("stream")).__aenter__()):
                with pytest.raises(NetworkError) as caught:
                    await ask
                said += ["".join(traceback.format_exception(caught.value))]
            found = XSource(made, [Rule("bag", "bags")], mode, stall_seconds=0.03, reconciled=True, sleep=Waits(0.01))
            seen = await collect(found, lambda items: len(items) > 12 and found.notices != [])
            return [*said, *found.notices, repr(seen), server.url and caplog.text]

    said = run(main())
    assert "LocalProtocolError" in said[0]
    assert [one for one in said if "SECRETTOKEN" in one] == []
