# Metrics of all runs side by side, over seeds and with paired tests.


rule evaluation_tables:
    input:
        metrics=FILES.of_runs("metrics.json"),
        predictions=FILES.of_runs("predictions.tsv.gz"),
    output:
        metrics="results/comparison/metrics.tsv",
        summary="results/comparison/summary.tsv",
        paired="results/comparison/paired.tsv",
    log:
        "logs/comparison.log",
    benchmark:
        "results/job_costs/comparison.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.prediction.compare"
        " --metrics {input.metrics:q}"
        " --predictions {input.predictions:q}"
        " --out-metrics {output.metrics:q}"
        " --out-summary {output.summary:q}"
        " --out-paired {output.paired:q} > {log:q} 2>&1"
