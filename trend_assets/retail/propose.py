"""`trend-assets map`: looks at a retailer's files or tables, proposes a mapping, tries it, explains each mistake.

What belongs here: reading samples, finding lines, known exports. What doesn't: guesses and advice (``lib/retail``), printing
(``commands/mapping.py``).
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from trend_assets.lib.retail.days_told import days_of_rows
from trend_assets.lib.retail.decode import SourceFile, decode_file
from trend_assets.lib.retail.explain import Trial, try_mapping
from trend_assets.lib.retail.fit import missing_columns, missing_in_file
from trend_assets.lib.retail.mapping import RetailMapping, parse_mapping
from trend_assets.lib.retail.profile import profiles_of
from trend_assets.lib.retail.proposal_text import proposal_text
from trend_assets.lib.retail.propose import Match, Proposal, propose
from trend_assets.lib.retail.rules import FileFormat
from trend_assets.lib.retail.shape import MappingError
from trend_assets.lib.retail.sniff import SAMPLE_BYTES, sniff_text
from trend_assets.lib.retail.words import CHANGE_TIMES, normalised
from trend_assets.retail.extracts import DatabaseSource
from trend_assets.retail.files import MAPPINGS, load_mapping
from trend_assets.retail.found import found_files
from trend_assets.retail.shaped import shaped

SAMPLE_ROWS = 20_000
_KNOWN = ("online_retail.yml", "products_fashion.yml")
_TYPED = (".parquet", ".pq", ".jsonl", ".ndjson")
_DAY_IN_NAME = ((re.compile(r"20\d{2}-\d{2}-\d{2}"), "", "%Y-%m-%d"), (re.compile(r"(?<!\d)20\d{6}(?!\d)"), ":%Y%m%d", "%Y%m%d"))


@dataclass(frozen=True)
class Sample:
    """The beginning of a file or table, decoded: its place in a mapping, its rows, how it is written, what is unique in it."""

    name: str
    place: Mapping[str, Any]
    source: SourceFile
    format: Mapping[str, Any]
    notes: tuple[str, ...]
    content: bytes = b""
    unique: tuple[tuple[str, ...], ...] = ()
    path: Path | None = None

    def line_of(self, row: int) -> int | None:
        """Line in the file (from 1) at which a row begins; ``None`` where rows are not lines."""
        if not self.content or self.name.lower().endswith((".parquet", ".pq")):
            return None
        if self.name.lower().endswith((".jsonl", ".ndjson")):
            return row + 1
        text = self.content.decode(str(self.format.get("encoding", "utf-8")), errors="replace").lstrip("\ufeff")
        first, reader = 1, csv.reader(io.StringIO(text, newline=""), delimiter=str(self.format.get("delimiter", ",")))
        header = 1 if text[:4].lower() == "sep=" else 0
        try:
            for number, _ in enumerate(reader):
                if number - 1 - header == row:
                    return first
                first = reader.line_num + 1
        except csv.Error:
            return None
        return None


def sample_of_file(path: Path, beside: Path | None = None) -> Sample:
    """The beginning of a file, its place relative to a folder (default: the file's own).

    Raises ``MappingError`` where nothing can be read, saying what to do.
    """
    beside = beside or path.parent
    with path.open("rb") as file:
        typed = path.suffix.lower() in (".parquet", ".pq")
        content = file.read() if typed else file.read(SAMPLE_BYTES + 1)
    file_format: dict[str, Any] = {}
    notes: list[str] = []
    delimited = path.suffix.lower() not in _TYPED and content[:2] != b"PK"
    if delimited:
        encoding, delimiter, notes = sniff_text(content, path.name)
        file_format |= {"encoding": encoding} if encoding != "utf-8" else {}
        file_format |= {"delimiter": delimiter} if delimiter != "," else {}
    if len(content) > SAMPLE_BYTES and not typed:
        content = whole_records(content, file_format.get("encoding", "utf-8"), file_format.get("delimiter", ",") if delimited else None)
    place, day = _place(path, beside)
    source = decode_file(path.name, day, content, FileFormat.model_validate(file_format))
    if source.error is not None:
        raise MappingError(f"{path.name} {source.error}")
    source = _first_rows(source)
    if not source.data.num_rows and not source.malformed:
        raise MappingError(f"{path.name} holds a header and no row: a mapping needs values to look at; export a few rows")
    return Sample(path.name, {"files": place}, source, file_format, tuple(notes), content, path=path)


def _first_rows(source: SourceFile) -> SourceFile:
    if source.data.num_rows <= SAMPLE_ROWS:
        return source
    return replace(source, data=source.data.slice(0, SAMPLE_ROWS), row_numbers=source.row_numbers[:SAMPLE_ROWS])


def whole_records(content: bytes, encoding: str, delimiter: str | None) -> bytes:
    """A file's beginning without the record that the cut went through; without a delimiter, a line is a record.

    A line break within quotes ends no record, and a cut may go through a character.
    """
    if encoding == "utf-16":  # written out, so that the order mark is kept and the bytes come back as they were
        encoding = "utf-16-be" if content.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    keep = "surrogateescape" if encoding == "utf-8" else "strict"
    text = codecs.getincrementaldecoder(encoding)(keep).decode(content)
    end = text.rfind("\n") + 1
    if delimiter is not None:
        lines = io.StringIO(text, newline="").readlines()
        reader, ends = csv.reader(iter(lines), delimiter=delimiter), [0]
        try:
            ends += [reader.line_num for _ in reader]
            end = sum(map(len, lines[: ends[-2]]))  # the last record is the one that was cut
        except csv.Error:
            pass  # a field beyond all measure: a quote that nothing closes; then a line is a record
    return text[:end].encode(encoding, keep) if end else content


def _place(path: Path, beside: Path) -> tuple[str, date | None]:
    """The pattern of a file relative to a folder, with ``{day}`` where its name tells its day (``stock_{day:%Y%m%d}.csv``); the day."""
    folder = Path(os.path.relpath(path.parent.resolve(), beside.resolve())).as_posix()
    folder = "" if folder == "." else f"{folder}/"
    for shape, told, pattern in _DAY_IN_NAME:
        match = shape.search(path.name)
        if match is not None:
            try:
                day = datetime.strptime(match[0], pattern).date()
            except ValueError:
                continue
            return f"{folder}{path.name[: match.start()]}{{day{told}}}{path.name[match.end() :]}", day
    return f"{folder}{path.name}", None


def sample_of_table(name: str, source: DatabaseSource) -> Sample:
    """The first rows of a database table. Raises ``MappingError`` saying what to do."""
    from trend_assets.retail.database import Request

    table = parse_mapping(_ANY_TABLE.format(table=yaml.safe_dump(name).splitlines()[0])).tables["products"].database
    if table is None:
        raise MappingError(f"{name!r} is no table name")
    database = source.database(name)
    with database.view(table, name) as connection:
        offered = database.offered(connection, table, name)
        readable = tuple(column.name for column in offered.values() if column.refused is None)
        chunks = database.rows(connection, table, Request(readable, limit=SAMPLE_ROWS), offered)
        unique = tuple(columns for columns in database.unique_columns(connection, table) if set(columns) <= set(readable))
        data = pa.concat_tables(list(chunks) or [pa.table({column: pa.array([], pa.string()) for column in readable})])
    refused = tuple(f"{column.name} is {column.refused}" for column in offered.values() if column.refused is not None)
    if not data.num_rows:
        raise MappingError(f"{name} holds no row: a mapping needs values to look at")
    source_rows = SourceFile(name, None, data, np.arange(data.num_rows))
    return Sample(name, {"database": {"table": name}}, source_rows, {}, refused, unique=unique)


_ANY_DAY = re.compile(r"\{day[^}]*\}")
_ANY_TABLE = """
name: sample
data_origin: real
tables:
  products: {{database: {{table: {table}, timeout_seconds: 60}}, columns: {{product_id: a, product_name: a, category: a}}}}
"""


def propose_sample(sample: Sample, table_name: str | None = None) -> Proposal:
    """The proposal for a sample: a known export's mapping where its columns are there, else a guess."""
    known = _known_export(sample, table_name)
    if known is not None:
        return known
    european = sample.format.get("delimiter") == ";" or sample.format.get("encoding") == "cp1252"
    profiles = profiles_of(sample.source.data, day_first=True)
    american = not european and any(profile.date.pattern.startswith("%m") and profile.date.ambiguous is None for profile in profiles)
    if american:
        profiles = profiles_of(sample.source.data, day_first=False)
    proposal = propose(profiles, sample.name, table_name, has_day=sample.source.day is not None)
    return replace(proposal, format={**sample.format, **proposal.format}, notes=(*sample.notes, *proposal.notes))


def _known_export(sample: Sample, table_name: str | None) -> Proposal | None:
    for file_name in _KNOWN:
        mapping = load_mapping(MAPPINGS / file_name)
        raw = yaml.safe_load((MAPPINGS / file_name).read_text(encoding="utf-8"))
        for name, table in mapping.tables.items():
            wanted = {*table.used_columns, *table.personal}
            if table.rows or (table_name or name) != name or not wanted <= set(sample.source.data.column_names):
                continue
            matches = tuple(
                Match(
                    ours,
                    ", ".join(rule.source_columns or dict.fromkeys(rule.tested_columns)),
                    1.0,
                    "a known export",
                    (),
                    raw["tables"][name]["columns"][ours],
                )
                for ours, rule in table.columns.items()
            )
            currency = {"currency": (mapping.currency, "as the known export has it")} if mapping.currency else {}
            unused = tuple(column for column in sample.source.data.column_names if column not in wanted)
            return Proposal(
                name,
                matches,
                currency,
                {},
                dict.fromkeys(table.personal, "the known export says so"),
                unused,
                {**sample.format, **raw["tables"][name].get("format", {})},
                (),
                mapping.currency,
                f"{mapping.name} ({file_name})",
            )
    return None


def mapping_of(samples: Sequence[tuple[Sample, Proposal]], name: str = "Your shop") -> str:
    """The text of a mapping file for several files or tables."""
    placed = []
    for sample, proposal in samples:
        place, note = _place_of(sample, proposal)
        placed.append((replace(proposal, notes=(*proposal.notes, *note)), place))
    return proposal_text(placed, name)


def _place_of(sample: Sample, proposal: Proposal) -> tuple[Mapping[str, Any], list[str]]:
    """Where the table is, and what to know of it.

    Orders tell their own day. Where those of the sample are all of the day in the file's name, the file is of that day; else the
    name only says when it was written, and every such file is read. Of a database table of orders, changes are read where a
    column tells them and a key tells rows apart, else the rows of each day.
    """
    if proposal.table != "orders":
        return sample.place, []
    if "files" in sample.place:
        told = _days_told(sample, proposal)
        if sample.source.day is None or told == {sample.source.day}:
            return sample.place, []
        every = _ANY_DAY.sub("*", str(sample.place["files"]))
        repeats = "if each file repeats the orders of those before, name only the newest: repeated lines count twice"
        return {"files": every}, [repeats] if len(told) != 1 else []
    return _place_of_orders_table(sample, proposal), []


def _days_told(sample: Sample, proposal: Proposal) -> set[date]:
    if not proposal.complete:
        return set()
    mapping = parse_mapping(proposal_text([(proposal, {"files": sample.name})], "sample"))
    return days_of_rows(mapping, proposal.table, [replace(sample.source, day=None)])


def _place_of_orders_table(sample: Sample, proposal: Proposal) -> Mapping[str, Any]:
    theirs = {match.ours: match.theirs for match in proposal.matches}
    changed = next((column for column in sample.source.data.column_names if normalised(column) in CHANGE_TIMES), None)
    key = next((columns for columns in sample.unique if not set(columns) & set(proposal.personal)), None)
    if changed is not None and key is not None and "line" in theirs:
        return {"database": {**sample.place["database"], "mode": "watermark", "watermark": changed, "key": list(key)}}
    return {"database": {**sample.place["database"], "day": theirs["ordered_at"]}} if "ordered_at" in theirs else sample.place


def try_sample(mapping: RetailMapping, table_name: str, sample: Sample) -> Trial:
    """The mapping on a sample's rows. Raises ``MappingError`` where columns are not there."""
    misfit = missing_columns(mapping, table_name, sample.source.data.column_names)
    if misfit is not None:
        raise MappingError(f"{sample.name} {misfit}")
    day = sample.source.day if mapping.tables[table_name].dated else None
    # rows that tell no day still need one to be tried on
    return try_mapping(mapping, table_name, replace(sample.source, day=day, fallback_day=day or date(2000, 1, 1)))


def as_the_pipeline_reads(mapping: RetailMapping, table_name: str, sample: Sample, root: Path) -> tuple[Sample, str | None]:
    """A file decoded as its table's format says, of the day in its name; and what to say where the mapping's patterns find no file.

    Raises ``MappingError`` where it cannot be decoded so.
    """
    table = mapping.tables[table_name]
    if sample.path is None or not table.files:
        return sample, None
    try:
        files = found_files(mapping, table_name, root)
    except MappingError:
        files = []
    own = [file.day for file in files if file.path.resolve() == sample.path.resolve()]
    source = decode_file(sample.name, own[0] if own else sample.source.day, sample.content, mapping.format_of(table_name))
    if source.error is not None:
        raise MappingError(f"{sample.name} {source.error} (as tables.{table_name} says it is written)")
    patterns = f"tables.{table_name}.files ({', '.join(table.files)})"
    problem = None if files else f"{patterns} finds no file in {root.resolve()}: patterns are relative to the mapping file"
    source = _first_rows(source)
    misfit = missing_in_file(mapping, table_name, source.data.column_names)
    if misfit is not None:
        raise MappingError(f"{sample.name} {misfit}")
    return replace(sample, source=shaped(mapping, table_name, [source], root)[0]), problem


def copied_people(mapping: RetailMapping, table_name: str, sample: Sample) -> list[str]:
    """What to say about columns of a mapping that seem to identify people and would be copied."""
    people = {profile.name: profile.people for profile in profiles_of(sample.source.data) if profile.people is not None}
    return [
        f"tables.{table_name}.columns.{ours}: {rule.column} seems to identify people ({people[rule.column]}): no such column may enter "
        "a table; map another one, and list it under `personal`"
        for ours, rule in mapping.tables[table_name].columns.items()
        if rule.column in people
    ]


def table_of(mapping: RetailMapping, sample: Sample, table_name: str | None) -> str:
    """Which table of a mapping a file is for: the asked one, the one whose pattern names it, else the one whose columns it has.

    Raises ``MappingError`` where none is.
    """
    names: Iterable[str] = [table_name] if table_name else mapping.tables
    for name in names:
        if name not in mapping.tables:
            raise MappingError(f"the mapping has no table {name!r}; it has {', '.join(mapping.tables)}")
        table = mapping.tables[name]
        same_table = table.database is not None and table.database.table == sample.name and "database" in sample.place
        if table_name or same_table or any(_matches_pattern(pattern, sample.name) for pattern in table.files):
            return name
    fitting = [
        name
        for name, table in mapping.tables.items()
        if not table.rows and missing_in_file(mapping, name, sample.source.data.column_names) is None
    ]
    if len(fitting) == 1:
        return fitting[0]
    raise MappingError(f"which table is {sample.name} for? Say --table, one of {', '.join(mapping.tables)}")


def _matches_pattern(pattern: str, name: str) -> bool:
    shape = re.sub(r"\\\{day[^}]*\\\}|\\\*", ".+", re.escape(Path(pattern).name))
    return re.fullmatch(shape, name) is not None
