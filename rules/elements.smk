# Peaks where a cell type's row names none, and the candidate elements of each gene.


rule call_peaks:
    input:
        signal_to_call,
    output:
        peaks="resources/{cell_type}/called_peaks.narrowPeak",
        bedgraph=temp("resources/{cell_type}/peak_signal.bedgraph"),
    log:
        "logs/call_peaks/{cell_type}.log",
    benchmark:
        "results/job_costs/call_peaks/{cell_type}.tsv"
    conda:
        "../envs/peaks.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        options=lambda wildcards: FILES.peak_options(),
    shell:
        "(PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.inputs.bedgraph"
        " --bigwig {input:q}"
        " --out {output.bedgraph:q}"
        " && macs3 bdgpeakcall"
        " --ifile {output.bedgraph:q}"
        " {params.options:q}"
        " --no-trackline"
        " --ofile {output.peaks:q}"
        " && PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.inputs.add_checksum"
        " --file {output.peaks:q}) > {log:q} 2>&1"


rule candidate_elements:
    input:
        genes="results/genes/{cell_type}.tsv",
        fasta=lambda wildcards: FILES.genome(wildcards.cell_type),
        peaks=lambda wildcards: FILES.element_peaks(wildcards.cell_type),
        blacklist=lambda wildcards: FILES.blacklist(wildcards.cell_type),
        contacts=lambda wildcards: FILES.contacts(wildcards.cell_type),
        activity=lambda wildcards: FILES.activity_files(wildcards.cell_type),
    output:
        FILES.elements("{cell_type}"),
    log:
        "logs/elements/{cell_type}.log",
    benchmark:
        "results/job_costs/elements/{cell_type}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        assembly=lambda wildcards: FILES.cell_type(wildcards.cell_type).assembly,
        blacklist=lambda wildcards: FILES.blacklist_option(wildcards.cell_type),
        contacts=lambda wildcards: FILES.contacts_json(wildcards.cell_type),
        activity=lambda wildcards: FILES.activity_json(wildcards.cell_type),
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.inputs.elements"
        " --genes {input.genes:q}"
        " --fasta {input.fasta:q}"
        " --peaks {input.peaks:q}"
        " {params.blacklist:q}"
        " --contacts {params.contacts:q}"
        " --activity {params.activity:q}"
        " --cell-type {wildcards.cell_type:q}"
        " --assembly {params.assembly:q}"
        " --out {output:q} > {log:q} 2>&1"
