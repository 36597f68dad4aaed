"""Ingest: users' files of posts into landing, with a receipt for each, and the reconciliation of both ends.

What belongs here: landing the records of files, receipts, what became of each file's records. What doesn't: containers and
rows (``lib/sources/containers``, ``rows``), what is one record (``lib/sources/edge``), decoding, printing.

A receipt counts records at the reading edge, before and independently of decoding. The same content is landed once: its
hash is the name of its receipt. A run that died is continued: the intent written before the first landing file holds the
time of receipt, from which all file names follow, so that files already landed are written again as they were.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.landing.files import LandingRecord, LandingWriter, landing_hour
from trend_assets.lib.sources import edge, rows
from trend_assets.lib.sources.containers import DAMAGE, InputFile, RefusedFileError, SkippedFile, input_files
from trend_assets.lib.sources.edge import NETWORK_OF_SOURCE, SOURCES, EdgeRecord
from trend_assets.lib.sources.table import MappingError, TableMapping, propose_mapping

if TYPE_CHECKING:
    from trend_assets.lake.storage import Storage

__all__ = ["MappingError", "Receipt", "RefusedFileError", "describe_quarantine", "ingest_files", "read_mapping", "reconcile"]

FORMATS = {
    "x": (".json", ".jsonl", ".ndjson"),
    "x-v1": (".json", ".jsonl", ".ndjson"),
    "bluesky": (".jsonl", ".ndjson"),  # Jetstream is a stream of lines
    "table": rows.FORMATS,
}
"""Formats each source reads; all also as .gz or .zst and inside .zip."""

OUTCOME_COLUMNS = {
    "post": "posts",
    "repost": "reposts",
    "duplicate": "duplicates",
    "deletion": "deletions",
    "quarantined": "quarantined",
    "ignored": "ignored",
}
_LARGEST_DOCUMENT = 512 << 20
_PROGRESS_RECORDS = 20_000
_DETAILS_SHOWN = 10


class Receipt(msgspec.Struct, frozen=True):
    """What was read from one file, counted at the edge.

    ``file``: name as a person knows it. ``records`` by ``kinds`` the edge saw. ``hours``: landing hours touched (aware).
    ``skipped``: why nothing was landed, else empty. ``landed_before``: the landing files of the same content, where that is why.
    """

    file: str
    request_id: str
    source: str
    sha256: str
    received_at: datetime
    records: int = 0
    kinds: dict[str, int] = {}
    landing_files: tuple[str, ...] = ()
    skipped: str = ""
    landed_before: tuple[str, ...] = ()

    @property
    def hours(self) -> tuple[datetime, ...]:
        """The landing hours that hold this file's records, in order."""
        return tuple(sorted({landing_hour(path) for path in self.landing_files}))


def ingest_files(
    files: Sequence[Path],
    source: str,
    landing: Storage,
    mapping: Path | TableMapping | None = None,
    *,
    again: bool = False,
    received_at: datetime,
    lake_start: datetime,
    lake_end: datetime | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> list[Receipt]:
    """Land the records of files; returns one receipt per file and per member of an archive.

    ``landing``: storage whose root is the landing folder. ``mapping``: required for source ``table``. ``again``: land content
    that was landed before once more (its posts are then duplicates). ``received_at``: aware time of receipt.

    All files are opened and checked before the first is landed. Raises ``RefusedFileError`` or ``MappingError`` (both
    ``ValueError``) when one of them can't be used, saying why; nothing is landed then.
    """
    if source not in SOURCES:
        raise ValueError(f"unknown source {source!r}: one of {', '.join(SOURCES)}")
    report = on_progress or (lambda _: None)
    table_mapping = read_mapping(mapping) if isinstance(mapping, Path) else mapping
    inputs, passed_over = _checked_inputs(files, source, table_mapping)
    known = _Receipts(landing, again=again)
    receipts = [Receipt(file.shown, "", source, "", received_at, skipped=file.reason) for file in passed_over]
    for file in inputs:
        report(file.shown)
        sha256 = file.sha256()
        request_id = f"ingest/{sha256[:12]}/{file.name}"
        earlier = known.earlier(sha256)
        if earlier is not None and not again:
            reason = f"the same content was ingested as {earlier.file} on {earlier.received_at:%Y-%m-%d %H:%M} UTC (--again lands it again)"
            passed_by = Receipt(file.shown, request_id, source, sha256, received_at, skipped=reason, landed_before=earlier.landing_files)
            receipts.append(passed_by)
            continue
        started_at = known.start(sha256, request_id, received_at)
        writer = LandingWriter(
            landing,
            lake_start=lake_start,
            lake_end=lake_end,
            clock=lambda moment=started_at: moment,  # type: ignore[misc]
            entropy=_entropy(f"{request_id}|{started_at.isoformat()}|{known.times(sha256, request_id)}"),
        )
        receipt = _land(file, source, table_mapping, writer, Receipt(file.shown, request_id, source, sha256, started_at), report)
        known.finish(receipt)
        receipts.append(receipt)
    return sorted(receipts, key=lambda receipt: receipt.file)


def read_mapping(path: Path) -> TableMapping:
    """A mapping file (YAML). Raises ``MappingError`` saying what is wrong with it."""
    return rows.parse_mapping(path.read_text(encoding="utf-8"), path.name)


def _checked_inputs(files: Sequence[Path], source: str, mapping: TableMapping | None) -> tuple[list[InputFile], list[SkippedFile]]:
    inputs: list[InputFile] = []
    passed_over: list[SkippedFile] = []
    for path in files:
        found, skipped = input_files(path, FORMATS[source])
        inputs += found
        passed_over += skipped
    if source == "table":
        for file in inputs:
            columns = rows.columns_of(file, mapping)
            if mapping is None:
                found_columns = columns or []
                raise MappingError(
                    f"{file.shown}: a table needs a mapping file (--mapping). Columns found: {', '.join(found_columns) or 'none'}\n"
                    f"A mapping to start from:\n{propose_mapping(found_columns)}"
                )
            mapping.check(columns)
    return inputs, passed_over


def _land(
    file: InputFile, source: str, mapping: TableMapping | None, writer: LandingWriter, receipt: Receipt, report: Callable[[str], None]
) -> Receipt:
    kinds: Counter[str] = Counter()
    if source == "table" and mapping is not None:
        network, records = mapping.network, rows.records_of_table(file, mapping)
    else:
        network, records = NETWORK_OF_SOURCE[source], _records_of_file(file, source)
    for number, record in enumerate(records, start=1):
        kind = _compliance_kind(file.name) if record.kind == "compliance" else record.kind
        line = (receipt.received_at, receipt.request_id, kind, record.body, record.includes, record.created_at)
        writer.add(LandingRecord(network, source, *line))
        kinds[kind] += 1
        if number % _PROGRESS_RECORDS == 0:
            report(f"{file.shown}: {number:,} records")
    landing_files = tuple(writer.flush())
    return msgspec.structs.replace(receipt, records=kinds.total(), kinds=dict(sorted(kinds.items())), landing_files=landing_files)


def _records_of_file(file: InputFile, source: str) -> Iterator[EdgeRecord]:
    """The records of a file of lines, or of one document printed over several lines."""
    document = _document(file)
    if document is not None:
        yield from edge.records_of(source, document)
        return
    for text, damage in file.lines():
        if damage:
            yield EdgeRecord("damaged", text or f"the file is damaged here: {damage}".encode())
        else:
            yield from edge.records_of(source, text)


def _compliance_kind(name: str) -> str:
    """Rows about posts and about accounts look the same: the name of the file is the only thing that may tell."""
    lowered = name.lower()
    if "user" in lowered or "account" in lowered:
        return "account_compliance"
    return "post_compliance" if "tweet" in lowered or "post" in lowered else "compliance"


def _document(file: InputFile) -> bytes | None:
    """The whole content if it is one JSON value that doesn't fit one line; None for a file of lines."""
    lines = file.lines()
    first = next(lines, (b"", ""))[0]
    if first[:1] not in (b"{", b"[") or edge.is_whole(first) or next(lines, None) is None:
        return None
    try:
        with file.expanded() as stream:
            text = stream.read(_LARGEST_DOCUMENT)
    except DAMAGE:
        return None
    text = text.removeprefix(b"\xef\xbb\xbf").strip()
    return text if edge.is_whole(text) else None


def _entropy(seed: str) -> Callable[[int], bytes]:
    """A reproducible source of bytes for file names: the same file landed again at the same moment has the same names."""
    count = 0

    def next_bytes(size: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_128(f"{seed}|{count}".encode()).digest(size)

    return next_bytes


class _Receipts:
    """The receipts in landing: what was ingested before, what was begun and never finished."""

    def __init__(self, landing: Storage, *, again: bool) -> None:
        self._landing = landing
        self._again = again
        self._paths: dict[str, list[str]] = defaultdict(list)
        self._times: Counter[tuple[str, str]] = Counter()
        for path in landing.list("_receipts/"):
            self._paths[path.split("/")[1]].append(path)

    def earlier(self, sha256: str) -> Receipt | None:
        """The latest receipt of this content."""
        finished = [path for path in self._paths[sha256] if not path.endswith(".started.json")]
        return msgspec.json.decode(self._landing.read(finished[-1]), type=Receipt) if finished else None

    def start(self, sha256: str, request_id: str, received_at: datetime) -> datetime:
        """Note that landing begins; returns the time of receipt to use: that of a run that died, if there was one."""
        self._times[sha256, request_id] += 1
        for path in self._paths[sha256]:
            if path.endswith(".started.json") and path.replace(".started.json", ".json") not in self._paths[sha256]:
                begun = msgspec.json.decode(self._landing.read(path), type=Receipt)
                if begun.request_id == request_id:
                    return begun.received_at
        begun = Receipt("", request_id, "", sha256, received_at)
        path = self._path(begun, ".started.json")
        self._landing.write_new(path, msgspec.json.encode(begun))
        self._paths[sha256].append(path)
        return received_at

    def times(self, sha256: str, request_id: str) -> int:
        """How often this content was landed under this name in this call."""
        return self._times[sha256, request_id]

    def finish(self, receipt: Receipt) -> None:
        """Store the receipt: from here on the content counts as ingested."""
        path = self._path(receipt, ".json")
        self._landing.write_new(path, msgspec.json.encode(receipt))
        self._paths[receipt.sha256].append(path)

    def _path(self, receipt: Receipt, suffix: str) -> str:
        name = hashlib.sha256(receipt.request_id.encode()).hexdigest()[:12]
        times = self._times[receipt.sha256, receipt.request_id]
        return f"_receipts/{receipt.sha256}/{receipt.received_at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{name}-{times}{suffix}"


def reconcile(receipts: Sequence[Receipt], landing_counts: pa.Table) -> list[dict[str, Any]]:
    """What became of each file's records: records in = posts + reposts + duplicates + deletions + quarantined + ignored.

    ``landing_counts``: ``social/landing_counts`` of at least the receipts' hours. One row per receipt: ``file``, ``records``,
    the six outcomes, ``ignored_by_kind`` (text), ``difference`` (0 when every record is accounted for), ``note``.
    """
    columns = [landing_counts.column(name).to_pylist() for name in ("landing_file", "outcome", "detail", "records")]
    by_file: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for path, outcome, detail, records in zip(*columns, strict=True):
        by_file[path].append((outcome, detail, records))
    table = []
    for receipt in receipts:
        outcomes: Counter[str] = Counter(dict.fromkeys(OUTCOME_COLUMNS.values(), 0))
        ignored: Counter[str] = Counter()
        for path in receipt.landing_files:
            for outcome, detail, records in by_file[path]:
                outcomes[OUTCOME_COLUMNS[outcome]] += records
                if outcome == "ignored":
                    ignored[detail] += records
        kinds = ", ".join(f"{kind} {records}" for kind, records in sorted(ignored.items()))
        difference = receipt.records - outcomes.total()
        table.append(
            {"file": receipt.file, "records": receipt.records}
            | dict(outcomes)
            | {"ignored_by_kind": kinds, "difference": difference, "note": receipt.skipped}
        )
    return table


def describe_quarantine(quarantined_posts: pa.Table, receipts: Sequence[Receipt] | None = None) -> list[dict[str, Any]]:
    """What each quarantined record lacks, grouped: ``file``, ``reason``, ``detail``, ``records``; most frequent first.

    With ``receipts``, only records of their landing files. Beyond ten different details of one reason in one file, the rest
    are summed.
    """
    table = quarantined_posts
    shown: dict[str, str] = {}
    if receipts is not None:
        shown = {path: receipt.file for receipt in receipts for path in receipt.landing_files}
        table = table.filter(pc.is_in(table["landing_file"], pa.array(list(shown), pa.string())))
    columns = [table[name].to_pylist() for name in ("landing_file", "request_id", "reason", "detail")]
    details: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for path, request_id, reason, detail in zip(*columns, strict=True):
        details[shown.get(path, request_id), reason][detail] += 1
    result = []
    for (file, reason), counts in sorted(details.items()):
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        result += [{"file": file, "reason": reason, "detail": detail, "records": records} for detail, records in ordered[:_DETAILS_SHOWN]]
        rest: Collection[tuple[str, int]] = ordered[_DETAILS_SHOWN:]
        if rest:
            others = f"({len(rest)} other details)"
            result.append({"file": file, "reason": reason, "detail": others, "records": sum(records for _, records in rest)})
    return result
