# make demo     start everything with demonstration data, until Ctrl-C
# make test     run all tests
# make check    what the tests cannot see: format, lint, types, imports, templates
# make fix      mend what a machine can
# make conformance   run the DMN compatibility kit
# make simulate [SEEDS=1000]   run random processes under random faults, judged by an oracle
# make bench [BENCH=name[,name]]   print measurements, one JSON object per line
# make long-session [LONG_SESSION=500]   work through so many tasks in one tab, and measure what it holds
# make screenshots [SCREENS="batch,approval"]   take every page of the demonstration as pictures
# make chaos [CHAOS=0.05] [CHAOS_ONLY=storm,broker]   the long runs of reliability, at a share of their size

PYTHON ?= python3
PORT ?= 8000
WORKERS ?= 2
PYTEST_WORKERS ?= 2
BENCH ?=
SEEDS ?= 1000
CHAOS ?= 1
CHAOS_ONLY ?=
LONG_SESSION ?= 500
SCREENS ?=

BIN := .venv/bin
PAGES = $(shell find templates review workflows -name '*.html')

# Tests start a hundred processes: each is to read its modules compiled, not to compile them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install install-dev demo test check check-static check-pages fix bench
.PHONY: conformance simulate chaos long-session screenshots

help:
	@sed -n 's/^# //p' Makefile

install:
	@$(PYTHON) config/local/install.py requirements.lock

install-dev:
	@$(PYTHON) config/local/install.py requirements-dev.lock

demo: install
	@exec $(BIN)/python manage.py up --demo --port $(PORT) --workers $(WORKERS)

test: install-dev
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup

check: install-dev check-static check-pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run

check-pages:
	@$(BIN)/djade --check --target-version 5.2 $(PAGES)
	@$(BIN)/djlint --check $(PAGES)
	@$(BIN)/djlint --lint $(PAGES)

# Only JS and CSS need node; a machine without it checks everything else.
check-static:
	@if command -v npm >/dev/null; then \
		$(MAKE) --no-print-directory node_modules/.package-lock.json && \
		npx --no-install biome ci --colors=off; \
	else \
		echo "JS and CSS are not linted here: npm is not installed."; \
	fi

node_modules/.package-lock.json: package-lock.json
	npm ci --loglevel=error
	@touch $@

fix: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	@$(BIN)/djade --target-version 5.2 $(PAGES) || true
	@$(BIN)/djlint --quiet --reformat $(PAGES) || true
	@if command -v npm >/dev/null; then \
		$(MAKE) --no-print-directory node_modules/.package-lock.json && \
		npx --no-install biome check --write; \
	fi

simulate: install-dev
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS)

bench: install-dev
	@$(BIN)/python -m tests.benchmarks $(BENCH)

chaos: install-dev
	@COUNTERSIGN_ENV=test CHAOS=$(CHAOS) CHAOS_ONLY=$(CHAOS_ONLY) $(BIN)/python -m tests.faults.chaos

long-session: install-dev
	@LONG_SESSION=$(LONG_SESSION) $(BIN)/python -m pytest -q -s -n 0 tests/e2e/test_long_session.py

screenshots: install-dev
	@$(BIN)/python -m tests.screenshots $(if $(SCREENS),"$(SCREENS)")

# The DMN compatibility kit lies beside the repository where it is at hand.
KIT := ../shared/conformance

conformance: install-dev
	@if [ -d $(KIT) ]; then \
		PYTHONPATH=. $(BIN)/python $(KIT)/run_tck.py --tck $(KIT)/dmn_tck \
			--evaluate tests.conformance.dmn_tck:evaluate; \
	else \
		echo "There is no $(KIT) here, so there is nothing to run."; \
	fi
