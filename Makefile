# miniredis: make run and make test are all a newcomer needs; see README.rst.
PYTHON ?= python3
PORT ?= 6379
BIND ?= 127.0.0.1
# Extra words for pytest, for instance: make test ARGS='-k sorted_set'
ARGS ?=
# Times that make crash kills a server, for each policy of syncing.
ROUNDS ?= 100
# How long make fuzz runs each target.
SECONDS ?= 60
# Tests run in this many processes.
WORKERS ?= 2

RUN_VENV := .venv
TEST_VENV := build/venv
PY := $(TEST_VENV)/bin/python
SOURCES := setup.py setup.cfg pyproject.toml $(shell find miniredis twisted native -name '*.py' -o -name '*.c')
# Bytes in, bytes out, and the oracle: what runs on the compiled build too.
COMPILED_TESTS := $(wildcard $(addprefix tests/,resp datatypes formats keyspace commands dispatch scripting oracle))
# What runs the same lines again and again, or processes that are not traced: coverage would only make it slow.
UNTRACED := tests/docs $(wildcard tests/*/test_simulation.py)
# $(call pip,PYTHON,WORDS): quiet; where it fails, the end of its log.
pip = $(1) -m pip --disable-pip-version-check -qq --log build/pip.log $(2) \
	|| { grep -v WARNING build/pip.log | tail -n 40; exit 1; }

.PHONY: run test lint types unit compiled system crash fuzz soak long bench docs dist news clean

## run: serve on 127.0.0.1:6379 from an environment in .venv
run: $(RUN_VENV)/installed
	@exec $(RUN_VENV)/bin/miniredis-server --bind $(BIND) --port $(PORT)

$(RUN_VENV)/installed: $(SOURCES)
	@test -x $(RUN_VENV)/bin/python || { echo "making the virtual environment $(RUN_VENV)"; $(PYTHON) -m venv $(RUN_VENV); }
	@echo "installing miniredis and what it needs (a few minutes with a C compiler)"
	@rm -rf build/lib* build/temp*
	@$(call pip,$(RUN_VENV)/bin/python,install .)
	@touch $@

## test: everything interpreted with coverage, a compiled smoke, lint and types; within 10 minutes
test: lint types unit compiled
	@echo "make test: all passed"

## lint: ruff's rules and its format
lint: $(TEST_VENV)/installed
	@$(TEST_VENV)/bin/ruff check .
	@$(TEST_VENV)/bin/ruff format --check .

## types: mypy, strict
types: $(TEST_VENV)/installed
	@$(TEST_VENV)/bin/mypy miniredis twisted/plugins tests bench docs/pages.py docs/client_commands.py docs/client_replies.py docs/client_signatures.py setup.py

## unit: all tests but tests/system, interpreted, with branch coverage and its gates
unit: $(TEST_VENV)/installed
	@rm -rf build/coverage && mkdir -p build/coverage
	@PYTHONPATH=. $(PY) -m pytest --no-skips -q -n $(WORKERS) $(UNTRACED) $(ARGS)
	@PYTHONPATH=. $(PY) -m pytest --no-skips -q -n $(WORKERS) --cov --cov-config=setup.cfg --cov-report= --ignore=tests/system \
	$(UNTRACED:%=--ignore=%) $(ARGS)
	@$(PY) -m coverage json --rcfile=setup.cfg -q
	@$(PY) tests/coverage_gate.py build/coverage/coverage.json

## compiled: the same bytes-in/bytes-out and oracle tests on the compiled build
compiled: build/compiled/installed
	@PYTHONPATH=build/compiled $(PY) -P -m pytest --no-skips -q -n $(WORKERS) -p no:cacheprovider --compiled $(COMPILED_TESTS) $(ARGS)

build/compiled/installed: $(TEST_VENV)/installed $(SOURCES)
	@echo "compiling with mypyc, lightly optimised: this is for correctness"
	@rm -rf build/compiled build/lib* build/temp* && mkdir -p build/compiled
	@MINIREDIS_COMPILE=1 MINIREDIS_OPT_LEVEL=1 $(call pip,$(PY),install --no-deps --no-build-isolation --target build/compiled .)
	@touch $@

$(TEST_VENV)/installed: setup.cfg tests/requirements.py tests/debian_packages.sh
	@sh tests/debian_packages.sh redis-server redis-tools redis-sentinel
	@test -x $(PY) || { echo "making the virtual environment $(TEST_VENV)"; $(PYTHON) -m venv $(TEST_VENV); }
	@echo "installing what tests need"
	@$(PY) tests/requirements.py test > build/requirements.txt
	@$(call pip,$(PY),install 'setuptools>=77' wheel -r build/requirements.txt)
	@touch $@

## system: real clients and real processes; within 30 minutes
system: build/dist/installed
	@sh tests/debian_packages.sh chromium chromium-driver systemd $$(command -v npm >/dev/null || echo nodejs npm)
	@$(PY) -P -m pytest --no-skips -q tests/system $(ARGS)

# The wheel as a user gets it, in an environment of its own.
build/dist/installed: $(TEST_VENV)/installed $(SOURCES)
	@echo "compiling with mypyc, fully optimised: the wheel that users get"
	@rm -rf build/dist build/lib* build/temp* && mkdir -p build/dist
	@MINIREDIS_COMPILE=1 $(call pip,$(PY),wheel --no-deps --no-build-isolation -w build/dist .)
	@test -x build/system-venv/bin/python || $(PYTHON) -m venv build/system-venv
	@$(call pip,build/system-venv/bin/python,install --force-reinstall --no-deps build/dist/*.whl)
	@$(call pip,build/system-venv/bin/python,install build/dist/*.whl)
	@touch $@

## crash: many rounds of kill -9, torn logs and flipped bits; prints what was acknowledged and survived
crash: build/dist/installed
	@MINIREDIS_SERVER=$(abspath build/system-venv/bin/miniredis-server) \
	MINIREDIS_CRASH_ROUNDS=$(ROUNDS) MINIREDIS_TORN_STARTS=300 MINIREDIS_FLIPS=3000 PYTHONPATH=. \
	$(PY) -m pytest --no-skips -q --timeout=3600 tests/persistence/test_crash.py tests/persistence/test_crash_steps.py \
	tests/persistence/test_damage.py tests/persistence/test_faults.py $(ARGS)

## fuzz: mutated inputs for every target, SECONDS each; prints how many (ARGS='--atheris' or names); then mixed commands beside redis-server
fuzz: $(TEST_VENV)/installed
	@PYTHONPATH=.:tests $(PY) -m fuzz --seconds $(SECONDS) $(ARGS)
	@MINIREDIS_MIXED_SECONDS=$(SECONDS) PYTHONPATH=. $(PY) -m pytest --no-skips -q tests/oracle/test_oracle_mixed.py

## soak: a mixed load for an hour, or SECONDS of it: flat memory, no unhandled error; then crowds of clients
soak: SECONDS = 3600
soak: build/dist/installed
	@MINIREDIS_SOAK_SECONDS=$(SECONDS) $(PY) -P -m pytest --no-skips -q tests/system/test_soak.py tests/system/test_load.py $(ARGS)

## long: all tests with many more examples and rounds; hours
long: build/dist/installed
	@MINIREDIS_HYPOTHESIS=soak MINIREDIS_SOAK=1 PYTHONPATH=. $(PY) -m pytest --no-skips -q --timeout=7200 $(ARGS)

BENCHED := build/system-venv/bin/miniredis-server --port {port} --dir {dir} --save "" --enable-debug-command yes

## bench: beside redis-server in the same run; writes docs/benchmark.rst, its plot and docs/survey.rst
bench: build/dist/installed
	@$(PY) tests/requirements.py bench > build/requirements-bench.txt
	@$(call pip,$(PY),install -r build/requirements-bench.txt)
	@PYTHONPATH=. $(PY) bench/paired.py --server '$(BENCHED)' --write docs $(ARGS)
	@PYTHONPATH=. $(PY) bench/survey.py --server '$(BENCHED) --maxclients 20000' --python build/system-venv/bin/python --write docs

## docs: HTML in docs/_build
docs: $(TEST_VENV)/installed
	@$(PY) tests/requirements.py docs > build/requirements-docs.txt
	@$(call pip,$(PY),install -r build/requirements-docs.txt)
	@$(PY) -m sphinx -q -W docs docs/_build

## dist: sdist, compiled wheel and pure wheel in dist/, each tried in an empty environment
dist: $(TEST_VENV)/installed
	@sh tests/dist.sh $(PYTHON) $(PY)

## news: gather the fragments of newsfragments into NEWS.rst, under the version of the package
news: $(TEST_VENV)/installed
	@$(call pip,$(PY),install 'towncrier>=24.8')
	@$(TEST_VENV)/bin/towncrier build --yes --version "$$($(PY) -c 'import miniredis; print(miniredis.__version__)')"

clean:
	rm -rf build dist .venv docs/_build .mypy_cache .ruff_cache .pytest_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
