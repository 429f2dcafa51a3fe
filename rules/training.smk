# One training rule per model family, each with its own resources. Where {cell_type} is the name of a group, the inputs
# are those of all its members.


rule train_model:
    input:
        windows=lambda wildcards: FILES.datasets_for(wildcards.cell_type, wildcards.model),
        genes=lambda wildcards: FILES.genes_for(wildcards.cell_type),
        elements=lambda wildcards: FILES.elements_for(wildcards.cell_type, wildcards.model),
        cleared=ancient("results/smoke/{cell_type}/{model}.cleared"),
        # Of an entry with `tune`; another choice trains again.
        chosen=lambda wildcards: tuning.chosen(PLAN, wildcards.cell_type, wildcards.model, wildcards.fold),
        start=lambda wildcards: start_of(wildcards, wildcards.seed),
    output:
        checkpoint="results/runs/{cell_type}/{model}/fold{fold}/seed{seed}/best.ckpt",
        history="results/runs/{cell_type}/{model}/fold{fold}/seed{seed}/history.csv",
        predictions="results/runs/{cell_type}/{model}/fold{fold}/seed{seed}/predictions.tsv.gz",
        metrics="results/runs/{cell_type}/{model}/fold{fold}/seed{seed}/metrics.json",
    log:
        "logs/runs/{cell_type}/{model}/fold{fold}/seed{seed}.log",
    benchmark:
        "results/job_costs/runs/{cell_type}/{model}/fold{fold}/seed{seed}.tsv"
    wildcard_constraints:
        model="(?!)",
    # A training goes on from its state: after a time limit, a lost machine, or with more memory after a
    # shortage of it. Only attempts that got no further than the one before are counted (attempt_of). One log
    # holds them all.
    retries: RETRIES
    conda:
        "../envs/training.yaml"
    threads: THREADS.get("training", 2)
    resources:
        **training_resources(240),
    params:
        entry=lambda wildcards: PLAN.entries[wildcards.model].canonical(),
        # As written, which the script finds; a training depends on `split`. A function: braces stay as they are.
        folds=lambda wildcards: PLAN.config["folds"],
        split=lambda wildcards: PLAN.splits[wildcards.fold],
        label=lambda wildcards: FILES.training_label(wildcards.cell_type),
        state=FILES.placed(STATE),
        numbers_version=NUMBERS_VERSION,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.training.train"
        " --windows {input.windows:q}"
        " --genes {input.genes:q}"
        " --elements {input.elements:q}"
        " --folds={params.folds:q}"
        " --fold {wildcards.fold:q}"
        " --seed {wildcards.seed:q}"
        " --cell-type {wildcards.cell_type:q}"
        " --model {wildcards.model:q}"
        " --entry {params.entry:q}"
        " --chosen {input.chosen:q}"
        " --start={input.start:q}"
        " --label {params.label:q}"
        " --device {resources.device:q}"
        " --cpu-precision {resources.cpu_precision:q}"
        " --threads {threads:q}"
        " --minutes {resources.runtime:q}"
        " --mem-mb {resources.mem_mb:q}"
        " --attempt {resources.attempt:q}"
        " --cuda-graphs {resources.cuda_graphs:q}"
        " --tensorboard {resources.tensorboard:q}"
        " --checkpoint {output.checkpoint:q}"
        " --history {output.history:q}"
        " --predictions {output.predictions:q}"
        " --metrics {output.metrics:q}"
        " --state-dir {params.state:q} > {log:q} 2>&1"


# Closed form: seconds on a CPU.
use rule train_model as train_ridge with:
    wildcard_constraints:
        model=family(PLAN.models_of("ridge")),
    threads: 1
    resources:
        **training_resources(30, device="cpu"),


use rule train_model as train_caduceus with:
    wildcard_constraints:
        model=family(PLAN.models_of("caduceus")),


use rule train_model as train_caduceus_signals with:
    wildcard_constraints:
        model=family(PLAN.models_of("caduceus_signals")),


use rule train_model as train_prism with:
    wildcard_constraints:
        model=family(PLAN.models_of("prism")),
    resources:
        **training_resources(480),


use rule train_model as train_mamba with:
    wildcard_constraints:
        model=family(PLAN.models_of("mamba")),


use rule train_model as train_hyenadna with:
    wildcard_constraints:
        model=family(PLAN.models_of("hyenadna")),


use rule train_model as train_epinformer with:
    wildcard_constraints:
        model=family(PLAN.models_of("epinformer")),
    resources:
        **training_resources(480),


use rule train_model as train_seq2exp_soft with:
    wildcard_constraints:
        model=family(PLAN.models_of("seq2exp_soft")),
    resources:
        **training_resources(480),


use rule train_model as train_seq2exp_hard with:
    wildcard_constraints:
        model=family(PLAN.models_of("seq2exp_hard")),
    resources:
        **training_resources(480),


# enformer-pytorch pins a version of transformers: an environment of its own.
use rule train_model as train_enformer with:
    wildcard_constraints:
        model=family(PLAN.models_of("enformer")),
    conda:
        "../envs/enformer.yaml"
    resources:
        **training_resources(480),
