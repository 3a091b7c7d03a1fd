# CleoAI. `make` says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
TORCH ?= cpu
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export OMP_WAIT_POLICY := passive
export TOKENIZERS_PARALLELISM := false
export DAGSTER_DISABLE_TELEMETRY := yes
export GX_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

.PHONY: help setup run stop serve ui doctor test lint format bench clean distclean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(STAMP) ## make the environment, fetch the pinned data, make development keys
	@$(BIN)/cleo setup

# uv is quicker and used when it is there; plain pip does the same.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] < (3, 13) else "CleoAI needs Python 3.11 or 3.12; this is %s. Name another one: make PYTHON=python3.11 ..." % sys.version.split()[0])'
	@echo "Setting up the environment in $(VENV) (once, a few minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@scripts/install.sh $(BIN)/python $(TORCH)
	@touch $@

run: setup ## run the whole chain, approve as the development reviewer, serve, ask one question
	@$(BIN)/cleo run --demo

stop: ## end what `make run`, `make serve` and `make ui` started
	@if [ -x $(BIN)/cleo ]; then $(BIN)/cleo stop; fi

serve: setup ## serve the approved model in the foreground
	@$(BIN)/cleo api

ui: setup ## start Dagster and MLflow in the background
	@$(BIN)/cleo ui

doctor: ## say what is missing and the command that fixes it
	@if [ -x $(BIN)/cleo ]; then $(BIN)/cleo doctor; else echo "The environment is not set up. Fix: make setup"; exit 1; fi

test: setup ## all tests but gpu and slow, with coverage
	@scripts/test.sh $(BIN)

lint: setup ## style, types, imports, security rules
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports && $(BIN)/bandit -q -c pyproject.toml -r cleo_core cleo_model cleo_memory cleo_serving evals orchestration

format: setup ## format the code and order the imports
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: setup ## list the benchmarks, or run one: make bench NAME=chain
	@$(BIN)/python -m benchmarks $(or $(NAME),--help) $(if $(NAME),--json $(NAME).json)

clean: stop ## remove caches and test output (keeps models and memories)
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.* .coverage_html .import_linter_cache build
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean ## also remove the environment (never .cleo: delete that by hand)
	@rm -rf $(VENV) *.egg-info
