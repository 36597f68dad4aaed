"""A bucket of Google Cloud Storage as ``Storage``. Importing it needs the extra ``gcp``; ``open_storage`` does so on demand.

What belongs here: how the protocol maps to requests and preconditions. What doesn't: the protocol (``lake/storage.py``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime

import pyarrow as pa
from google.api_core import exceptions
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY

from trend_assets.google_clients import storage_client
from trend_assets.lake.storage import GCS_SCHEME, ConflictError, Entries, Entry, Paths, StepHook, checked_path, checked_prefix, ignore_step
from trend_assets.settings import load_settings


class GoogleCloudStorage:
    """A prefix of a bucket. A generation is the object's generation number.

    root: ``gs://bucket`` or ``gs://bucket/prefix``. client: a ``google.cloud.storage.Client`` to use. endpoint: another
    address of the service, for instance an emulator's; over plain http no credentials are sent. Without either, the setting
    ``storage_endpoint`` counts, else the client library finds the service itself (``STORAGE_EMULATOR_HOST``). deadline: seconds
    a failing request is retried.
    """

    workers = 8
    steps = (
        "write_new: started",
        "write_new: uploaded",
        "compare_and_swap: started",
        "compare_and_swap: uploaded",
    )

    def __init__(
        self,
        root: str,
        *,
        endpoint: str | None = None,
        client: storage.Client | None = None,
        on_step: StepHook | None = None,
        deadline: float = 60.0,
    ) -> None:
        bucket, _, prefix = root.removeprefix(GCS_SCHEME).partition("/")
        self._prefix = checked_path(prefix.strip("/")) + "/" if prefix.strip("/") else ""
        if not bucket:
            raise ValueError(f"storage root {root!r} names no bucket: expected gs://bucket/prefix")
        # every request may be repeated: write_new repeats the same content, swaps carry a precondition
        self._options = {"retry": DEFAULT_RETRY.with_timeout(deadline), "timeout": deadline}
        self._client = client or _client(endpoint)
        self._bucket = self._client.bucket(bucket)
        self._step = on_step or ignore_step

    def read(self, path: str) -> bytes:
        """See ``Storage``."""
        return self.read_with_generation(path)[0]

    def open_input(self, path: str) -> pa.NativeFile:
        """See ``Storage``. The object is fetched whole: parts are small, and one request beats several."""
        return pa.BufferReader(self.read(path))

    def read_with_generation(self, path: str) -> tuple[bytes, str]:
        """See ``Storage``."""
        blob = self._blob(path)
        try:
            data = blob.download_as_bytes(**self._options)
        except exceptions.NotFound as error:
            raise FileNotFoundError(self.uri(path)) from error
        return data, str(blob.generation)  # of the response that brought the content

    def prepare(self, paths: Iterable[str]) -> None:
        """See ``Storage``. An object store has no folders."""

    def write_new(self, path: str, data: bytes) -> None:
        """See ``Storage``."""
        self._step("write_new: started")
        self._blob(path).upload_from_string(data, content_type="application/octet-stream", **self._options)
        self._step("write_new: uploaded")

    def compare_and_swap(self, path: str, data: bytes, expected: str | None) -> str:
        """See ``Storage``."""
        blob = self._blob(path)
        self._step("compare_and_swap: started")
        try:
            blob.upload_from_string(
                data, content_type="application/octet-stream", if_generation_match=int(expected) if expected else 0, **self._options
            )
        except exceptions.PreconditionFailed as error:
            with contextlib.suppress(FileNotFoundError):
                actual_data, actual = self.read_with_generation(path)
                if actual_data == data:
                    return actual
            raise ConflictError(f"{self.uri(path)} changed: expected generation {expected}; read it again") from error
        self._step("compare_and_swap: uploaded")
        return str(blob.generation)

    def list(self, prefix: str = "") -> Paths:
        """See ``Storage``."""
        return [entry.path for entry in self.entries(prefix)]

    def folders(self, folder: str = "") -> Paths:
        """See ``Storage``."""
        start = self._prefix + (f"{checked_path(folder)}/" if folder else "")
        blobs = self._client.list_blobs(self._bucket, prefix=start, delimiter="/", **self._options)
        found = {name for page in blobs.pages for name in page.prefixes}
        return sorted(name.removeprefix(self._prefix).rstrip("/") for name in found)

    def entries(self, prefix: str = "") -> Entries:
        """See ``Storage``."""
        blobs = self._client.list_blobs(self._bucket, prefix=self._prefix + checked_prefix(prefix), **self._options)
        found = [Entry(blob.name.removeprefix(self._prefix), blob.size, blob.updated.astimezone(UTC)) for blob in blobs]
        return sorted(found, key=lambda entry: entry.path)

    def delete(self, path: str) -> None:
        """See ``Storage``."""
        with contextlib.suppress(exceptions.NotFound):
            self._blob(path).delete(**self._options)

    def sweep(self, prefix: str, older_than: datetime) -> Paths:  # noqa: ARG002 - an object store has no temporaries
        """See ``Storage``. Nothing to do: an upload that does not finish leaves no object."""
        checked_prefix(prefix)
        return []

    def uri(self, path: str) -> str:
        """See ``Storage``."""
        return f"{GCS_SCHEME}{self._bucket.name}/{self._prefix}{checked_path(path)}"

    def _blob(self, path: str) -> storage.Blob:
        return self._bucket.blob(self._prefix + checked_path(path))


def _client(endpoint: str | None) -> storage.Client:
    """A client of the service the caller or else the settings say; the lake is opened in too many places to pass it on."""
    return storage_client(endpoint or load_settings().storage_endpoint or None)
