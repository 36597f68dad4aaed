"""A data folder and a bucket are the same to the project: landing, ingest and assets give identical files; clients by environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trend_assets.environments import extra_resources
from trend_assets.lake.storage import Storage, open_storage
from trend_assets.landing.files import list_landing
from trend_assets.landing.ingest import ingest_files
from trend_assets.lib.sources.landing_file import read_lines
from trend_assets.settings import Settings
from trend_assets_tests.storages import cloud_endpoint, new_bucket

START = datetime(2026, 9, 1, tzinfo=UTC)
HOURS = [START + timedelta(hours=number) for number in (6, 7, 8)]
TEXTS = ("On adore ce manteau rouge, il est partout !", "Those red scarves are everywhere today", "Un café et mes bottes neuves #automne")


def posts() -> list[dict[str, Any]]:
    """Posts of three hours in two languages, some of them equal."""
    return [
        {
            "id": str(1000 + number),
            "text": f"{TEXTS[number % 3]} {number // 6}",
            "author_id": str(number % 7),
            "created_at": f"{HOURS[number % 3] + timedelta(minutes=number):%Y-%m-%dT%H:%M:%S.000Z}",
        }
        for number in range(45)
    ]


_MATERIALIZE = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
import dagster as dg
from trend_assets.defs.social.assets import clean_posts, raw_posts
from trend_assets.resources import LakeIOManager, LakeResource
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

tags = {"dagster/asset_partition_range_start": sys.argv[1], "dagster/asset_partition_range_end": sys.argv[2]}
told = []
for data in sys.argv[3:]:
    os.environ["TREND_ASSETS_DATA"] = data
    load_settings.cache_clear()
    root = load_settings().lake_root
    resources = {"lake": LakeResource(root=root), "io_manager": LakeIOManager(root=root)}
    result = dg.materialize([raw_posts, clean_posts], resources=resources, tags=tags)
    lake, found = resources["lake"].get(), {}
    for path, table in TABLES.items():
        if table.group == "social":
            manifests = lake.manifests(table)
            for key in manifests:
                lake.verify(table, key)
            found[path] = {key: [part.name for part in manifest.parts] for key, manifest in manifests.items()}
    told.append({"success": result.success, "root": lake.storage.uri("x"), "parts": found})
print(json.dumps(told))
"""


def ingested(folder: Path, storage: Storage) -> list[str]:
    """The posts landed in a storage by the code of `trend-assets ingest`; paths of the landing files."""
    file = folder / "posts.jsonl"
    file.write_text("\n".join(json.dumps({"data": post}) for post in posts()))
    ingest_files([file], "x", storage, received_at=START + timedelta(hours=9), lake_start=START, lake_end=None)
    return storage.list("network=")


def materialized(tmp_path: Path, *roots: str, **variables: str) -> list[dict[str, Any]]:
    """What a run of raw_posts and clean_posts over the three hours published, for each data root."""
    environment = {
        **os.environ,
        "TREND_ASSETS_SCRATCH": str(tmp_path / "scratch"),
        "LAKE_START": START.isoformat(),
        "LAKE_END": (START + timedelta(days=2)).isoformat(),
        **variables,
    }
    keys = [f"{hour:%Y-%m-%d-%H:00}" for hour in (HOURS[0], HOURS[-1])]
    command = [sys.executable, "-c", _MATERIALIZE, *keys, *roots]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr[-3000:]
    return json.loads(finished.stdout.splitlines()[-1])


def test_a_bucket_gives_the_files_that_a_folder_gives(tmp_path):
    endpoint, data = cloud_endpoint(), new_bucket()
    folder, bucket = open_storage(str(tmp_path / "data" / "landing")), open_storage(f"{data}/landing", endpoint=endpoint)

    landed = ingested(tmp_path, folder)
    assert ingested(tmp_path, bucket) == landed
    assert len(landed) == len(HOURS)
    assert list_landing(bucket) == list_landing(folder)
    assert list_landing(bucket, [HOURS[1]], ["x"]) == list_landing(folder, [HOURS[1]], ["x"])
    for path in landed:
        assert list(read_lines(path, bucket.read(path))) == list(read_lines(path, folder.read(path)))

    local, cloud = materialized(tmp_path, str(tmp_path / "data"), data, TREND_ASSETS_STORAGE_ENDPOINT=endpoint)
    assert cloud["root"].startswith(data)
    assert local["success"]
    assert cloud["success"]
    assert cloud["parts"] == local["parts"]
    assert sorted(cloud["parts"]["social/clean_posts"]) == [f"{hour:%Y-%m-%d-%H:00}" for hour in HOURS]
    assert not [name for name in (tmp_path / "scratch").rglob("*") if name.is_file()], "nothing of the lake is local"


def cloud_settings(**changes: str) -> Settings:
    """Settings of a staging environment against emulators."""
    given = {
        "environment": "staging",
        "pseudonym_key": "a secret of staging",
        "data": "gs://bucket/prefix",
        "bigquery_project": "project",
        "storage_endpoint": "http://127.0.0.1:1",
        "bigquery_endpoint": "http://127.0.0.1:2",
    }
    return Settings(_env_file=None, **(given | changes))


def test_dev_has_no_client_of_google_and_staging_has_two(monkeypatch):
    assert extra_resources(Settings(_env_file=None)) == {}
    resources = extra_resources(cloud_settings())
    assert sorted(resources) == ["bigquery", "gcs"]
    assert resources["gcs"].get_client().project == "project"
    with resources["bigquery"].get_client() as client:
        assert (client.project, client.location) == ("project", "EU")
    assert "secret" not in str(resources)


def test_the_resource_reads_the_bucket_of_the_endpoint():
    root = new_bucket()
    open_storage(root, endpoint=cloud_endpoint()).write_new("a", b"content")
    client = extra_resources(cloud_settings(storage_endpoint=cloud_endpoint()))["gcs"].get_client()
    bucket, _, prefix = root.removeprefix("gs://").partition("/")
    assert client.bucket(bucket).blob(f"{prefix}/a").download_as_bytes() == b"content"


def test_without_credentials_the_message_says_how_to_get_some(monkeypatch, tmp_path):
    from trend_assets.google_clients import bigquery_client, storage_client
    from trend_assets.lake.storage import NoCredentialsError

    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    for make in (lambda: bigquery_client("project", "EU"), lambda: storage_client(project="project")):
        with pytest.raises(NoCredentialsError, match="gcloud auth application-default login"):
            make()


def test_without_the_extra_the_message_says_which_to_install(monkeypatch):
    from trend_assets.lake.storage import MissingExtraError
    from trend_assets.warehouse.engine import open_warehouse

    monkeypatch.setitem(sys.modules, "dagster_gcp", None)
    monkeypatch.setitem(sys.modules, "google.cloud", None)
    for name in ("warehouse.bigquery_engine", "warehouse.bigquery_sources", "google_clients"):
        monkeypatch.delitem(sys.modules, f"trend_assets.{name}", raising=False)
    for needing in (extra_resources, open_warehouse):
        with pytest.raises(MissingExtraError, match=r"trend-assets\[gcp\]"):
            needing(cloud_settings())
