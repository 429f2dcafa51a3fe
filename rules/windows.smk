# TSS-centred windows of a cell type: sequence, signals, contacts and masks in one file.


rule cut_windows:
    input:
        genes="results/genes/{cell_type}.tsv",
        fasta=lambda wildcards: FILES.genome(wildcards.cell_type),
        signals=lambda wildcards: FILES.signals(wildcards.cell_type),
        peaks=lambda wildcards: FILES.peaks(wildcards.cell_type),
        blacklist=lambda wildcards: FILES.blacklist(wildcards.cell_type),
    output:
        "results/windows/{cell_type}/{length}.h5",
    log:
        "logs/windows/{cell_type}/{length}.log",
    benchmark:
        "results/job_costs/windows/{cell_type}/{length}.tsv"
    conda:
        "../envs/data.yaml"
    threads: THREADS.get("windows", 2)
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        assembly=lambda wildcards: FILES.cell_type(wildcards.cell_type).assembly,
        signals=lambda wildcards: FILES.signals_json(wildcards.cell_type),
        masks=lambda wildcards: FILES.mask_options(wildcards.cell_type),
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.inputs.windows"
        " --genes {input.genes:q}"
        " --fasta {input.fasta:q}"
        " --length {wildcards.length:q}"
        " --cell-type {wildcards.cell_type:q}"
        " --assembly {params.assembly:q}"
        " --signals {params.signals:q}"
        " {params.masks:q}"
        " --threads {threads:q}"
        " --out {output:q} > {log:q} 2>&1"
