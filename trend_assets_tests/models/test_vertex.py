"""Training as a custom job: the request is the library's, a local job service takes it, runs the real command, and is waited for."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import aiplatform_v1 as vertex

from trend_assets.lake.lake import Lake
from trend_assets.models.remote import main
from trend_assets.models.tracking import Tracking
from trend_assets.models.training_set import build_training_set
from trend_assets.models.vertex import VertexError, custom_job, faults, train_on_vertex, train_where_told
from trend_assets.settings import Settings, load_settings
from trend_assets.tables import TABLES
from trend_assets_tests.lib.learning.opinions import opinion_posts
from trend_assets_tests.models.test_training import NAME, TASK, Shop
from trend_assets_tests.models.vertex_server import STATES, JobService, serving

SECRET = "a-key-that-must-not-leave"  # a made one
WANTED: dict[str, Any] = {
    "data": "gs://bucket/data",
    "tracking_uri": "postgresql://tracking.internal/mlflow",
    "training_runs_on": "vertex",
    "vertex_project": "project-1",
    "vertex_region": "europe-west1",
    "vertex_staging": "gs://bucket/staging/",
    "vertex_image": "europe-west1-docker.pkg.dev/project-1/training/trend-assets:0.2.0",
    "vertex_service_account": "training@project-1.iam.gserviceaccount.com",
    "pseudonym_key": SECRET,
}


def settings(**other: Any) -> Settings:
    return Settings(_env_file=None, **{**WANTED, **other})


def test_the_request_is_one_the_library_takes_and_gives_back():
    job = custom_job(NAME, settings(vertex_timeout_hours=1.5), "Run 12/ab")
    spec = job.job_spec.worker_pool_specs[0]
    assert list(spec.container_spec.command) == ["python", "-m", "trend_assets.models.remote"]
    assert list(spec.container_spec.args) == [NAME]
    assert (spec.machine_spec.machine_type, spec.replica_count) == ("n1-standard-4", 1)
    assert job.job_spec.scheduling.timeout.total_seconds() == 5400
    assert job.job_spec.service_account == WANTED["vertex_service_account"]
    assert job.job_spec.base_output_directory.output_uri_prefix == f"gs://bucket/staging/{NAME}"
    assert dict(job.labels) == {"task": NAME, "dagster_run": "run-12-ab"}
    assert vertex.CustomJob(vertex.CustomJob.to_dict(job)) == job
    assert vertex.CustomJob.from_json(vertex.CustomJob.to_json(job)) == job
    assert vertex.CustomJob.deserialize(vertex.CustomJob.serialize(job)) == job


def test_the_container_trains_the_same_data_here_and_gets_no_secret():
    job = custom_job(NAME, settings(model_search_trials=3))
    told = {one.name: one.value for one in job.job_spec.worker_pool_specs[0].container_spec.env}
    assert told["TREND_ASSETS_DATA"] == "gs://bucket/data"
    assert told["TREND_ASSETS_TRACKING_URI"] == WANTED["tracking_uri"]
    assert told["TREND_ASSETS_TRAINING_RUNS_ON"] == "local"
    assert told["TREND_ASSETS_MODEL_SEARCH_TRIALS"] == "3"
    assert SECRET not in str(job)
    again = Settings(_env_file=None, **{name.removeprefix("TREND_ASSETS_").lower(): value for name, value in told.items()})
    assert again.lake_start == settings().lake_start


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"vertex_project": ""}, "TREND_ASSETS_VERTEX_PROJECT is missing"),
        ({"vertex_image": "trend-assets"}, "with a tag or digest"),
        ({"vertex_staging": ""}, "TREND_ASSETS_VERTEX_STAGING must be gs://"),
        ({"data": "data"}, "which Vertex AI cannot see"),
        ({"tracking_uri": ""}, "both reach"),
        ({"tracking_uri": "sqlite:///mlflow.db"}, "both reach"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_asked(other, told):
    assert faults(settings()) == []
    with pytest.raises(VertexError, match=told):
        train_on_vertex(NAME, settings(**other))


def test_a_job_is_submitted_and_followed_until_it_ends():
    service, said = (
        JobService([STATES.JOB_STATE_PENDING, STATES.JOB_STATE_RUNNING, STATES.JOB_STATE_RUNNING, STATES.JOB_STATE_SUCCEEDED]),
        [],
    )
    service.unavailable = 1
    with serving(service) as address:
        train_on_vertex(NAME, settings(vertex_endpoint=address), "run", said.append, poll_seconds=0.01)
    (request,) = service.requests
    assert request.parent == "projects/project-1/locations/europe-west1"
    assert request.custom_job == custom_job(NAME, settings(vertex_endpoint="http://x"), "run")
    assert [one.rpartition(": ")[2] for one in said[1:]] == ["pending", "running", "succeeded"]
    assert service.cancelled == []


@pytest.mark.parametrize(
    ("state", "told"), [("FAILED", "ended as failed"), ("CANCELLED", "ended as cancelled"), ("EXPIRED", "ended as expired")]
)
def test_a_job_that_does_not_succeed_is_an_error(state, told):
    service = JobService([STATES[f"JOB_STATE_{state}"]])
    with serving(service) as address, pytest.raises(VertexError, match=told):
        train_on_vertex(NAME, settings(vertex_endpoint=address), poll_seconds=0.01)


def test_a_run_that_is_terminated_cancels_its_job():
    service = JobService([STATES.JOB_STATE_RUNNING])

    def stop(said: str) -> None:
        if said.endswith("running"):
            raise KeyboardInterrupt

    with serving(service) as address, pytest.raises(KeyboardInterrupt):
        train_on_vertex(NAME, settings(vertex_endpoint=address), tell=stop, poll_seconds=0.01)
    assert service.cancelled == ["projects/project-1/locations/europe-west1/customJobs/1"]


def test_a_service_that_is_gone_and_a_job_without_end_are_given_up(monkeypatch):
    service = JobService([STATES.JOB_STATE_RUNNING])
    with serving(service) as address:
        service.unavailable = 1000
        monkeypatch.setattr("trend_assets.models.vertex.UNREACHABLE_TIMES", 3)
        with pytest.raises(VertexError, match="did not answer 3 times in a row"):
            train_on_vertex(NAME, settings(vertex_endpoint=address), poll_seconds=0.01)
        service.unavailable = 0
        clock = iter(range(0, 1_000_000, 9000))
        monkeypatch.setattr("trend_assets.models.vertex.time.monotonic", lambda: next(clock))
        with pytest.raises(VertexError, match="did not end within 2 hours"):
            train_on_vertex(NAME, settings(vertex_endpoint=address, vertex_timeout_hours=1), poll_seconds=0.01)
    assert len(service.cancelled) == 2


def test_the_job_s_command_trains_what_the_asset_then_finds(tmp_path, monkeypatch):
    shop = Shop(tmp_path)
    posts = opinion_posts(400)
    shop.publish(posts)
    shop.label(posts)
    built = build_training_set(TASK, NAME, shop.lake, shop.settings)
    shop.lake.publish(TABLES[f"{NAME}/training_set"], {"all": built.rows}, inputs={"all": built.inputs})
    real = {"TREND_ASSETS_DATA": str(tmp_path), "TREND_ASSETS_TRACKING_URI": shop.settings.tracking_database}
    service, said = JobService([], real), []
    wanted = settings(model_search_trials=1, vertex_endpoint="")
    with serving(service) as address:
        told = wanted.model_copy(update={"vertex_endpoint": address})
        monkeypatch.setattr("trend_assets.models.vertex.time.sleep", lambda _: None)
        here = Lake(shop.settings.lake_root), Tracking(shop.settings.tracking_database, shop.settings.artifacts_root)
        version, new = train_where_told(TASK, NAME, *here, told, "run", said.append)
    assert service.output.startswith(f"{NAME}: version 1, trained")
    assert (version.number, new) == (1, True)
    assert not any("trained here again" in one for one in said)


def test_the_command_says_what_is_wrong(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TREND_ASSETS_DATA", str(tmp_path))
    load_settings.cache_clear()
    assert main([]) == 2
    assert main(["nothing"]) == 2
    assert main([NAME]) == 1
    assert "is empty" in capsys.readouterr().err
    load_settings.cache_clear()
