"""From chunks of a stream's body to lines: X ends each post with CRLF and keeps the connection alive with blank lines.

What belongs here: splitting bytes. What doesn't: what a line says, the connection.
"""

from __future__ import annotations

LONGEST_LINE = 8 << 20
"""Bytes after which a line without an end is refused: a post with all its expansions is below 100 kB."""


class LineTooLongError(ValueError):
    """A stream that sends no line end is not the stream that was asked for."""


class Framer:
    """Splits a body into lines wherever its chunks end, also between CR and LF or within a character.

    JSON has no raw line feed inside a string, so a line feed always ends a line. A blank line is a keep-alive. O(bytes).
    """

    def __init__(self, longest_line: int = LONGEST_LINE) -> None:
        self._longest_line = longest_line
        self._pieces: list[bytes] = []
        self._size = 0
        self.keep_alives = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that end in this chunk, without line ends; blank ones are only counted.

        Raises ``LineTooLongError``.
        """
        *ended, rest = chunk.split(b"\n")
        lines = []
        for piece in ended:
            line = (b"".join([*self._pieces, piece]) if self._pieces else piece).strip()
            self._pieces, self._size = [], 0
            if line:
                lines.append(line)
            else:
                self.keep_alives += 1
        if rest:
            self._pieces.append(rest)
            self._size += len(rest)
            if self._size > self._longest_line:
                raise LineTooLongError(f"a line of more than {self._longest_line:,} bytes")
        return lines

    def rest(self) -> bytes:
        """What came after the last line end: cut off, where the stream ended here."""
        return b"".join(self._pieces).strip()
