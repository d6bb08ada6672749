# Every target makes the virtual environment if it is missing. `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo "$$p" && break; done)
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install
RUNNER := $(BIN)/runner
# a person who types make asks for the local server, in a dev container too; a configured target comes first
ifndef CI
export RUNNER_LOCAL ?= 1
endif
# without compiled modules every start takes twice as long
unexport PYTHONDONTWRITEBYTECODE
# ARGS reaches the command: make migrate ARGS="--database carthub --dry-run"
ARGS ?=

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): requirements-local.lock setup.cfg pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 to 3.14 found; install one, or run make PYTHON=/path/to/python3" >&2; exit 2; }
	@echo "making the virtual environment in $(VENV), which takes about a minute ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements-local.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_DEV): requirements-dev.lock $(READY)
	@echo "adding the development tools to $(VENV), which takes a minute or two ..." >&2
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: migrate rollback status plan validate verify psql seed new
migrate: $(READY) ## bring both databases up to date (a local PostgreSQL unless a target is set)
	@$(RUNNER) migrate $(ARGS)

rollback: $(READY) ## undo the newest migration of a database: make rollback ARGS="--database carthub"
	@$(RUNNER) rollback $(ARGS)

status: $(READY) ## show what is applied, pending or edited; change nothing
	@$(RUNNER) status $(ARGS)

plan: $(READY) ## show the SQL that migrate would run; change nothing
	@$(RUNNER) plan $(ARGS)

validate: $(READY) ## compare the databases with the committed schema; change nothing
	@$(RUNNER) validate $(ARGS)

verify: $(READY) ## rehearse what is pending in a scratch database: make verify ARGS="--report html=report.html"
	@$(RUNNER) verify $(ARGS)

lint: $(READY_DEV) ## check every migration file without a database
	@$(RUNNER) lint $(ARGS)

psql: $(READY) ## open psql: make psql ARGS="--database carthub"
	@$(RUNNER) exec $(ARGS) -- psql

seed: $(READY) ## load the development data, into databases on this machine only
	@scripts/seed.sh $(ARGS)

new: $(READY) ## write the next pair of files: make new name=add_orders_note ARGS="--database carthub"
	@test -n "$(name)" || { echo 'error: name it: make new name=add_orders_note ARGS="--database carthub"' >&2; exit 2; }
	@$(RUNNER) new "$(name)" $(ARGS)

.PHONY: snapshot
snapshot: $(READY) ## write sql/schema/ anew from the files, in a scratch database
	@$(RUNNER) snapshot $(ARGS)

.PHONY: test test-quick check format bench bench-peers lint
test: $(READY_DEV) ## run all tests on a real PostgreSQL; some: make test ARGS=tests/unit
	@$(BIN)/python -m pytest -n $$((2 * $$(getconf _NPROCESSORS_ONLN))) --dist loadfile --no-loadscope-reorder --max-worker-restart=0 $(ARGS)

test-quick: $(READY_DEV) ## run the unit tests that start no process: ten seconds
	@$(BIN)/python -m pytest -n $$(getconf _NPROCESSORS_ONLN) -m "not slow and not hypothesis" $(or $(ARGS),tests/unit)

torture: $(READY_DEV) ## random files, kills, lost connections, restarts; prints violations: make torture ARGS="--trials 1000"
	@$(BIN)/python -m tests.faults $(ARGS)

check: $(READY_DEV) ## format, ruff, mypy, import-linter, SQL and shell style, words, commit subjects
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@scripts/check-style.sh
	@scripts/check-words.sh
	@scripts/check-subjects.sh

bench: $(READY_DEV) ## compare with other tools in one run; prints, never judges: make bench ARGS="--only apply --files 100"
	@$(BIN)/python -m scripts.bench $(ARGS)

PEERS := .bench
bench-peers: $(READY) ## install what bench compares with into .bench/: dbmate, node-pg-migrate, alembic
	@npm install --prefix $(PEERS) --no-save --no-audit --no-fund --loglevel=error dbmate@2 node-pg-migrate@9 pg@8
	@$(PYTHON) -m venv $(PEERS)/venv
	@$(PEERS)/venv/bin/python -m pip --quiet --disable-pip-version-check install 'alembic==1.*' 'psycopg[binary]==3.*'
	@command -v sqitch >/dev/null || echo "sqitch is the system's to install: apt-get install sqitch libdbd-pg-perl"

format: $(READY_DEV) ## rewrite the Python files in the project's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

COMPILE = $(VENV)-lock/bin/uv --quiet pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links

.PHONY: lock clean
lock: ## pin every dependency, with hashes, in requirements*.lock
	@$(PYTHON) -m venv $(VENV)-lock
	@$(VENV)-lock/bin/python -m pip --quiet --disable-pip-version-check install uv
	@$(COMPILE) setup.cfg -o requirements.lock
	@$(COMPILE) requirements-build.in -o requirements-build.lock
	@$(COMPILE) --constraint requirements.lock --extra local setup.cfg requirements-build.in -o requirements-local.lock
	@$(COMPILE) --constraint requirements-local.lock --extra dev setup.cfg requirements-build.in -o requirements-dev.lock
	@rm -rf $(VENV)-lock

clean: ## stop the local PostgreSQL; remove the virtual environment, caches and builds (data stays)
	@if [ -x $(RUNNER) ]; then $(RUNNER) local stop || true; fi
	@rm -rf $(VENV) $(VENV)-lock build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
