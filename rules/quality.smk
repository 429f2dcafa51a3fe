# What a cell type's data look like, and what looks wrong: one page and the numbers behind it.


rule quality:
    input:
        windows=lambda wildcards: FILES.shortest_dataset(wildcards.cell_type),
        genes="results/genes/{cell_type}.tsv",
        label=lambda wildcards: FILES.label(wildcards.cell_type),
    output:
        html=report(
            "results/qc/{cell_type}.html",
            caption="../report/quality.rst",
            category="Data",
            labels={"figure": "quality of the data", "cell type": "{cell_type}"},
        ),
        numbers="results/qc/{cell_type}.json",
    log:
        "logs/quality/{cell_type}.log",
    benchmark:
        "results/job_costs/quality/{cell_type}.tsv"
    conda:
        "../envs/quality.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=60,
    params:
        label=lambda wildcards: FILES.label_json(wildcards.cell_type),
        folds=lambda wildcards: FILES.fold_options(wildcards.cell_type),
        splits=lambda wildcards: FILES.splits(wildcards.cell_type),  # the page depends on what the folds hold
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.inputs.quality"
        " --windows {input.windows:q}"
        " --genes {input.genes:q}"
        " --label={params.label:q}"
        " {params.folds:q}"
        " --html {output.html:q}"
        " --json {output.numbers:q} > {log:q} 2>&1"
