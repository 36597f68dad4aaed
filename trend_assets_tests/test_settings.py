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


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_outside_dev_the_development_key_is_refused(monkeypatch, environment):
    with pytest.raises(ValidationError, match="TREND_ASSETS_PSEUDONYM_KEY"):
        make(monkeypatch, TREND_ASSETS_ENVIRONMENT=environment)
    settings = make(monkeypatch, TREND_ASSETS_ENVIRONMENT=environment, TREND_ASSETS_PSEUDONYM_KEY="a secret of ours")
    assert settings.environment is Environment(environment)
    assert "a secret of ours" not in repr(settings)


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
