"""Pseudonyms: a stable, keyed name for an account that can't be turned back without the key.

What belongs here: the one function from account id or handle to pseudonym. What doesn't: where the key comes from (settings).
"""

from __future__ import annotations

import hashlib

_CACHED = 400_000


class Pseudonyms:
    """Keyed hashes (BLAKE2b, 64 bits, 16 lower-case hexadecimal characters) of accounts.

    The same account has the same pseudonym for as long as the key stays; without the key, a list of all account ids is
    no help in turning pseudonyms back. Ids and handles are different name spaces: a handle can change its owner.
    """

    def __init__(self, key: str) -> None:
        if not key:
            raise ValueError("the pseudonym key is empty: set TREND_ASSETS_PSEUDONYM_KEY")
        # Hashing the key first allows keys of any length (BLAKE2b takes at most 64 bytes).
        self._start = hashlib.blake2b(key=hashlib.blake2b(key.encode()).digest(), digest_size=8)
        self._known: dict[tuple[str, str, str], str] = {}

    def account_id(self, network: str, account: str) -> str:
        """Pseudonym of the account with this id on this network."""
        return self._pseudonym("id", network, account)

    def handle(self, network: str, handle: str) -> str:
        """Pseudonym of the account with this handle (case and a leading @ don't matter) on this network."""
        return self._pseudonym("handle", network, handle.removeprefix("@").lower())

    def _pseudonym(self, space: str, network: str, name: str) -> str:
        key = (space, network, name)
        pseudonym = self._known.get(key)
        if pseudonym is None:
            if len(self._known) >= _CACHED:
                self._known.clear()
            digest = self._start.copy()
            digest.update("\0".join(key).encode("utf-8", "surrogatepass"))
            pseudonym = self._known[key] = digest.hexdigest()
        return pseudonym
