# make demo   sets up and runs the whole workflow on the embedded simulated genome
# make test   sets up and passes the tests
.DEFAULT_GOAL := help
SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)
CORES ?= $(shell nproc)

.PHONY: help setup demo test test-enformer lint lock clean

help:
	@echo "make demo   set up, then run the workflow on the simulated genome, to figures and a report"
	@echo "make test   set up, then run the tests"
	@echo "make test-enformer   test Enformer in .venv-enformer, which it makes"
	@echo "make setup  only make .venv"
	@echo "make lint   check the style of rules and code"

setup:
	@bash workflow_scripts/install.sh

demo: setup
	@bash workflow_scripts/demo.sh $(CORES)

test: setup lint
	OMP_NUM_THREADS=1 python -m pytest -n $(CORES) --dist loadfile tests

# Enformer's package pins transformers: a virtual environment of its own, made once from its own requirements.
ENFORMER_STAMP = .venv-enformer/.requirements-$(shell cksum < requirements-enformer.txt | tr ' ' '-')

test-enformer: $(ENFORMER_STAMP)
	.venv-enformer/bin/python -m pytest -p no:cacheprovider tests/unit/test_enformer.py

$(ENFORMER_STAMP):
	$(or $(PYTHON),python3) -m venv .venv-enformer
	.venv-enformer/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-enformer.txt
	rm -f .venv-enformer/.requirements-*
	touch $@

lint: setup
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint --configfile config/demo.yaml

# Writes requirements.txt anew from requirements.in, from what .venv holds: no registry host, no hashes, no local version.
lock:
	python -m pip install -r requirements.in
	{ echo "# Made by 'make lock' from requirements.in; do not edit."; python -m pip freeze --exclude-editable | sed 's/+cpu//'; } > requirements.txt

clean:
	rm -rf results resources logs .snakemake
