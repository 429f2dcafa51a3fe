# Dynamic tokens of a single-cell model: what a mutation of a factor's TSS window does to the genes of its cells.
from workflow_scripts.planning.token_files import CACHE, RESULTS, TOKENS, TokenFiles

TOKEN_FILES = TokenFiles(FILES)


wildcard_constraints:
    tokens=family(PLAN.tokens),
    factor=family(TOKEN_FILES.factors()),


# Before anything is trained: what of the cells cannot be used is refused, the rest is counted and named.
rule tokens_door:
    input:
        cells=lambda wildcards: of_user(PLAN.tokens[wildcards.tokens].cells),
        others=lambda wildcards: of_user(TOKEN_FILES.of_user(wildcards.tokens)),
        genes=lambda wildcards: TOKEN_FILES.genes(wildcards.tokens),
    output:
        dictionary=f"{TOKENS}/{{tokens}}/dictionary.tsv",
        record=f"{TOKENS}/{{tokens}}/door.json",
    log:
        "logs/tokens/{tokens}/door.log",
    benchmark:
        "results/job_costs/tokens/{tokens}/door.tsv"
    priority: 100
    conda:
        "../envs/tokens.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=lambda wildcards: TOKEN_FILES.settings(wildcards.tokens, "door"),
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.tokens.door"
        " --settings {params.settings:q}"
        " --cells {input.cells:q}"
        " --genes {input.genes:q}"
        " --threads {threads:q}"
        " --record {output.record:q}"
        " --out {output.dictionary:q} > {log:q} 2>&1"


rule tokens_pretrain:
    input:
        cells=lambda wildcards: of_user(PLAN.tokens[wildcards.tokens].cells),
        genes=lambda wildcards: TOKEN_FILES.genes(wildcards.tokens),
        dictionary=f"{TOKENS}/{{tokens}}/dictionary.tsv",
    output:
        config=f"{TOKENS}/{{tokens}}/foundation/config.json",
        weights=f"{TOKENS}/{{tokens}}/foundation/model.safetensors",
        record=f"{TOKENS}/{{tokens}}/pretraining.json",
    log:
        "logs/tokens/{tokens}/pretraining.log",
    benchmark:
        "results/job_costs/tokens/{tokens}/pretraining.tsv"
    conda:
        "../envs/tokens.yaml"
    threads: THREADS.get("training", 2)
    resources:
        mem_mb=3000,
        runtime=240,
    params:
        settings=lambda wildcards: TOKEN_FILES.settings(wildcards.tokens, "foundation"),
        numbers_version=NUMBERS_VERSION,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.tokens.foundation"
        " --settings {params.settings:q}"
        " --cells {input.cells:q}"
        " --genes {input.genes:q}"
        " --dictionary {input.dictionary:q}"
        " --threads {threads:q}"
        " --record {output.record:q}"
        " --config {output.config:q} > {log:q} 2>&1"


rule tokens_adapters:
    input:
        cells=lambda wildcards: of_user(PLAN.tokens[wildcards.tokens].cells),
        others=lambda wildcards: of_user(TOKEN_FILES.of_user(wildcards.tokens)),
        genes=lambda wildcards: TOKEN_FILES.genes(wildcards.tokens),
        dictionary=f"{TOKENS}/{{tokens}}/dictionary.tsv",
        genome=lambda wildcards: TOKEN_FILES.genome(wildcards.tokens),
        run=lambda wildcards: TOKEN_FILES.checkpoint(wildcards.tokens),
        windows=lambda wildcards: TOKEN_FILES.windows(wildcards.tokens),
        foundation=lambda wildcards: foundation_of(wildcards.tokens),
    output:
        adapters=f"{TOKENS}/{{tokens}}/adapters.ckpt",
        record=f"{TOKENS}/{{tokens}}/adapters.json",
    log:
        "logs/tokens/{tokens}/adapters.log",
    benchmark:
        "results/job_costs/tokens/{tokens}/adapters.tsv"
    wildcard_constraints:
        tokens=family(TOKEN_FILES.by_enformer(False)),
    conda:
        "../envs/tokens.yaml"
    threads: THREADS.get("training", 2)
    resources:
        mem_mb=lambda wildcards: TOKEN_FILES.memory(wildcards.tokens),
        runtime=lambda wildcards: TOKEN_FILES.minutes(wildcards.tokens),
    params:
        settings=lambda wildcards: TOKEN_FILES.settings(wildcards.tokens, "adapters"),
        length=lambda wildcards: TOKEN_FILES.length(wildcards.tokens),
        fold=lambda wildcards: TOKEN_FILES.fold_options(wildcards.tokens),
        split=lambda wildcards: TOKEN_FILES.split(wildcards.tokens),
        cache=FILES.placed(CACHE),
        numbers_version=NUMBERS_VERSION,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.tokens.adapters"
        " --settings {params.settings:q}"
        " --cells {input.cells:q}"
        " --genes {input.genes:q}"
        " --dictionary {input.dictionary:q}"
        " --genome {input.genome:q}"
        " --length {params.length:q}"
        " --run {input.run:q}"
        " --windows {input.windows:q}"
        " --foundation {input.foundation:q}"
        " --cache {params.cache:q}"
        " {params.fold:q}"
        " --threads {threads:q}"
        " --record {output.record:q}"
        " --out {output.adapters:q} > {log:q} 2>&1"


rule tokens_held_out:
    input:
        cells=lambda wildcards: of_user(PLAN.tokens[wildcards.tokens].cells),
        others=lambda wildcards: of_user(TOKEN_FILES.of_user(wildcards.tokens)),
        genes=lambda wildcards: TOKEN_FILES.genes(wildcards.tokens),
        dictionary=f"{TOKENS}/{{tokens}}/dictionary.tsv",
        genome=lambda wildcards: TOKEN_FILES.genome(wildcards.tokens),
        run=lambda wildcards: TOKEN_FILES.checkpoint(wildcards.tokens),
        windows=lambda wildcards: TOKEN_FILES.windows(wildcards.tokens),
        foundation=lambda wildcards: foundation_of(wildcards.tokens),
    output:
        f"{TOKENS}/{{tokens}}/heldout.tsv",
    log:
        "logs/tokens/{tokens}/held_out.log",
    benchmark:
        "results/job_costs/tokens/{tokens}/held_out.tsv"
    wildcard_constraints:
        tokens=family(TOKEN_FILES.by_enformer(False)),
    conda:
        "../envs/tokens.yaml"
    threads: THREADS.get("training", 2)
    resources:
        mem_mb=lambda wildcards: TOKEN_FILES.memory(wildcards.tokens),
        runtime=lambda wildcards: TOKEN_FILES.minutes(wildcards.tokens),
    params:
        settings=lambda wildcards: TOKEN_FILES.settings(wildcards.tokens, "held_out"),
        length=lambda wildcards: TOKEN_FILES.length(wildcards.tokens),
        fold=lambda wildcards: TOKEN_FILES.fold_options(wildcards.tokens),
        split=lambda wildcards: TOKEN_FILES.split(wildcards.tokens),
        cache=FILES.placed(CACHE),
        numbers_version=NUMBERS_VERSION,
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.tokens.held_out"
        " --settings {params.settings:q}"
        " --cells {input.cells:q}"
        " --genes {input.genes:q}"
        " --dictionary {input.dictionary:q}"
        " --genome {input.genome:q}"
        " --length {params.length:q}"
        " --run {input.run:q}"
        " --windows {input.windows:q}"
        " --foundation {input.foundation:q}"
        " --cache {params.cache:q}"
        " {params.fold:q}"
        " --threads {threads:q}"
        " --out {output:q} > {log:q} 2>&1"


# Enformer as DNA encoder: enformer-pytorch pins a version of transformers, so these have an environment of their own.
use rule tokens_adapters as tokens_adapters_enformer with:
    wildcard_constraints:
        tokens=family(TOKEN_FILES.by_enformer(True)),
    conda:
        "../envs/enformer.yaml"


use rule tokens_held_out as tokens_held_out_enformer with:
    wildcard_constraints:
        tokens=family(TOKEN_FILES.by_enformer(True)),
    conda:
        "../envs/enformer.yaml"
