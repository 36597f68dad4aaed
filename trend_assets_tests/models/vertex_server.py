"""A local Vertex AI job service over gRPC, with the messages of Google's client library; it runs the job's container command as a process.

What belongs here: the four calls that training uses. What doesn't: tests. Nothing of Google Cloud is reached.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager

import grpc
from google.cloud import aiplatform_v1 as vertex
from google.protobuf import empty_pb2

STATES = vertex.JobState


class JobService:
    """Jobs by name. ``states``: what each question about a job is answered with, the last one from then on.

    surroundings: where given, the command of a job is run with its environment and these variables when it is submitted.
    """

    def __init__(self, states: list[vertex.JobState], surroundings: Mapping[str, str] | None = None) -> None:
        self.states, self.surroundings = states, surroundings
        self.requests: list[vertex.CreateCustomJobRequest] = []
        self.cancelled: list[str] = []
        self.unavailable = 0
        self.asked = 0
        self.output = ""

    def create(self, request: vertex.CreateCustomJobRequest, context: grpc.ServicerContext) -> vertex.CustomJob:
        self.requests.append(request)
        if not request.custom_job.job_spec.worker_pool_specs:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "worker_pool_specs is required")
        if self.surroundings is not None:
            container = request.custom_job.job_spec.worker_pool_specs[0].container_spec
            command = [sys.executable if one == "python" else one for one in [*container.command, *container.args]]
            told = {variable.name: variable.value for variable in container.env}
            done = subprocess.run(command, env={**os.environ, **told, **self.surroundings}, capture_output=True, text=True, check=False)
            self.output = done.stdout + done.stderr
            self.states = [STATES.JOB_STATE_RUNNING, STATES.JOB_STATE_FAILED if done.returncode else STATES.JOB_STATE_SUCCEEDED]
        job = vertex.CustomJob(request.custom_job)
        job.name = f"{request.parent}/customJobs/{len(self.requests)}"
        job.state = STATES.JOB_STATE_QUEUED
        return job

    def get(self, request: vertex.GetCustomJobRequest, context: grpc.ServicerContext) -> vertex.CustomJob:
        if self.unavailable:
            self.unavailable -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "try again")
        state = self.states[min(self.asked, len(self.states) - 1)]
        self.asked += 1
        return vertex.CustomJob(name=request.name, state=state)

    def cancel(self, request: vertex.CancelCustomJobRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self.cancelled.append(request.name)
        return empty_pb2.Empty()

    def handlers(self) -> grpc.GenericRpcHandler:
        def unary(method: object, request: type, answer: object) -> grpc.RpcMethodHandler:
            return grpc.unary_unary_rpc_method_handler(method, request_deserializer=request.deserialize, response_serializer=answer)

        return grpc.method_handlers_generic_handler(
            "google.cloud.aiplatform.v1.JobService",
            {
                "CreateCustomJob": unary(self.create, vertex.CreateCustomJobRequest, vertex.CustomJob.serialize),
                "GetCustomJob": unary(self.get, vertex.GetCustomJobRequest, vertex.CustomJob.serialize),
                "CancelCustomJob": unary(self.cancel, vertex.CancelCustomJobRequest, empty_pb2.Empty.SerializeToString),
            },
        )


@contextmanager
def serving(service: JobService) -> Iterator[str]:
    """The service on a free port of this machine; gives its address."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    server.add_generic_rpc_handlers((service.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(grace=None)
