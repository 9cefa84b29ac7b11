# The two commands of the README, and what the developers use. Needs Python >= 3.11 and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
ROWS ?= 20

.PHONY: demo packages sample test full soak check check-style check-types check-imports bench sygra sygra-examples studio-build studio-check studio-journey clean

demo: $(VENV)/.embedded
	$(BIN)/python -m sygra_eval.models.weights
	$(BIN)/sygra-eval run suites/glaive_code_assistant.yaml --limit $(ROWS)

# What reports/sample shows: the report of the newest run of the demo, in three forms.
sample: RUN = $(lastword $(sort $(wildcard reports/glaive_code_assistant/*/)))
sample:
	cp $(RUN)report.json $(RUN)report.md reports/sample/
	$(BIN)/sygra-eval report $(RUN) --as html --to reports/sample/report.html

# The tests of a file stay together, as they share what their fixtures start; the long ones first.
# What is compiled is kept, whatever the environment says: hundreds of tests start the command line
# (0.35 s each), and pytest rewrites our modules in each process that loads our plugins (2 s).
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.dev $(VENV)/pytest-8.4/.there
	$(BIN)/python -m compileall -q sygra_eval
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

# What takes too long for every change; its last result stands in docs/reliability.md.
full: $(VENV)/.dev $(VENV)/pytest-8.4/.there
	SYGRA_EVAL_FULL=1 $(BIN)/python -m pytest -m full --durations=10

# A thousand kills, each repeatable by its seed and story; `SYGRA_EVAL_KILLS` asks for another number.
soak: $(VENV)/.dev
	SYGRA_EVAL_FULL=1 $(BIN)/python -m pytest -s tests/faults/test_soak.py

check: check-style check-types check-imports

check-style: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-types: $(VENV)/.dev
	$(BIN)/mypy

check-imports: $(VENV)/.dev
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.executions
	$(BIN)/python -m benchmarks.loop
	$(BIN)/python -m benchmarks.strength
	$(BIN)/python -m benchmarks.engine_overhead
	$(BIN)/python -m benchmarks.calls
	$(BIN)/python -m benchmarks.rate_limits
	$(BIN)/python -m benchmarks.journal
	$(BIN)/python -m benchmarks.procs
	$(BIN)/python -m benchmarks.pytest_rows

# SyGra's own examples from a checkout of it, compared with what SyGra gave; the table of docs/sygra.md.
SYGRA_GOLDEN ?= ../shared/sygra_golden
sygra-examples: $(VENV)/.dev
	@test -n "$(SYGRA_CHECKOUT)" || { echo "name a checkout: make sygra-examples SYGRA_CHECKOUT=DIR"; exit 2; }
	$(BIN)/python -m benchmarks.sygra_examples $(SYGRA_CHECKOUT) --golden $(SYGRA_GOLDEN)

# SyGra itself in an environment of its own, running suites of ours; its last result stands in
# docs/sygra.md. Then `python -m benchmarks.sygra` has both side by side.
sygra: $(VENV)/.dev .venv-sygra/.installed
	SYGRA_PYTHON=.venv-sygra/bin/python $(BIN)/python -m pytest -m sygra tests/sygra

.venv-sygra/.installed: .ci/sygra .ci/sygra-packages.txt
	sh .ci/sygra .venv-sygra
	@touch $@

# The page of Studio: its source is sygra_eval/studio/ui, what is committed its build. Needs Node >= 20.19.
studio-build: $(VENV)/.dev
	bash .ci/studio --keep

studio-check: $(VENV)/.dev
	bash .ci/studio

# The walk through Studio on the embedded model itself, with the pictures of docs/studio.md.
studio-journey: $(VENV)/.dev $(VENV)/.embedded
	$(BIN)/python -m sygra_eval.models.weights
	$(BIN)/python -m tests.studio.live_journey

clean:
	rm -rf $(VENV) .venv-sygra

# A marker per extra, so that the second command does not install anew what the first one has.
$(VENV)/.base:
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else "sygra_eval needs Python >= 3.11; this is %d.%d (set PYTHON=...)" % v[:2])'
	sh .ci/system-packages
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.embedded: $(VENV)/.base pyproject.toml .ci/constraints.txt
	$(PIP) install --quiet --constraint .ci/constraints.txt --editable '.[embedded]'
	@touch $@

$(VENV)/.dev: $(VENV)/.base pyproject.toml .ci/constraints.txt
	sh .ci/system-packages dev
	$(PIP) install --quiet --constraint .ci/constraints.txt --editable '.[dev]'
	@touch $@

# Both extras at once, for who needs both: resolved once, and compiled by all cores but for the
# tests of others, which nobody runs.
packages: $(VENV)/.base
	sh .ci/system-packages dev
	$(PIP) install --quiet --no-compile --constraint .ci/constraints.txt --editable '.[embedded,dev]'
	-$(BIN)/python -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib
	@touch $(VENV)/.embedded $(VENV)/.dev

# The line of pytest before ours, for the tests of the plugin that a child runs with it first on its
# path; what it needs besides is there. Built aside: half of it must not be taken for the whole.
$(VENV)/pytest-8.4/.there: $(VENV)/.dev
	rm -rf $(VENV)/pytest-8.4 $(VENV)/pytest-8.4.new
	$(PIP) install --quiet --no-deps --target $(VENV)/pytest-8.4.new pytest==8.4.2
	mv $(VENV)/pytest-8.4.new $(VENV)/pytest-8.4
	@touch $@
