# Two commands: `make lab` opens the lab, `make test` proves that it works.

PYTHON ?=
LAB_ARGS ?=
NAMES ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=
KERNELS_ARGS ?=
PYODIDE ?=
LOCK_ARGS ?=

BIN = .venv/bin
FIND = python=$$(sh tools/find_python.sh "$(PYTHON)")
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
    --no-strip-extras --no-emit-index-url --no-header $(LOCK_ARGS) pyproject.toml

.PHONY: help lab lite test check book site notebooks versions measure records bench kernels data lock clean \
    dev runtime

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

lab:  ## open JupyterLab on the welcome notebook (LAB_ARGS="--port=9999" adds options)
	@$(FIND) && exec "$$python" tools/lab.py lab $(LAB_ARGS)

lite: dev  ## build the lab for a browser into build/lite (PYODIDE=path/to/folder: works without a network)
	$(BIN)/python tools/lite.py "$(PYODIDE)"

test:  ## run the whole test suite (PYTEST_ARGS="-k grover" picks tests)
	@$(FIND) && exec "$$python" tools/lab.py test $(PYTEST_ARGS)

check: dev  ## lint, formatting, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

book: dev  ## build the book into build/book: lessons, how-tos, every public name; no network
	$(BIN)/python tools/make_book.py

site: book lite  ## build both, the live lessons inside the book: build/book is the whole site
	rm -rf build/book/lite
	cp -R build/lite build/book/lite

notebooks: dev  ## execute the notebooks in place, renew the README's tables (NAMES="07_qaoa" picks some)
	$(BIN)/python tools/run_notebooks.py $(NAMES)
	$(BIN)/python tests/notebook_measures.py --write

versions: dev  ## write the students' and the teacher's notebooks into build/
	$(BIN)/python tools/make_versions.py

measure: dev  ## measure the default problems over 20 seeds: docs/measurements.md (some minutes)
	$(BIN)/python tools/measure.py

records: dev  ## run the sweeps of data/records/*.toml anew (ten minutes; NAMES="07_qaoa" picks some)
	$(BIN)/python tools/make_records.py $(NAMES)

bench: dev  ## measure the engines beside their peers: docs/benchmarks.md (BENCH_ARGS=--quick: 3 minutes)
	$(BIN)/python tools/bench.py $(BENCH_ARGS)

kernels: dev  ## measure what a class of 40 needs: docs/teaching.md (12 minutes; KERNELS_ARGS=--quick: 4 kernels)
	$(BIN)/python tests/benchmarks/forty_kernels.py $(KERNELS_ARGS)

data: dev  ## make the data files anew from their sources
	$(BIN)/python data/make_data.py

lock: dev  ## renew both locks and environment.yml (LOCK_ARGS=--upgrade takes the newest versions)
	$(COMPILE) --extra build -o requirements.lock
	$(COMPILE) --extra dev -c requirements.lock -o requirements-dev.lock
	$(BIN)/python tools/write_environment.py
	$(BIN)/python tools/check_lock.py

clean:  ## remove caches and test results; .venv stays
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results build dist
	find . -path ./.venv -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune \
	    -exec rm -rf {} +

dev:
	@$(FIND) && exec "$$python" tools/setup_venv.py requirements-dev.lock

runtime:
	@$(FIND) && exec "$$python" tools/setup_venv.py requirements.lock
