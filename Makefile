# PYTHON: the interpreter to build the environment with. TORCH_INDEX: where pip finds PyTorch (see README).
# LATEST=1: the newest versions that pyproject.toml allows, in place of the tested ones of constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready$(if $(LATEST),-latest)
VERSIONS := $(if $(LATEST),,constraints.txt)
TORCH_OF = sed -n 's/^\(torch\(vision\)\{0,1\}==[^ ;]*\).*/\1/p'
TORCH = $(if $(LATEST),torch torchvision,$(shell $(TORCH_OF) constraints.txt))
UV := build/uv/bin/uv
LOWEST := build/lowest/bin/python
# One more than there are cores, since browser tests wait more than they compute
WORKERS = $(shell $(PYTHON) -c 'import os; print(min(5, os.cpu_count() + 1))')
UNDELAYED := --ServerApp.kernel_websocket_connection_class=nstlib.websocket.Undelayed
ROOT_USER := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab test matrix lowest lint notebooks book pdf claims bench constraints clean

lab: $(READY)              ## open the course in JupyterLab
	$(BIN)/jupyter lab $(ROOT_USER) --ServerApp.root_dir=. $(UNDELAYED) --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb

test: $(READY)-test        ## run every test, notebooks included
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder

matrix: $(READY)-test $(READY)-front-ends  ## run what make test leaves out: other front ends, widths and settings, full size
	$(BIN)/python -m pytest tests/browser tests/checks tests/lessons tests/authoring tests/grading tests/site -m matrix

lowest: build/lowest/ready ## run every test, and the other front ends', with the lowest versions that pyproject.toml allows
	$(LOWEST) -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder
	$(LOWEST) -m pytest tests/browser/test_front_ends.py -m matrix

lint: $(READY)-test        ## check style, spelling, links, and that the notebooks are what their sources give
	$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/nst build --check
	$(BIN)/codespell *.md docs exercises/sources notebooks nstlib site
	$(BIN)/python -m nstlib.authoring.links

notebooks: $(READY)-test   ## build the notebooks from notebooks/sources
	$(BIN)/nst build

book: $(READY)-book        ## the lessons and docs/ as a site for any static host: build/book/index.html
	$(BIN)/python -m nstlib.authoring.book build/book-sources
	$(BIN)/sphinx-build --quiet -W --keep-going -c site -d build/book-doctrees build/book-sources build/book

pdf: $(READY)-pdf          ## the lessons on paper: build/lessons.pdf
	$(BIN)/python -m nstlib.authoring.book.paper build/lessons.pdf

claims: $(READY)-test      ## try the lessons' claims about pictures on other pairs and seeds
	NST_TEST=1 $(BIN)/python -m tests.lessons.pictures

bench: $(READY)            ## time one step on this machine
	$(BIN)/nst bench

constraints: $(UV)         ## choose the tested versions anew, for every system and Python that pyproject.toml allows
	$(UV) pip compile pyproject.toml --quiet --all-extras --universal --python-version 3.11 --upgrade \
	  --constraint constraints.in --no-annotate --custom-compile-command "make constraints" --output-file constraints.txt

clean:                     ## remove the environment and everything that tools left behind
	rm -rf .venv .venv-before .pytest_cache .ruff_cache .hypothesis build dist

# Made anew, so that nothing stays of other versions; where that fails, say without internet, the old one comes back
$(READY): pyproject.toml $(VERSIONS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make lab PYTHON=python3.12")'
	rm -rf .venv-before && if [ -d .venv ]; then mv .venv .venv-before; fi
	($(PYTHON) -m venv .venv \
	  $(if $(TORCH_INDEX),&& $(BIN)/python -m pip install --quiet --no-deps $(TORCH) --index-url $(TORCH_INDEX)) \
	  && $(BIN)/python -m pip install --quiet $(VERSIONS:%=--constraint %) --editable .) \
	|| (rm -rf .venv; if [ -d .venv-before ]; then mv .venv-before .venv; \
	  echo "The environment could not be made anew; the old one is back, and starts by $(BIN)/jupyter lab."; fi; exit 1)
	rm -rf .venv-before
	touch $@

$(READY)-test $(READY)-book $(READY)-pdf $(READY)-front-ends: $(READY)-%: $(READY)
	$(BIN)/python -m pip install --quiet $(VERSIONS:%=--constraint %) --editable ".[$*]"
	touch $@

$(UV):
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip install --quiet uv

# Of each package that pyproject.toml names the lowest version that it and this Python allow; of theirs the newest
build/lowest/ready: pyproject.toml | $(UV)
	rm -rf build/lowest
	$(PYTHON) -m venv build/lowest
	$(UV) pip compile pyproject.toml --quiet --all-extras --resolution lowest-direct --python $(LOWEST) \
	  --no-annotate --no-header --output-file build/lowest/versions.txt
	$(if $(TORCH_INDEX),$(LOWEST) -m pip install --quiet --no-deps $$($(TORCH_OF) build/lowest/versions.txt) --index-url $(TORCH_INDEX))
	$(LOWEST) -m pip install --quiet --constraint build/lowest/versions.txt --editable ".[test,front-ends]"
	touch $@
