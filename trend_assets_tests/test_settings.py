"""Settings refuse what they do not understand and say which variable is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from trend_assets.settings import PROJECT_ROOT, Environment, Settings


def make(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings(_env_file=None)


def test_an_unknown_environment_raises(monkeypatch):
    with pytest.raises(ValidationError, match="'dev', 'staging' or 'production'"):
        make(monkeypatch, TREND_ASSETS_ENVIRONMENT="prod")


CLOUD = {
    "TREND_ASSETS_PSEUDONYM_KEY": "a secret of ours",
    "TREND_ASSETS_DATA": "gs://bucket/production/",
    "TREND_ASSETS_BIGQUERY_PROJECT": "our-project",
}


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_outside_dev_a_bucket_a_project_and_a_secret_key_are_needed(monkeypatch, environment):
    settings = make(monkeypatch, TREND_ASSETS_ENVIRONMENT=environment, **CLOUD)
    assert settings.environment is Environment(environment)
    assert "a secret of ours" not in repr(settings)
    for name in CLOUD:
        with monkeypatch.context() as without:
            without.delenv(name)
            with pytest.raises(ValidationError, match=f"{environment} is not set up, set {name} to"):
                Settings(_env_file=None)


def test_no_secret_is_in_the_message_of_a_refusal(monkeypatch):
    secrets = {
        "TREND_ASSETS_PSEUDONYM_KEY": "a secret of ours",
        "TREND_ASSETS_RETAIL_DATABASE": "postgresql://reader:hunter2@db/shop",
        "TREND_ASSETS_ALERT_WEBHOOK": "https://chat.example/token-of-ours",
    }
    wrong = {"LAKE_START": "2026-09-02T00:00:00Z", "LAKE_END": "2026-09-01T00:00:00Z"}
    with pytest.raises(ValidationError, match="must be after LAKE_START") as of_the_whole:
        make(monkeypatch, **secrets, **wrong)
    monkeypatch.delenv("LAKE_END")
    with pytest.raises(ValidationError, match="LAKE_START") as of_one:
        make(monkeypatch, LAKE_START="hunter2")
    for told in (str(of_the_whole.value), str(of_one.value)):
        assert not [secret for secret in ("secret of ours", "hunter2", "token-of-ours") if secret in told]


def test_everything_missing_is_said_at_once(monkeypatch):
    with pytest.raises(ValidationError, match=r"PSEUDONYM_KEY to .*; TREND_ASSETS_DATA to gs://.*; TREND_ASSETS_BIGQUERY_PROJECT to"):
        make(monkeypatch, TREND_ASSETS_ENVIRONMENT="production")


def test_lake_and_landing_follow_the_data_root_and_working_files_stay_local(monkeypatch, tmp_path):
    local = make(monkeypatch, TREND_ASSETS_DATA=str(tmp_path))
    assert (local.landing_root, local.lake_root) == (f"{tmp_path}/landing", f"{tmp_path}/lake")
    assert local.local_data == tmp_path
    assert local.warehouse_file == tmp_path / "lake" / "trends.duckdb"
    cloud = make(monkeypatch, TREND_ASSETS_ENVIRONMENT="staging", TREND_ASSETS_SCRATCH=str(tmp_path), **CLOUD)
    assert (cloud.landing_root, cloud.lake_root) == ("gs://bucket/production/landing", "gs://bucket/production/lake")
    assert cloud.artifacts_root == "gs://bucket/production/mlflow/artifacts"
    assert cloud.tracking_database == f"sqlite:///{tmp_path}/mlflow/mlflow.db"
    assert cloud.working_warehouse_file.is_relative_to(tmp_path)
    assert cloud.warehouse_file.is_relative_to(tmp_path)
    with pytest.raises(ValueError, match="needs a local data folder"):
        assert cloud.local_data


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("TREND_ASSETS_DATA", "s3://bucket", "neither a folder nor gs://"),
        ("TREND_ASSETS_DATA", "gs://", "names no bucket"),
        ("TREND_ASSETS_DATA", "gs:///lake", "names no bucket"),
        ("TREND_ASSETS_DATA", "gs://bucket/../x", "names no bucket"),
        ("TREND_ASSETS_SCRATCH", "gs://bucket", "must be a local folder"),
        ("TREND_ASSETS_BIGQUERY_DATASET_PREFIX", "a-b", "letters, digits and underscores"),
    ],
)
def test_a_place_that_cannot_be_one_is_refused(monkeypatch, name, value, reason):
    with pytest.raises(ValidationError, match=reason):
        make(monkeypatch, **{name: value})


def test_settings_of_a_bucket_come_from_the_environment_alone(monkeypatch, tmp_path):
    from trend_assets.settings import load_settings

    (tmp_path / "settings.env").write_text("TREND_ASSETS_TREND_AUTHORS=9\n")
    monkeypatch.chdir(tmp_path)
    for data, authors in ((str(tmp_path), 9), ("gs://bucket", 5)):
        monkeypatch.setenv("TREND_ASSETS_DATA", data)
        load_settings.cache_clear()
        assert (load_settings().data, load_settings().trend_authors) == (data, authors)
    load_settings.cache_clear()


def test_lake_start_is_taken_in_utc_on_the_hour(monkeypatch):
    assert make(monkeypatch, LAKE_START="2021-12-01T05:30:00+02:00").lake_start == datetime(2021, 12, 1, 3, tzinfo=UTC)


def test_a_lake_that_ends_before_it_starts_is_refused(monkeypatch):
    with pytest.raises(ValidationError, match="must be after LAKE_START"):
        make(monkeypatch, LAKE_START="2026-01-02T00:00:00Z", LAKE_END="2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("name", "value"), [("LAKE_START", "yesterday"), ("TREND_ASSETS_TREND_AUTHORS", "0"), ("TREND_ASSETS_BRANDS", "zara")]
)
def test_an_unreadable_value_names_its_variable(monkeypatch, name, value):
    with pytest.raises(Exception, match=name.lower().removeprefix("trend_assets_") + "|" + name):
        make(monkeypatch, **{name: value})


def test_every_setting_is_documented_and_listed_in_the_example():
    example = (PROJECT_ROOT / ".env.example").read_text()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"TREND_ASSETS_{name.upper()}" in example or name.upper() in example, name
