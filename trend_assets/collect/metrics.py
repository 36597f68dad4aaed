"""What a collector tells about itself: ``/metrics`` for Prometheus and ``/health``, on loopback; its log as JSON lines.

What belongs here: the figures, the small server, the log's format. What doesn't: when they change (``collector.py``).

No figure has post text, account names or keys in it; labels are closed sets of words.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

LOOPBACK = "127.0.0.1"
_PLAIN = frozenset(vars(logging.makeLogRecord({})))


class Metrics:
    """The figures of one collector, in a registry of their own."""

    def __init__(self, source: str) -> None:
        self.registry = CollectorRegistry()
        self._labels = {"source": source}

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"trend_assets_collect_{name}", what, ("source", *labels), registry=self.registry)

        def gauge(name: str, what: str) -> Gauge:
            return Gauge(f"trend_assets_collect_{name}", what, ("source",), registry=self.registry)

        self.received = counter("received_records", "Records received from the source").labels(source)
        self.received_bytes = counter("received_bytes", "Bytes of the records received").labels(source)
        self.published = counter("published_records", "Records in published landing files").labels(source)
        self.files = counter("published_files", "Landing files published").labels(source)
        self.heartbeats = counter("heartbeats", "Signs of life without records").labels(source)
        self.restarts = counter("source_restarts", "Times the source was started again after a fault").labels(source)
        self.errors = counter("publish_errors", "Failed attempts to publish; each is repeated").labels(source)
        self._gaps = counter("gaps", "Gaps recorded, by reason", "reason")
        self._gap_seconds = counter("gap_seconds", "Length of the gaps recorded, by reason", "reason")
        self.buffered = gauge("buffered_records", "Records received and not yet published").labels(source)
        self.buffered_bytes = gauge("buffered_bytes", "Memory that these records take, roughly").labels(source)
        self.last_seen = gauge("last_sign_of_life_timestamp_seconds", "When the source was last heard").labels(source)
        self.last_published = gauge("last_published_timestamp_seconds", "When landing files were last published").labels(source)
        self.holds_lease = gauge("holds_lease", "1 while this process is the source's collector, 0 while it waits").labels(source)
        self.connected = gauge("connected", "1 from the source's first sign of life until its next fault").labels(source)
        self.landing_seconds = Histogram(
            "trend_assets_collect_landing_seconds",
            "From receipt of a publication's oldest record until it is published",
            ("source",),
            buckets=(0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300),
            registry=self.registry,
        ).labels(source)

    def gap(self, reason: str, seconds: float) -> None:
        """Count a recorded gap."""
        self._gaps.labels(reason=reason, **self._labels).inc()
        self._gap_seconds.labels(reason=reason, **self._labels).inc(seconds)

    def page(self) -> bytes:
        """The page that Prometheus reads."""
        return generate_latest(self.registry)


class StatusServer:
    """``/metrics`` and ``/health`` on 127.0.0.1, in a thread.

    health: what ``/health`` shows; its ``healthy`` decides between status 200 and 503. port 0: any free one. Raises ``OSError`` where
    the port is taken.
    """

    def __init__(self, port: int, metrics: Metrics, health: Callable[[], Mapping[str, Any]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, metrics.page())
                elif self.path == "/health":
                    found = health()
                    self._answer(200 if found["healthy"] else 503, "application/json", json.dumps(found).encode() + b"\n")
                else:
                    self._answer(404, "text/plain; charset=utf-8", b"/metrics or /health\n")

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Requests are not logged: a probe comes every few seconds."""

        self._server = ThreadingHTTPServer((LOOPBACK, port), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, name="collect-status", daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    """What the log call passed as ``extra``."""
    return {name: value for name, value in vars(record).items() if name not in _PLAIN and name not in ("message", "asctime", "taskName")}


class TerminalLines(logging.Formatter):
    """A line for a person, in place of the progress line: level, event, and what was passed as ``extra`` and says something."""

    def format(self, record: logging.LogRecord) -> str:
        """See ``logging.Formatter``."""
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in _extra(record).items() if value not in ("", None))
        return f"\r\x1b[K{record.levelname} {record.getMessage()}" + (f": {told}" if told else "")


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, event, and what the log call passed as ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        """See ``logging.Formatter``."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= _extra(record)
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
