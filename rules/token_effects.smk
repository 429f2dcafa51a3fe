# What a mutation of a factor's TSS window does to the genes of its cells, and the tables; what learns is in tokens.smk.


rule tokens_factor:
    input:
        cells=lambda wildcards: of_user(PLAN.tokens[wildcards.tokens].cells),
        others=lambda wildcards: of_user(TOKEN_FILES.of_user(wildcards.tokens)),
        vcf=lambda wildcards: of_user(TOKEN_FILES.vcf(wildcards.tokens, wildcards.factor)),
        genes=lambda wildcards: TOKEN_FILES.genes(wildcards.tokens),
        dictionary=f"{TOKENS}/{{tokens}}/dictionary.tsv",
        genome=lambda wildcards: TOKEN_FILES.genome(wildcards.tokens),
        run=lambda wildcards: TOKEN_FILES.checkpoint(wildcards.tokens),
        windows=lambda wildcards: TOKEN_FILES.windows(wildcards.tokens),
        foundation=lambda wildcards: foundation_of(wildcards.tokens),
        adapters=f"{TOKENS}/{{tokens}}/adapters.ckpt",
    output:
        f"{TOKENS}/{{tokens}}/factors/{{factor}}.npz",
    log:
        "logs/tokens/{tokens}/factors/{factor}.log",
    benchmark:
        "results/job_costs/tokens/{tokens}/factors/{factor}.tsv"
    wildcard_constraints:
        tokens=family(TOKEN_FILES.by_enformer(False)),
    conda:
        "../envs/tokens.yaml"
    threads: THREADS.get("training", 2)
    resources:
        mem_mb=lambda wildcards: TOKEN_FILES.memory(wildcards.tokens),
        runtime=lambda wildcards: TOKEN_FILES.minutes(wildcards.tokens),
    params:
        settings=lambda wildcards: TOKEN_FILES.settings(wildcards.tokens, "factor", wildcards.factor),
        length=lambda wildcards: TOKEN_FILES.length(wildcards.tokens),
        cache=FILES.placed(CACHE),
        numbers_version=NUMBERS_VERSION,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.tokens.factor"
        " --settings {params.settings:q}"
        " --factor {wildcards.factor:q}"
        " --cells {input.cells:q}"
        " --genes {input.genes:q}"
        " --dictionary {input.dictionary:q}"
        " --genome {input.genome:q}"
        " --length {params.length:q}"
        " --run {input.run:q}"
        " --windows {input.windows:q}"
        " --foundation {input.foundation:q}"
        " --adapters {input.adapters:q}"
        " --cache {params.cache:q}"
        " --threads {threads:q}"
        " --out {output:q} > {log:q} 2>&1"


rule tokens_profile:
    input:
        cells=lambda wildcards: of_user(PLAN.tokens[wildcards.tokens].cells),
        others=lambda wildcards: of_user(TOKEN_FILES.of_user(wildcards.tokens)),
        vcf=lambda wildcards: of_user(TOKEN_FILES.vcf(wildcards.tokens, wildcards.factor)),
        genes=lambda wildcards: TOKEN_FILES.genes(wildcards.tokens),
        dictionary=f"{TOKENS}/{{tokens}}/dictionary.tsv",
        genome=lambda wildcards: TOKEN_FILES.genome(wildcards.tokens),
        run=lambda wildcards: TOKEN_FILES.checkpoint(wildcards.tokens),
        windows=lambda wildcards: TOKEN_FILES.windows(wildcards.tokens),
        foundation=lambda wildcards: foundation_of(wildcards.tokens),
        adapters=f"{TOKENS}/{{tokens}}/adapters.ckpt",
    output:
        table=f"{TOKENS}/{{tokens}}/profiles/{{factor}}.tsv",
        record=f"{TOKENS}/{{tokens}}/profiles/{{factor}}.json",
    log:
        "logs/tokens/{tokens}/profiles/{factor}.log",
    benchmark:
        "results/job_costs/tokens/{tokens}/profiles/{factor}.tsv"
    wildcard_constraints:
        tokens=family(TOKEN_FILES.by_enformer(False)),
    conda:
        "../envs/tokens.yaml"
    threads: THREADS.get("training", 2)
    resources:
        mem_mb=lambda wildcards: TOKEN_FILES.memory(wildcards.tokens),
        runtime=lambda wildcards: TOKEN_FILES.minutes(wildcards.tokens),
    params:
        settings=lambda wildcards: TOKEN_FILES.settings(
            wildcards.tokens, "factor", wildcards.factor, profile=True
        ),
        length=lambda wildcards: TOKEN_FILES.length(wildcards.tokens),
        cache=FILES.placed(CACHE),
        numbers_version=NUMBERS_VERSION,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.tokens.factor"
        " --settings {params.settings:q}"
        " --factor {wildcards.factor:q}"
        " --cells {input.cells:q}"
        " --genes {input.genes:q}"
        " --dictionary {input.dictionary:q}"
        " --genome {input.genome:q}"
        " --length {params.length:q}"
        " --run {input.run:q}"
        " --windows {input.windows:q}"
        " --foundation {input.foundation:q}"
        " --adapters {input.adapters:q}"
        " --cache {params.cache:q}"
        " --threads {threads:q}"
        " --record {output.record:q}"
        " --profile {output.table:q} > {log:q} 2>&1"


rule tokens_routes:
    input:
        cells=lambda wildcards: of_user(PLAN.tokens[wildcards.tokens].cells),
        others=lambda wildcards: of_user(TOKEN_FILES.of_user(wildcards.tokens)),
        vcf=lambda wildcards: of_user(TOKEN_FILES.vcf(wildcards.tokens)),
        genes=lambda wildcards: TOKEN_FILES.genes(wildcards.tokens),
        dictionary=f"{TOKENS}/{{tokens}}/dictionary.tsv",
        genome=lambda wildcards: TOKEN_FILES.genome(wildcards.tokens),
        run=lambda wildcards: TOKEN_FILES.checkpoint(wildcards.tokens),
        windows=lambda wildcards: TOKEN_FILES.windows(wildcards.tokens),
        foundation=lambda wildcards: foundation_of(wildcards.tokens),
        adapters=f"{TOKENS}/{{tokens}}/adapters.ckpt",
    output:
        f"{TOKENS}/{{tokens}}/routes.tsv",
    log:
        "logs/tokens/{tokens}/routes.log",
    benchmark:
        "results/job_costs/tokens/{tokens}/routes.tsv"
    wildcard_constraints:
        tokens=family(TOKEN_FILES.by_enformer(False)),
    conda:
        "../envs/tokens.yaml"
    threads: THREADS.get("training", 2)
    resources:
        mem_mb=lambda wildcards: TOKEN_FILES.memory(wildcards.tokens),
        runtime=lambda wildcards: TOKEN_FILES.minutes(wildcards.tokens),
    params:
        settings=lambda wildcards: TOKEN_FILES.settings(wildcards.tokens, "routes"),
        length=lambda wildcards: TOKEN_FILES.length(wildcards.tokens),
        cache=FILES.placed(CACHE),
        numbers_version=NUMBERS_VERSION,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.tokens.routes"
        " --settings {params.settings:q}"
        " --cells {input.cells:q}"
        " --genes {input.genes:q}"
        " --dictionary {input.dictionary:q}"
        " --genome {input.genome:q}"
        " --length {params.length:q}"
        " --run {input.run:q}"
        " --windows {input.windows:q}"
        " --foundation {input.foundation:q}"
        " --adapters {input.adapters:q}"
        " --cache {params.cache:q}"
        " --threads {threads:q}"
        " --out {output:q} > {log:q} 2>&1"


rule tokens_tables:
    input:
        cells=lambda wildcards: of_user(PLAN.tokens[wildcards.tokens].cells),
        others=lambda wildcards: of_user(TOKEN_FILES.of_user(wildcards.tokens)),
        genes=lambda wildcards: TOKEN_FILES.genes(wildcards.tokens),
        dictionary=f"{TOKENS}/{{tokens}}/dictionary.tsv",
        factors=lambda wildcards: TOKEN_FILES.measured(wildcards.tokens),
        profiles=lambda wildcards: TOKEN_FILES.profiles(wildcards.tokens),
        records=lambda wildcards: TOKEN_FILES.records(wildcards.tokens),
        adapters=f"{TOKENS}/{{tokens}}/adapters.ckpt",
        run=lambda wildcards: TOKEN_FILES.checkpoint(wildcards.tokens),
    output:
        **{name: f"{TOKENS}/{{tokens}}/{file}" for name, file in RESULTS.items()},
    log:
        "logs/tokens/{tokens}/tables.log",
    benchmark:
        "results/job_costs/tokens/{tokens}/tables.tsv"
    conda:
        "../envs/tokens.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=lambda wildcards: TOKEN_FILES.settings(wildcards.tokens, "tables"),
        numbers_version=NUMBERS_VERSION,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.tokens.tables"
        " --settings {params.settings:q}"
        " --name {wildcards.tokens:q}"
        " --cells {input.cells:q}"
        " --genes {input.genes:q}"
        " --dictionary {input.dictionary:q}"
        " --factors {input.factors:q}"
        " --profiles {input.profiles:q}"
        " --records {input.records:q}"
        " --read {input.adapters:q} {input.run:q} {input.others:q}"
        " --threads {threads:q}"
        " --effects {output.effects:q}"
        " --scores {output.scores:q}"
        " --profile {output.profile:q}"
        " --edges {output.edges:q}"
        " --h5ad {output.h5ad:q}"
        " --record {output.record:q} > {log:q} 2>&1"


# Enformer as DNA encoder: enformer-pytorch pins a version of transformers, so these have an environment of their own.
use rule tokens_factor as tokens_factor_enformer with:
    wildcard_constraints:
        tokens=family(TOKEN_FILES.by_enformer(True)),
    conda:
        "../envs/enformer.yaml"


use rule tokens_profile as tokens_profile_enformer with:
    wildcard_constraints:
        tokens=family(TOKEN_FILES.by_enformer(True)),
    conda:
        "../envs/enformer.yaml"


use rule tokens_routes as tokens_routes_enformer with:
    wildcard_constraints:
        tokens=family(TOKEN_FILES.by_enformer(True)),
    conda:
        "../envs/enformer.yaml"
