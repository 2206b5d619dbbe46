# One virtual environment, built once per change of pyproject.toml. Everything else is a command of the project itself.
#
#   make demo               edit two portraits over HTTP into out/contact_sheet.png, move one, let one talk
#   make serve PORT=8000    Redis, API and one worker on this machine, until Ctrl-C
#   make test               every test
#   make test-quick         the unit tests that take less than half a second each
#   make lint               style, types, layer rules, Dockerfile and compose files
#   make format             bring the code into its style, and mend what ruff can mend
#   make hooks              lint before every commit of this clone (pre-commit)
#   make docs               the pages of docs/ that are made from code: settings, sliders, errors, warnings
#   make clean              remove what the above made
#
# PYTHON=… picks another interpreter; pip's own variables (PIP_INDEX_URL, PIP_EXTRA_INDEX_URL …) reach pip.

PORT ?= 8000
VENV ?= .venv
# Installed before the project, so that a CPU wheel of it lying about is taken and no other version is looked for.
TORCH ?= torch==2.13.0

BIN := $(VENV)/bin
FIND_PYTHON := for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done
PYTHON ?= $(shell $(FIND_PYTHON))

.PHONY: help demo serve test test-quick lint format hooks docs clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   //p' Makefile

demo: $(VENV)/.installed-run
	$(BIN)/python -m examples.demo

serve: $(VENV)/.installed-run
	PORTRAIT_PORT=$(PORT) $(BIN)/python -m service.embedded

# One process a core. A file's tests stay together: they share the servers that they start.
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test-quick: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 -m "not slow" tests/unit tests/test_docs.py tests/test_layers.py

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml deploy/compose.*.yml

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

hooks: $(VENV)/.installed-dev
	$(BIN)/pre-commit install

docs: $(VENV)/.installed-dev
	$(BIN)/python docs/reference.py

$(VENV)/.installed-torch: | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	@touch $@

$(VENV)/.installed-run: pyproject.toml $(VENV)/.installed-torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[demo,embedded,worker]"
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(VENV)/.installed-torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@ $(VENV)/.installed-run

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer, with venv, is needed and none was found: install python3.11 and python3.11-venv," \
			"or name yours: make PYTHON=/path/to/python3" >&2; exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is older than Python 3.11: name a newer one: make PYTHON=/path/to/python3" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

clean:
	rm -rf $(VENV) out build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
