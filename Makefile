# Two commands do everything: `make run` opens the page, `make test` checks style and types and runs the tests.
# Each sets up a virtual environment first, and again when its requirements change.
PYTHON ?= python3
VENV ?= .venv
PY = $(VENV)/bin/python

.PHONY: run test check test-slow audit clean
run: $(VENV)/.ready-run
	$(PY) app.py $(ARGS)

test: check
	$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/.ready-test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pyrefly check --python-interpreter-path $(PY)

test-slow: $(VENV)/.ready-test
	$(PY) -m pytest -m slow -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# Known advisories in what is installed. A build's own mark (2.13.0+cpu) is taken off: nobody lists it.
audit: $(VENV)/.ready-test
	$(PY) -m pip install --quiet --disable-pip-version-check pip-audit
	$(PY) -m pip freeze --exclude-editable | sed 's/+[a-z0-9.]*$$//' > $(VENV)/audited.txt
	$(PY) -m pip_audit --strict --disable-pip --no-deps --progress-spinner off -r $(VENV)/audited.txt

$(VENV)/.ready-run: requirements.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.ready-test: requirements.txt requirements-dev.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
