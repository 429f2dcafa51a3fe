# One training rule per model family, each with its own resources.


rule train_model:
    input:
        windows=lambda wildcards: FILES.dataset(wildcards.cell_type, wildcards.model),
        genes="results/genes/{cell_type}.tsv",
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
        runtime=240,
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
        "python -m workflow_scripts.train --windows {input.windows} --genes {input.genes} --folds {params.folds:q} "
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
