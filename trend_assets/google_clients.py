"""Clients of Google Cloud's services, made in one place. Importing it needs the extra ``gcp``; callers do so on demand.

What belongs here: credentials, endpoints, and what to do when there are none. What doesn't: what the clients are used for
(``lake/cloud_storage.py``, ``warehouse/bigquery_engine.py``, ``collect/pubsub.py``,
``models/vertex.py``), the same as Dagster resources (``environments.py``).

An endpoint over plain http is an emulator's: it knows no credentials, so none are looked for and none are sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import storage

from trend_assets.lake.storage import NoCredentialsError

if TYPE_CHECKING:
    from google.cloud import aiplatform_v1, bigquery, pubsub_v1

_NO_CREDENTIALS = (
    "no Google Cloud credentials were found ({error}): give the machine a service account, or run "
    "`gcloud auth application-default login`; docs/environments.md says which roles it needs"
)


def is_emulator(endpoint: str | None) -> bool:
    """Whether an endpoint is an emulator's."""
    return bool(endpoint) and str(endpoint).startswith("http://")


def storage_client(endpoint: str | None = None, project: str | None = None) -> storage.Client:
    """A client of Cloud Storage. Without an endpoint the library finds Google's, or ``STORAGE_EMULATOR_HOST``.

    Raises:
        NoCredentialsError: none were found.
    """
    if is_emulator(endpoint):
        return storage.Client(
            project=project or "emulator", credentials=AnonymousCredentials(), client_options={"api_endpoint": str(endpoint)}
        )
    try:
        return storage.Client(project=project or None, client_options={"api_endpoint": endpoint} if endpoint else None)
    except DefaultCredentialsError as error:
        raise NoCredentialsError(_NO_CREDENTIALS.format(error=error)) from error


def bigquery_client(project: str, location: str, endpoint: str | None = None) -> bigquery.Client:
    """A client of BigQuery whose jobs run in ``location``.

    Raises:
        NoCredentialsError: none were found.
    """
    from google.cloud import bigquery  # two seconds, and the lake does without

    if is_emulator(endpoint):
        return bigquery.Client(
            project=project, location=location, credentials=AnonymousCredentials(), client_options={"api_endpoint": str(endpoint)}
        )
    try:
        return bigquery.Client(project=project, location=location, client_options={"api_endpoint": endpoint} if endpoint else None)
    except DefaultCredentialsError as error:
        raise NoCredentialsError(_NO_CREDENTIALS.format(error=error)) from error


def publisher_client(endpoint: str | None = None) -> pubsub_v1.PublisherClient:
    """A client that publishes to Pub/Sub. Without an endpoint the library finds Google's, or ``PUBSUB_EMULATOR_HOST``.

    Raises:
        NoCredentialsError: none were found.
    """
    from google.cloud import pubsub_v1
    from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

    if is_emulator(endpoint):
        return pubsub_v1.PublisherClient(transport=PublisherGrpcTransport(channel=_plain_channel(str(endpoint))))
    try:
        return pubsub_v1.PublisherClient(client_options={"api_endpoint": endpoint} if endpoint else None)
    except DefaultCredentialsError as error:
        raise NoCredentialsError(_NO_CREDENTIALS.format(error=error)) from error


def subscriber_client(endpoint: str | None = None) -> pubsub_v1.SubscriberClient:
    """A client that receives from Pub/Sub; the rest as in ``publisher_client``."""
    from google.cloud import pubsub_v1
    from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

    if is_emulator(endpoint):
        return pubsub_v1.SubscriberClient(transport=SubscriberGrpcTransport(channel=_plain_channel(str(endpoint))))
    try:
        return pubsub_v1.SubscriberClient(client_options={"api_endpoint": endpoint} if endpoint else None)
    except DefaultCredentialsError as error:
        raise NoCredentialsError(_NO_CREDENTIALS.format(error=error)) from error


def job_client(region: str, endpoint: str | None = None) -> aiplatform_v1.JobServiceClient:
    """A client of Vertex AI's job service in a region. Without an endpoint it is the region's.

    Raises:
        NoCredentialsError: none were found.
    """
    from google.cloud import aiplatform_v1
    from google.cloud.aiplatform_v1.services.job_service.transports import JobServiceGrpcTransport

    if is_emulator(endpoint):
        return aiplatform_v1.JobServiceClient(transport=JobServiceGrpcTransport(channel=_plain_channel(str(endpoint))))
    try:
        return aiplatform_v1.JobServiceClient(client_options={"api_endpoint": endpoint or f"{region}-aiplatform.googleapis.com"})
    except DefaultCredentialsError as error:
        raise NoCredentialsError(_NO_CREDENTIALS.format(error=error)) from error


def _plain_channel(endpoint: str) -> Any:
    """A gRPC channel without encryption, as emulators speak."""
    import grpc

    return grpc.insecure_channel(endpoint.removeprefix("http://"))
