# Everything a newcomer runs. `make demo` and `make test` need only git, make, Python 3.11+ and the network once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Of the thousands of modules most are never imported; Python compiles the others at their first import.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile
JOBS ?= 3

unexport PYTHONDONTWRITEBYTECODE  # the tests start many processes, each of which would compile the house anew

.PHONY: demo test check lint types tests bench soak pictures lock clean

$(VENV)/run.stamp: requirements/run.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies (once) ..."
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/run.stamp  ## the whole product on this machine, with no account anywhere
	@exec $(BIN)/mcrm demo

check: lint types  ## format, lint, types

lint: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

tests: $(VENV)/dev.stamp
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not soak"

test: lint  ## the whole gate: format, lint, then types beside tests on SQLite and PostgreSQL
	@$(MAKE) --no-print-directory -j 2 types tests

bench: $(VENV)/dev.stamp  ## the budgets of the design, measured on this machine
	$(BIN)/python -m bench

soak: $(VENV)/dev.stamp  ## long property runs and drills
	$(BIN)/pytest -m soak

pictures: $(VENV)/dev.stamp  ## redraw every picture in the docs
	$(BIN)/python -m docs.pictures

lock:  ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
	    pyproject.toml requirements/build.in --output-file requirements/run.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
	    --extra dev --constraints requirements/run.txt pyproject.toml requirements/build.in --output-file requirements/dev.txt

clean:
	rm -rf $(VENV) var
