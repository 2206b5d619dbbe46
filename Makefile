# One virtual environment, built once per change of pyproject.toml. Everything else is a command of the project itself.
#
#   make demo               edit two portraits over HTTP into out/contact_sheet.png, move one, let one talk
#   make serve PORT=8000    Redis, API and one worker on this machine, until Ctrl-C
#   make test               every test
#   make soak ROUNDS=200    faults for as many rounds: processes die and come back while clients go on
#   make fuzz               thousands of broken files and made-up requests, about an hour on two cores
#   make saturate MINUTES=15  more clients than can be served: nothing breaks, nothing grows
#   make test-quick         the unit tests that take less than half a second each
#   make lint               style, types, layer rules, Dockerfile and compose files
#   make format             bring the code into its style, and mend what ruff can mend
#   make hooks              lint before every commit of this clone (pre-commit)
#   make bench              how fast it is: benchmarks/RESULTS.md, in about ten minutes
#   make docs               the pages of docs/ that are made from code: settings, sliders, errors, warnings
#   make lock               pin and hash what images and developers install, within pyproject.toml's ranges (requirements/)
#   make audit              known vulnerabilities of what the locks name
#   make licences           licences of what is installed, into out/licences.md
#   make sbom               a bill of materials (CycloneDX) for each lock, into out/
#   make clean              remove what the above made
#
# PYTHON=… picks another interpreter; pip's own variables (PIP_INDEX_URL, PIP_EXTRA_INDEX_URL …) reach pip.

PORT ?= 8000
ROUNDS ?= 200
MINUTES ?= 15
SEED ?= 1
VENV ?= .venv
# Installed before the project, so that a CPU wheel of it lying about is taken and no other version is looked for.
TORCH ?= torch==2.13.0

BIN := $(VENV)/bin
FIND_PYTHON := for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done
PYTHON ?= $(shell $(FIND_PYTHON))

.PHONY: help demo serve test soak fuzz saturate test-quick lint format hooks bench docs lock audit licences sbom clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   //p' Makefile

demo: $(VENV)/.installed-run
	$(BIN)/python -m examples.demo

serve: $(VENV)/.installed-run
	PORTRAIT_PORT=$(PORT) $(BIN)/python -m service.embedded

# One process a core. A file's tests stay together: they share the servers that they start. Those that drive a browser have
# a process of their own: while it is driven, no other event loop can run there.
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --ignore tests/e2e/studio
	$(BIN)/python -m pytest tests/e2e/studio

soak: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -s tests/faults --rounds $(ROUNDS) --fault-seed $(SEED)

fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -s tests/e2e/fuzz --mutants 1 --fault-seed $(SEED)

saturate: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -s tests/e2e/saturation --minutes $(MINUTES) --fault-seed $(SEED)

test-quick: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 -m "not slow" tests/unit tests/test_docs.py tests/test_layers.py

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

hooks: $(VENV)/.installed-dev
	$(BIN)/pre-commit install

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

docs: $(VENV)/.installed-dev
	$(BIN)/python docs/reference.py

# torch is in none of them: it comes from an index of its own, for CPUs or for CUDA.
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --custom-compile-command "make lock" \
	pyproject.toml
SERVED := --extra client --extra gcs --extra s3 --extra tracing
LOCKS := api worker-cpu worker-cuda dev

lock: $(VENV)/.installed-supply
	$(LOCK) $(SERVED) --output-file requirements/api.txt
	$(LOCK) requirements/torch.in requirements/onnxruntime.in $(SERVED) --extra c2pa --extra worker \
		--override requirements/without-cuda.txt --output-file requirements/worker-cpu.txt
	$(LOCK) requirements/torch.in $(SERVED) --extra c2pa --extra worker \
		--override requirements/without-torch.txt --output-file requirements/worker-cuda.txt
	$(LOCK) requirements/torch.in --extra dev --override requirements/without-torch.txt --output-file requirements/dev.txt

audit: $(VENV)/.installed-supply
	$(BIN)/pip-audit --disable-pip --require-hashes $(LOCKS:%=--requirement requirements/%.txt)

licences: $(VENV)/.installed-supply
	@mkdir -p out
	$(BIN)/pip-licenses --format=markdown --with-urls --output-file=out/licences.md

sbom: $(VENV)/.installed-supply
	@mkdir -p out
	for lock in $(LOCKS); do \
		$(BIN)/cyclonedx-py requirements requirements/$$lock.txt --pyproject pyproject.toml --output-file out/sbom-$$lock.json || exit 1; \
	done

$(VENV)/.installed-torch: | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	@touch $@

$(VENV)/.installed-run: pyproject.toml $(VENV)/.installed-torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[demo,embedded,worker]"
	@touch $@

# What the lock names has its version and its hashes; the second line adds what pyproject.toml has and the lock not yet.
$(VENV)/.installed-dev: pyproject.toml requirements/dev.txt $(VENV)/.installed-torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	-$(BIN)/python -m tests.helm_program $(BIN)
	@touch $@ $(VENV)/.installed-run

$(VENV)/.installed-supply: pyproject.toml $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[supply]"
	@touch $@

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
