# make run      - everything a visitor needs, on this machine
# make test     - everything a developer needs to know at each change
# make test-all - the same with soak, training and packaging tests: what CI runs
# make coverage - the quick tests, and which lines they run; fails under the floor
# JOBS=3 make test, … - with as many processes (2)
# make lock     - write the lock files anew (needs uv)
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8765
PAGE_PORT ?= 8501
JOBS ?= 2
BIN := .venv/bin
MARKS := not gpu and not weights and not network
export PYTHON

.PHONY: run test test-all coverage lint lock clean

run: .venv/installed
	@$(BIN)/python -m agent run --host $(HOST) --port $(PORT) --page-port $(PAGE_PORT)

test: lint
	@sh deploy/browser.sh
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "$(MARKS) and not slow"

test-all: lint
	@sh deploy/browser.sh
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "$(MARKS)"

coverage: .venv/installed-test
	@sh deploy/browser.sh
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "$(MARKS) and not slow" --cov --cov-report=term

lint: .venv/installed-test
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

.venv/installed: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "Python 3.11 to 3.13 is needed; choose one with: make PYTHON=python3.12"; exit 1; }
	sh deploy/install.sh requirements.lock
	@touch $@

.venv/installed-test: pyproject.toml requirements-test.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "Python 3.11 to 3.13 is needed; choose one with: make PYTHON=python3.12"; exit 1; }
	sh deploy/install.sh requirements-test.lock "[test]"
	@touch $@ .venv/installed

lock:
	sh deploy/lock.sh

clean:
	rm -rf .venv build *.egg-info
