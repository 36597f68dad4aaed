# The image of training jobs on Vertex AI (docs/environments.md). Build from the repository's root:
#   docker build -f infra/training.Dockerfile -t REGION-docker.pkg.dev/PROJECT/training/trend-assets:VERSION .
# The lock gives the container the libraries of the machine that waits: with others, the same data would make another model.
FROM python:3.11-slim
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libgomp1 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/trend-assets
COPY requirements.lock pyproject.toml README.md LICENSE NOTICE ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY trend_assets trend_assets
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .
RUN useradd --create-home trainer
USER trainer
ENTRYPOINT []
CMD ["python", "-m", "trend_assets.models.remote"]
