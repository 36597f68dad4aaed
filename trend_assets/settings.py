"""Every setting of the project: typed, documented, validated.

What belongs here: what a user may set, from the environment or ``.env`` (``.env.example`` lists them all).
What doesn't: constants of a method (they live with the method in ``lib/``), columns (``tables/``), partitions.

Only this module reads the environment. An unknown environment name or an unreadable value raises when settings load.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DEVELOPMENT_KEY = "development-key-not-for-production"
OBJECT_STORE = "gs://"
_BUCKET = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/[^/.][^/]*)*")
_DATASET_PREFIX = re.compile(r"[A-Za-z0-9_]{0,60}")


class Environment(StrEnum):
    """The three environments; anything else is refused."""

    DEV = "dev"
    STAGING = "staging"
    PRODUCTION = "production"


def _start_of_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


class Settings(BaseSettings):
    """Settings read from ``TREND_ASSETS_*`` variables or a ``.env`` file in the working folder."""

    model_config = SettingsConfigDict(
        env_prefix="TREND_ASSETS_",
        env_file=".env",
        extra="ignore",
        populate_by_name=True,
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,  # the input of a whole is all settings, secrets in clear text
    )

    environment: Environment = Field(Environment.DEV, description="dev, staging or production")
    data: str = Field(
        str(PROJECT_ROOT / "data"),
        description="Folder, or gs://bucket/prefix, that holds landing/ and lake/; set it in the environment, not in .env",
    )
    scratch: str = Field(
        "",
        description="Local folder for what must be local: dbt's working files, MLflow's SQLite file; default: data where that is a folder",
    )
    lake_start: datetime = Field(
        default_factory=lambda: _start_of_hour(datetime.now(UTC)).replace(hour=0) - timedelta(days=400),
        validation_alias=AliasChoices("TREND_ASSETS_LAKE_START", "LAKE_START"),
        description="First hour of the lake (UTC); earlier posts are quarantined as outside_lake_window. Default: 400 days ago",
    )
    lake_end: datetime | None = Field(
        None,
        validation_alias=AliasChoices("TREND_ASSETS_LAKE_END", "LAKE_END"),
        description="End of the lake (UTC, exclusive); set for data of the past, unset for a lake that grows",
    )
    seal_after_hours: int = Field(2, ge=0, le=48, description="Hours after its end at which an hour is sealed")
    pseudonym_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_KEY), description="Key of the hash that turns account ids into pseudonyms; secret, stable"
    )
    brands: list[str] = Field(
        default_factory=list, description='Our brands, as a JSON list; their handles stay readable, e.g. ["zara", "asos"]'
    )
    retail_mapping: Path | None = Field(None, description="Mapping file (YAML) that says where the retail tables are")
    link_by_meaning: bool = Field(
        False, description="Link trends to products also by meaning, with an offline multilingual model (extra `embeddings`)"
    )
    window_hours: int = Field(24, ge=1, le=168, description="Length of the rolling window that topics are found in, hours")
    window_groups: int = Field(100_000, ge=100, description="Most near-duplicate groups in the window; more are sampled by hash")
    trend_authors: int = Field(5, ge=2, description="Fewest distinct authors for a trend to be raised")
    influence_half_life_hours: float = Field(24.0, gt=0, description="Half-life of the influencer ranking, hours")
    sensor_files: int = Field(500, ge=1, description="Most landing files looked at in one tick of a sensor; the rest waits for the next")
    live_groups: int = Field(20_000, ge=100, description="Most near-duplicate groups clustered in the live lane; more are sampled by hash")
    live_interval_seconds: int = Field(5, ge=1, description="How often the live sensor looks for new landing files, seconds")
    live_cpu_share: float = Field(
        0.3, gt=0.0, le=1.0, description="Share of a core that a live run takes at most: micro-batches of busy hours are spaced out"
    )
    live_run_seconds: int = Field(
        900, ge=30, description="After how many seconds the next live run starts beside the one under way and takes over from it"
    )
    collect_flush_seconds: float = Field(
        5.0, gt=0, description="A collector publishes landing files at least so often, seconds: posts wait no longer"
    )
    collect_flush_posts: int = Field(5_000, ge=1, description="A collector publishes landing files at the latest after so many records")
    collect_stall_seconds: float = Field(
        60.0, gt=0, description="A connection silent for so long, no record and no keep-alive, is dropped and made again, seconds"
    )
    collect_lease_seconds: float = Field(
        6.0, gt=0, description="A collector that gave no sign for so long has lost its source to the next one, seconds"
    )
    collect_buffer_megabytes: int = Field(
        64, ge=1, description="Memory for records received and not yet published; when it is full the source has to wait"
    )
    collect_port: int = Field(9470, ge=0, le=65535, description="Port of a collector's /metrics and /health on 127.0.0.1; 0: any free one")
    alert_webhook: SecretStr | None = Field(None, description='Address that gets each alert as a JSON POST {"text": ...}; secret')
    digest_language: Literal["en", "fr"] = Field("en", description="Language of the printed digest: en or fr")
    retail_database: SecretStr | None = Field(
        None, description="SQLAlchemy URL of the retailer's database, for mappings that use one; secret"
    )
    media_folder: Path | None = Field(None, description="Local folder with pictures of posts, named after media keys (docs/images.md)")
    media_hosts: list[str] = Field(
        default_factory=list,
        description='Hosts that pictures of posts may be fetched from, exactly, as a JSON list, e.g. ["pbs.twimg.com"]; default: none',
    )
    media_per_hour: int = Field(500, ge=1, description="Most pictures fetched of the posts of one hour")
    media_megabytes_per_hour: int = Field(256, ge=1, description="Most bytes fetched of the posts of one hour, MiB")
    media_most_kilobytes: int = Field(4096, ge=1, le=16384, description="Largest picture that is fetched, KiB")
    media_timeout_seconds: float = Field(10.0, gt=0, description="Longest that one picture may take, redirects included, seconds")
    tracking_uri: str = Field("", description="Where MLflow keeps experiments; default: a SQLite file in the data folder, no server")
    model_search_trials: int = Field(
        6, ge=1, description="Options that training a model tries at most; the same number gives the same choice"
    )
    model_search_seconds: float = Field(
        120.0, gt=0, description="No further options are tried after so many seconds; a model whose search was cut short says so, seconds"
    )
    bluesky_instances: list[str] = Field(
        default_factory=list,
        description="Jetstream instances to collect Bluesky from, as a JSON list of wss:// addresses; default: the public ones",
    )
    bluesky_collections: list[str] = Field(
        default_factory=lambda: ["app.bsky.feed.post", "app.bsky.feed.repost"],
        description="Collections of records to collect from Bluesky, as a JSON list; app.bsky.feed.* takes all below",
    )
    bluesky_languages: list[str] = Field(
        default_factory=list,
        description='Collect new Bluesky posts only in these languages, as a JSON list, e.g. ["fr", "en"]; default: all',
    )
    bluesky_keywords: list[str] = Field(
        default_factory=list, description="Collect new Bluesky posts only with one of these words, as a JSON list; default: all"
    )
    bigquery_project: str = Field("", description="Google Cloud project of the warehouse (staging, production)")
    bigquery_dataset_prefix: str = Field("", description="Prefix of the warehouse's datasets, so that environments can share a project")
    bigquery_location: str = Field("EU", description="Where the warehouse's datasets are: a region or EU, US; the bucket's region must fit")
    bigquery_endpoint: str = Field("", description="Address of BigQuery's API; default: Google's (tests set an emulator's)")
    storage_endpoint: str = Field("", description="Address of Cloud Storage's API; default: Google's (tests set an emulator's)")
    pubsub_project: str = Field("", description="Google Cloud project of the Pub/Sub topic and subscription")
    pubsub_topic: str = Field("", description="Pub/Sub topic that a collector publishes to instead of landing files; default: it lands")
    pubsub_subscription: str = Field("", description="Pub/Sub subscription that `collect --source pubsub` lands from")
    pubsub_source: Literal["x", "bluesky", "simulated"] = Field(
        "bluesky", description="Source of the records in the subscription; others go to the dead-letter topic"
    )
    pubsub_endpoint: str = Field("", description="Address of Pub/Sub's API; default: Google's (tests set an emulator's)")

    training_runs_on: Literal["local", "vertex"] = Field(
        "local", description="Where models are trained: on this machine, or as custom jobs of Vertex AI (docs/environments.md)"
    )
    vertex_project: str = Field("", description="Google Cloud project of the training jobs")
    vertex_region: str = Field("", description="Region of the training jobs, for instance europe-west1")
    vertex_staging: str = Field("", description="gs://bucket/prefix below which Vertex AI puts what a training job writes")
    vertex_image: str = Field(
        "", description="Container image of the training jobs: address with tag or digest (infra/training.Dockerfile)"
    )
    vertex_machine_type: str = Field("n1-standard-4", description="Machine of a training job")
    vertex_service_account: str = Field("", description="Service account that training jobs run as")
    vertex_timeout_hours: float = Field(6.0, gt=0, le=168, description="A training job that runs longer is ended, hours")
    vertex_endpoint: str = Field("", description="Address of Vertex AI's API; default: the region's (tests set a local server's)")

    x_bearer_token: SecretStr | None = Field(None, description="App-only bearer token of the X API; secret, from the environment only")
    x_mode: Literal["stream", "search", "counts"] = Field(
        "counts", description="How posts of X are collected: stream, search, or counts with samples of what breaks out (docs/x.md)"
    )
    x_rules: Path | None = Field(None, description="File (YAML) with the rules or terms asked of X; docs/x.md")
    x_prices: Path | None = Field(None, description="Price list (YAML) of X; default: the project's, with its date (docs/x.md)")
    x_budget_day: float | None = Field(10.0, ge=0, description="Most that X may cost on a UTC day, US dollars; buying stops there")
    x_budget_month: float | None = Field(200.0, ge=0, description="Most that X may cost in a calendar month (UTC), US dollars")
    x_backfill_minutes: int = Field(0, ge=0, le=5, description="Minutes the stream repeats after a reconnection (Enterprise access only)")
    x_poll_seconds: float = Field(300.0, ge=5, description="Mode search: how often each rule is asked, seconds")
    x_sample_posts: int = Field(100, ge=10, le=10_000, description="Mode counts: most posts bought of a term that breaks out, an hour")
    x_expansions: list[str] = Field(
        default_factory=list, description='More expansions asked of X, as a JSON list, e.g. ["author_id"]; X may charge what they bring'
    )
    x_endpoint: str = Field("https://api.x.com", description="Address of the X API; tests set their own server's")

    @field_validator("lake_start", "lake_end")
    @classmethod
    def _in_utc(cls, moment: datetime | None) -> datetime | None:
        if moment is None:
            return None
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return _start_of_hour(aware)

    @field_validator("data")
    @classmethod
    def _a_folder_or_bucket(cls, data: str) -> str:
        data = data if data.endswith("://") else data.rstrip("/") or data
        if data.startswith(OBJECT_STORE) and not _BUCKET.fullmatch(data):
            raise ValueError(f"{data!r} names no bucket: expected gs://bucket or gs://bucket/prefix")
        if "://" in data and not data.startswith(OBJECT_STORE):
            raise ValueError(f"{data!r} is neither a folder nor gs://bucket/prefix: other object stores are not supported")
        return data

    @field_validator("vertex_staging")
    @classmethod
    def _a_bucket(cls, staging: str) -> str:
        staging = staging.rstrip("/")
        if staging and not _BUCKET.fullmatch(staging):
            raise ValueError(f"{staging!r} names no bucket: expected gs://bucket or gs://bucket/prefix")
        return staging

    @field_validator("scratch")
    @classmethod
    def _a_local_folder(cls, scratch: str) -> str:
        if "://" in scratch:
            raise ValueError(f"{scratch!r} must be a local folder: dbt and SQLite cannot work in an object store")
        return scratch

    @field_validator("bigquery_dataset_prefix")
    @classmethod
    def _a_dataset_prefix(cls, prefix: str) -> str:
        if not _DATASET_PREFIX.fullmatch(prefix):
            raise ValueError(f"{prefix!r} must be letters, digits and underscores only, for instance staging_")
        return prefix

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if self.lake_end is not None and self.lake_end <= self.lake_start:
            raise ValueError(f"LAKE_END ({self.lake_end}) must be after LAKE_START ({self.lake_start})")
        missing = self._missing()
        if missing:
            raise ValueError(f"{self.environment} is not set up, set {'; '.join(missing)} (docs/environments.md)")
        return self

    def _missing(self) -> list[str]:
        """What staging and production need and this is not: all of it at once, so that one message is enough."""
        if self.environment is Environment.DEV:
            return []
        missing = []
        if self.pseudonym_key.get_secret_value() == DEVELOPMENT_KEY:
            missing.append("TREND_ASSETS_PSEUDONYM_KEY to a secret key of this environment (pseudonyms rest on it)")
        if not self.in_cloud:
            missing.append(f"TREND_ASSETS_DATA to gs://bucket/prefix (it is the folder {self.data}, which other machines cannot see)")
        if not self.bigquery_project:
            missing.append("TREND_ASSETS_BIGQUERY_PROJECT to the Google Cloud project of the warehouse")
        return missing

    @property
    def in_cloud(self) -> bool:
        """Whether landing files and the lake are in an object store."""
        return self.data.startswith(OBJECT_STORE)

    @property
    def scratch_folder(self) -> Path:
        """Local folder for working files; nothing in it is needed again except MLflow's SQLite file where that is the store."""
        if self.scratch:
            return Path(self.scratch)
        return PROJECT_ROOT / "data" if self.in_cloud else Path(self.data)

    @property
    def local_data(self) -> Path:
        """The data folder, for the commands that are for one machine only.

        Raises:
            ValueError: the data are in an object store; the message says what to do.
        """
        if self.in_cloud:
            raise ValueError(f"this needs a local data folder and TREND_ASSETS_DATA is {self.data}: set it to a folder, or use --data")
        return Path(self.data)

    @property
    def last_known(self) -> datetime | None:
        """When a lake with an end was known in full: the marts of its last day are made on the day after. None where it grows."""
        return None if self.lake_end is None else self.lake_end + timedelta(days=2)

    @property
    def landing_root(self) -> str:
        """Where landing files are."""
        return f"{self.data}/landing"

    @property
    def lake_root(self) -> str:
        """Where published tables are."""
        return f"{self.data}/lake"

    @property
    def tracking_database(self) -> str:
        """MLflow's tracking and registry store."""
        return self.tracking_uri or f"sqlite:///{self.scratch_folder}/mlflow/mlflow.db"

    @property
    def artifacts_root(self) -> str:
        """Where MLflow keeps models and pictures."""
        return f"{self.data}/mlflow/artifacts"

    @property
    def warehouse_file(self) -> Path:
        """DuckDB file that readers open (dev); swapped in whole after dbt's tests pass."""
        return (self.scratch_folder if self.in_cloud else Path(self.data)) / "lake" / "trends.duckdb"

    @property
    def working_warehouse_file(self) -> Path:
        """DuckDB file that dbt, and only dbt, writes (dev)."""
        return self.scratch_folder / "warehouse" / "working.duckdb"


def in_words(error: ValidationError) -> str:
    """Each wrong setting by its variable, without its value: it may be a secret."""
    problems = []
    for one in error.errors(include_url=False, include_input=False):
        name = str(one["loc"][0]) if one["loc"] else ""
        variable = name if name.isupper() else f"TREND_ASSETS_{name.upper()}" if name else "settings"
        problems.append(f"{variable}: {one['msg'].removeprefix('Value error, ')}")
    return "; ".join(problems)


@lru_cache
def load_settings() -> Settings:
    """The process's settings: variables, then ``.env``, then ``settings.env`` of the data folder (a demo writes it).

    Raises:
        pydantic.ValidationError: naming each wrong variable.
    """
    data = os.environ.get("TREND_ASSETS_DATA") or str(PROJECT_ROOT / "data")
    # A bucket holds no settings: they come from the environment of the deployment.
    return Settings(_env_file=".env" if "://" in data else (Path(data) / "settings.env", ".env"))
