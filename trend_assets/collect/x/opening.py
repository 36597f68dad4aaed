"""X as the settings describe it: token, rules, prices, budgets and ledger put together.

What belongs here: wiring. What doesn't: anything that can be decided without settings.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import SecretStr

from trend_assets.collect.x.budget import Purse
from trend_assets.collect.x.client import XClient
from trend_assets.collect.x.ledger import Ledger
from trend_assets.collect.x.prices import read_prices
from trend_assets.collect.x.rules import read_rules
from trend_assets.collect.x.source import XSource
from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import open_storage
from trend_assets.settings import Settings


class NotSetUpError(ValueError):
    """A setting that X needs is missing or cannot be used; the message says which, and never what a secret holds."""


def open_lake(settings: Settings) -> Lake:
    """The lake the ledger is in."""
    return Lake(open_storage(settings.lake_root, endpoint=settings.storage_endpoint or None))


def open_purse(settings: Settings) -> Purse:
    """Budgets and ledger, with what was spent this month. Raises ``PriceError``."""
    prices = read_prices(settings.x_prices)
    ledger = Ledger(open_lake(settings), prices)
    ledger.load(datetime.now(UTC))
    return Purse(prices, ledger, lambda: datetime.now(UTC), a_day=settings.x_budget_day, a_month=settings.x_budget_month)


def open_client(settings: Settings) -> XClient:
    """A client with the budgets of the settings. Raises ``NotSetUpError``, ``PriceError``."""
    if settings.x_bearer_token is None:
        raise NotSetUpError("source x needs TREND_ASSETS_X_BEARER_TOKEN, an app-only bearer token (docs/x.md says how to get one)")
    return XClient(_usable(settings.x_bearer_token), open_purse(settings), base_url=settings.x_endpoint, expansions=settings.x_expansions)


def _usable(token: SecretStr) -> SecretStr:
    """The token as a header may hold it; a line end or space around it, as files and shells leave it, is taken off."""
    text = token.get_secret_value().strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        what = "empty" if not text else "no bearer token: it has spaces, line ends or letters that are not ASCII"
        raise NotSetUpError(f"TREND_ASSETS_X_BEARER_TOKEN is {what}; copy the app-only bearer token again (docs/x.md)")
    return SecretStr(text)


def open_source(settings: Settings) -> XSource:
    """The source that ``trend-assets collect --source x`` runs; nothing is asked of X yet.

    Raises ``NotSetUpError`` for missing settings, ``RulesError`` and ``PriceError`` for files that cannot be used.
    """
    missing = [
        f"{name} ({what})"
        for name, what, value in (
            ("TREND_ASSETS_X_BEARER_TOKEN", "an app-only bearer token", settings.x_bearer_token),
            ("TREND_ASSETS_X_RULES", "a file with what to ask for", settings.x_rules),
        )
        if value is None
    ]
    if missing or settings.x_rules is None:
        raise NotSetUpError(f"source x needs {' and '.join(missing)}: see docs/x.md")
    rules = read_rules(settings.x_rules)
    return XSource(
        open_client(settings),
        rules,
        settings.x_mode,
        backfill_minutes=settings.x_backfill_minutes,
        poll_seconds=settings.x_poll_seconds,
        sample_posts=settings.x_sample_posts,
        reconciled=True,
    )
