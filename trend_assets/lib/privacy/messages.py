"""Messages of errors that are kept or shown: without what they quote.

What belongs here: taking values out of words. What doesn't: what an error means.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")


def without_quotes(message: str) -> str:
    """A message without what stands in quotation marks: a library's error quotes the value it met, which can be a post's text."""
    return _QUOTED.sub("'…'", " ".join(message.split()))


def without_password(address: str) -> str:
    """An address whose password, where it has one, is ``***``: what is shown beside a run is read by many."""
    parts = urlsplit(address)
    if not parts.password:
        return address
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{host}"))


def has_password(address: str) -> bool:
    """Whether an address holds a password."""
    return bool(urlsplit(address).password)
