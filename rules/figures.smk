# One rule per figure: SVG for the report, PNG beside.

FIGURES = "results/comparison/figures"


rule figure_metrics:
    input:
        metrics="results/comparison/metrics.tsv",
        summary="results/comparison/summary.tsv",
        runs=FILES.of_runs("metrics.json"),
    output:
        svg=report(
            f"{FIGURES}/metrics.svg",
            caption="../report/metrics.rst",
            category="Benchmark",
            labels={"figure": "metrics per model"},
        ),
        png=f"{FIGURES}/metrics.png",
    log:
        "logs/figures/metrics.log",
    benchmark:
        "results/job_costs/figures/metrics.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        published=lambda wildcards: FILES.published_option(),
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.figure metrics"
        " --summary {input.summary:q}"
        " --metrics {input.metrics:q}"
        " {params.published:q}"
        " --runs {input.runs:q}"
        " --svg {output.svg:q}"
        " --png {output.png:q} > {log:q} 2>&1"


rule figure_scatter:
    input:
        predictions=lambda wildcards: FILES.of_runs("predictions.tsv.gz", wildcards.cell_type),
        runs=lambda wildcards: FILES.of_runs("metrics.json", wildcards.cell_type),
    output:
        svg=report(
            f"{FIGURES}/scatter.{{cell_type}}.svg",
            caption="../report/scatter.rst",
            category="Benchmark",
            labels={"figure": "predicted against observed", "cell type": "{cell_type}"},
        ),
        png=f"{FIGURES}/scatter.{{cell_type}}.png",
    log:
        "logs/figures/scatter.{cell_type}.log",
    benchmark:
        "results/job_costs/figures/scatter.{cell_type}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=15,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.figure scatter"
        " --cell-type {wildcards.cell_type:q}"
        " --predictions {input.predictions:q}"
        " --runs {input.runs:q}"
        " --svg {output.svg:q}"
        " --png {output.png:q} > {log:q} 2>&1"


rule figure_training_curves:
    input:
        histories=lambda wildcards: FILES.of_runs("history.csv", wildcards.cell_type),
        runs=lambda wildcards: FILES.of_runs("metrics.json", wildcards.cell_type),
    output:
        svg=report(
            f"{FIGURES}/training_curves.{{cell_type}}.svg",
            caption="../report/training_curves.rst",
            category="Training",
            labels={"figure": "training curves", "cell type": "{cell_type}"},
        ),
        png=f"{FIGURES}/training_curves.{{cell_type}}.png",
    log:
        "logs/figures/training_curves.{cell_type}.log",
    benchmark:
        "results/job_costs/figures/training_curves.{cell_type}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=15,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.figure training_curves"
        " --cell-type {wildcards.cell_type:q}"
        " --histories {input.histories:q}"
        " --runs {input.runs:q}"
        " --svg {output.svg:q}"
        " --png {output.png:q} > {log:q} 2>&1"


rule figure_mask:
    input:
        masks=lambda wildcards: FILES.of_mask_runs("mask.tsv.gz", wildcards.cell_type),
        runs=lambda wildcards: FILES.of_mask_runs("metrics.json", wildcards.cell_type),
    output:
        svg=report(
            f"{FIGURES}/mask.{{cell_type}}.svg",
            caption="../report/mask.rst",
            category="Benchmark",
            labels={"figure": "learned mask", "cell type": "{cell_type}"},
        ),
        png=f"{FIGURES}/mask.{{cell_type}}.png",
    log:
        "logs/figures/mask.{cell_type}.log",
    benchmark:
        "results/job_costs/figures/mask.{cell_type}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=15,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.figure mask"
        " --cell-type {wildcards.cell_type:q}"
        " --masks {input.masks:q}"
        " --runs {input.runs:q}"
        " --svg {output.svg:q}"
        " --png {output.png:q} > {log:q} 2>&1"


rule figure_signal_profile:
    input:
        windows=lambda wildcards: FILES.shortest_dataset(wildcards.cell_type),
        genes="results/genes/{cell_type}.tsv",
    output:
        svg=report(
            f"{FIGURES}/signal_profile.{{cell_type}}.svg",
            caption="../report/signal_profile.rst",
            category="Data",
            labels={"figure": "signals around the TSS", "cell type": "{cell_type}"},
        ),
        png=f"{FIGURES}/signal_profile.{{cell_type}}.png",
    log:
        "logs/figures/signal_profile.{cell_type}.log",
    benchmark:
        "results/job_costs/figures/signal_profile.{cell_type}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        assay=lambda wildcards: FILES.cell_type(wildcards.cell_type).label.assay or "expression",
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.figure signal_profile"
        " --windows {input.windows:q}"
        " --genes {input.genes:q}"
        " --assay={params.assay:q}"
        " --svg {output.svg:q}"
        " --png {output.png:q} > {log:q} 2>&1"
