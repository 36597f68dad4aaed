"""A real PostgreSQL server of the tests' own: started in a temporary folder, reached by a socket there, stopped at the end.

What belongs here: finding the programs, starting, stopping, running SQL. What doesn't: tests.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from trend_assets_tests.support import skip_or_fail

ADMINISTRATOR, PASSWORD = "postgres", "p@ss:w/rd%"


@dataclass(frozen=True)
class Server:
    """A running server: its folder holds the socket."""

    folder: Path

    def connect(self, database: str = "postgres", user: str = ADMINISTRATOR, password: str = PASSWORD) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.folder), dbname=database, user=user, password=password, autocommit=True)

    def run(self, sql: str, database: str = "postgres") -> None:
        with self.connect(database) as connection:
            connection.execute(sql)

    def address(self, user: str, password: str, database: str) -> str:
        from sqlalchemy.engine import URL

        url = URL.create("postgresql", user, password, database=database, query={"host": str(self.folder)})
        return url.render_as_string(hide_password=False)


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`: from PATH, from pg_config, or where Debian puts them."""
    candidates = [Path(found).resolve().parent for name in ("initdb", "postgres") if (found := shutil.which(name))]
    if configuration := shutil.which("pg_config"):
        said = subprocess.run([configuration, "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(said.stdout.strip()))
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in candidates if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def _unprivileged() -> dict[str, Any]:
    """How to start a process that refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return skip_or_fail("postgresql", "PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A running server; skips (see ``skip_or_fail``) where PostgreSQL is not installed."""
    binaries = programs()
    if binaries is None:
        skip_or_fail("postgresql", "PostgreSQL is not installed (Debian: apt-get install postgresql)")
    owner = _unprivileged()
    # not pytest's folder: another user may not enter it, and a socket's path has at most 107 characters
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        (folder / "password").write_text(PASSWORD)
        if owner:
            for path in (folder, folder / "password"):
                os.chown(path, owner["user"], owner["group"])
        prepare = [binaries / "initdb", "-D", folder / "data", "-U", ADMINISTRATOR, f"--pwfile={folder / 'password'}", "--no-sync"]
        prepare += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        done = subprocess.run(prepare, capture_output=True, text=True, check=False, cwd=folder, env={"LC_ALL": "C"}, **owner)
        assert done.returncode == 0, done.stderr
        settings = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off", "shared_buffers": "64MB"}
        options = [f"-c{name}={value}" for name, value in settings.items()]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", folder / "data", *options], stdout=log, stderr=log, cwd=folder, env={"LC_ALL": "C"}, **owner
            )
        try:
            running = Server(folder)
            _wait_for(running, process)
            yield running
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    import time

    for _ in range(300):
        with contextlib.suppress(psycopg.OperationalError):
            server.connect().close()
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError((server.folder / "log").read_text())
