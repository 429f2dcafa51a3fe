# Values of an entry's settings, tried on the valid split of its cell type and fold before it is trained.
from workflow_scripts.planning import tuning


# One candidate, as a job like a training; it is not shown the test genes.
rule tune_model:
    input:
        windows=lambda wildcards: FILES.datasets_for(wildcards.cell_type, wildcards.model),
        genes=lambda wildcards: FILES.genes_for(wildcards.cell_type),
        elements=lambda wildcards: FILES.elements_for(wildcards.cell_type, wildcards.model),
        cleared=ancient("results/smoke/{cell_type}/{model}.cleared"),
        start=lambda wildcards: start_of(wildcards, tuning.seed(PLAN)),
    output:
        record=f"{tuning.CANDIDATE}/record.json",
        history=f"{tuning.CANDIDATE}/history.csv",
    log:
        "logs/tuning/{cell_type}/{model}/fold{fold}/candidate{candidate}.log",
    benchmark:
        "results/job_costs/tuning/{cell_type}/{model}/fold{fold}/candidate{candidate}.tsv"
    wildcard_constraints:
        model=family(tuning.tuned_in(PLAN, "training")),
    # As a training: it goes on from its state, and only attempts that got no further are counted.
    retries: RETRIES
    conda:
        "../envs/training.yaml"
    threads: THREADS.get("training", 2)
    resources:
        **training_resources(480, state=tuning.STATE),
    params:
        # The candidate's own: another list of values does not try the same values again.
        entry=lambda wildcards: tuning.entry_of(PLAN, wildcards.model, wildcards.candidate).canonical(),
        values=lambda wildcards: tuning.values_json(PLAN, wildcards.model, wildcards.candidate),
        seed=tuning.seed(PLAN),
        folds=lambda wildcards: PLAN.config["folds"],
        split=lambda wildcards: PLAN.splits[wildcards.fold],
        state=FILES.placed(tuning.STATE),
        numbers_version=NUMBERS_VERSION,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.training.tune"
        " --windows {input.windows:q}"
        " --genes {input.genes:q}"
        " --elements {input.elements:q}"
        " --folds={params.folds:q}"
        " --fold {wildcards.fold:q}"
        " --seed {params.seed:q}"
        " --cell-type {wildcards.cell_type:q}"
        " --model {wildcards.model:q}"
        " --entry {params.entry:q}"
        " --start={input.start:q}"
        " --candidate {wildcards.candidate:q}"
        " --values {params.values:q}"
        " --device {resources.device:q}"
        " --cpu-precision {resources.cpu_precision:q}"
        " --threads {threads:q}"
        " --minutes {resources.runtime:q}"
        " --mem-mb {resources.mem_mb:q}"
        " --attempt {resources.attempt:q}"
        " --cuda-graphs {resources.cuda_graphs:q}"
        " --tensorboard {resources.tensorboard:q}"
        " --record {output.record:q}"
        " --history {output.history:q}"
        " --state-dir {params.state:q} > {log:q} 2>&1"


# Closed form: seconds on a CPU.
use rule tune_model as tune_ridge with:
    wildcard_constraints:
        model=family(tuning.solved(PLAN)),
    threads: 1
    resources:
        **training_resources(30, device="cpu", state=tuning.STATE),


# Its package pins a version of transformers: an environment of its own.
use rule tune_model as tune_enformer with:
    wildcard_constraints:
        model=family(tuning.tuned_in(PLAN, "enformer")),
    conda:
        "../envs/enformer.yaml"


# The trainings of all seeds read the choice.
rule choose_candidate:
    input:
        lambda wildcards: tuning.records(PLAN, wildcards.cell_type, wildcards.model, wildcards.fold),
    output:
        chosen=f"{tuning.FOLDER}/chosen.json",
        table=f"{tuning.FOLDER}/candidates.tsv",
    log:
        "logs/tuning/{cell_type}/{model}/fold{fold}/chosen.log",
    localrule: True
    conda:
        "../envs/training.yaml"
    params:
        tune=lambda wildcards: tuning.tune_json(PLAN, wildcards.model),
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.training.choose"
        " --tune {params.tune:q}"
        " --records {input:q}"
        " --chosen {output.chosen:q}"
        " --table {output.table:q} > {log:q} 2>&1"


rule tuning_table:
    input:
        tuning.tables(PLAN),
    output:
        tuning.TABLE,
    log:
        "logs/tuning.log",
    localrule: True
    conda:
        "../envs/training.yaml"
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.training.tuning_table"
        " --tables {input:q}"
        " --out {output:q} > {log:q} 2>&1"
