"""The doctor: fine on a whole town, names what is broken and what to do, and never breaks itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer

from trend_assets.cli import app
from trend_assets.doctor import folders, installation, orchestration, services
from trend_assets.doctor.examination import UnknownCheckError, examine
from trend_assets.doctor.surroundings import Diagnosis, Surroundings, Verdict
from trend_assets.settings import PROJECT_ROOT, load_settings
from trend_assets_tests.conftest import COMMAND, Town

NOW = datetime(2026, 9, 7, 12, tzinfo=UTC)


def doctor(folder: Path, working_folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TREND_ASSETS_", "DAGSTER_HOME", "LAKE_"))}
    command = [COMMAND, "doctor", "--data", str(folder), *arguments]
    return subprocess.run(command, env=environment | variables, cwd=working_folder, capture_output=True, text=True, check=False)


@pytest.fixture
def look(town, tmp_path, monkeypatch):
    """Surroundings of a town's folder, or of another one, whose settings are loaded."""

    def surroundings(folder: Path = town.folder, now: datetime = NOW, **variables: str) -> Surroundings:
        for name in [name for name in os.environ if name.startswith(("TREND_ASSETS_", "LAKE_"))]:
            monkeypatch.delenv(name)
        named = {"TREND_ASSETS_DATA": str(folder), "TREND_ASSETS_DAGSTER_STORAGE": str(folder / "dagster"), **variables}
        for name, value in named.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        load_settings.cache_clear()
        return Surroundings(folder, named, tmp_path, now)

    yield surroundings
    load_settings.cache_clear()


def parts_of(town: Town, folder: Path, *names: str) -> Path:
    """A data folder with copies of a few folders of the town, cheaper than a copy of all."""
    for name in names:
        shutil.copytree(town.folder / name, folder / name)
    settings = (town.folder / "settings.env").read_text().replace(str(town.folder), str(folder))
    (folder / "settings.env").write_text(settings)
    return folder


def test_a_whole_town_is_fine_and_nothing_is_changed(town, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in town.folder.rglob("*") if path.is_file() and ".db-" not in path.name}
    result = doctor(town.folder, tmp_path, "--json")
    told = json.loads(result.stdout)
    assert [row for row in told["checks"] if row["verdict"] == "wrong"] == []
    assert [row for row in told["checks"] if "could not be checked" in row["found"]] == []
    assert result.returncode == 0
    after = {path: path.stat().st_mtime_ns for path in town.folder.rglob("*") if path.is_file() and ".db-" not in path.name}
    assert after == before


def test_it_works_where_nothing_is(tmp_path):
    result = doctor(tmp_path / "nowhere", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "does not exist yet" in result.stdout
    assert "make run" in result.stdout
    assert not (tmp_path / "nowhere").exists(), "the doctor makes no folders"


def test_it_works_where_almost_everything_is_broken(tmp_path):
    data = tmp_path / "data"
    (data / "lake" / "social" / "raw_posts" / "hour=2026-09-01-0000").mkdir(parents=True)
    (data / "lake" / "social" / "raw_posts" / "hour=2026-09-01-0000" / "_manifest.json").write_bytes(b"\xff{")
    (data / "dagster").mkdir()
    (data / "dagster" / "runs.db").write_bytes(b"no database")
    (data / "settings.env").write_bytes(b"LAKE_START=yesterday\n")
    (tmp_path / ".env").write_text("TREND_ASSETS_ENVIRONMENT=prod\nTREND_ASSETS_WINDOW_HOURS=many\n")
    result = doctor(data, tmp_path, "--json")
    assert result.returncode == 1
    found = {row["name"]: row for row in json.loads(result.stdout)["checks"]}
    for variable in ("TREND_ASSETS_LAKE_START", "TREND_ASSETS_ENVIRONMENT", "TREND_ASSETS_WINDOW_HOURS"):
        assert variable in found["settings"]["found"]
    assert ".env" in found["settings"]["action"]
    assert found["settings"]["verdict"] == "wrong"
    assert found["definitions"]["verdict"] == "wrong"
    assert "could not be checked" in found["Dagster records"]["found"]
    assert found["lake"]["verdict"] == "not applicable", "it rests on the settings"
    assert found["Python"]["verdict"] == "fine"


def test_an_unknown_check_lists_those_there_are(look):
    with pytest.raises(UnknownCheckError, match="there are: Python, packages"):
        examine(look(), ["nonsense"])


def test_variables_that_dbt_or_dagster_read_are_known(look):
    for name in ("TREND_ASSETS_BIGQUERY_METHOD", "TREND_ASSETS_MIRROR", "TREND_ASSETS_DAGSTER_STORAGE"):
        assert installation.unknown_variables(look(**{name: "x"})).verdict is Verdict.FINE
    assert "did you mean" in installation.unknown_variables(look(TREND_ASSETS_WINDOW_HOUR="3")).found


def test_every_command_that_an_action_names_exists():
    sources = "".join(path.read_text() for path in (PROJECT_ROOT / "trend_assets" / "doctor").glob("*.py"))
    named = {tuple(words.split()) for words in re.findall(r"\{surroundings\.command\} ([a-z]+(?: (?:train|list|show))?)\b", sources)}
    assert ("models", "train") in named
    application = typer.main.get_command(app)
    for group, *rest in named:
        command = application.commands[group]
        assert not hasattr(command, "commands") or (rest and rest[0] in command.commands), group


def wrong_settings(look, content: str, name: str = ".env") -> Diagnosis:
    surroundings = look()
    (surroundings.working_folder / name).write_text(content)
    load_settings.cache_clear()
    return installation.settings(surroundings)


def test_a_wrong_setting_is_named_without_its_value(look):
    found = wrong_settings(look, "TREND_ASSETS_SEAL_AFTER_HOURS=secret-word\n")
    assert found.verdict is Verdict.WRONG
    assert "TREND_ASSETS_SEAL_AFTER_HOURS" in found.found
    assert "secret-word" not in found.found


def test_a_list_that_is_no_json_says_how_to_write_it(look):
    found = wrong_settings(look, "TREND_ASSETS_BRANDS=zara, asos\n")
    assert (found.verdict, found.found.split()[0]) == (Verdict.WRONG, "TREND_ASSETS_BRANDS")
    assert '["zara", "asos"]' in found.action


def test_a_line_that_is_no_setting_is_named(look):
    found = wrong_settings(look, "TREND_ASSETS_WINDOW_HOURS=24\nthis is = 'no setting\n")
    assert (found.verdict, found.found) == (Verdict.WRONG, ".env line 2 is no setting")


def test_the_place_that_wins_is_told(look):
    surroundings = look(TREND_ASSETS_WINDOW_HOURS="12")
    (surroundings.working_folder / ".env").write_text("TREND_ASSETS_WINDOW_HOURS=24\nLAKE_START=2026-08-31T00:00:00Z\n")
    load_settings.cache_clear()
    found = installation.settings(surroundings)
    assert found.verdict is Verdict.FINE
    assert "TREND_ASSETS_WINDOW_HOURS in .env is overridden by the environment" in found.found
    assert "TREND_ASSETS_LAKE_START in" in found.found
    assert load_settings().window_hours == 12


def test_a_misspelt_variable_gets_a_proposal(look):
    found = installation.unknown_variables(look(TREND_ASSETS_BRAND="zara"))
    assert found.verdict is Verdict.WARNING
    assert "TREND_ASSETS_BRAND in the environment (did you mean TREND_ASSETS_BRANDS?)" in found.found


def test_the_development_key_is_fine_for_a_town_only(look, tmp_path):
    assert installation.pseudonyms(look()).verdict is Verdict.FINE
    (tmp_path / "own" / "landing").mkdir(parents=True)
    assert installation.pseudonyms(look(tmp_path / "own")).verdict is Verdict.WARNING
    assert installation.pseudonyms(look(tmp_path / "own", TREND_ASSETS_PSEUDONYM_KEY="long and random")).verdict is Verdict.FINE


def test_data_in_a_bucket_are_looked_at_only_when_asked(tmp_path):
    result = doctor_of_bucket(tmp_path, "--only", "cloud", "--only", "lake", "--only", "settings")
    assert result.returncode == 0, result.stdout + result.stderr
    told = " ".join(result.stdout.split())
    assert "the data are in gs://some-bucket/staging: asked with --online only" in told
    assert "settings are complete" in told


def test_staging_names_everything_that_is_missing(tmp_path):
    result = doctor_of_bucket(tmp_path, "--only", "settings", TREND_ASSETS_BIGQUERY_PROJECT="", TREND_ASSETS_PSEUDONYM_KEY="")
    assert result.returncode == 1
    for variable in ("TREND_ASSETS_PSEUDONYM_KEY", "TREND_ASSETS_BIGQUERY_PROJECT"):
        assert variable in result.stdout


def doctor_of_bucket(working_folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TREND_ASSETS_", "DAGSTER_HOME", "LAKE_"))}
    staging = {"TREND_ASSETS_ENVIRONMENT": "staging", "TREND_ASSETS_DATA": "gs://some-bucket/staging"}
    staging |= {"TREND_ASSETS_BIGQUERY_PROJECT": "some-project", "TREND_ASSETS_PSEUDONYM_KEY": "secret", **variables}
    command = [COMMAND, "doctor", *arguments]
    return subprocess.run(command, env=environment | staging, cwd=working_folder, capture_output=True, text=True, check=False)


def test_packages_are_compared_with_the_lock(look, monkeypatch):
    assert installation.packages(look()).verdict is Verdict.FINE
    locked = installation._locked_versions(installation.PROJECT_ROOT / "requirements.lock")
    monkeypatch.setattr(installation, "_locked_versions", lambda _: locked | {"pyarrow": "1.0", "no-such-package": "2.0"})
    found = installation.packages(look())
    assert found.verdict is Verdict.WARNING
    assert "not installed: no-such-package" in found.found
    assert "instead of 1.0" in found.found


def test_damaged_landing_files_and_strangers_are_named(town, tmp_path, look):
    data = parts_of(town, tmp_path / "data", "landing")
    assert folders.landing_files(look(data)).verdict is Verdict.FINE
    (data / "landing" / "network=x" / "notes.txt").write_text("a stranger")
    found = folders.landing_files(look(data))
    assert (found.verdict, "notes.txt" in found.found) == (Verdict.WARNING, True)
    file = sorted((data / "landing" / "network=x").rglob("*.zst"))[5]
    file.write_bytes(b"")
    found = folders.landing_files(look(data))
    assert (found.verdict, file.name in found.found, "(empty)" in found.found) == (Verdict.WRONG, True, True)


def test_files_that_no_table_rests_on_are_a_backlog_once_their_hour_is_sealed(town, tmp_path, look):
    data = parts_of(town, tmp_path / "data", "landing", "lake/social/landing_counts")
    assert folders.backlog(look(data)).verdict is Verdict.FINE
    file = next((data / "landing" / "network=x" / "hour=2026-09-02T05").iterdir())
    shutil.copy(file, file.with_name("00-copy-" + file.name))
    found = folders.backlog(look(data))
    assert found.verdict is Verdict.WARNING
    assert "1 landing files of 1 sealed hours are not read yet, the oldest of 2026-09-02-05:00" in found.found
    assert found.action.endswith("trend-assets seal")
    assert folders.backlog(look(data, now=datetime(2026, 9, 2, 7, tzinfo=UTC))).verdict is Verdict.FINE, "the hour is not sealed yet"


def test_hours_outside_the_lake_are_told_with_the_line_to_set(look):
    found = folders.backlog(look(LAKE_START="2026-09-03T00:00:00Z"))
    assert found.verdict is Verdict.WARNING
    assert found.action.startswith("LAKE_START=2026-09-01T00:00:00Z")


def test_a_damaged_part_and_a_hole_are_named_with_the_command_that_mends_them(town, tmp_path, look):
    data = parts_of(town, tmp_path / "data", "lake/social")
    assert folders.lake_tables(look(data)).verdict is Verdict.FINE
    assert folders.gaps(look(data)).verdict is Verdict.FINE
    part = next((data / "lake" / "social" / "raw_posts" / "hour=2026-09-02-0500").glob("part-*"))
    part.write_bytes(part.read_bytes()[:-1])
    found = folders.lake_tables(look(data))
    assert (found.verdict, "social/raw_posts [2026-09-02-05:00]" in found.found) == (Verdict.WRONG, True)
    assert found.action.endswith("replay 2026-09-02-05:00 2026-09-02-05:00 --tables social/raw_posts --restore")
    shutil.rmtree(data / "lake" / "social" / "clean_posts" / "hour=2026-09-03-0400")
    found = folders.gaps(look(data))
    assert (found.verdict, "2026-09-03-04:00" in found.found) == (Verdict.WARNING, True)


def test_replaced_parts_are_counted_as_garbage(town, tmp_path, look):
    data = parts_of(town, tmp_path / "data", "lake/social")
    (data / "lake" / "social" / "raw_posts" / "hour=2026-09-02-0500" / "part-old.parquet").write_bytes(b"x" * 1000)
    (data / "lake" / "social" / "raw_posts" / "hour=2026-09-02-0500" / ".part-new.parquet.0.tmp").write_bytes(b"x")
    assert folders.garbage(look(data)).found == "1 replaced parts (1 kB), 1 temporary files of stopped writers"


def test_a_warehouse_file_that_is_missing_old_or_damaged_is_told(town, tmp_path, look):
    data = parts_of(town, tmp_path / "data", "lake/topics/trends")
    assert folders.warehouse_file(look(data)).verdict is Verdict.WARNING
    (data / "lake" / "trends.duckdb").write_bytes(b"no database")
    assert folders.warehouse_file(look(data)).verdict is Verdict.WRONG
    shutil.copy(town.folder / "lake" / "trends.duckdb", data / "lake" / "trends.duckdb")
    assert folders.warehouse_file(look(data)).verdict is Verdict.FINE
    last = sorted((data / "lake" / "topics" / "trends").iterdir())[-1]
    shutil.copytree(last, last.with_name("hour=2026-09-07-0500"))
    found = folders.warehouse_file(look(data))
    assert (found.verdict, "the lake has 1 hours more" in found.found) == (Verdict.WARNING, True)


def test_a_full_disk_a_missing_right_and_a_bad_file_system_are_wrong(look, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    surroundings = look(tmp_path / "data")
    assert folders.file_system(surroundings).verdict is Verdict.FINE
    assert list((tmp_path / "data").iterdir()) == []
    monkeypatch.setattr(folders.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, 5 * 10**8))
    assert folders.disk_space(surroundings).verdict is Verdict.WRONG
    monkeypatch.setattr(folders.os, "access", lambda *_: False)
    assert folders.data_folder(surroundings).verdict is Verdict.WRONG

    def refused(*_: object) -> None:
        raise OSError("locks are not supported here")

    monkeypatch.undo()
    surroundings = look(tmp_path / "data")
    monkeypatch.setattr(folders.fcntl, "flock", refused)
    found = folders.file_system(surroundings)
    assert (found.verdict, found.found) == (Verdict.WRONG, "lock failed: locks are not supported here")


def test_files_from_the_future_are_told(town, tmp_path, look):
    data = parts_of(town, tmp_path / "data", "landing")
    assert folders.clock(look(data, now=datetime.now(UTC))).verdict is Verdict.FINE
    file = next((data / "landing" / "network=x").rglob("*.zst"))
    tomorrow = time.time() + 86_400
    os.utime(file, (tomorrow, tomorrow))
    assert folders.clock(look(data, now=datetime.now(UTC))).verdict is Verdict.WARNING


def test_retail_files_are_checked_against_their_mapping(town, tmp_path, look):
    assert services.retail(look()).verdict is Verdict.FINE
    assert services.retail(look(TREND_ASSETS_RETAIL_MAPPING=str(tmp_path / "none.yml"))).verdict is Verdict.WRONG
    assert services.retail(look(LAKE_END="2026-10-01T00:00:00Z", now=NOW + timedelta(days=20))).verdict is Verdict.WARNING, "old files"
    shutil.copytree(town.folder / "retail", tmp_path / "retail")
    products = tmp_path / "retail" / "products.csv"
    products.write_text(products.read_text().replace("unit_price", "price", 1))
    found = services.retail(look(TREND_ASSETS_RETAIL_MAPPING=str(tmp_path / "retail" / "mapping.yml")))
    assert (found.verdict, "unit_price" in found.found) == (Verdict.WRONG, True)


@pytest.mark.parametrize(
    ("address", "verdict", "told"),
    [
        (None, Verdict.WRONG, "TREND_ASSETS_RETAIL_DATABASE is not set"),
        ("mysql://reader:hunter2@db/shop", Verdict.WRONG, "only postgresql:// and mssql:// are supported"),
        ("postgresql://reader:hunter2@db/shop", Verdict.FINE, "asked with --online only"),
    ],
)
def test_the_address_of_a_database_is_judged_without_asking_the_database(look, address, verdict, told):
    variables = {"TREND_ASSETS_RETAIL_MAPPING": str(PROJECT_ROOT / "trend_assets" / "mappings" / "adventureworks_postgres.yml")}
    found = services.retail(look(**variables, **({"TREND_ASSETS_RETAIL_DATABASE": address} if address else {})))
    assert (found.verdict, told in found.found) == (verdict, True), found
    assert "hunter2" not in found.found + found.action


def test_the_model_store_is_read_without_mlflow(tmp_path, look):
    surroundings = look(tmp_path)
    assert services.model_store(surroundings).verdict is Verdict.NOT_APPLICABLE
    (tmp_path / "mlflow").mkdir()
    file = tmp_path / "mlflow" / "mlflow.db"
    file.write_bytes(b"no database at all, only text that is long enough to be looked at")
    assert services.model_store(surroundings).verdict is Verdict.WRONG
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("create table registered_models (name text)")
        connection.execute("create table registered_model_aliases (alias text, version integer, name text)")
        connection.execute("insert into registered_models values ('sentiment')")
    found = services.model_store(surroundings)
    assert (found.verdict, "sentiment has none" in found.found) == (Verdict.WARNING, True)
    with sqlite3.connect(file) as connection:
        connection.execute("insert into registered_model_aliases values ('champion', 3, 'sentiment')")
    assert services.model_store(surroundings).found.endswith("champion of sentiment (version 3)")


def test_a_port_in_use_by_another_program_is_told(look, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(services, "DAGSTER_PORT", other.getsockname()[1])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            monkeypatch.setattr(services, "BOARD_PORT", free.getsockname()[1])
        found = services.ports(look())
    assert found.verdict is Verdict.WARNING
    assert found.action.startswith(f"DAGSTER_PORT={services.DAGSTER_PORT + 1} make dev")


def test_a_switched_off_sensor_is_told_from_a_running_one():
    assert orchestration._is_on(None, "RUNNING")
    assert orchestration._is_on("DECLARED_IN_CODE", "RUNNING")
    assert orchestration._is_on("RUNNING", "STOPPED")
    assert not orchestration._is_on("STOPPED", "RUNNING")
    assert not orchestration._is_on(None, "STOPPED")


def test_a_dagster_home_without_configuration_is_wrong(look, tmp_path):
    assert orchestration.configuration(look()).verdict is Verdict.FINE
    assert orchestration.configuration(look(DAGSTER_HOME=str(tmp_path))).verdict is Verdict.WRONG
    (tmp_path / "dagster.yaml").write_text("run_storage: [")
    assert orchestration.configuration(look(DAGSTER_HOME=str(tmp_path))).verdict is Verdict.WRONG


def test_a_model_whose_file_was_left_out_is_a_warning_that_names_it(tmp_path, monkeypatch):
    surroundings = Surroundings(tmp_path, {}, tmp_path, NOW)
    load = orchestration.DefinitionsLoad(surroundings)
    told = {"assets": 60, "checks": 400, "seconds": 3.0, "left_out": ["tasks/half.py cannot be loaded: SyntaxError"]}
    monkeypatch.setattr(load, "answer", lambda: (told, ""))
    found = load.definitions(surroundings)
    assert found.verdict == "warning"
    assert "tasks/half.py" in found.found
