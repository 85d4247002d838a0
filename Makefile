# Every target installs what it needs into .venv; nothing else is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STACK ?= embedded
WAIT ?= 1
PORTS ?= 28000
TEST_PROCESSES ?= 5
# A file's tests share clusters with a backup, so one process runs them all; the files that come first are the longest.
BY_FILE := --dist loadfile --no-loadscope-reorder
CLUSTER_TESTS := $(addprefix tests/real/test_,$(addsuffix .py,back_up cold guard identity pictures restore))
export PYTHONPATH := $(CURDIR)/include
# Tests start hundreds of small programs: each module is compiled once for all of them, and nothing beside the sources.
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/bytecode
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo prove test test-faults test-real test-camunda camunda-home test-engines kubernetes matrix browser postgresql stores benchmark check lock clean

demo: $(if $(filter stand-in,$(STACK)),$(VENV)/base,$(VENV)/sandbox) ## the whole story on this machine (STACK=stand-in: no Java, no downloads)
	@$(BIN)/python -m sandbox demo --stack $(STACK) --ports $(PORTS) $(if $(filter 0,$(WAIT)),--exit,)

prove: $(VENV)/sandbox ## is a cluster that is restored under load consistent? With the Camunda 8.6 that CAMUNDA_HOME names
	@$(BIN)/python -m sandbox prove --ports $(PORTS) --page docs/consistency.md

test: $(VENV)/dev $(VENV)/sandbox ## unit and DAG tests against the stand-in; Python alone
	$(BIN)/python -m pytest tests --ignore tests/real --ignore tests/camunda -m "not faults" --numprocesses $(TEST_PROCESSES) $(BY_FILE) --durations 10

test-faults: $(VENV)/dev $(VENV)/sandbox ## whole DAG runs in which something fails, of each kind of fault one; Python alone
	$(BIN)/python -m pytest tests/dag_runs -m faults --numprocesses $(TEST_PROCESSES) $(BY_FILE) --durations 10

test-real: $(VENV)/dev $(VENV)/sandbox browser postgresql stores ## tests against real search engines, stores and other servers
	$(BIN)/python -m pytest tests/real

test-camunda: camunda-home $(VENV)/dev $(VENV)/sandbox browser stores ## tests against the Camunda that CAMUNDA_HOME names
	$(BIN)/python -m pytest tests/camunda
	case $$($(BIN)/python -m sandbox.camunda_home) in 8.6.*) $(BIN)/python -m pytest $(CLUSTER_TESTS);; esac

camunda-home: $(VENV)/sandbox
	@$(BIN)/python -m sandbox.camunda_home

test-engines: $(VENV)/dev $(VENV)/sandbox ## tests of snapshots on the search engine at ELASTICSEARCH_URL
	@[ -n "$$ELASTICSEARCH_URL" ] || { echo "ELASTICSEARCH_URL is not set: it is the address of a search engine of your own, with path.repo set, that holds nothing else"; exit 1; }
	$(BIN)/python -m pytest tests/real/test_engines.py

kubernetes: $(VENV)/sandbox ## a Kubernetes control plane without containers on this machine; needs Go 1.26, the first time for some minutes
	@$(BIN)/python -m sandbox kubernetes

matrix: $(VENV)/dev ## writes the table of docs/tested-against.md from the results of the last make test and make test-real
	$(BIN)/python -m tests.matrix.page

browser: ## Chromium for the pictures of a restored cluster; root installs it with apt-get, others are told how
	@found() { for one in chromium chromium-browser google-chrome google-chrome-stable; do command -v $$one >/dev/null && return; done; false; }; \
	found || { [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; found; } \
	|| { echo "Pictures of a restored cluster need Chromium or Google Chrome; install one (on Debian: apt-get install chromium)"; exit 1; }

postgresql: ## PostgreSQL for its tests; root installs it with apt-get, others are told how
	@found() { for one in /usr/lib/postgresql/*/bin/initdb $$(command -v initdb); do [ -x "$$one" ] && return; done; false; }; \
	found || { [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql; found; } \
	|| { echo "The tests of database dumps need PostgreSQL's server and programs; install them (on Debian: apt-get install postgresql)"; exit 1; }

stores: $(VENV)/dev $(VENV)/sandbox ## object stores for their tests, built with Go and npm once per user
	@$(BIN)/python -m sandbox.stores

benchmark: $(VENV)/base ## how long exporting is paused, and by what
	$(BIN)/python -m benchmarks.pause --ports $(PORTS)

check: $(VENV)/dev $(VENV)/sandbox ## linters and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: $(VENV)/uv ## pin every requirement again
	$(BIN)/uv pip compile -q --universal --python-version 3.11 requirements.txt requirements-sandbox.txt requirements-dev.txt -o requirements-all.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 -c requirements-all.lock requirements.txt -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 -c requirements-all.lock requirements-sandbox.txt -o requirements-sandbox.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 -c requirements-all.lock requirements-dev.txt -o requirements-dev.lock
	rm requirements-all.lock

$(VENV)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %s; name one with make PYTHON=python3.12" % sys.version.split()[0])'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python's venv module is missing; install it (Debian, Ubuntu: apt-get install python3-venv)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==0.13.9 || { echo "The Python packages cannot be fetched: is there a network connection to the package index?"; exit 1; }
	@touch $@

$(VENV)/base: requirements.lock | $(VENV)/uv
	@$(BIN)/uv pip install -q --python $(BIN)/python -r $< && touch $@

$(VENV)/dev: requirements-dev.lock | $(VENV)/uv
	@$(BIN)/uv pip install -q --python $(BIN)/python -r $< && touch $@

$(VENV)/sandbox: requirements-sandbox.lock | $(VENV)/uv
	@$(BIN)/uv pip install -q --python $(BIN)/python -r $< && touch $@

clean: ## everything the targets made, except downloaded artifacts
	rm -rf $(VENV) .sandbox
