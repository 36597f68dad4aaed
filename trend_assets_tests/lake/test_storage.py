"""One protocol, two storages: whatever holds for a folder holds for a bucket."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trend_assets.lake.storage import ConflictError, LocalStorage, MissingExtraError, Storage, open_storage
from trend_assets_tests.storages import DEADLINE, KINDS, cloud_endpoint, new_bucket, new_storage

PATH = "landing/network=x/hour=2026-09-01T00/one.jsonl.zst"


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return new_storage(request.param, tmp_path / "root")


def test_what_is_written_is_read(storage: Storage) -> None:
    for content in (b"", b"x", os.urandom(3_000_000)):
        storage.write_new(PATH, content)
        assert storage.read(PATH) == content
        with storage.open_input(PATH) as file:
            assert file.read() == content


def test_writing_the_same_content_again_is_harmless(storage: Storage) -> None:
    storage.write_new(PATH, b"same")
    storage.write_new(PATH, b"same")
    assert storage.read(PATH) == b"same"
    assert storage.list() == [PATH]


def test_absent_files_are_file_not_found(storage: Storage) -> None:
    for read in (storage.read, storage.open_input, storage.read_with_generation):
        with pytest.raises(FileNotFoundError):
            read("absent/file")


def test_deleting_twice_is_harmless(storage: Storage) -> None:
    storage.write_new(PATH, b"x")
    storage.delete(PATH)
    storage.delete(PATH)
    assert storage.list() == []


def test_listing_is_sorted_and_takes_a_string_prefix(storage: Storage) -> None:
    paths = ["a/b/2", "a/b/1", "a/bc/1", "b", "a/b.txt"]
    for path in paths:
        storage.write_new(path, path.encode())
    assert storage.list() == sorted(paths)
    assert storage.list("a/b") == ["a/b.txt", "a/b/1", "a/b/2", "a/bc/1"]
    assert storage.list("a/b/") == ["a/b/1", "a/b/2"]
    assert storage.list("nothing/here") == []
    assert [(entry.path, entry.size) for entry in storage.entries("b")] == [("b", 1)]
    assert all(abs(entry.modified - datetime.now(UTC)) < timedelta(minutes=1) for entry in storage.entries())


def test_folders_are_named_without_what_is_in_them(storage: Storage) -> None:
    for path in ("network=x/hour=1/a", "network=x/hour=2/b", "network=y/hour=1/c", "file"):
        storage.write_new(path, b"x")
    assert storage.folders() == ["network=x", "network=y"]
    assert storage.folders("network=x") == ["network=x/hour=1", "network=x/hour=2"]
    assert storage.folders("network=z") == []
    with pytest.raises(ValueError, match="refused"):
        storage.folders("../elsewhere")


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../outside", "a/../../outside", "a//b", "a/.", "a/", ".hidden", "a/.locks/x", "a\\b", "a\0b"]
)
def test_paths_that_could_leave_the_root_are_refused(storage: Storage, path: str) -> None:
    for operation in (storage.read, storage.delete, storage.uri, lambda p: storage.write_new(p, b"")):
        with pytest.raises(ValueError, match="refused"):
            operation(path)
    with pytest.raises(ValueError, match="refused"):
        storage.list("../")


def test_swap_follows_the_generation(storage: Storage) -> None:
    first = storage.compare_and_swap(PATH, b"1", None)
    assert storage.read_with_generation(PATH) == (b"1", first)
    second = storage.compare_and_swap(PATH, b"2", first)
    with pytest.raises(ConflictError, match="read it again"):
        storage.compare_and_swap(PATH, b"3", first)
    with pytest.raises(ConflictError):
        storage.compare_and_swap(PATH, b"3", None)
    assert storage.read_with_generation(PATH) == (b"2", second)
    storage.delete(PATH)
    with pytest.raises(ConflictError):
        storage.compare_and_swap(PATH, b"3", second)
    assert storage.list() == []


def test_a_repeated_swap_counts_as_done(storage: Storage) -> None:
    """A retried request whose first answer got lost must not look like a conflict."""
    first = storage.compare_and_swap(PATH, b"1", None)
    assert storage.compare_and_swap(PATH, b"1", None) == first


def test_of_many_creators_one_wins(storage: Storage) -> None:
    def create(number: int) -> str | None:
        try:
            return storage.compare_and_swap(PATH, f"writer {number}".encode(), None)
        except ConflictError:
            return None

    with ThreadPoolExecutor(8) as pool:
        winners = [number for number, won in enumerate(pool.map(create, range(16))) if won]
    assert len(winners) == 1
    assert storage.read(PATH) == f"writer {winners[0]}".encode()


def test_concurrent_increments_are_not_lost(storage: Storage) -> None:
    storage.compare_and_swap("counter", b"0 start", None)

    def increment(writer: int) -> None:
        while True:
            data, generation = storage.read_with_generation("counter")
            try:
                storage.compare_and_swap("counter", b"%d writer %d" % (int(data.split()[0]) + 1, writer), generation)
                return
            except ConflictError:
                continue

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(increment, range(20)))
    assert storage.read("counter").split()[0] == b"20"


def test_uri_is_what_engines_open(storage: Storage, tmp_path: Path) -> None:
    uri = storage.uri("a/b.parquet")
    assert uri == str(tmp_path / "root/a/b.parquet") or (uri.startswith("gs://lake-") and uri.endswith("/some/prefix/a/b.parquet"))


# -- local folder only ---------------------------------------------------------------------------------------------


def test_temporaries_are_never_listed_and_are_swept_when_old(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.write_new("a/b", b"x")
    storage.compare_and_swap("a/c", b"x", None)
    left = tmp_path / "a/.b.0123456789abcdef.tmp"
    left.write_bytes(b"half")
    assert storage.list() == ["a/b", "a/c"]
    assert storage.sweep("a/", datetime.now(UTC) - timedelta(hours=1)) == []
    assert storage.sweep("a/", datetime.now(UTC) + timedelta(hours=1)) == ["a/.b.0123456789abcdef.tmp"]
    assert not left.exists()
    assert storage.read("a/b") == b"x"


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
@pytest.mark.parametrize("swap", [False, True])
def test_every_failing_system_call_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, swap: bool) -> None:
    """Fail the n-th call for every n: the file holds the old content, or all of the new once the rename happened."""
    storage = LocalStorage(tmp_path)
    generation = storage.compare_and_swap("folder/file", b"old", None)
    real: Callable[..., object] = getattr(os, call)
    failures = 0
    for n in range(1, 20):
        calls = 0

        def failing(*arguments: object, failing_call: int = n, **options: object) -> object:
            nonlocal calls
            calls += 1
            if calls == failing_call:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*arguments, **options)

        monkeypatch.setattr(os, call, failing)
        try:
            if swap:
                storage.compare_and_swap("folder/file", b"new content", generation)
            else:
                storage.write_new("folder/file", b"new content")
        except OSError:
            failures += 1
        finally:
            monkeypatch.undo()
        assert storage.read("folder/file") in (b"old", b"new content")
        assert storage.list() == ["folder/file"]
        assert not list(tmp_path.rglob(".*.tmp"))
        if calls < n:
            assert storage.read("folder/file") == b"new content"
            break
        storage.write_new("folder/file", b"old")
    assert failures == n - 1 >= 1


def test_a_lock_dies_with_its_holder(tmp_path: Path) -> None:
    """A writer killed while it holds the lock does not stop the next one."""
    script = (
        "import os, signal, sys\n"
        "from trend_assets.lake.storage import LocalStorage\n"
        "kill = lambda step: step.endswith(': locked') and os.kill(os.getpid(), signal.SIGKILL)\n"
        "LocalStorage(sys.argv[1], on_step=kill).compare_and_swap('file', b'killed', None)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert killed.returncode == -9
    LocalStorage(tmp_path).compare_and_swap("file", b"next", None)
    assert LocalStorage(tmp_path).read("file") == b"next"


# -- choosing ------------------------------------------------------------------------------------------------------


def test_unknown_roots_are_refused() -> None:
    for root, message in (("", "empty"), ("s3://bucket/x", "only local folders"), ("gs://", "names no bucket")):
        with pytest.raises(ValueError, match=message):
            open_storage(root, endpoint="http://127.0.0.1:1")


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "trend_assets.lake.cloud_storage", raising=False)
    monkeypatch.setitem(sys.modules, "google.cloud.storage", None)
    monkeypatch.setitem(sys.modules, "google.api_core", None)
    with pytest.raises(MissingExtraError, match=r"trend-assets\[gcp\]"):
        open_storage("gs://bucket/lake")


def test_the_emulator_variable_of_the_client_library_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint, root = cloud_endpoint(), new_bucket()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", endpoint)
    storage = open_storage(root, deadline=DEADLINE)
    storage.write_new("a", b"x")
    assert open_storage(root, endpoint=endpoint, deadline=DEADLINE).read("a") == b"x"


def test_importing_storage_does_not_import_googles_client() -> None:
    script = "import sys, trend_assets.lake.lake; sys.exit(any(name.startswith('google.cloud.storage') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
