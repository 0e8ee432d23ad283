# Needs make and Python 3.11 or newer; everything else is installed into .venv.
# The locks in requirements/ pin every package by hash, and plain pip reads them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Hundreds of processes begin in a run of the tests: each would compile all of this anew.
export PYTHONDONTWRITEBYTECODE :=

VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest -o faulthandler_timeout=180
# Which tests stay in one process: tests/sharing.py. Many wait for servers and for programs that
# they start, so that a third process pays on two cores.
SIDE_BY_SIDE := -n 3 --dist loadfile --no-loadscope-reorder
SOURCES := broker sources triggers sinks deploy tests
UV_VERSION := 0.13.9

.PHONY: help run serve test check faults bench planted servers install lock clean

help:  ## Say what there is to make.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run-installed  ## Install, and show the whole journey with a model.
	@$(BIN)/headrace demo

serve: $(VENV)/.run-installed  ## Install, and run deploy/examples/headrace.yaml.
	@$(BIN)/headrace up deploy/examples/headrace.yaml

install: $(VENV)/.dev-installed  ## Install all that developing needs.

# What measures the machine has it to itself afterwards. Either part without a test fails too, by
# pytest's exit status 5; the closing lines of both come last.
test: $(VENV)/.dev-installed  ## Run all tests, the fault tests in their short form.
	@mkdir -p build; failed=; \
	$(PYTEST) -m "not alone" $(SIDE_BY_SIDE) tests | tee build/tests-side-by-side.txt || failed=1; \
	$(PYTEST) -m alone tests | tee build/tests-alone.txt || failed=1; \
	tail -qn 1 build/tests-side-by-side.txt build/tests-alone.txt; [ -z "$$failed" ]

check: $(VENV)/.dev-installed  ## Format, lint, types, layers, and whether the documents are true.
	@$(MAKE) --no-print-directory --silent --keep-going --jobs=2 --output-sync=target \
		check-types check-format check-lint check-layers check-house check-tests

.PHONY: check-format check-lint check-types check-layers check-house check-tests
check-format:
	@$(BIN)/ruff format --check --quiet $(SOURCES) || { echo "remedy: $(BIN)/ruff format $(SOURCES)" >&2; exit 1; }
check-lint:
	@$(BIN)/ruff check --quiet $(SOURCES)
check-types:
	@$(BIN)/mypy --no-error-summary
check-layers:
	@mkdir -p build
	@$(BIN)/lint-imports > build/layers.txt || { cat build/layers.txt >&2; exit 1; }
check-house:
	@$(PYTEST) -q tests/house
# That all can be collected; and it compiles them, once for all the processes of `test`.
check-tests:
	@mkdir -p build
	@$(PYTEST) -q --collect-only tests > build/tests-collected.txt || { tail -n 40 build/tests-collected.txt >&2; exit 1; }

faults: $(VENV)/.dev-installed  ## Run the fault tests in their long form (an hour or so).
	@HEADRACE_LONG=1 $(PYTEST) tests/faults tests/contracts tests/sources

bench: $(VENV)/.dev-installed  ## Measure against the reference; the tables go to build/bench/.
	@$(BIN)/python -m tests.bench.run

planted: $(VENV)/.dev-installed  ## Plant known bugs in a copy and expect its tests to find each.
	@$(BIN)/python -m tests.faults.planted

servers:  ## Install the real servers and load generators that tests use (Debian, as root).
	@bash tests/servers/install.sh

lock: $(BIN)/python  ## Write the locks anew from pyproject.toml; UPGRADE=--upgrade for newer releases.
	@$(PIP) install uv==$(UV_VERSION)
	@bash requirements/lock.sh $(BIN)/uv $(UPGRADE)

clean:  ## Remove all that was built or installed here.
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What is installed is remembered by a stamp, so that a second make does nothing.
$(BIN)/python:
	@bash requirements/environment.sh $(VENV)

$(VENV)/.run-installed: requirements/run.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "installing headrace into $(VENV)" >&2
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# The locks agree on every version, so what is installed to develop also runs.
$(VENV)/.dev-installed: requirements/dev.txt $(VENV)/.run-installed
	@echo "installing what tests and checks need into $(VENV)" >&2
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
