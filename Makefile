# Two commands matter: `make run` (see it work) and `make test`. Both make the environment first, once.
VENV ?= .venv
PY := $(VENV)/bin/python
PORT ?= 7860
QUESTION ?= 贵州算力利用率如何
SAMPLE := eval/suites/sample/corpus
EXTRAS ?= dev,e2e,ocr

.PHONY: run test test-full wheelhouse lint bench eval audit clean

# The stamp is renewed when the dependencies change; otherwise making the environment costs nothing.
$(VENV)/.ready: pyproject.toml
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --upgrade "pip>=24"
	PYTHONWARNINGS=ignore $(PY) -m pip install --quiet --disable-pip-version-check --editable ".[$(EXTRAS)]"
	touch $@

run: $(VENV)/.ready
	$(VENV)/bin/policyqa ingest $(SAMPLE)
	$(VENV)/bin/policyqa ask "$(QUESTION)"
	$(VENV)/bin/policyqa serve --port $(PORT)

test: $(VENV)/.ready
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m bandit -q -c pyproject.toml -r app ingest eval prompts
	$(PY) -m pytest
	$(VENV)/bin/policyqa eval sample --gate
	$(VENV)/bin/policyqa eval official --gate $(if $(POLICYQA_REQUIRE_OPTIONAL),,--skip-absent)

# The tests that take minutes, and only those: kill, full disk, failing models, 10,000 questions, many more cases of the API's schema.
test-full: $(VENV)/.ready
	$(PY) -m pytest -m full

lint: $(VENV)/.ready
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	$(PY) -m mypy

# Every package as a wheel, and the project's own: what docs/deploy/Dockerfile installs without a network. Make it on Linux with
# the Python of the image (3.11). WHEELS: with which extras.
WHEELS ?= ocr,mcp
wheelhouse: $(VENV)/.ready
	rm -rf wheelhouse build
	$(PY) -m pip wheel --quiet --disable-pip-version-check --wheel-dir wheelhouse ".[$(WHEELS)]"

bench: $(VENV)/.ready
	$(PY) -m bench.embed
	$(PY) -m bench.ask
	$(PY) -m bench.search
	$(PY) -m bench.ingest
	$(PY) -m bench.page
	$(PY) -m bench.api

# Asks the package index what is known to be vulnerable; where it cannot be asked, it says so and fails nothing.
audit: $(VENV)/.ready
	$(PY) -m pip install --quiet --disable-pip-version-check ".[audit]"
	$(PY) .ci/audit.py

eval: $(VENV)/.ready
	$(VENV)/bin/policyqa eval sample

clean:
	rm -rf $(VENV) .policyqa wheelhouse build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
