"""`--data` of the commands: a folder, or a bucket that must stay one."""

import os

import pytest
from typer.testing import CliRunner

from trend_assets.cli import app
from trend_assets.commands import terminal
from trend_assets.commands.terminal import data_place
from trend_assets.operations.runs import prepare_environment
from trend_assets.settings import load_settings

BUCKET = "gs://lake-of-a-shop/staging"


@pytest.fixture(autouse=True)
def _unchanged_environment(monkeypatch):
    for name in ("TREND_ASSETS_DATA", "TREND_ASSETS_DAGSTER_STORAGE"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    yield
    monkeypatch.undo()
    load_settings.cache_clear()


def refused(arguments: list[str]) -> str:
    """What a command that ends with a user's error prints."""
    with terminal.console.capture() as captured:
        result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    return " ".join(captured.get().split())


def test_a_bucket_stays_a_bucket_and_local_files_go_to_the_scratch_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TREND_ASSETS_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.delenv("TREND_ASSETS_DAGSTER_STORAGE")
    monkeypatch.chdir(tmp_path)
    assert data_place(BUCKET) == BUCKET
    prepare_environment(BUCKET)
    assert load_settings().lake_root == f"{BUCKET}/lake"
    assert os.environ["TREND_ASSETS_DAGSTER_STORAGE"] == str(tmp_path / "scratch" / "dagster")
    assert [path.name for path in tmp_path.iterdir()] == ["scratch"], "no folder named gs:"


def test_a_folder_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert data_place("mine") == str(tmp_path / "mine")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["demo", "--data", BUCKET], "this needs a local data folder"),
        (["sql", "select 1", "--data", "gs://B"], "TREND_ASSETS_DATA: 'gs://B' names no bucket"),
        (["sql", "select 1", "--data", "s3://bucket"], "other object stores are not supported"),
    ],
)
def test_what_cannot_be_is_said_in_words(arguments, told):
    assert told in refused(arguments)


def test_a_wrong_setting_is_named_without_its_value(tmp_path, monkeypatch):
    monkeypatch.setenv("TREND_ASSETS_SEAL_AFTER_HOURS", "secret-word")
    (tmp_path / "lake").mkdir()
    message = refused(["sql", "select 1", "--data", str(tmp_path)])
    assert "TREND_ASSETS_SEAL_AFTER_HOURS" in message
    assert "secret-word" not in message


@pytest.mark.parametrize(
    "arguments",
    [
        ["sql", "select 1"],
        ["digest"],
        ["regret"],
        ["check"],
        ["as-of", "2026-09-10", "trends"],
        ["as-of"],
        ["cards", "list"],
        ["replay", "2026-09-10T00", "2026-09-10T01"],
        ["accept"],
        ["accept", "retail/orders", "prices_paid", "--since", "2026-09-14", "--reason", "moved"],
    ],
)
def test_without_a_data_folder_a_command_that_reads_says_so_and_makes_nothing(arguments, tmp_path):
    place = tmp_path / "data"
    said = refused([*arguments, "--data", str(place)])
    assert said.startswith(f"error: there are no data in {place} yet: trend-assets demo (make run) makes")
    assert not place.exists()


def test_the_ready_queries_are_listed_without_data(tmp_path):
    with terminal.console.capture() as captured:
        assert CliRunner().invoke(app, ["sql", "--data", str(tmp_path / "data")]).exit_code == 0
    assert "decision_cards_by_money_at_risk" in captured.get()
    assert not (tmp_path / "data").exists()
