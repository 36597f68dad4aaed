"""Fetching a picture over HTTPS from an allowed host, into memory, within limits of bytes, time and redirects.

What belongs here: one request after the other. What doesn't: which addresses may be asked (``addresses.py``), what is done with bytes.

The connection is made to the very address that was checked: a name is resolved once, when connecting, and every address that it has must
be public, so a name that answers differently the second time (DNS rebinding) gains nothing. TLS still checks the certificate against the
name. Each redirect is a new URL that passes the same rules. No cookies, credentials, proxies of the environment or compressed bodies.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpcore

from trend_assets.lib.learning.vision.images import FORMATS
from trend_assets.media.addresses import MediaRefusedError, Target, is_public, target_of

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = [
    (b"User-Agent", b"trend-assets (media classification)"),
    (b"Accept", ", ".join(kind for _, kind in FORMATS.values()).encode()),
    (b"Accept-Encoding", b"identity"),
    (b"Connection", b"close"),
]


@dataclass(frozen=True)
class Limits:
    """bytes: of one picture. seconds: of one picture, everything included. redirects: hops after the first request."""

    bytes: int = 4 * 2**20
    seconds: float = 10.0
    redirects: int = 3


@dataclass(frozen=True)
class Fetched:
    """The body and what the server called it."""

    data: bytes
    content_type: str


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, by the system's resolver."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class _Timed(httpcore.NetworkStream):
    """A stream whose every read and write ends at one deadline: a server that sends a byte now and then cannot hold it open."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline, timeout)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Checked(httpcore.NetworkBackend):
    """Resolves, checks and connects in one step."""

    def __init__(self, resolver: Callable[[str, int], Sequence[str]], allowed: Callable[[str], bool], deadline: float) -> None:
        self._resolver, self._allowed, self._deadline = resolver, allowed, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = list(_in_time(lambda: self._resolver(host, port), self._deadline))
        except (OSError, UnicodeError) as error:
            raise MediaRefusedError("unresolvable", f"{host}: {error}") from None
        if not addresses:
            raise MediaRefusedError("unresolvable", f"{host} has no address")
        if inward := [address for address in addresses if not self._allowed(address)]:
            raise MediaRefusedError("private_address", f"{host} is {inward[0]}, no address of the public internet")
        stream = httpcore.SyncBackend().connect_tcp(addresses[0], port, _left(self._deadline, timeout), local_address, socket_options)
        return _Timed(stream, self._deadline)


class MediaFetcher:
    """Fetches pictures from allowed hosts.

    hosts: names that are allowed, exactly; none: nothing is. resolver, allowed, ports, trust: how names are resolved, which network
    addresses and ports may be connected to, and whose certificates count; the tests' own server is reached by changing them.
    bytes_read: of all bodies so far, those that were refused included.
    """

    def __init__(
        self,
        hosts: Collection[str],
        limits: Limits | None = None,
        *,
        resolver: Callable[[str, int], Sequence[str]] = resolve,
        allowed: Callable[[str], bool] = is_public,
        ports: Collection[int] = (443,),
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.hosts, self.limits, self.ports = frozenset(hosts), limits or Limits(), frozenset(ports)
        self._resolver, self._allowed = resolver, allowed
        self._trust = trust or ssl.create_default_context()
        self.bytes_read = 0

    def fetch(self, url: str) -> Fetched:
        """The body behind a URL. Raises ``MediaRefusedError``, and nothing else, whatever the URL and the server are."""
        deadline = time.monotonic() + self.limits.seconds
        for _ in range(self.limits.redirects + 1):
            answer = self._ask(target_of(url, self.hosts, self.ports), deadline)
            if isinstance(answer, Fetched):
                return answer
            try:
                url = urljoin(url, answer)
            except ValueError as error:
                raise MediaRefusedError("bad_url", f"a redirect: {error}") from None
        raise MediaRefusedError("too_many_redirects", f"more than {self.limits.redirects}")

    def _ask(self, target: Target, deadline: float) -> Fetched | str:
        """The body, or where a redirect leads."""
        backend = _Checked(self._resolver, self._allowed, deadline)
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._trust, network_backend=backend, http2=False, retries=0) as pool,
                pool.stream(
                    "GET",
                    httpcore.URL(scheme=b"https", host=target.host.encode(), port=target.port, target=target.path.encode()),
                    headers=[(b"Host", _host_header(target)), *_HEADERS],
                ) as response,
            ):
                return self._body(response)
        except MediaRefusedError:
            raise
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise MediaRefusedError("timed_out", f"{target.host}: {error or 'no answer in time'}") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError, ValueError) as error:
            raise MediaRefusedError("connection_failed", f"{target.host}: {error or type(error).__name__}") from None

    def _body(self, response: httpcore.Response) -> Fetched | str:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        if response.status in _REDIRECTS and headers.get("location"):
            return headers["location"]
        if response.status != 200:
            raise MediaRefusedError("bad_status", f"status {response.status}")
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise MediaRefusedError("encoded", f"compressed as {headers['content-encoding']!r}, which was not asked for")
        stated = headers.get("content-length", "")
        if stated.isdigit() and int(stated) > self.limits.bytes:
            raise MediaRefusedError("too_many_bytes", f"{int(stated):,} bytes announced, at most {self.limits.bytes:,} are read")
        data = bytearray()
        for part in response.iter_stream():
            data += part
            self.bytes_read += len(part)
            if len(data) > self.limits.bytes:
                raise MediaRefusedError("too_many_bytes", f"more than {self.limits.bytes:,} bytes")
        return Fetched(bytes(data), headers.get("content-type", ""))


def _host_header(target: Target) -> bytes:
    return target.host.encode() if target.port == 443 else f"{target.host}:{target.port}".encode()


def _in_time(ask: Callable[[], Sequence[str]], deadline: float) -> Sequence[str]:
    """What is asked, before the deadline: the system's resolver takes no time limit, so a slow one is left behind in its own thread."""
    answer: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def wait() -> None:
        try:
            answer.put(ask())
        except Exception as error:  # handed over to who asks
            answer.put(error)

    threading.Thread(target=wait, daemon=True).start()
    try:
        found = answer.get(timeout=_left(deadline, None))
    except queue.Empty:
        raise httpcore.ConnectTimeout("the name was not resolved in time") from None
    if isinstance(found, Exception):
        raise found
    return found


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time for this picture is over")
    return left if timeout is None else min(left, timeout)
