# Everything a person or CI runs. Needs only make and Python >= 3.11; all else comes from the locks into .venv.

PYTHON ?= $(shell for candidate in python3.13 python3.12 python3.11 python3; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$candidate" && break; done)
VENV := .venv
PY := $(VENV)/bin/python
SHELL := /bin/sh
PORT ?= 8000

# Passed by environment and taken literally, so that spaces, quotes, dollars and ampersands in them mean nothing.
export DEMO_PDF := $(value PDF)
export DEMO_QUESTION := $(value Q)
unexport PDF Q

PYTEST := $(PY) -m pytest -n 2 --dist loadgroup
ifeq ($(CI),true)
PYTEST += -p tests.plugins.no_skips
endif
SUITES := tests/unit tests/contract tests/integration tests/e2e

.DEFAULT_GOAL := help
.PHONY: help demo run test test-all lint format bench lock clean

help:
	@echo "make demo [PDF=file Q='question']   one document, one question, the proof; no key needed"
	@echo "make run [PORT=8000]                the whole service on this machine, data in .data"
	@echo "make test | test-all | lint | bench | lock | clean"

demo: $(VENV)/.runtime
	@$(PY) -m launch.demo --pdf "$$DEMO_PDF" --question "$$DEMO_QUESTION"

run: $(VENV)/.runtime
	@exec $(PY) -m launch.run --port $(PORT)

test: $(VENV)/.dev
	$(PYTEST) -m "not slow" $(SUITES)

test-all: $(VENV)/.dev
	$(PYTEST)

# Whichever compose is there reads the file; the values only satisfy the demand that every secret is given.
COMPOSE = env $(shell sed -n 's/^\([A-Z_0-9]*\)=$$/\1=x/p' .env.example) \
	$(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)

lint: $(VENV)/.dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/basedpyright --pythonpath $(PY)
	$(VENV)/bin/lint-imports
	$(PY) -m launch.check_migrations
	@$(COMPOSE) -f compose.yaml config --quiet

format: $(VENV)/.dev
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

bench: $(VENV)/.bench
	$(PY) -m benchmarks

# Locks carry hashes and no addresses: every machine installs from the index it is configured for.
# Versions stay as they are unless asked: make lock UPGRADE=--upgrade
LOCK := $(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --quiet $(UPGRADE)

lock: $(VENV)/.dev
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --group dev -c requirements.lock -o requirements-dev.lock
	$(LOCK) --group bench --no-deps -o requirements-bench.lock

$(VENV)/.runtime: requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# Without their own dependencies: ten packages more that are not imported.
$(VENV)/.bench: $(VENV)/.runtime requirements-bench.lock
	$(PY) -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements-bench.lock
	@touch $@

# Data in .data stay.
clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
