# A short trial of every model to train: two steps and an evaluation after each, before anything long starts.
from workflow_scripts.planning import trials


rule try_model:
    input:
        windows=lambda wildcards: FILES.datasets_for(wildcards.cell_type, wildcards.model),
        genes=lambda wildcards: FILES.genes_for(wildcards.cell_type),
        elements=lambda wildcards: FILES.elements_for(wildcards.cell_type, wildcards.model),
    output:
        "results/smoke/{cell_type}/{model}.json",
    log:
        "logs/smoke/{cell_type}/{model}.log",
    benchmark:
        "results/job_costs/smoke/{cell_type}/{model}.tsv"
    wildcard_constraints:
        model=family(trials.trained_in(PLAN, "training")),
    conda:
        "../envs/training.yaml"
    threads: THREADS.get("training", 2)
    resources:
        mem_mb=lambda wildcards: PLAN.training_mb(wildcards.cell_type, wildcards.model),  # what the training will have
        runtime=runtime_of(30),
        gpu=GPUS,
        device=DEVICE,
        cpu_precision=PLAN.config["cpu_precision"],
    params:
        entry=lambda wildcards: PLAN.entries[wildcards.model].canonical(),
        folds=lambda wildcards: PLAN.config["folds"],  # as written: the script finds it wherever the clone lies
        fold=lambda wildcards: trials.fold(PLAN),
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.training.trial"
        " --windows {input.windows:q}"
        " --genes {input.genes:q}"
        " --elements {input.elements:q}"
        " --folds={params.folds:q}"
        " --fold {params.fold:q}"
        " --cell-type {wildcards.cell_type:q}"
        " --model {wildcards.model:q}"
        " --entry {params.entry:q}"
        " --device {resources.device:q}"
        " --cpu-precision {resources.cpu_precision:q}"
        " --threads {threads:q}"
        " --mem-mb {resources.mem_mb:q}"
        " --out {output:q} > {log:q} 2>&1"


# Closed form: no GPU.
use rule try_model as try_ridge with:
    wildcard_constraints:
        model=family(trials.solved(PLAN)),
    threads: 1
    resources:
        mem_mb=lambda wildcards: PLAN.training_mb(wildcards.cell_type, wildcards.model),
        runtime=30,
        gpu=0,
        device="cpu",
        cpu_precision="fp32",


# Its package pins a version of transformers: an environment of its own.
use rule try_model as try_enformer with:
    wildcard_constraints:
        model=family(trials.trained_in(PLAN, "enformer")),
    conda:
        "../envs/enformer.yaml"
    resources:
        mem_mb=lambda wildcards: PLAN.training_mb(wildcards.cell_type, wildcards.model),
        runtime=runtime_of(60),
        gpu=GPUS,
        device=DEVICE,
        cpu_precision=PLAN.config["cpu_precision"],


# What training waits for, always the same file: so neither a fresh trial nor another `smoke_first` trains
# again. A trial that had to be cut is refused.
rule clear_for_training:
    input:
        lambda wildcards: trials.before_training(PLAN, wildcards.cell_type, wildcards.model),
    output:
        touch("results/smoke/{cell_type}/{model}.cleared"),
    log:
        "logs/smoke/{cell_type}/{model}.cleared.log",
    localrule: True
    conda:
        "../envs/training.yaml"
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.training.clear_for_training"
        " --trial {input:q} > {log:q} 2>&1"
