# `make` lists the verbs. PYTHON is any Python ≥ 3.11; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test check lint full golden bench wheel clean

help:  ## List the verbs
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("decayd needs Python 3.11 or newer: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all,dev]'
	touch $@

demo: $(READY)  ## Simulate a decaying assistant, report on it, pull a training set (folder demo/)
	$(BIN)/decayd demo --out demo

test: $(READY)  ## Run the tests
	$(BIN)/python -m pytest -q -m 'not slow'

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## Format, lint, types, import contracts, tests

full: $(READY)  ## The long tests too
	$(BIN)/python -m pytest -q

golden: $(READY)  ## Rewrite the golden files; read the diff
	UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q tests/golden

bench: $(READY)  ## Print every figure that the README quotes
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done
	if [ -n "$$SHARED_FOLDER" ]; then $(BIN)/python -m benchmarks.drift --quick; fi
	$(BIN)/python -m benchmarks.decay --quick

wheel: $(READY)  ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

clean:  ## Remove what the verbs made
	rm -rf $(VENV) dist demo .mypy_cache .ruff_cache .pytest_cache
