# The figures of an entry of `tokens`, drawn in one job because they read the same tables.
from workflow_scripts.planning.token_files import FIGURES as DRAWN, TOKEN_FIGURES


rule figure_tokens:
    input:
        effects=f"{TOKENS}/{{tokens}}/effects.tsv",
        scores=f"{TOKENS}/{{tokens}}/scores.tsv",
        profile=f"{TOKENS}/{{tokens}}/profile.tsv",
        edges=f"{TOKENS}/{{tokens}}/edges.tsv",
        heldout=f"{TOKENS}/{{tokens}}/heldout.tsv",
        routes=f"{TOKENS}/{{tokens}}/routes.tsv",
        record=f"{TOKENS}/{{tokens}}/record.json",
    output:
        ranked=report(
            f"{DRAWN}/{{tokens}}/ranked.svg",
            caption="../report/tokens_ranked.rst",
            category="Dynamic tokens",
            labels={"figure": "1 ranked shifts", "tokens": "{tokens}"},
        ),
        controls=report(
            f"{DRAWN}/{{tokens}}/controls.svg",
            caption="../report/tokens_controls.rst",
            category="Dynamic tokens",
            labels={"figure": "2 ours against all controls", "tokens": "{tokens}"},
        ),
        direct_indirect=report(
            f"{DRAWN}/{{tokens}}/direct_indirect.svg",
            caption="../report/tokens_direct_indirect.rst",
            category="Dynamic tokens",
            labels={"figure": "3 direct against indirect targets", "tokens": "{tokens}"},
        ),
        profile=report(
            f"{DRAWN}/{{tokens}}/profile.svg",
            caption="../report/tokens_profile.rst",
            category="Dynamic tokens",
            labels={"figure": "4 mutation profile", "tokens": "{tokens}"},
        ),
        network=report(
            f"{DRAWN}/{{tokens}}/network.svg",
            caption="../report/tokens_network.rst",
            category="Dynamic tokens",
            labels={"figure": "5 network of the top 50", "tokens": "{tokens}"},
        ),
        heldout=report(
            f"{DRAWN}/{{tokens}}/heldout.svg",
            caption="../report/tokens_heldout.rst",
            category="Dynamic tokens",
            labels={"figure": "6 held-out genes", "tokens": "{tokens}"},
        ),
        routes=report(
            f"{DRAWN}/{{tokens}}/routes.svg",
            caption="../report/tokens_routes.rst",
            category="Dynamic tokens",
            labels={"figure": "7 routes", "tokens": "{tokens}"},
        ),
        png=expand(f"{DRAWN}/{{{{tokens}}}}/{{figure}}.png", figure=TOKEN_FIGURES),
    log:
        "logs/figures/tokens/{tokens}.log",
    benchmark:
        "results/job_costs/figures/tokens/{tokens}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        out=subpath(output.ranked, parent=True),
    shell:
        "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.tokens.figures"
        " --effects {input.effects:q}"
        " --scores {input.scores:q}"
        " --profile {input.profile:q}"
        " --edges {input.edges:q}"
        " --heldout {input.heldout:q}"
        " --routes {input.routes:q}"
        " --record {input.record:q}"
        " --out {params.out:q} > {log:q} 2>&1"
