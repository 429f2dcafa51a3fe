# A trained model applied to the genes of any cell type.


rule predict_expression:
    input:
        checkpoint="results/runs/{trained_on}/{model}/fold{fold}/seed{seed}/best.ckpt",
        windows=lambda wildcards: FILES.dataset(wildcards.cell_type, wildcards.model),
        genes="results/genes/{cell_type}.tsv",
        elements=lambda wildcards: FILES.elements_for(wildcards.cell_type, wildcards.model),
    output:
        "results/predictions/{cell_type}/{trained_on}.{model}.fold{fold}.seed{seed}.tsv.gz",
    log:
        "logs/predictions/{cell_type}/{trained_on}.{model}.fold{fold}.seed{seed}.log",
    benchmark:
        "results/job_costs/predictions/{cell_type}/{trained_on}.{model}.fold{fold}.seed{seed}.tsv"
    wildcard_constraints:
        trained_on="[A-Za-z0-9][A-Za-z0-9_-]*",
    conda:
        "../envs/training.yaml"
    threads: THREADS.get("training", 2)
    resources:
        mem_mb=8000,
        runtime=60,
        gpu=GPUS,
        device=DEVICE,
    shell:
        "python -m workflow_scripts.predict --checkpoint {input.checkpoint} --windows {input.windows} "
        "--genes {input.genes} --elements {input.elements} --device {resources.device} --threads {threads} --out {output} > {log} 2>&1"


# Enformer's package lives in an environment of its own.
use rule predict_expression as predict_enformer with:
    wildcard_constraints:
        trained_on="[A-Za-z0-9][A-Za-z0-9_-]*",
        model=family(PLAN.models_of("enformer")),
    conda:
        "../envs/enformer.yaml"


ruleorder: predict_enformer > predict_expression
