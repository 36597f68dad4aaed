"""How a file is written, found from its bytes and values: encoding, delimiter, decimal sign, thousands, symbols, date formats.

What belongs here: guesses from bytes and texts, each with what it rests on. What doesn't: which column is which
(``propose.py``).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from trend_assets.lib.retail.rules import FileFormat
from trend_assets.lib.retail.words import CURRENCIES

SAMPLE_BYTES = 2_000_000
_DELIMITERS = ",;\t|"
ABSENT = ("NULL", "null", "None", "NaN", "nan", "N/A", "n/a", "NA", "#N/A", "-", "--", "?", "(null)", "\\N")
"""Texts that exports write for "no value"."""

_DAYS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d-%b-%Y",
)
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", " %Hh%M")
DATE_FORMATS = ("iso", *(day + time for day in _DAYS for time in _TIMES))
_DATE_LIKE = re.compile(r"^\d{1,4}[-/. ]?(\d{1,2}|[A-Za-zéû]{3,4})[-/. ]?\d{2,4}([ T].*)?$")
_AFFIX = re.compile(r"^\s*([^\d\s+\-.,()']{0,4})\s*[+-]?[\d .,'\u00a0\u2009\u202f]*\d\s*-?\s*([^\d\s+\-.,()']{0,4})\s*$")
_SPACE = "[ \u00a0\u2009\u202f]"


@dataclass(frozen=True)
class Sniffed:
    """How a file is written, with a sentence for each finding that is not the default."""

    format: FileFormat
    notes: tuple[str, ...]


def sniff_text(content: bytes, name: str) -> tuple[str, str, list[str]]:
    """Encoding and delimiter of a delimited text file, and notes. The content may be the file's beginning."""
    encoding, notes = _encoding(content)
    text = content.decode(encoding, errors="replace").lstrip("\ufeff")
    first = text.partition("\n")[0]
    if first.lower().startswith("sep=") and len(first.strip()) == 5:
        return encoding, first.strip()[4], [*notes, "a line `sep=` that Excel wrote is passed over"]
    counts: dict[str, float] = {}
    for delimiter in _DELIMITERS:
        rows = [row for row in _records(text, delimiter) if row]
        widths = Counter(len(row) for row in rows)
        width, agreeing = widths.most_common(1)[0] if widths else (1, 0)
        header = len(rows[0]) if rows else 1
        counts[delimiter] = (agreeing / max(len(rows), 1)) * (header > 1) * (width > 1) * (1 + min(width, 50) / 1000)
    best = max(counts, key=lambda delimiter: counts[delimiter])
    if not counts[best]:
        best = "\t" if name.lower().endswith(".tsv") else ","
    if best != ",":
        notes.append(f"fields are separated by {'a tab' if best == chr(9) else repr(best)}")
    return encoding, best, notes


def _records(text: str, delimiter: str) -> list[list[str]]:
    reader, rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) == 100:
                break
    except csv.Error:
        return rows
    return rows


def _encoding(content: bytes) -> tuple[str, list[str]]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", ["written as UTF-16 (Excel's Unicode text)"]
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8", ["begins with a byte order mark, which is passed over"]
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(content[:SAMPLE_BYTES])  # the sample may end within a character
        return "utf-8", []
    except UnicodeDecodeError:
        pass
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1", ["not UTF-8: read as latin-1"]
    return "cp1252", ["not UTF-8: read as cp1252, which Windows programs write; check that accents look right"]


@dataclass(frozen=True)
class NumberStyle:
    """How numbers are written in a column: share of values that are numbers so, and of whole ones; symbols around them."""

    share: float
    whole: float
    decimal: str
    thousands: str
    symbols: tuple[str, ...]


def number_style(values: Sequence[str]) -> NumberStyle:
    """How the numbers among texts are written, from the values that decide it."""
    symbols = _symbols(values)
    bare = [_without(value, symbols) for value in values]
    comma = sum(bool(re.search(r"\d,(\d{1,2}|\d{4,})-?$", value)) for value in bare)
    dot = sum(bool(re.search(r"\d\.(\d{1,2}|\d{4,})-?$", value)) for value in bare)
    comma += sum(bool(re.search(rf"\d(\.|{_SPACE}|')\d{{3}},\d", value)) for value in bare)
    dot += sum(bool(re.search(rf"\d(,|{_SPACE}|')\d{{3}}\.\d", value)) for value in bare)
    decimal = "," if comma > dot else "."
    other = "." if decimal == "," else ","
    thousands = ""
    for pattern, sign in ((_SPACE, " "), ("'", "'"), (re.escape(other), other)):
        if any(re.fullmatch(rf"[+-]?\d{{1,3}}({pattern}\d{{3}})+({re.escape(decimal)}\d+)?-?", value) for value in bare):
            # 1.234 alone may be a decimal: it is thousands where the other sign is the decimal one, or the groups repeat
            certain = sign not in ".," or comma + dot or any(re.search(rf"{pattern}\d{{3}}{pattern}\d{{3}}", value) for value in bare)
            if certain:
                thousands = sign
                break
    numbers = [_number(value, decimal, thousands) for value in bare]
    there = [number for number in numbers if number is not None]
    whole = sum(number == int(number) for number in there)
    count = max(len(values), 1)
    return NumberStyle(len(there) / count, whole / count, decimal, thousands, symbols)


def _symbols(values: Sequence[str]) -> tuple[str, ...]:
    found: Counter[str] = Counter()
    for value in values:
        match = _AFFIX.match(value)
        if match:
            found.update(affix for affix in match.groups() if affix)
    return tuple(sorted(symbol for symbol in found if symbol == "%" or symbol.lower() in CURRENCIES))


def _without(value: str, symbols: Iterable[str]) -> str:
    for symbol in symbols:
        value = value.replace(symbol, "")
    return value.strip()


def _number(value: str, decimal: str, thousands: str) -> float | None:
    if thousands:
        value = re.sub(_SPACE, "", value) if thousands == " " else value.replace(thousands, "")
    value = re.sub(r"^([^+-].*)-$", r"-\1", value.replace(decimal, "."))
    return float(value) if re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", value) and len(value) < 300 else None


@dataclass(frozen=True)
class DateStyle:
    """How dates are written in a column: the pattern, the share of values it reads, whether they have a time of day.

    ``ambiguous``: another pattern reads as many values otherwise (03/04/2026). ``second``: a pattern that reads the rest.
    """

    share: float
    pattern: str
    has_time: bool
    has_zone: bool
    ambiguous: str | None
    second: str | None


def date_style(values: Sequence[str], day_first: bool = True) -> DateStyle:
    """The date pattern that reads most of the texts. ``day_first`` decides where 03/04/2026 could be either."""
    distinct = list(dict.fromkeys(value for value in values if _DATE_LIKE.match(value)))[:400]
    if not distinct or not values:
        return DateStyle(0.0, "iso", False, False, None, None)
    reads = {pattern: {value for value in distinct if _moment(value, pattern) is not None} for pattern in DATE_FORMATS}
    likes = [pattern for pattern in DATE_FORMATS if reads[pattern]]
    if not likes:
        return DateStyle(0.0, "iso", False, False, None, None)

    def rank(pattern: str) -> tuple[int, bool, bool]:
        month_first = pattern.startswith("%m")
        return len(reads[pattern]), pattern == "iso", month_first != day_first

    best = max(likes, key=rank)
    twin = best.replace("%m/%d", "%d/%m") if best.startswith("%m/%d") else best.replace("%d/%m", "%m/%d")
    ambiguous = twin if twin != best and reads.get(twin) == reads[best] else None
    left = [value for value in distinct if value not in reads[best]]
    second = max(likes, key=lambda pattern: sum(value in reads[pattern] for value in left)) if left else None
    tried = set(distinct)
    looked_at = [value for value in values if value in tried or not _DATE_LIKE.match(value)]
    share = sum(value in reads[best] for value in looked_at) / len(looked_at)
    moments = [moment for value in reads[best] if (moment := _moment(value, best)) is not None]
    return DateStyle(
        share=share,
        pattern=best,
        has_time=any((moment.hour, moment.minute, moment.second) != (0, 0, 0) for moment in moments),
        has_zone=any(moment.tzinfo is not None for moment in moments),
        ambiguous=ambiguous,
        second=second if left and any(value in reads[second or ""] for value in left) else None,
    )


def _moment(value: str, pattern: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if pattern == "iso" else datetime.strptime(value, pattern)
    except ValueError:
        return None
    # eight digits are an article number as often as a date
    return moment if 1990 <= moment.year <= 2100 else None


def date_formats_of(value: str) -> list[str]:
    """Every pattern that reads one text."""
    return [pattern for pattern in DATE_FORMATS if _moment(value.strip(), pattern) is not None]
