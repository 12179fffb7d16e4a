# Everything sets itself up: only Python >= 3.11, git and make are needed.
PYTHON ?= python3
# PyTorch's CPU wheels are a tenth of the default on Linux:
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help setup demo docs test test-all lint types contracts dist licences audit clean

help:
	@echo "make demo      train on the sample, evaluate, label sentences, also by a model that ships (minutes)"
	@echo "make docs      these pages and the reference as HTML: docs/_build/html/index.html"
	@echo "make test      lint, types, import contracts, tests (at most 10 minutes)"
	@echo "make test-all  the same and everything slow or heavy (at most 40 minutes)"
	@echo "make dist      wheel, sdist, SBOM and hashes into dist/"
	@echo "make licences  docs/licences.md from what is installed"
	@echo "make audit     known vulnerabilities in what overtone brings"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "overtone needs Python >= 3.11, found " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	  $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX) --no-deps,) torch
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	  --editable '.[train,embedded,check,score,tables,ray,ekphrasis,study,export,openvino,serve,docs,spacy,dev]'
	@touch $@

# The commands are shown as they run: they are what you would type yourself.
demo: setup
	@$(BIN)/python -c 'import pathlib, torch; home = pathlib.Path(torch.__file__).parent; size = sum(f.stat().st_size for part in (home, home.parent / "nvidia", home.parent / "triton") for f in part.rglob("*") if f.is_file()); print(f"torch {torch.__version__}, {size / 1e6:,.0f} MB on disk")'
	@rm -rf runs/demo
	$(BIN)/overtone train --dataset sample --config best/sample --output runs/demo
	$(BIN)/overtone evaluate runs/demo --dataset sample --split test
	$(BIN)/overtone predict runs/demo \
	  "iphones are amazing but since last update, my phone's power drains quickly" \
	  "What's plan for tomorrow? I am excited!" \
	  "I am using Dell Computer."
	$(BIN)/overtone predict tweets-11 \
	  "iphones are amazing but since last update, my phone's power drains quickly"

# Links to other sites are listed, not asked: nothing here needs a network.
docs: setup
	$(BIN)/python -m sphinx --fresh-env -W --keep-going -b html -d docs/_build/doctrees docs docs/_build/html
	$(BIN)/python -m docs.extensions.links >docs/_build/other-sites.txt
	@echo "open docs/_build/html/index.html; links to other sites: docs/_build/other-sites.txt"

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

# A thread each, for processes whose threads outnumber the cores wait for each other
# most of the time.
PARALLEL := --numprocesses auto --maxprocesses 4 --dist worksteal

test: lint types contracts
	OMP_NUM_THREADS=1 $(BIN)/pytest $(PARALLEL) -m 'not slow'
	@echo "NOT RUN: tests marked slow, because they take minutes; make test-all runs them"

test-all: lint types contracts
	OMP_NUM_THREADS=1 $(BIN)/pytest $(PARALLEL) -m 'not slow'
	OMP_NUM_THREADS=1 $(BIN)/pytest $(PARALLEL) -m slow
	@$(BIN)/python -c 'import torch; torch.cuda.is_available() or print("NOT RUN: what needs a GPU, because there is none here")'

# The same commit gives the same bytes.
dist: setup
	$(BIN)/python release/build.py dist

licences: setup
	$(BIN)/python release/licences.py

audit: setup
	$(BIN)/python release/audit.py

clean:
	rm -rf $(VENV) runs dist docs/_build
