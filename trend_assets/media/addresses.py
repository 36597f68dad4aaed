"""Which addresses may be asked for a picture: URLs by their form and host, network addresses by what they belong to.

What belongs here: rules. What doesn't: connecting (``fetch.py``).

A post's author writes its URLs, so each is an attempt to make this machine ask for something (server-side request forgery, CWE-918)
until it is shown not to be one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

REFUSALS = (
    "bad_url",
    "not_https",
    "credentials_in_url",
    "host_not_allowed",
    "port_not_allowed",
    "unresolvable",
    "private_address",
    "connection_failed",
    "timed_out",
    "too_many_redirects",
    "bad_status",
    "encoded",
    "too_many_bytes",
    "not_in_folder",
    "over_limit",
)
"""Why a picture is not fetched; what is wrong with one that was fetched says ``lib/learning/vision/images.py``."""
LONGEST_URL = 2_000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class MediaRefusedError(ValueError):
    """A picture that was not fetched. reason: one of ``REFUSALS``."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


@dataclass(frozen=True)
class Target:
    """Where to ask: host (lower case, ASCII), port, path with query."""

    host: str
    port: int
    path: str


def target_of(url: str, hosts: Collection[str], ports: Collection[int] = (443,)) -> Target:
    """The URL taken apart, if it may be asked. hosts: names that are allowed, exactly. Raises ``MediaRefusedError``."""
    if len(url) > LONGEST_URL or not url.isascii() or any(character <= " " or character in "\\\x7f" for character in url):
        raise MediaRefusedError("bad_url", "too long, or with spaces, control characters, backslashes or letters beyond ASCII")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port or 443
    except ValueError as error:
        raise MediaRefusedError("bad_url", str(error)) from None
    if parts.scheme.lower() != "https":
        raise MediaRefusedError("not_https", f"scheme {parts.scheme!r}")
    if "@" in parts.netloc:
        raise MediaRefusedError("credentials_in_url", "user or password before the host")
    if host not in {allowed.lower().rstrip(".") for allowed in hosts}:
        raise MediaRefusedError("host_not_allowed", f"{host or 'no host'} is not in the allow-list")
    if port not in ports:
        raise MediaRefusedError("port_not_allowed", f"port {port}")
    return Target(host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def is_public(address: str) -> bool:
    """Whether a network address belongs to the public internet, and to nothing that hides another address in it.

    Private, loopback, link-local (where clouds keep their metadata service), shared, multicast, reserved and unspecified ranges are not
    public; an IPv6 address that carries an IPv4 one (mapped, 6to4, Teredo, NAT64) never is: it would lead wherever that one leads.
    """
    try:
        found: _Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and (found.ipv4_mapped or found.sixtofour or found.teredo or found in _NAT64):
        return False
    doubtful = (
        found.is_private or found.is_loopback or found.is_link_local or found.is_multicast or found.is_reserved or found.is_unspecified
    )
    site_local = isinstance(found, ipaddress.IPv6Address) and found.is_site_local
    return found.is_global and not doubtful and not site_local
