"""How long to wait before the next attempt, as X documents it (docs.x.com, Handling disconnections; Rate limits).

What belongs here: the waits. What doesn't: waiting, requests.

A lost connection is tried again at once. Network errors: 250 ms more each time, to 16 s. HTTP errors: from 5 s, doubled, to
320 s. Rate limits: until the announced reset, else from 60 s, doubled; held to the 15 minutes of a window.
"""

from __future__ import annotations

NETWORK_STEP, NETWORK_MOST = 0.25, 16.0
HTTP_FIRST, HTTP_MOST = 5.0, 320.0
RATE_FIRST, RATE_MOST = 60.0, 900.0
RESET_SLACK = 1.0
"""Seconds past an announced reset: clocks differ."""


class BackOff:
    """Waits of one endpoint, in seconds; ``reset`` after a success. Kinds of errors grow apart from each other."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew."""
        self._network = self._http = self._rate = 0

    def lost(self) -> float:
        """After an established connection was lost: 0 the first time, then as for a network error."""
        self._network += 1
        return min((self._network - 1) * NETWORK_STEP, NETWORK_MOST)

    def network(self) -> float:
        """After a connection could not be made."""
        self._network += 1
        return min(self._network * NETWORK_STEP, NETWORK_MOST)

    def http(self) -> float:
        """After an answer that says try later (5xx), or an operational disconnect."""
        self._http += 1
        return min(HTTP_FIRST * 2.0 ** min(self._http - 1, 20), HTTP_MOST)

    def rate_limit(self, reset_at: float | None, now: float) -> float:
        """After a 429. ``reset_at``: seconds since 1970 from x-rate-limit-reset, None where it is missing."""
        self._rate += 1
        if reset_at is not None and reset_at > now:
            return min(reset_at - now, RATE_MOST) + RESET_SLACK
        return min(RATE_FIRST * 2.0 ** min(self._rate - 1, 20), RATE_MOST)
