# One training rule per model family, each with its own resources.


rule train_model:
    input:
        windows=lambda wildcards: FILES.dataset(wildcards.cell_type, wildcards.model),
        genes="results/genes/{cell_type}.tsv",
        elements=lambda wildcards: FILES.elements_for(wildcards.cell_type, wildcards.model),
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
    conda:
        "../envs/training.yaml"
    threads: THREADS.get("training", 2)
    resources:
        mem_mb=8000,
        runtime=runtime_of(240),
        gpu=GPUS,
        device=DEVICE,
    params:
        entry=lambda wildcards: PLAN.entries[wildcards.model].canonical(),
        folds=PLAN.config["folds"],  # as written: the script finds it wherever the clone lies; `split` is what counts
        split=lambda wildcards: PLAN.splits[wildcards.fold],
        label=lambda wildcards: FILES.label_json(wildcards.cell_type),
        state="results/runs/{cell_type}/{model}/fold{fold}/seed{seed}/state",
        numbers_version=NUMBERS_VERSION,
    shell:
        "python -m workflow_scripts.train --windows {input.windows} --genes {input.genes} --elements {input.elements} --folds {params.folds:q} "
        "--fold {wildcards.fold} --seed {wildcards.seed} --cell-type {wildcards.cell_type} --model {wildcards.model} "
        "--entry {params.entry:q} --label {params.label:q} --device {resources.device} --threads {threads} --checkpoint {output.checkpoint} "
        "--history {output.history} --predictions {output.predictions} --metrics {output.metrics} --state-dir {params.state} > {log} 2>&1"


# Closed form: seconds on a CPU.
use rule train_model as train_ridge with:
    wildcard_constraints:
        model=family(PLAN.models_of("ridge")),
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
        gpu=0,
        device="cpu",


use rule train_model as train_caduceus with:
    wildcard_constraints:
        model=family(PLAN.models_of("caduceus")),


use rule train_model as train_caduceus_signals with:
    wildcard_constraints:
        model=family(PLAN.models_of("caduceus_signals")),


# (1 + n) branches: the observed one and n intervened ones.
use rule train_model as train_prism with:
    wildcard_constraints:
        model=family(PLAN.models_of("prism")),
    resources:
        mem_mb=12000,
        runtime=480,
        gpu=GPUS,
        device=DEVICE,


use rule train_model as train_mamba with:
    wildcard_constraints:
        model=family(PLAN.models_of("mamba")),


use rule train_model as train_hyenadna with:
    wildcard_constraints:
        model=family(PLAN.models_of("hyenadna")),


# Up to 61 sequences of 2 kb a gene, in memory beside the windows.
use rule train_model as train_epinformer with:
    wildcard_constraints:
        model=family(PLAN.models_of("epinformer")),
    resources:
        mem_mb=16000,
        runtime=480,
        gpu=GPUS,
        device=DEVICE,


# A second pass of Caduceus makes the mask.
use rule train_model as train_seq2exp_soft with:
    wildcard_constraints:
        model=family(PLAN.models_of("seq2exp_soft")),
    resources:
        mem_mb=16000,
        runtime=runtime_of(480),
        gpu=GPUS,
        device=DEVICE,


use rule train_model as train_seq2exp_hard with:
    wildcard_constraints:
        model=family(PLAN.models_of("seq2exp_hard")),
    resources:
        mem_mb=16000,
        runtime=runtime_of(480),
        gpu=GPUS,
        device=DEVICE,


# enformer-pytorch pins a version of transformers: an environment of its own.
use rule train_model as train_enformer with:
    wildcard_constraints:
        model=family(PLAN.models_of("enformer")),
    conda:
        "../envs/enformer.yaml"
    resources:
        mem_mb=24000,
        runtime=runtime_of(480),
        gpu=GPUS,
        device=DEVICE,
