# Everything a developer runs. `make help` lists it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CLI := $(BIN)/vacancy
# The tests wait more than they compute.
WORKERS ?= 4

.DEFAULT_GOAL := help
.PHONY: help demo test thorough check format bench parity controlplane screenshots lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "vacancy needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/.installed  ## the whole product on a simulated cluster, nothing needed
	$(CLI) --demo

test: $(VENV)/.installed  ## the everyday tests
	$(BIN)/python -m pytest tests -m "not controlplane and not thorough" -n $(WORKERS) --dist worksteal

thorough: $(VENV)/.installed  ## those that take long: every step killed, every key pressed, every door and trouble
	$(BIN)/python -m pytest tests -m "thorough and not controlplane" -n $(WORKERS) --dist worksteal

check: $(VENV)/.installed  ## lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed  ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed  ## the bars of speed and memory, each beside its reference
	$(BIN)/python -m tests.bench

parity: $(VENV)/.installed  ## agreement with the real Cluster Autoscaler, field by field
	$(BIN)/python -m tests.parity.agreement

controlplane: $(VENV)/.installed  ## build (cached) and start the real Kubernetes, and test against it
	$(BIN)/python -m tests.controlplane build
	VACANCY_CONTROLPLANE=require $(BIN)/python -m pytest tests -m controlplane

screenshots: $(VENV)/.installed  ## make the pictures of the README anew
	$(BIN)/python -m screenshots

lock: $(VENV)/.installed  ## resolve the dependencies anew, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --group dev pyproject.toml --output-file requirements.lock

clean:  ## remove what the targets made here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
