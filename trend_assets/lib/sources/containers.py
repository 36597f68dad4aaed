"""Containers of records: compressed streams and archives, opened with limits, never unpacked to disk.

What belongs here: zip members, gzip, zstandard, lines of a stream, protection against bombs. What doesn't: what a line
holds (``edge``), tables (``rows``).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

import pyarrow as pa

MAX_EXPANDED_BYTES = 2 << 30
MAX_EXPANSION = 200
"""A compressed file may expand to 2 GiB and to 200 times its size: posts compress 5 to 40 times."""

_EXPANSION_FLOOR = 16 << 20  # below this size a high ratio is harmless
_CHUNK = 1 << 20
_LONGEST_LINE = 64 << 20
DAMAGE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, pa.ArrowException, RuntimeError, NotImplementedError)
"""What reading a damaged or encrypted container raises."""


class RefusedFileError(ValueError):
    """A file that is not read at all; the message says why and what to do."""


@dataclass(frozen=True)
class InputFile:
    """One file of records: a file on disk or a member of an archive.

    ``name``: base name, or path inside the archive. ``shown``: what a person recognises. ``suffixes``: e.g.
    (".jsonl", ".gz"). ``open``: a fresh stream of its bytes as stored.
    """

    name: str
    shown: str
    suffixes: tuple[str, ...]
    size: int
    open: Callable[[], BinaryIO]

    @property
    def format(self) -> str:
        """The suffix without compression: .jsonl, .parquet, ..."""
        plain = [suffix for suffix in self.suffixes if suffix not in (".gz", ".zst")]
        return plain[-1] if plain else ""

    def sha256(self) -> str:
        """Hash of the bytes as stored, up to where they can be read."""
        digest = hashlib.sha256()
        try:
            with self.open() as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
        except DAMAGE as error:
            digest.update(f"damaged: {error}".encode())
        return digest.hexdigest()

    def lines(self) -> Iterator[tuple[bytes, str]]:
        """The lines of its decompressed bytes, as ``lines_of`` gives them."""
        try:
            stream = self.expanded()
        except DAMAGE as error:
            yield b"", str(error) or type(error).__name__
            return
        with stream:
            yield from lines_of(stream)

    def expanded(self) -> BinaryIO:
        """A fresh stream of its bytes, decompressed."""
        stream = self.open()
        if self.suffixes[-1:] == (".gz",):
            return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
        if self.suffixes[-1:] == (".zst",):
            return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"))
        return stream


@dataclass(frozen=True)
class SkippedFile:
    """A member that is not read, with the reason."""

    shown: str
    reason: str


def input_files(path: Path, formats: Sequence[str]) -> tuple[list[InputFile], list[SkippedFile]]:
    """The files of records in a file or archive, in order of name, and the members passed over.

    ``formats``: suffixes that the source reads. Raises ``RefusedFileError`` for a missing file, one of another format, a
    broken archive, a bomb.
    """
    if not path.is_file():
        raise RefusedFileError(f"{path}: no such file")
    if path.suffix.lower() != ".zip":
        file = InputFile(path.name, path.name, _suffixes(path.name), path.stat().st_size, lambda: path.open("rb"))
        if file.format not in formats:
            raise RefusedFileError(f"{path.name}: this source reads {', '.join(formats)} (also .gz, .zst, or inside .zip)")
        refuse_bomb(file)
        return [file], []
    try:
        with zipfile.ZipFile(path) as archive:
            infos = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename)
    except DAMAGE as error:
        raise RefusedFileError(f"{path.name}: not a readable zip archive ({error})") from error
    files, skipped = [], []
    for info in infos:
        shown = f"{path.name}/{info.filename}"
        file = InputFile(info.filename, shown, _suffixes(info.filename), info.file_size, _member_opener(path, info.filename))
        if file.format not in formats:
            skipped.append(SkippedFile(shown, f"not a file of records: this source reads {', '.join(formats)}"))
        elif info.flag_bits & 1:
            skipped.append(SkippedFile(shown, "encrypted: decrypt it first"))
        else:
            _refuse_ratio(shown, info.file_size, info.compress_size)
            refuse_bomb(file)
            files.append(file)
    return files, skipped


def refuse_bomb(file: InputFile) -> None:
    """Raises ``RefusedFileError`` for a compressed file that expands beyond the limits; reads it through once."""
    if file.suffixes[-1:] not in ((".gz",), (".zst",)):
        return
    expanded = 0
    try:
        with file.expanded() as stream:
            while chunk := stream.read(_CHUNK):
                expanded += len(chunk)
                _refuse_ratio(file.shown, expanded, file.size)
    except DAMAGE:
        return  # damage is met again when the records are read, and becomes a record


def _refuse_ratio(shown: str, expanded: int, stored: int) -> None:
    if expanded > MAX_EXPANDED_BYTES:
        raise RefusedFileError(f"{shown}: expands to more than {MAX_EXPANDED_BYTES >> 30} GiB; decompress it and ingest it in pieces")
    if expanded > _EXPANSION_FLOOR and expanded > MAX_EXPANSION * max(stored, 1):
        raise RefusedFileError(
            f"{shown}: expands to more than {MAX_EXPANSION} times its size, as a decompression bomb does; "
            "if it is meant, decompress it first and ingest the plain file"
        )


def lines_of(stream: BinaryIO) -> Iterator[tuple[bytes, str]]:
    """The lines of a stream without line ends, blank ones left out, each with "" or the damage that ended the stream.

    Only the last one can have damage: it holds what was read of the line before the damage. A line longer than 64 MiB
    comes in pieces.
    """
    rest = b""
    first = True
    # read1 gives what it has before it meets damage; read would give nothing of the whole chunk.
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    while True:
        try:
            chunk = read(_CHUNK)
        except DAMAGE as error:
            yield rest, str(error) or type(error).__name__
            return
        if first:
            chunk, first = chunk.removeprefix(b"\xef\xbb\xbf"), False
        elif not chunk:
            break
        if not chunk and not rest:
            break
        lines = (rest + chunk).split(b"\n") if b"\n" in chunk else [rest + chunk]
        rest = lines.pop()
        for line in lines:
            if line.strip():
                yield line.rstrip(b"\r"), ""
        if len(rest) > _LONGEST_LINE:
            yield rest, ""
            rest = b""
    if rest.strip():
        yield rest.rstrip(b"\r"), ""


def seekable(file: InputFile) -> BinaryIO:
    """A stream for formats that need to seek: the file itself, or in memory what is compressed. Raises what ``DAMAGE`` lists."""
    stream = file.expanded()
    if isinstance(stream, io.BufferedReader):
        return stream
    with stream:
        return io.BytesIO(stream.read())


def _suffixes(name: str) -> tuple[str, ...]:
    return tuple(suffix.lower() for suffix in PurePosixPath(name).suffixes)[-2:]


def _member_opener(path: Path, name: str) -> Callable[[], BinaryIO]:
    def open_member() -> BinaryIO:
        return cast(BinaryIO, zipfile.ZipFile(path).open(name))

    return open_member
