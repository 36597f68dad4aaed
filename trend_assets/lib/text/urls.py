"""URLs in a text by the twitter-text rules, with or without protocol.

What belongs here: finding URLs and their places. What doesn't: expanding or fetching them.

twitter-text describes a URL by one regular expression whose nested repetitions backtrack quadratically on hostile text.
This module finds the same URLs in linear time: it cuts the text into runs of characters that a host name may hold, decides
per label whether a top-level domain starts there, and takes from each possible start the longest host that ends in one.
One difference is on purpose: the expression reads an accented first letter of a text as standing before the URL (``éa.com``
gives ``a.com`` there, but ``éa.com`` behind a space); here the place does not matter.
Rules and TLD list: twitter-text (Copyright Twitter, Inc. and other contributors, Apache License 2.0).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

from trend_assets.lib.text.characters import CYRILLIC, DIRECTIONAL_MARKERS, INVALID, LATIN_ACCENTS, PUNCTUATION, SPACES

MAXIMUM_URL_LENGTH = 4096
MAXIMUM_LABEL_LENGTH = 63
MAXIMUM_SHORT_LINK_SLUG = 40


class Entity(NamedTuple):
    """A piece of text with its place: code points ``start`` (first) to ``end`` (behind the last)."""

    start: int
    end: int
    value: str


def _top_level_domains() -> frozenset[str]:
    text = files("trend_assets.lib.text").joinpath("data", "top_level_domains.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


_TLDS = _top_level_domains()
_ASCII_TLDS = frozenset(tld for tld in _TLDS if tld.isascii())
# Other scripts by first character, longest first: one may be the beginning of another.
_OTHER_TLDS: dict[str, list[str]] = {}
for _tld in sorted(_TLDS - _ASCII_TLDS, key=lambda tld: (-len(tld), tld)):
    _OTHER_TLDS.setdefault(_tld[0].lower(), []).append(_tld)

_HOST = f'[^{PUNCTUATION}"{SPACES}{INVALID}{DIRECTIONAL_MARKERS}]'
_HOST_RUN = f"(?:{_HOST}|[_-])"
# Possessive quantifiers and the lookbehind (no second try from inside a word) keep this linear.
_DOTTED_RUN = re.compile(rf"(?<![^{PUNCTUATION}\"{SPACES}{INVALID}{DIRECTIONAL_MARKERS}])(?<![_.-]){_HOST_RUN}*+(?:\.{_HOST_RUN}*+)++")
_PROTOCOL_BEFORE = re.compile(r"https?://\Z", re.IGNORECASE)
_VALID_BEFORE = re.compile(f"[^A-Za-z0-9@＠$#＃{INVALID}]")
_ASCII_TLD = re.compile(r"[A-Za-z]++(?![0-9A-Za-z@+-])")
_PUNYCODE_TLD = re.compile(r"xn--[-0-9a-z]+", re.IGNORECASE)
_LATIN_HOST_RUN = re.compile(f"[-a-z0-9{LATIN_ACCENTS}.]++", re.IGNORECASE)
_PORT = re.compile(r":[0-9]++")
_PATH_CHARACTER = rf"[a-z{CYRILLIC}0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&{LATIN_ACCENTS}]"
# Parentheses belong to a path where they are balanced, up to two levels deep.
_PARENTHESES = rf"\((?:{_PATH_CHARACTER}++|{_PATH_CHARACTER}*+\({_PATH_CHARACTER}++\){_PATH_CHARACTER}*+)\)"
_PATH = re.compile(rf"/(?:{_PATH_CHARACTER}|{_PARENTHESES})*+", re.IGNORECASE)
_NOT_AT_PATH_END = "!*';:,.$%[]–~@|&"
_QUERY = re.compile(r"\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*+", re.IGNORECASE)
_NOT_AT_QUERY_END = "!?*'@();:+$%[].,~|"
_SHORT_LINK = re.compile(r"https?://t\.co/([a-z0-9]+)", re.IGNORECASE)
_PLAIN_SHORT_LINK = re.compile(rf"(?<![A-Za-z0-9@＠$#＃{INVALID}])https?://t\.co/[A-Za-z0-9]{{1,40}}(?![^ ])")
_MAY_START_TLD = re.compile(r"\.[^\W\d_]")


def extract_urls(text: str) -> list[Entity]:
    """URLs in order of appearance. Linear in the length of ``text``."""
    dots = _MAY_START_TLD.findall(text)
    if not dots:
        return []
    # Nearly all texts with a URL hold only plain short links: each has one dot before a letter.
    short = [Entity(match.start(), match.end(), match.group()) for match in _PLAIN_SHORT_LINK.finditer(text)]
    if len(short) == len(dots):
        return short
    found: list[Entity] = []
    consumed = 0
    dot = _MAY_START_TLD.search(text)
    while dot:
        # No URL holds a space, so only the piece between spaces around the dot is looked at.
        start = text.rfind(" ", consumed, dot.start()) + 1
        end = text.find(" ", dot.end())
        end = len(text) if end < 0 else end
        for run in _DOTTED_RUN.finditer(text, start, end):
            if run.end() > consumed:
                consumed = _extract_from_run(text, run.start(), run.end(), consumed, found)
        dot = _MAY_START_TLD.search(text, end)
    return found


def _extract_from_run(text: str, start: int, end: int, consumed: int, found: list[Entity]) -> int:
    """Append the URLs whose host lies in the run [start, end); return how far the text is used up."""
    hosts = _Hosts(text, start, end)
    if not hosts.possible:
        return consumed
    protocol = _PROTOCOL_BEFORE.search(text, max(0, start - 8), start)
    if protocol and _may_start(text, protocol.start(), consumed):
        host_end = hosts.end_from(start)
        if host_end:
            consumed = _take_with_protocol(text, protocol.start(), start, host_end, found)
    position = start
    while position < end:
        if not _may_start(text, position, consumed):
            # The next character that may stand before a URL.
            before = _VALID_BEFORE.search(text, max(position, consumed), end)
            if not before:
                break
            position = before.end()
            continue
        host_end = hosts.end_from(position)
        if host_end:
            consumed = _take_without_protocol(text, position, host_end, found)
            position = consumed
        else:
            position += 1
    return consumed


def _may_start(text: str, position: int, consumed: int) -> bool:
    """Whether the character before may stand before a URL and is not part of the one before."""
    return position == 0 or (position > consumed and bool(_VALID_BEFORE.match(text, position - 1)))


def _tld_end(text: str, start: int, end: int) -> int:
    """Where the top-level domain at ``start`` ends; 0 where none starts. ``end`` cuts the text for lookahead, too."""
    match = _ASCII_TLD.match(text, start, end)
    if match and match.group().lower() in _ASCII_TLDS:
        return match.end()
    for tld in _OTHER_TLDS.get(text[start : start + 1].lower(), ()):
        stop = start + len(tld)
        following = text[stop : stop + 1] if stop < end else ""
        if text[start:stop].lower() == tld and not (following.isascii() and (following.isalnum() or following in tuple("@+-"))):
            return stop
    match = _PUNYCODE_TLD.match(text, start, end)
    return match.end() if match else 0


class _Hosts:
    """The labels of one dotted run, and from each start the longest host ending in a top-level domain."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text
        self._starts = [start]
        position = text.find(".", start, end)
        while position >= 0:
            self._starts.append(position + 1)
            position = text.find(".", position + 1, end)
        self._ends = [*(following - 1 for following in self._starts[1:]), end]
        # One character behind the run decides whether a TLD may end there ("@", "+").
        self._tld_ends = [0, *(_tld_end(text, label, min(len(text), end + 1)) for label in self._starts[1:])]
        self.possible = any(self._tld_ends)
        if self.possible:
            self._find_last_tlds()
        self._label = 0

    def _find_last_tlds(self) -> None:
        # last[k]: the last label that may be the TLD of a host whose labels k, k+1, ... are whole and valid; 0 for none.
        self._last = [0] * (len(self._starts) + 1)
        for label in range(len(self._starts) - 2, -1, -1):
            if self._valid(label, self._starts[label], underscore=True):
                self._last[label] = self._last[label + 1]
                if not self._last[label] and self._tld_ends[label + 1] and self._valid(label, self._starts[label], underscore=False):
                    self._last[label] = label + 1

    def _valid(self, label: int, start: int, *, underscore: bool) -> bool:
        end = self._ends[label]
        if start >= end or self._text[start] in "_-" or self._text[end - 1] in "_-":
            return False
        return underscore or self._text.rfind("_", start, end) < 0

    def end_from(self, start: int) -> int:
        """End of the longest host that starts at ``start``; 0 for none. Starts must be asked for in increasing order."""
        while self._label + 1 < len(self._starts) and self._starts[self._label + 1] <= start:
            self._label += 1
        label = self._label
        last = self._last[label + 1]
        if last:
            return self._tld_ends[last] if self._valid(label, start, underscore=True) else 0
        if label + 1 < len(self._starts) and self._tld_ends[label + 1] and self._valid(label, start, underscore=False):
            return self._tld_ends[label + 1]
        return 0


def _valid_length(text: str, start: int, host_start: int, host_end: int, end: int) -> bool:
    """Whether every label, encoded for the domain name system, is short enough, and so is the URL."""
    length = end - start
    host = text[host_start:host_end]
    if host.isascii():
        return length <= MAXIMUM_URL_LENGTH and all(len(label) <= MAXIMUM_LABEL_LENGTH for label in host.split("."))
    for label in host.split("."):
        if len(label) > MAXIMUM_LABEL_LENGTH:
            return False
        if not label.isascii():
            encoded = len(label.encode("punycode")) + len("xn--")
            if encoded > MAXIMUM_LABEL_LENGTH or label[:4].lower() == "xn--":
                return False
            length += encoded - len(label)
    return length <= MAXIMUM_URL_LENGTH


def _tail_end(text: str, host_end: int) -> tuple[int, bool]:
    """End of port, path and query behind a host, and whether there is a path."""
    end = host_end
    port = _PORT.match(text, end)
    if port:
        end = port.end()
    path = _PATH.match(text, end)
    if path:
        end += len(path.group().rstrip(_NOT_AT_PATH_END))
    query = _QUERY.match(text, end)
    if query:
        kept = len(query.group()[1:].rstrip(_NOT_AT_QUERY_END))
        end += kept + 1 if kept else 0
    return end, bool(path)


def _take_with_protocol(text: str, start: int, host_start: int, host_end: int, found: list[Entity]) -> int:
    end, _ = _tail_end(text, host_end)
    if not _valid_length(text, start, host_start, host_end, end):
        return end
    taken = end
    short = _SHORT_LINK.match(text, start, end)
    if short:
        if len(short.group(1)) > MAXIMUM_SHORT_LINK_SLUG:
            return end
        # Nothing but a query may follow the slug of the network's own short links.
        query = _QUERY.match(text, short.end(), end)
        kept = len(query.group()[1:].rstrip(_NOT_AT_QUERY_END)) if query else 0
        taken = short.end() + (kept + 1 if kept else 0)
    found.append(Entity(start, taken, text[start:taken]))
    return end


def _take_without_protocol(text: str, start: int, host_end: int, found: list[Entity]) -> int:
    end, has_path = _tail_end(text, host_end)
    if (start and text[start - 1] in "-_./") or not _valid_length(text, start, start, host_end, end):
        return end
    hosts = list(_latin_hosts(text, start, host_end))
    if hosts and has_path:
        hosts[-1] = (hosts[-1][0], end)
    found.extend(Entity(first, last, text[first:last]) for first, last in hosts)
    return end


def _latin_hosts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Hosts of Latin letters inside a host that may mix scripts: without protocol, other scripts are the sentence around."""
    for run in _LATIN_HOST_RUN.finditer(text, start, end):
        position = run.start()
        while position < run.end():
            last = 0
            label = position
            while True:
                dot = text.find(".", label, run.end())
                if dot <= label:
                    break
                label = dot + 1
                last = _tld_end(text, label, end) or last
            if last:
                yield position, last
            # A group of labels ends at an empty label or at the end of the run.
            next_group = text.find(".", label, run.end())
            position = max(last, next_group + 1 if next_group >= 0 else run.end())
