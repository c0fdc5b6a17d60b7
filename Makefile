# PYTHON: the interpreter to build the environment with. TORCH_INDEX: where pip finds PyTorch (see README).
PYTHON ?= python3
BIN := .venv/bin
# One more than there are cores, since browser tests wait more than they compute
WORKERS = $(shell $(PYTHON) -c 'import os; print(min(5, os.cpu_count() + 1))')
ROOT_USER := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab test matrix lint notebooks claims bench clean

lab: .venv/ready           ## open the course in JupyterLab
	$(BIN)/jupyter lab $(ROOT_USER) --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb

test: .venv/ready-test     ## run every test, notebooks included
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder

matrix: .venv/ready-test   ## run what make test leaves out: other widths and settings, notebooks at their full size
	$(BIN)/python -m pytest tests/browser tests/lessons tests/authoring -m matrix

lint: .venv/ready-test     ## check style and that the notebooks are what their sources give
	$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/nst build --check

notebooks: .venv/ready-test  ## build the notebooks from notebooks/sources
	$(BIN)/nst build

claims: .venv/ready-test   ## try the lessons' claims about pictures on other pairs and seeds
	NST_TEST=1 $(BIN)/python -m tests.lessons.pictures

bench: .venv/ready         ## time one step on this machine
	$(BIN)/nst bench

clean:                     ## remove the environment and everything that tools left behind
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis build dist

.venv/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make lab PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(if $(TORCH_INDEX),$(BIN)/python -m pip install --quiet torch torchvision --index-url $(TORCH_INDEX))
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/ready-test: .venv/ready
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@
