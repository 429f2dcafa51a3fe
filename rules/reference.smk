# Files from outside, the genome as plain FASTA, and the genes of an assembly.


# On a cluster where snakemake itself runs: compute nodes often have no way out.
rule download:
    input:
        local=lambda wildcards: local_file(FILES.download(wildcards.file)),
    output:
        file="resources/downloads/{file}",
        manifest="resources/downloads/{file}.json",
    log:
        "logs/download/{file}.log",
    benchmark:
        "results/job_costs/download/{file}.tsv"
    wildcard_constraints:
        file=family(each.removeprefix("resources/downloads/") for each in PLAN.downloads),
    # It tries again by itself, where that can help; bytes with a wrong checksum stay wrong.
    retries: 0
    localrule: True
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=240,
        downloads=1,
        # Not a parameter: another place of the same checksum downloads nothing again.
        checksum_from=lambda wildcards: FILES.checksum_place(wildcards.file),
        made_here=lambda wildcards: made_here(FILES.download(wildcards.file)),
    params:
        options=lambda wildcards: FILES.download_options(wildcards.file),
        # A local file that another one has replaced is taken again, whatever its time.
        content=lambda wildcards: content_of(FILES.download(wildcards.file)),
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.inputs.download"
        " {params.options:q}"
        " --checksum-from={resources.checksum_from:q}"
        " --made-here={resources.made_here:q}"
        " --out {output.file:q}"
        " --manifest {output.manifest:q} > {log:q} 2>&1"


rule genome:
    input:
        lambda wildcards: FILES.assembly_part(wildcards.assembly, "genome"),
    output:
        fasta="resources/{assembly}/genome.fa",
        index="resources/{assembly}/genome.fa.fai",
    log:
        "logs/genome/{assembly}.log",
    benchmark:
        "results/job_costs/genome/{assembly}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=60,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.inputs.genome_fasta"
        " --fasta {input:q}"
        " --out {output.fasta:q} > {log:q} 2>&1"


rule annotation:
    input:
        fasta="resources/{assembly}/genome.fa",
        gtf=lambda wildcards: FILES.assembly_part(wildcards.assembly, "annotation"),
        table=lambda wildcards: FILES.assembly_part(wildcards.assembly, "gene_table"),
        strands=lambda wildcards: FILES.assembly_part(wildcards.assembly, "strand_table"),
    output:
        "resources/{assembly}/genes.tsv",
    log:
        "logs/annotation/{assembly}.log",
    benchmark:
        "results/job_costs/annotation/{assembly}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=60,
    params:
        options=lambda wildcards: FILES.annotation_options(wildcards.assembly),
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.inputs.annotation"
        " --fasta {input.fasta:q}"
        " {params.options:q}"
        " --out {output:q} > {log:q} 2>&1"
