# Two commands on a fresh machine: `make demo` and `make test`. Everything they need, they set up themselves.
SHELL := /bin/sh
# Tests start hundreds of programs: where nothing compiled may be kept, each would compile its modules anew.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.synced

.PHONY: demo test test-postgresql check lint types layers units lock bench bench-long judge gallery faults sabotage mutants servers clean

demo: $(STAMP)
	$(BIN)/maild demo --folder demo

# In the order of the files: by the number of tests, as is the default, the longest files would come last and alone.
test: $(STAMP) servers
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

# The same tests with every database on a PostgreSQL of the run's own; what is about SQLite's files is left out.
test-postgresql: $(STAMP) servers
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --postgresql $(TESTS)

check: lint types layers units
	rm -rf build/check && mkdir -p build/check
	printf 'data = "%s"\n[database]\nurl = "sqlite:///%s/maild.db"\n' $(CURDIR)/build/check $(CURDIR)/build/check > build/check/maild.toml
	$(BIN)/maild --config build/check/maild.toml db upgrade
	$(BIN)/maild --config build/check/maild.toml check --offline
	$(BIN)/maild rules check
	$(BIN)/maild letters check
	$(BIN)/deptry maild parsers

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# The parsers are maild.parsers only once installed, so what is checked is what a wheel holds.
types: $(STAMP)
	rm -rf build/typed
	$(BIN)/uv pip install -q --no-deps --no-build-isolation --target build/typed .
	cd build/typed && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml --cache-dir $(CURDIR)/.mypy_cache -p maild

# How far the units expose the machine, in tenths: the daemon at most 1.1, the reader of foreign mails 0.4.
units:
	@if command -v systemd-analyze >/dev/null; then \
		systemd-analyze security --offline=true --no-pager --threshold=11 systemd/maild.service >/dev/null && \
		systemd-analyze security --offline=true --no-pager --threshold=4 systemd/maild-reader@.service >/dev/null; \
	else echo "no systemd-analyze here: the units' exposure was not measured"; fi

layers: $(STAMP)
	$(BIN)/lint-imports

bench: $(STAMP)
	for claim in startup reading letters; do $(BIN)/python bench/$$claim.py || exit 1; done

# Minutes to hours: a million guessed tokens, random lives, a year of a desk, broken mails without end.
bench-long: $(STAMP)
	for claim in tokens lives year fuzz; do $(BIN)/python bench/$$claim.py || exit 1; done

gallery: $(STAMP)
	rm -rf build/gallery
	$(BIN)/maild letters preview build/gallery

# Kills, full disks and failing disks at the system calls of a round: the long form of tests/faults, with its table. Of
# calls that are alike some are struck; `python -m tests.faults --all` strikes each. A run that broke off is taken up.
faults: $(STAMP) servers
	$(BIN)/python -m tests.faults --resume build/faults

# Each promise broken once in a copy of the code: its test must see it.
sabotage: $(STAMP) servers
	$(BIN)/python -m tests.sabotage

# Changes decide, workflow and trust in thousands of small ways, and tells which of them no test sees: half an hour.
mutants: $(STAMP)
	rm -rf mutants && test -x build/mutants/bin/python || $(BIN)/uv venv -q build/mutants
	VIRTUAL_ENV=build/mutants $(BIN)/uv pip sync -q --require-hashes requirements.lock
	VIRTUAL_ENV=build/mutants $(BIN)/uv pip install -q mutmut==3.8.1
	build/mutants/bin/python -m mutmut run --max-children 2
	build/mutants/bin/python -m mutmut results

# The second judge's weights from the clauses beside them; a test tells when they are not of one make.
judge: $(STAMP)
	$(BIN)/python bench/train_judge.py --write
# The third judge's weights: bench/gist/train.py tells how; it takes an hour, and packages that nothing else needs.

# Real servers for the tests; only as root on a Debian that lacks them.
servers:
	@sh tests/servers.sh

lock:
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --all-extras --group dev \
		--custom-compile-command "make lock" pyproject.toml -o requirements.lock

$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip sync -q --require-hashes requirements.lock
	$(BIN)/uv pip install -q --no-deps -e .
	touch $(STAMP)

clean:
	rm -rf .venv demo dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage*
