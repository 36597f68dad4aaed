from __future__ import annotations

import gzip
import io
import zipfile

import pyarrow as pa
import pytest

from trend_assets.lib.sources import containers
from trend_assets.lib.sources.containers import RefusedFileError, input_files, lines_of

FORMATS = (".jsonl", ".json")
LINES = b'{"a":1}\n\n{"a":2}\r\n{"a":3}'


def zstd(data):
    return pa.Codec("zstd").compress(data, asbytes=True)


def read(path):
    [file] = input_files(path, FORMATS)[0]
    return list(file.lines())


@pytest.mark.parametrize(("name", "pack"), [("a.jsonl", bytes), ("a.jsonl.gz", gzip.compress), ("a.JSONL.zst", zstd)])
def test_lines_are_read_from_plain_and_compressed_files(tmp_path, name, pack):
    path = tmp_path / name
    path.write_bytes(pack(b"\xef\xbb\xbf" + LINES))
    assert read(path) == [(b'{"a":1}', ""), (b'{"a":2}', ""), (b'{"a":3}', "")]


def test_several_frames_of_one_compressed_file_are_all_read(tmp_path):
    for name, pack in (("a.jsonl.gz", gzip.compress), ("a.jsonl.zst", zstd)):
        (tmp_path / name).write_bytes(pack(b"1\n") + pack(b"2\n"))
        assert [line for line, _ in read(tmp_path / name)] == [b"1", b"2"]


def test_damage_ends_the_lines_with_what_was_read(tmp_path):
    import random

    data = b"".join(b'{"a":"%032x"}\n' % random.Random(number).getrandbits(128) for number in range(100_000))
    for name, pack in (("a.jsonl.gz", gzip.compress), ("a.jsonl.zst", zstd)):
        path = tmp_path / name
        packed = pack(data)
        path.write_bytes(packed[: len(packed) // 2])
        lines = read(path)
        assert len(lines) > 10_000
        assert [bool(damage) for _, damage in lines] == [False] * (len(lines) - 1) + [True]
        assert data.startswith(b"\n".join(line for line, _ in lines))


def test_lines_of_any_length_and_chunking(monkeypatch):
    monkeypatch.setattr(containers, "_CHUNK", 3)
    assert [line for line, _ in lines_of(io.BytesIO(LINES))] == [b'{"a":1}', b'{"a":2}', b'{"a":3}']
    monkeypatch.setattr(containers, "_LONGEST_LINE", 10)
    pieces = [line for line, _ in lines_of(io.BytesIO(b"x" * 100 + b"\ny"))]
    assert b"".join(pieces) == b"x" * 100 + b"y"
    assert max(map(len, pieces)) < 20


def test_an_archive_gives_its_files_of_records_and_says_what_it_passed_over(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("b/posts.jsonl", LINES)
        archive.writestr("a/posts.jsonl.gz", gzip.compress(LINES))
        archive.writestr("LICENSE", "free")
        archive.writestr("../../evil.txt", "never written anywhere")
    files, skipped = input_files(path, FORMATS)
    assert [file.name for file in files] == ["a/posts.jsonl.gz", "b/posts.jsonl"]
    assert [[line for line, _ in file.lines()] for file in files] == [[b'{"a":1}', b'{"a":2}', b'{"a":3}']] * 2
    assert [file.shown for file in skipped] == ["a.zip/../../evil.txt", "a.zip/LICENSE"]


def test_bombs_are_refused(tmp_path, monkeypatch):
    zeros = bytes(64 << 20)
    for name, pack in (("a.jsonl.gz", gzip.compress), ("a.jsonl.zst", zstd)):
        (tmp_path / name).write_bytes(pack(zeros))
        with pytest.raises(RefusedFileError, match=r"a\.jsonl.*decompression bomb"):
            input_files(tmp_path / name, FORMATS)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.jsonl", zeros)
    with pytest.raises(RefusedFileError, match=r"a\.zip/bomb\.jsonl.*decompression bomb"):
        input_files(tmp_path / "a.zip", FORMATS)
    monkeypatch.setattr(containers, "MAX_EXPANDED_BYTES", 1 << 20)
    (tmp_path / "big.jsonl.gz").write_bytes(gzip.compress(b"x" * (2 << 20)))
    with pytest.raises(RefusedFileError, match="in pieces"):
        input_files(tmp_path / "big.jsonl.gz", FORMATS)


def test_what_is_no_file_of_records_is_refused_by_name(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04")
    for name, message in (
        ("a.txt", "this source reads .jsonl, .json"),
        ("broken.zip", "not a readable zip"),
        ("none.jsonl", "no such file"),
    ):
        with pytest.raises(RefusedFileError, match=message):
            input_files(tmp_path / name, FORMATS)


def test_a_damaged_member_is_met_as_damage(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("posts.jsonl", LINES)
    path.write_bytes(path.read_bytes().replace(b'{"a":2}', b'{"a":9}'))
    [file] = input_files(path, FORMATS)[0]
    assert len(file.sha256()) == 64
    assert "CRC" in list(file.lines())[-1][1]
