"""What staging and production have that dev has not: clients of Google Cloud as Dagster resources.

What belongs here: thin wrappers of ``dagster-gcp``, imported only where the environment uses them. What doesn't: the clients
(``google_clients.py``), the lake and the warehouse (they make their own clients, also outside Dagster), settings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trend_assets.lake.storage import MissingExtraError
from trend_assets.settings import Environment, Settings


def extra_resources(settings: Settings) -> dict[str, Any]:
    """Resources by key that only this environment has: ``gcs`` and ``bigquery`` in staging and production, none in dev.

    Raises:
        MissingExtraError: the environment needs the extra ``gcp``.
    """
    if settings.environment is Environment.DEV:
        return {}
    try:
        from dagster_gcp import BigQueryResource, GCSResource
        from google.cloud import bigquery, storage

        from trend_assets.google_clients import bigquery_client, storage_client
    except ImportError as error:
        raise MissingExtraError(
            f"the environment {settings.environment} needs Google's clients ({error}): install the extra, pip install 'trend-assets[gcp]'"
        ) from error

    class CloudStorageResource(GCSResource):
        """``dagster_gcp``'s resource with an address of the service, for emulators."""

        endpoint: str = ""

        def get_client(self) -> storage.Client:
            """A client with this machine's credentials."""
            return storage_client(self.endpoint or None, self.project)

    class WarehouseClientResource(BigQueryResource):
        """``dagster_gcp``'s resource with an address of the service, for emulators."""

        endpoint: str = ""

        @contextmanager
        def get_client(self) -> Iterator[bigquery.Client]:
            """A client with this machine's credentials, closed after use."""
            client = bigquery_client(self.project or "", self.location or "", self.endpoint or None)
            try:
                yield client
            finally:
                client.close()

    return {
        "gcs": CloudStorageResource(project=settings.bigquery_project, endpoint=settings.storage_endpoint),
        "bigquery": WarehouseClientResource(
            project=settings.bigquery_project, location=settings.bigquery_location, endpoint=settings.bigquery_endpoint
        ),
    }
