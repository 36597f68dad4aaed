"""What X charges: a dated table read from a file, and what an amount of posts, users and requests costs by it.

What belongs here: reading the table, multiplication. What doesn't: any price (``prices.yml``), what was bought (``ledger``),
limits (``budget``).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import yaml

PRICES_FILE = Path(__file__).with_name("prices.yml")


class PriceError(ValueError):
    """A price file that cannot be used; the message says why."""


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price list, in its currency. as_of: when it was last read at ``source``. per_request: by kind of request; others are free."""

    as_of: date
    source: str
    currency: str
    per_post: float
    per_user: float
    per_request: dict[str, float] = {}
    includes_are_charged: bool = True
    charged_once_a_day: bool = True
    posts_a_month: int | None = None

    def request_cost(self, kind: str, requests: int = 1) -> float:
        """Cost of requests that are charged as such."""
        return self.per_request.get(kind, 0.0) * requests

    def cost(self, kind: str, requests: int, posts: int, users: int) -> float:
        """Cost of ``requests`` of one kind and what they brought."""
        return self.request_cost(kind, requests) + self.per_post * posts + self.per_user * users


def read_prices(path: Path | None = None) -> Prices:
    """The price list of a file; the project's own where none is given. Raises ``PriceError``."""
    file = path or PRICES_FILE
    try:
        prices = msgspec.convert(yaml.safe_load(file.read_text(encoding="utf-8")), Prices)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise PriceError(f"{file.name}: {error}") from error
    amounts = [prices.per_post, prices.per_user, *prices.per_request.values()]
    if not all(amount >= 0 for amount in amounts):  # also refuses NaN
        raise PriceError(f"{file.name}: a price is negative or not a number")
    return prices
