# A trained or a released model applied to the genes of any cell type, and the mask that Seq2Exp learned.
from workflow_scripts.planning.tables.models import prediction_mb
from workflow_scripts.planning import transfers
from workflow_scripts.planning.prediction_files import PredictionFiles

PREDICTIONS = PredictionFiles(FILES)
TRANSFERS = transfers.TransferFiles(FILES)


rule import_released:
    input:
        lambda wildcards: PREDICTIONS.released_file(wildcards.released),
    output:
        "results/released/{released}.ckpt",
    log:
        "logs/released/{released}.log",
    benchmark:
        "results/job_costs/released/{released}.tsv"
    wildcard_constraints:
        released=family(PLAN.released),
    conda:
        "../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=15,
    params:
        options=lambda wildcards: PREDICTIONS.import_options(wildcards.released),
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.training.import_checkpoint"
        " --checkpoint {input:q}"
        " {params.options:q}"
        " --out {output:q} > {log:q} 2>&1"


# Early, so that a name that no gene has is refused before anything is trained.
rule chosen_genes:
    input:
        "results/genes/{cell_type}.tsv",
    output:
        "results/predictions/{cell_type}/genes.txt",
    log:
        "logs/predictions/{cell_type}/genes.log",
    priority: 100
    localrule: True
    conda:
        "../envs/training.yaml"
    params:
        names=lambda wildcards: PREDICTIONS.names_options(wildcards.cell_type),
        digest=lambda wildcards: PREDICTIONS.names_digest(wildcards.cell_type),
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.prediction.chosen_genes"
        " --genes {input:q}"
        " {params.names:q}"
        " --out {output:q} > {log:q} 2>&1"


rule predict_expression:
    input:
        checkpoint=lambda wildcards: PREDICTIONS.checkpoint(wildcards.run),
        windows=lambda wildcards: PREDICTIONS.windows(wildcards.cell_type, wildcards.run),
        genes="results/genes/{cell_type}.tsv",
        elements=lambda wildcards: PREDICTIONS.elements(wildcards.cell_type, wildcards.run),
        trained_genes=lambda wildcards: PREDICTIONS.trained_genes(wildcards.cell_type, wildcards.run),
        only=lambda wildcards: PREDICTIONS.chosen_genes(wildcards.cell_type),
    output:
        table="results/predictions/{cell_type}/{run}.tsv.gz",
        record="results/predictions/{cell_type}/{run}.json",
    log:
        "logs/predictions/{cell_type}/{run}.log",
    benchmark:
        "results/job_costs/predictions/{cell_type}/{run}.tsv"
    wildcard_constraints:
        run=PREDICTIONS.any_run(),
    conda:
        "../envs/training.yaml"
    threads: THREADS.get("training", 2)
    resources:
        mem_mb=lambda wildcards: PREDICTIONS.memory(wildcards.run),
        runtime=60,
        gpu=GPUS,
        device=DEVICE,
        cpu_precision=PLAN.config["cpu_precision"],
    params:
        expected=lambda wildcards: PREDICTIONS.expected(wildcards.run),
        fold=lambda wildcards: PREDICTIONS.fold_options(wildcards.cell_type, wildcards.run),
        split=lambda wildcards: PREDICTIONS.split(wildcards.cell_type, wildcards.run),
        match=lambda wildcards: PREDICTIONS.match_options(wildcards.cell_type),
        numbers_version=NUMBERS_VERSION,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.prediction.predict"
        " --checkpoint {input.checkpoint:q}"
        " --windows {input.windows:q}"
        " --genes {input.genes:q}"
        " --elements {input.elements:q}"
        " --trained-genes {input.trained_genes:q}"
        " --only {input.only:q}"
        " {params.expected:q}"
        " {params.fold:q}"
        " {params.match:q}"
        " --device {resources.device:q}"
        " --cpu-precision {resources.cpu_precision:q}"
        " --threads {threads:q}"
        " --record {output.record:q}"
        " --out {output.table:q} > {log:q} 2>&1"


# Enformer's package lives in an environment of its own.
use rule predict_expression as predict_enformer with:
    wildcard_constraints:
        run=PREDICTIONS.of_entries("enformer"),
    conda:
        "../envs/enformer.yaml"


ruleorder: predict_enformer > predict_expression


rule ensemble:
    input:
        lambda wildcards: [
            transfers.prediction(wildcards.cell_type, each)
            for each in transfers.ensemble(PLAN, wildcards.cell_type, wildcards.group).members
        ],
    output:
        "results/predictions/{cell_type}/{group}.ensemble.tsv.gz",
    log:
        "logs/predictions/{cell_type}/{group}.ensemble.log",
    wildcard_constraints:
        group=PREDICTIONS.groups(),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        seeds=lambda wildcards: [
            each.seed for each in transfers.ensemble(PLAN, wildcards.cell_type, wildcards.group).members
        ],
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.prediction.ensemble"
        " --predictions {input:q}"
        " --seeds {params.seeds:q}"
        " --out {output:q} > {log:q} 2>&1"


# Predictions of cell types that have a label, with models that were trained on others.
rule transfer_scores:
    input:
        predictions=TRANSFERS.predictions(),
        own=TRANSFERS.own(),
    output:
        transfers.TRANSFER,
    log:
        "logs/transfer.log",
    benchmark:
        "results/job_costs/transfer.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        transfers=TRANSFERS.described(),
        settings=[f"--{key}={value}" for key, value in sorted((PLAN.config.get("transfer") or {}).items())],
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.prediction.transfer"
        " --transfers {params.transfers:q}"
        " {params.settings:q}"
        " --out {output:q} > {log:q} 2>&1"


# Over the genes of the test split, in the direction of transcription, with the signals that the model saw
# there.
rule learned_mask:
    input:
        checkpoint="results/runs/{cell_type}/{model}/fold{fold}/seed{seed}/best.ckpt",
        windows=lambda wildcards: FILES.datasets_for(wildcards.cell_type, wildcards.model),
        genes=lambda wildcards: FILES.genes_for(wildcards.cell_type),
    output:
        "results/runs/{cell_type}/{model}/fold{fold}/seed{seed}/mask.tsv.gz",
    log:
        "logs/masks/{cell_type}/{model}/fold{fold}/seed{seed}.log",
    benchmark:
        "results/job_costs/masks/{cell_type}/{model}/fold{fold}/seed{seed}.tsv"
    wildcard_constraints:
        model=family(PLAN.mask_models),
    conda:
        "../envs/training.yaml"
    threads: THREADS.get("training", 2)
    resources:
        mem_mb=lambda wildcards: prediction_mb(
            PLAN.entries[wildcards.model].traits, PLAN.entries[wildcards.model].length
        ),
        runtime=60,
        gpu=GPUS,
        device=DEVICE,
        cpu_precision=PLAN.config["cpu_precision"],
    params:
        folds=lambda wildcards: PLAN.config["folds"],
        split=lambda wildcards: PLAN.splits[wildcards.fold],
        numbers_version=NUMBERS_VERSION,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.prediction.mask"
        " --checkpoint {input.checkpoint:q}"
        " --windows {input.windows:q}"
        " --genes {input.genes:q}"
        " --cell-type {wildcards.cell_type:q}"
        " --folds={params.folds:q}"
        " --fold {wildcards.fold:q}"
        " --device {resources.device:q}"
        " --cpu-precision {resources.cpu_precision:q}"
        " --threads {threads:q}"
        " --out {output:q} > {log:q} 2>&1"
