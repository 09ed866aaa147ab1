# make run  - everything a visitor needs, on this machine
# make test - everything a developer needs to know
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8765
PAGE_PORT ?= 8501
BIN := .venv/bin

.PHONY: run test check clean

run: .venv/installed
	@$(BIN)/python -m agent run --host $(HOST) --port $(PORT) --page-port $(PAGE_PORT)

test: .venv/installed-test
	@sh deploy/browser.sh
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "Python 3.11 to 3.13 is needed; choose one with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'torch>=2.6,<2.14' $(TORCH_INDEX)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@# Byte code is made once here: without it text2vec alone takes twenty seconds to import.
	@$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
	@touch $@

.venv/installed-test: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

clean:
	rm -rf .venv build *.egg-info
