# The genes of a cell type: label and promoter activity joined to the genes of its assembly.


rule genes:
    input:
        annotation=lambda wildcards: f"resources/{FILES.cell_type(wildcards.cell_type).assembly}/genes.tsv",
        fasta=lambda wildcards: FILES.genome(wildcards.cell_type),
        label=lambda wildcards: FILES.label(wildcards.cell_type),
        activity=lambda wildcards: FILES.activity_files(wildcards.cell_type),
    output:
        "results/genes/{cell_type}.tsv",
    log:
        "logs/genes/{cell_type}.log",
    benchmark:
        "results/job_costs/genes/{cell_type}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        label=lambda wildcards: FILES.label_json(wildcards.cell_type),
        activity=lambda wildcards: FILES.activity_json(wildcards.cell_type),
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.inputs.genes"
        " --annotation {input.annotation:q}"
        " --fasta {input.fasta:q}"
        " --label {params.label:q}"
        " --activity {params.activity:q}"
        " --out {output:q} > {log:q} 2>&1"
