# The commands of a developer's day. GNU make and a POSIX sh are enough.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DEMO := $(VENV)/.installed-demo
TEST := $(VENV)/.installed-test
BENCH := .venv-bench/.installed-bench
FUZZ := .venv-fuzz/.installed-fuzz
QUIX := .venv-bench-quix/.installed-bench-quix
PACKAGE := pyproject.toml requirements/hatch_dependencies.py requirements/run.in
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header
IMAGE ?= esputnik-sync
PYTEST_ARGS ?=
BENCH_ARGS ?= versus

.PHONY: help venv demo test check lint types wheel pure bench soak chaos fuzz mutants docs lock image clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' Makefile

venv: $(TEST) ## Make .venv with everything the tests need

demo: $(DEMO) ## Run the consumer on an embedded broker and an eSputnik sandbox; KEEP=1: they stay up
	@$(BIN)/python -m demo $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) $(if $(KEEP),--keep)

test: lint types wheel ## Install what is needed and run every check and test
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered $(PYTEST_ARGS)

check: lint types ## Run the quick ones: lint, types, tests without a broker
	$(BIN)/python -m pytest -m "not broker and not kafka" tests/unit tests/service tests/architecture

lint: $(TEST) ## Check format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(TEST) ## Check types
	$(BIN)/mypy

# Built as a release is, and installed where nothing else is: shows a missing file or dependency.
wheel: $(TEST) ## Build the wheel and try it in an environment of its own
	@rm -rf build/wheel
	@$(PIP) wheel --no-deps --no-build-isolation --wheel-dir build/wheel .
	@$(BIN)/python -m venv --clear build/clean
	@build/clean/bin/python -m pip --disable-pip-version-check --quiet install \
		--no-deps --require-hashes -r requirements/run.txt
	@build/clean/bin/python -m pip --disable-pip-version-check --quiet install \
		--no-deps --no-index build/wheel/*.whl
	build/clean/bin/python -m pip check
	build/clean/bin/esputnik-sync --version

pure: $(TEST) ## After `make test`: every branch of the pure files was run
	$(BIN)/coverage report --fail-under=100 --skip-covered --show-missing --omit="$$($(BIN)/python -c \
		'from tests.architecture.test_rooms import SHELL; print(",".join(sorted(SHELL)))')"

# Environments of their own: what peers need must not change what the tests run on.
bench: ## Measure speed beside peers; BENCH_ARGS names another command
	@$(MAKE) --no-print-directory VENV=.venv-bench $(BENCH)
	@$(MAKE) --no-print-directory VENV=.venv-bench-quix $(QUIX)
	@.venv-bench/bin/python -m bench $(BENCH_ARGS)

soak: $(TEST) ## Play SEEDS histories, 10,000 unless said otherwise; prints those that broke a promise
	$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),10000)

chaos: $(TEST) ## Kill, freeze and bounce real processes and brokers, for half an hour or so
	SYNC_TEST_CHAOS=full $(BIN)/python -m pytest tests/chaos $(PYTEST_ARGS)

# An environment of its own: there are no wheels of the fuzzer but for Linux.
fuzz: ## Let coverage guide hostile input, SECONDS a target (60); what breaks lies in build/fuzz
	@$(MAKE) --no-print-directory VENV=.venv-fuzz $(FUZZ)
	@for name in $(or $(TARGETS),decoding events answers letters progress); do \
		.venv-fuzz/bin/python -m tests.fuzz.guided $$name $(or $(SECONDS),60) || exit 1; \
	done

mutants: $(TEST) ## Plant deliberate defects and see each caught by its tests; MUTANTS names some
	$(BIN)/python -m tests.mutants $(MUTANTS)

docs: $(TEST) ## Write the tables of docs/ anew, and try every example in them
	$(BIN)/python -m consumer.reference.pages
	$(BIN)/python -m pytest tests/docs

lock: ## Pin the newest versions in requirements/*.txt; needs uv
	@for name in run demo test bench bench-quix fuzz; do \
		$(LOCK) --upgrade requirements/$$name.in -o requirements/$$name.txt || exit 1; \
	done

image: ## Build the container image
	docker build --tag $(IMAGE) .

clean: ## Remove what these targets made, .venv included
	rm -rf $(VENV) .venv-bench* .venv-fuzz build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A lock names all there is to install: left to resolve an extra, pip may pick a version beyond it.
# The package is installed in place, so the command exists and follows the source.
$(DEMO): requirements/demo.txt $(PACKAGE) | $(BIN)/python
	@echo "Installing what the demo needs into $(VENV), once"
	@$(PIP) install --no-deps --require-hashes -r requirements/demo.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(TEST): requirements/test.txt $(PACKAGE) | $(BIN)/python
	@echo "Installing what the tests need into $(VENV)"
	@$(PIP) install --no-deps --require-hashes -r requirements/test.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(BENCH): requirements/bench.txt $(PACKAGE) | $(BIN)/python
	@echo "Installing what the bench needs into $(VENV)"
	@$(PIP) install --no-deps --require-hashes -r requirements/bench.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(FUZZ): requirements/fuzz.txt $(PACKAGE) | $(BIN)/python
	@echo "Installing what fuzzing needs into $(VENV)"
	@$(PIP) install --no-deps --require-hashes -r requirements/fuzz.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(QUIX): requirements/bench-quix.txt | $(BIN)/python
	@echo "Installing Quix Streams into $(VENV)"
	@$(PIP) install --no-deps --require-hashes -r requirements/bench-quix.txt
	@touch $@

# The newest of the usual names, or the one that PYTHON names and no other.
$(BIN)/python:
	@found=; \
	for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			found=$$python; break; \
		fi; \
	done; \
	if [ -z "$$found" ]; then \
		here=$$($(or $(PYTHON),python3) --version 2>/dev/null); \
		echo "esputnik-sync needs Python 3.11 or newer, here is $${here:-none}:" \
			"install one, or name it with make PYTHON=..." >&2; \
		exit 1; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		echo "$$found cannot make virtual environments:" \
			"install its venv package (Debian, Ubuntu: apt install python3-venv)" >&2; \
		exit 1; \
	fi; \
	$$found -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }
