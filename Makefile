# Penstock's commands: `make help` lists them. CI runs `make test`.
#
# Needs python3 (3.11 or newer) and make. Everything else comes from the hash-locked requirements/ into .venv; node and
# npm are used if they are there, for the tests that drive the official Node SDKs.

PYTHON ?= python3
UV ?= $(or $(shell command -v uv),.venv/bin/uv)
PYTEST_ARGS ?=

BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
INSTALL_PROJECT := $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

# Stamps: what has been installed, as of which lock.
RUNTIME := .venv/.runtime-installed
TESTS := .venv/.test-installed
NODE_SDKS := tests/clients/node/node_modules/.installed

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

.PHONY: help
help: ## Show these lines
	@awk -F ' *## *' '/^[a-z-]+:.* ## / { sub(/:.*/, "", $$1); printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# --- Using -----------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(TESTS) ## Create .venv with everything locked: runtime, checks, tests
	@echo "Ready. Try: make demo, make test, or $(BIN)/penstock --help"

.PHONY: demo
demo: $(if $(wildcard $(TESTS)),$(TESTS),$(RUNTIME)) ## Start a gateway with providers to try: simulated ones, or yours
	@$(BIN)/penstock demo

# --- Checking --------------------------------------------------------------------------------------------------------

CHECKS := lint format types contracts house node-sdks unit

.PHONY: test
test: $(TESTS) ## Everything CI checks; stops at the first failure
	@for check in $(CHECKS); do \
		printf '\n== %s\n' "$$check"; \
		$(MAKE) --no-print-directory "$$check" || { \
			printf '\nSTOPPED: "make %s" failed; what comes after it was not run.\n' "$$check"; exit 1; }; \
	done

.PHONY: lint
lint: $(TESTS) ## ruff: all rules but those that pyproject.toml argues away
	@$(BIN)/ruff check

.PHONY: format
format: $(TESTS) ## Is everything formatted? (make fmt does it)
	@$(BIN)/ruff format --check

.PHONY: types
types: $(TESTS) ## mypy --strict
	@$(BIN)/mypy

.PHONY: contracts
contracts: $(TESTS) ## Who may import whom
	@$(BIN)/lint-imports --no-logo

.PHONY: house
house: $(TESTS) ## The house's own rules: scripts/check_*.py
	@$(BIN)/python -m scripts.run_checks

.PHONY: node-sdks
node-sdks: ## Install the Node SDKs that the end-to-end tests drive, if node is here
ifneq ($(and $(shell command -v node),$(shell command -v npm)),)
	@$(MAKE) --no-print-directory $(NODE_SDKS)
	@echo "Node SDKs installed for node $$(node --version)"
else
	@echo "SKIPPED: node or npm is not installed, so the tests that drive the Node SDKs are skipped"
endif

.PHONY: unit
unit: $(TESTS) ## The tests alone; PYTEST_ARGS="-k name" chooses
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 $(PYTEST_ARGS)

# --- Measuring -------------------------------------------------------------------------------------------------------

.PHONY: bench
bench: $(TESTS) ## Measure against the other gateways, side by side; writes bench/results/latest.json
	@$(BIN)/python -m bench.install_peers
	@$(BIN)/python -m bench

.PHONY: bench-quick
bench-quick: $(TESTS) ## The same against Envoy alone, in under three minutes
	@$(BIN)/python -m bench.install_peers envoy
	@$(BIN)/python -m bench --quick

.PHONY: bench-routes
bench-routes: $(TESTS) ## What routes, starts and idle workers cost; writes bench/results/routes.json
	@$(BIN)/python -m bench.routes

# --- Keeping ---------------------------------------------------------------------------------------------------------

.PHONY: fmt
fmt: $(TESTS) ## Format, and mend what ruff can mend
	@$(BIN)/ruff check --fix --show-fixes
	@$(BIN)/ruff format

.PHONY: generate
generate: $(TESTS) ## Write the generated files again: scripts/generate_*.py
	@for script in $(notdir $(basename $(wildcard scripts/generate_*.py))); do \
		$(BIN)/python -m "scripts.$$script" || exit 1; \
	done

.PHONY: lock
lock: ## Resolve the requirements again (needs uv); UPGRADE=--upgrade takes newer versions
	$(COMPILE) $(UPGRADE) pyproject.toml --output-file requirements/runtime.txt
	$(COMPILE) $(UPGRADE) requirements/build.in --output-file requirements/build.txt
	$(COMPILE) $(UPGRADE) pyproject.toml requirements/test.in --output-file requirements/test.txt \
		--constraints requirements/runtime.txt --constraints requirements/build.txt
	cd tests/clients/node && npm install --package-lock-only

.PHONY: clean
clean: ## Remove what was installed, cached and built
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist build
	rm -rf tests/clients/node/node_modules
	find src tests scripts bench -name __pycache__ -prune -exec rm -rf {} +

# --- Stamps ----------------------------------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Penstock needs Python 3.11 or newer, and $(PYTHON) is not. Name another: make setup PYTHON=python3.13"; exit 1; }
	@echo "Creating .venv"
	@$(PYTHON) -m venv .venv

$(RUNTIME): requirements/runtime.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Penstock runs on"
	@$(PIP_INSTALL) --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@$(INSTALL_PROJECT)
	@touch $@

$(TESTS): requirements/test.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Penstock runs on, and what its tests need"
	@$(PIP_INSTALL) --require-hashes -r requirements/test.txt
	@$(INSTALL_PROJECT)
	@touch $@

$(NODE_SDKS): tests/clients/node/package-lock.json
	cd tests/clients/node && npm ci --no-audit --no-fund --loglevel=error
	@touch $@
