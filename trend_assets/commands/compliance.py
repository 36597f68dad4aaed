"""`trend-assets compliance`: ask X which stored posts it has withdrawn, and land the answer.

What belongs here: options and printing. What doesn't: the job (``collect/x/compliance.py``), ids and landing
(``collect/x/withdrawals.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from trend_assets.commands.terminal import DataOption, console, fail, use_data

if TYPE_CHECKING:
    from trend_assets.collect.source import Received
    from trend_assets.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command()
    def compliance(
        days: Annotated[int, typer.Option(min=1, max=400, help="Ask for posts of so many days; raw posts are kept 37")] = 37,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many posts would be asked for")] = False,
        data: DataOption = None,
    ) -> None:
        """Ask X by a batch job which of the stored posts are deleted, protected or suspended; they become deletions.

        The answer lands like any other record and takes effect when its hour is sealed. Free of charge. X asks those who keep its posts to
        do this; a day is often enough. A job takes minutes, for millions of posts hours; X runs one at a time.
        """
        from trend_assets.collect.x.opening import open_lake
        from trend_assets.collect.x.withdrawals import land, stored_posts
        from trend_assets.lake.storage import open_storage
        from trend_assets.landing.files import LandingWriter
        from trend_assets.settings import load_settings

        use_data(data)
        settings, now = load_settings(), datetime.now(UTC)
        ids = stored_posts(open_lake(settings), now, days)
        if not ids or dry_run:
            console.print(f"{len(ids):,} posts of X are stored that no deletion is known of; X was not asked")
            return
        console.print(f"asking X for {len(ids):,} posts; this may take a while")
        found = _ask(settings, ids, now)
        storage = open_storage(settings.landing_root, endpoint=settings.storage_endpoint or None)
        landed = land(found, LandingWriter(storage, lake_start=settings.lake_start, lake_end=settings.lake_end), datetime.now(UTC))
        console.print(f"{landed:,} of {len(ids):,} are withdrawn" + ("; they become deletions when this hour is sealed" if landed else ""))


def _ask(settings: Settings, ids: Sequence[str], now: datetime) -> list[Received]:
    import asyncio

    from trend_assets.collect.x.client import XError
    from trend_assets.collect.x.compliance import check_compliance
    from trend_assets.collect.x.opening import NotSetUpError, open_client
    from trend_assets.collect.x.prices import PriceError

    async def ask() -> list[Received]:
        client = open_client(settings)
        try:
            return await check_compliance(client, "tweets", ids, f"trend-assets {now:%Y-%m-%d %H:%M}")
        finally:
            await client.close()

    try:
        return asyncio.run(ask())
    except (NotSetUpError, PriceError, XError) as error:
        fail(str(error), 1)
