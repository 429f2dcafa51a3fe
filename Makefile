# make demo   sets up and runs the whole workflow on the embedded simulated genome
# make test   sets up and passes the tests
.DEFAULT_GOAL := help
SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)
CORES ?= $(shell nproc)

.PHONY: help setup demo test test-slow test-enformer test-conda test-cluster containerize lint lock clean purge

help:
	@echo "make demo   set up, then run the workflow on the simulated genome, to figures and a report"
	@echo "make test   set up, then run the tests"
	@echo "make test-slow  run the tests that take minutes: whole workflows, killed, limited, deployed"
	@echo "make test-enformer   test Enformer in .venv-enformer, which it makes"
	@echo "make test-conda  run every rule in its conda environment"
	@echo "make test-cluster  run the workflow on a Slurm that the tests start (Debian; root)"
	@echo "make containerize  write Dockerfile, with every environment in it (CUDA=12.9: the CUDA builds)"
	@echo "make setup  only make .venv"
	@echo "make lint   check the style of rules and code"

setup:
	@bash workflow_scripts/install.sh

demo: setup
	@bash workflow_scripts/demo.sh $(CORES)

test: setup lint
	OMP_NUM_THREADS=1 python -m pytest -n $(CORES) --dist loadfile -m "not slow" tests

test-slow: setup
	OMP_NUM_THREADS=1 python -m pytest -n $(CORES) --dist loadfile -m slow tests

# Enformer's package pins transformers: a virtual environment of its own, made once from its own requirements.
ENFORMER_STAMP = .venv-enformer/.requirements-$(shell cksum < requirements-enformer.txt | tr ' ' '-')

test-enformer: $(ENFORMER_STAMP)
	.venv-enformer/bin/python -m pytest -p no:cacheprovider tests/unit/models/test_enformer.py tests/unit/models/test_memory.py -k enformer
	@# by itself: the package keeps tensors of a model that was made without memory (torch's meta device), as the others make it
	.venv-enformer/bin/python -m pytest -p no:cacheprovider tests/unit/tokens/test_enformer_windows.py

$(ENFORMER_STAMP):
	$(or $(PYTHON),python3) -m venv .venv-enformer
	.venv-enformer/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-enformer.txt
	rm -f .venv-enformer/.requirements-*
	touch $@

# Where no conda is on the PATH, py-rattler from PyPI stands in for it, in .venv-conda with all that it makes.
CONDA_STAMP = .venv-conda/.requirements-$(shell cksum < tests/conda/requirements.txt | tr ' ' '-')

test-conda: setup $(if $(shell command -v conda),,$(CONDA_STAMP))
	PRISM_TEST_CONDA=1 OMP_NUM_THREADS=1 python -m pytest -p no:cacheprovider tests/conda

$(CONDA_STAMP): | setup
	.venv/bin/python -m venv .venv-conda
	.venv-conda/bin/python -m pip install --quiet --disable-pip-version-check -r tests/conda/requirements.txt
	rm -f .venv-conda/.requirements-*
	touch $@

test-cluster: setup
	@bash tests/cluster/install.sh
	PRISM_TEST_CLUSTER=1 OMP_NUM_THREADS=1 python -m pytest -p no:cacheprovider tests/cluster

# Needs conda on the PATH: Snakemake asks it for the platform.
SNAKEMAKE ?= snakemake

containerize:
	$(SNAKEMAKE) --containerize --configfile config/demo.yaml > Dockerfile.part
	$(if $(CUDA),sed -i '1a ENV CONDA_OVERRIDE_CUDA=$(CUDA)' Dockerfile.part)
	mv Dockerfile.part Dockerfile

lint: setup
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint --configfile config/demo.yaml

# Writes requirements.txt anew from requirements.in, from what .venv holds: no registry host, no hashes, no local version.
lock:
	python -m pip install -r requirements.in
	{ echo "# Made by 'make lock' from requirements.in; do not edit."; python -m pip freeze --exclude-editable | sed 's/+cpu//; s/^triton==.*/&; platform_system == "Linux" and platform_machine == "x86_64"/'; } > requirements.txt

# Logs and caches; nothing that costs a download or a training.
clean:
	rm -rf logs .pytest_cache .ruff_cache .hypothesis

# Everything that the workflow fetched and made, trained models included.
purge:
	@test "$(SURE)" = yes || { echo "make purge deletes resources/ and results/, trained models included: add SURE=yes"; exit 2; }
	rm -rf results resources .snakemake
	$(MAKE) clean
