"""Training on Vertex AI: the same step as here, as a custom job of a container, waited for.

What belongs here: the request, submitting it, following it, cancelling it. What doesn't: training (``training.py``), what runs in the
container (``remote.py``), the definition that calls this (``defs/models/factory.py``).

The container trains over the same lake and registers in the same tracking store, so it is only where the work is done: afterwards the
asset finds the version that the job registered, by the fingerprint of data, code and libraries, and goes on as if it had trained it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from trend_assets.lib.privacy.messages import has_password
from trend_assets.settings import OBJECT_STORE, Settings

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1 import CustomJob, JobServiceClient

    from trend_assets.lake.lake import Lake
    from trend_assets.lib.learning.contract import Task
    from trend_assets.models.tracking import Tracking, Version

_LABEL = re.compile(r"[^a-z0-9_-]")
_IMAGE = re.compile(r"[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})")
PASSED_ON = ("lake_start", "lake_end", "model_search_trials", "model_search_seconds", "seal_after_hours")
"""Settings that the container needs to do the same; no secret is among them."""
UNREACHABLE_TIMES = 10
"""How often in a row the service may not answer before the job is given up (and cancelled)."""


class VertexError(RuntimeError):
    """The job could not be made or did not end well; the message says why and what to do."""


def faults(settings: Settings) -> list[str]:
    """What is missing or wrong of the settings for training on Vertex AI, in words; empty where nothing is."""
    found = [
        f"TREND_ASSETS_VERTEX_{name.upper()} is missing"
        for name in ("project", "region", "image", "service_account")
        if not getattr(settings, f"vertex_{name}")
    ]
    if settings.vertex_image and not _IMAGE.fullmatch(settings.vertex_image):
        found.append(f"TREND_ASSETS_VERTEX_IMAGE must be a registry's address with a tag or digest, not {settings.vertex_image!r}")
    if not settings.vertex_staging.startswith(OBJECT_STORE):
        found.append("TREND_ASSETS_VERTEX_STAGING must be gs://bucket/prefix")
    if not settings.in_cloud:
        found.append(f"TREND_ASSETS_DATA is the folder {settings.data}, which Vertex AI cannot see: it must be gs://bucket/prefix")
    if not settings.tracking_uri or settings.tracking_uri.startswith("sqlite"):
        found.append("TREND_ASSETS_TRACKING_URI must be a store that Vertex AI and this machine both reach, not a file of this machine")
    elif has_password(settings.tracking_uri):
        found.append("TREND_ASSETS_TRACKING_URI holds a password, which a job's request would show: use a server that asks for an identity")
    return found


def custom_job(task: str, settings: Settings, run_id: str = "") -> CustomJob:
    """The request: one worker with the image, which trains the task. run_id: of the Dagster run, kept as a label.

    Raises ``VertexError`` naming every setting that is missing or wrong.
    """
    from google.cloud import aiplatform_v1 as vertex
    from google.protobuf.duration_pb2 import Duration

    wrong = faults(settings)
    if wrong:
        raise VertexError(f"training cannot run on Vertex AI: {'; '.join(wrong)} (docs/environments.md)")
    timeout = Duration()
    timeout.FromTimedelta(timedelta(hours=settings.vertex_timeout_hours))
    worker = vertex.WorkerPoolSpec(
        machine_spec=vertex.MachineSpec(machine_type=settings.vertex_machine_type),
        replica_count=1,
        disk_spec=vertex.DiskSpec(boot_disk_type="pd-ssd", boot_disk_size_gb=100),
        container_spec=vertex.ContainerSpec(
            image_uri=settings.vertex_image,
            command=["python", "-m", "trend_assets.models.remote"],
            args=[task],
            env=[vertex.EnvVar(name=name, value=value) for name, value in sorted(_surroundings(settings).items())],
        ),
    )
    labels = {"task": _label(task)} | ({"dagster_run": _label(run_id)} if run_id else {})
    return vertex.CustomJob(
        display_name=f"trend-assets-{task}-training",
        job_spec=vertex.CustomJobSpec(
            worker_pool_specs=[worker],
            scheduling=vertex.Scheduling(timeout=timeout, restart_job_on_worker_restart=False),
            service_account=settings.vertex_service_account,
            base_output_directory=vertex.GcsDestination(output_uri_prefix=f"{settings.vertex_staging}/{task}"),
        ),
        labels=labels,
    )


def _surroundings(settings: Settings) -> dict[str, str]:
    """Environment of the container: the same data and tracking store, trained there and nowhere else."""
    passed = {name: getattr(settings, name) for name in PASSED_ON}
    found = {f"TREND_ASSETS_{name.upper()}": str(value) for name, value in passed.items() if value is not None}
    return found | {
        "TREND_ASSETS_DATA": settings.data,
        "TREND_ASSETS_TRACKING_URI": settings.tracking_uri,
        "TREND_ASSETS_TRAINING_RUNS_ON": "local",
        "TREND_ASSETS_SCRATCH": "/tmp/trend-assets",  # noqa: S108 - the container's own
    }


def train_where_told(
    task: Task,
    name: str,
    lake: Lake,
    tracking: Tracking,
    settings: Settings,
    run_id: str = "",
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Version, bool]:
    """The candidate of a task, trained here or, by the setting ``training_runs_on``, on Vertex AI; and whether it is new.

    Raises as ``train_candidate`` and ``train_on_vertex`` do.
    """
    from trend_assets.models.training import train_candidate

    if settings.training_runs_on == "local":
        return train_candidate(task, name, lake, tracking, settings, run_id)
    before = {version.number for version in tracking.versions(name)}
    train_on_vertex(name, settings, run_id, tell)
    version, trained_here = train_candidate(task, name, lake, tracking, settings, run_id)
    if trained_here:
        tell(f"the job's image has other code or libraries than this machine: {name} was trained here again")
    return version, trained_here or version.number not in before


def _label(text: str) -> str:
    return _LABEL.sub("-", text.lower())[:63]


def train_on_vertex(
    task: str,
    settings: Settings,
    run_id: str = "",
    tell: Callable[[str], None] = lambda _: None,
    client: JobServiceClient | None = None,
    poll_seconds: float = 30.0,
) -> CustomJob:
    """Submit the job of a task and wait until it has ended well; returns it as the service tells it.

    Cancels it where this process is told to stop, where it takes longer than ``vertex_timeout_hours`` and an hour (waiting for a machine
    is not in Vertex AI's own limit), or where the service does not answer any more. Raises ``VertexError`` where it did not succeed.
    """
    from google.api_core.exceptions import GoogleAPICallError, RetryError

    from trend_assets.google_clients import job_client

    request = custom_job(task, settings, run_id)
    jobs = client or job_client(settings.vertex_region, settings.vertex_endpoint or None)
    parent = f"projects/{settings.vertex_project}/locations/{settings.vertex_region}"
    try:
        submitted = jobs.create_custom_job(parent=parent, custom_job=request)
    except (GoogleAPICallError, RetryError) as error:
        raise VertexError(f"Vertex AI refused the job of {task}: {error}") from error
    tell(f"submitted {submitted.name}")
    try:
        ended = _followed(jobs, submitted.name, settings, tell, poll_seconds)
    except BaseException:  # also where the run is terminated: a job that nobody waits for costs money
        _cancel(jobs, submitted.name, tell)
        raise
    if ended.state.name != "JOB_STATE_SUCCEEDED":
        told = ended.error.message or "its logs on Vertex AI say why"
        raise VertexError(f"{submitted.name} ended as {_in_words(ended.state.name)}: {told}")
    return ended


def _followed(jobs: JobServiceClient, name: str, settings: Settings, tell: Callable[[str], None], poll_seconds: float) -> CustomJob:
    """The job once it has ended, asked for every ``poll_seconds``; each change of its state is told."""
    from google.api_core.exceptions import DeadlineExceeded, GoogleAPICallError, InternalServerError, RetryError, ServiceUnavailable

    until = time.monotonic() + 3600.0 * (settings.vertex_timeout_hours + 1)
    state, unanswered = "", 0
    while True:
        try:
            job, unanswered = jobs.get_custom_job(name=name), 0
        except (ServiceUnavailable, DeadlineExceeded, InternalServerError, RetryError) as error:
            unanswered += 1
            if unanswered >= UNREACHABLE_TIMES:
                raise VertexError(f"Vertex AI did not answer {unanswered} times in a row about {name}: {error}") from error
        except GoogleAPICallError as error:
            raise VertexError(f"Vertex AI does not tell of {name}: {error}") from error
        else:
            if job.state.name != state:
                state = job.state.name
                tell(f"{name}: {_in_words(state)}")
            if state in ("JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED"):
                return job
        if time.monotonic() > until:
            raise VertexError(f"{name} did not end within {settings.vertex_timeout_hours + 1:g} hours")
        time.sleep(poll_seconds)


def _cancel(jobs: JobServiceClient, name: str, tell: Callable[[str], None]) -> None:
    from google.api_core.exceptions import GoogleAPICallError, RetryError

    try:
        jobs.cancel_custom_job(name=name)
        tell(f"{name}: asked to cancel")
    except (GoogleAPICallError, RetryError) as error:  # what stopped this is told; that it may still run, too
        tell(f"{name} could not be cancelled and may still run: {error}")


def _in_words(state: str) -> str:
    return state.removeprefix("JOB_STATE_").lower()
