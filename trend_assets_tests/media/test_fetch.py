"""Fetching asks only what may be asked, and ends: against a real HTTPS server on this machine."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from trend_assets.media.addresses import MediaRefusedError
from trend_assets.media.fetch import Limits, MediaFetcher

HOST = "pictures.example.com"
BODY = b"\x89PNG picture"
Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """A running server: what it answers by path, what it was asked."""

    port: int
    certificate: Path
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str, host: str = HOST) -> str:
        return f"https://{host}:{self.port}{path}"

    def fetcher(self, limits: Limits | None = None, **changes: object) -> MediaFetcher:
        options: dict[str, object] = {
            "resolver": lambda host, port: ["127.0.0.1"],
            "allowed": lambda address: address == "127.0.0.1",
            "ports": {self.port},
            "trust": ssl.create_default_context(cafile=str(self.certificate)),
        }
        return MediaFetcher({HOST}, limits, **(options | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for the host that this test made a minute ago, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return folder / "certificate.pem", folder / "key.pem"


@pytest.fixture
def server(certificate: tuple[Path, Path]) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            running.asked.append((self.path, dict(self.headers)))
            running.replies[self.path](self)

        def log_message(self, *args: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # clients hang up in these tests

    serving = Quiet(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    serving.socket = context.wrap_socket(serving.socket, server_side=True)
    running = Server(serving.server_address[1], certificate[0])
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    yield running
    serving.shutdown()
    serving.server_close()
    thread.join()


def sends(body: bytes = BODY, status: int = 200, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content_Type": "image/png", "Content_Length": str(len(body))} | headers).items():
            if value:
                handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def refusal(fetcher: MediaFetcher, url: str) -> str:
    with pytest.raises(MediaRefusedError) as refused:
        fetcher.fetch(url)
    return refused.value.reason


def test_a_picture_is_fetched_without_credentials_or_cookies(server: Server) -> None:
    server.replies["/a.png"] = sends(Set_Cookie="session=1")
    fetcher = server.fetcher()
    for _ in range(2):
        found = fetcher.fetch(server.url("/a.png"))
        assert (found.data, found.content_type) == (BODY, "image/png")
    for _, headers in server.asked:
        assert not {"cookie", "authorization", "referer"} & {name.lower() for name in headers}
        assert headers["Host"] == f"{HOST}:{server.port}"


def test_a_host_inside_is_never_connected_to(server: Server) -> None:
    server.replies["/a.png"] = sends()
    for inside in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"):
        fetcher = MediaFetcher({HOST}, resolver=lambda host, port, inside=inside: [inside], ports={server.port})
        assert refusal(fetcher, server.url("/a.png")) == "private_address"
    assert not server.asked


def test_one_address_inside_among_public_ones_is_enough_to_refuse(server: Server) -> None:
    fetcher = MediaFetcher({HOST}, resolver=lambda host, port: ["8.8.8.8", "127.0.0.1"], ports={server.port})
    assert refusal(fetcher, server.url("/a.png")) == "private_address"


def test_a_name_that_answers_differently_the_second_time_gains_nothing(server: Server) -> None:
    """DNS rebinding: what was checked is what is connected to, for the first request and for the redirect."""
    server.replies["/a.png"] = sends(b"", 302, Location="/b.png")
    server.replies["/b.png"] = sends()
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    assert refusal(server.fetcher(resolver=resolver), server.url("/a.png")) == "private_address"
    assert asked == [HOST, HOST]  # once for each connection: between check and connection no name is resolved again
    assert [path for path, _ in server.asked] == ["/a.png"]


def test_redirects_are_followed_only_to_what_may_be_asked(server: Server) -> None:
    server.replies["/b.png"] = sends()
    server.replies["/here"] = sends(b"", 302, Location="/b.png")
    assert server.fetcher().fetch(server.url("/here")).data == BODY
    places = {
        f"https://127.0.0.1:{server.port}/b.png": "host_not_allowed",
        f"http://{HOST}/b.png": "not_https",
        f"https://user@{HOST}:{server.port}/b.png": "credentials_in_url",
        f"https://{HOST}:22/": "port_not_allowed",
        "file:///etc/passwd": "not_https",
    }
    for place, reason in places.items():
        server.replies["/away"] = sends(b"", 302, Location=place)
        assert refusal(server.fetcher(), server.url("/away")) == reason
    server.replies["/round"] = sends(b"", 302, Location="/round")
    assert refusal(server.fetcher(), server.url("/round")) == "too_many_redirects"
    assert sum(path == "/round" for path, _ in server.asked) == 4


@pytest.mark.parametrize("location", ["https://[bad", "//[::1", "https://h:99999/a", "\xe9", "https://[v1.x]/"])
def test_a_redirect_that_is_no_url_is_refused_like_any_other(server: Server, location: str) -> None:
    server.replies["/a.png"] = sends(b"", 302, Location=location)
    assert refusal(server.fetcher(), server.url("/a.png")) in {"bad_url", "host_not_allowed", "port_not_allowed", "bad_status"}


def test_size_is_held_to_while_the_body_comes(server: Server) -> None:
    server.replies["/said"] = sends(b"x" * 5_000)
    server.replies["/unsaid"] = sends(b"x" * 500_000, Content_Length="")
    few = Limits(bytes=1_000)
    assert refusal(server.fetcher(few), server.url("/said")) == "too_many_bytes"
    fetcher = server.fetcher(few)
    assert refusal(fetcher, server.url("/unsaid")) == "too_many_bytes"
    assert fetcher.bytes_read > few.bytes, "what was refused was read"
    server.replies["/fits"] = sends(b"x" * 1_000)
    assert len(server.fetcher(few).fetch(server.url("/fits")).data) == 1_000


def test_compressed_bodies_and_errors_are_refused(server: Server) -> None:
    server.replies["/bomb"] = sends(b"x", Content_Encoding="gzip")
    server.replies["/gone"] = sends(b"", 404)
    server.replies["/short"] = sends(b"x", Content_Length="50")
    assert refusal(server.fetcher(), server.url("/bomb")) == "encoded"
    assert refusal(server.fetcher(), server.url("/gone")) == "bad_status"
    assert refusal(server.fetcher(), server.url("/short")) == "connection_failed"


def test_a_server_that_sends_a_byte_now_and_then_is_left(server: Server) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not over.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    def drip_headers(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not over.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    server.replies |= {"/body": drip, "/headers": drip_headers}
    try:
        for path in ("/body", "/headers"):
            started = time.monotonic()
            assert refusal(server.fetcher(Limits(seconds=0.6)), server.url(path)) == "timed_out"
            assert time.monotonic() - started < 5
    finally:
        over.set()


def test_a_name_that_takes_too_long_to_resolve_is_left(server: Server) -> None:
    over = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        over.wait(20)
        return ["127.0.0.1"]

    started = time.monotonic()
    try:
        assert refusal(server.fetcher(Limits(seconds=0.3), resolver=slow), server.url("/a.png")) == "timed_out"
        assert time.monotonic() - started < 5
    finally:
        over.set()


def test_the_certificate_must_be_the_hosts(server: Server, certificate: tuple[Path, Path]) -> None:
    server.replies["/a.png"] = sends()
    assert refusal(server.fetcher(trust=ssl.create_default_context()), server.url("/a.png")) == "connection_failed"
    other = MediaFetcher(
        {"other.example.com"},
        resolver=lambda host, port: ["127.0.0.1"],
        allowed=lambda address: True,
        ports={server.port},
        trust=ssl.create_default_context(cafile=str(certificate[0])),
    )
    assert refusal(other, server.url("/a.png", "other.example.com")) == "connection_failed"
    assert not server.asked


def test_no_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.replies["/a.png"] = sends()
    assert server.fetcher().fetch(server.url("/a.png")).data == BODY


def test_a_name_without_an_address_or_a_port_nobody_listens_on(server: Server) -> None:
    def nothing(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    assert refusal(server.fetcher(resolver=nothing), server.url("/a.png")) == "unresolvable"
    assert refusal(server.fetcher(resolver=lambda host, port: []), server.url("/a.png")) == "unresolvable"
    closed = server.fetcher(ports={1})
    assert refusal(closed, f"https://{HOST}:1/a.png") == "connection_failed"
