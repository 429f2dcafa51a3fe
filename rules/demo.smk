# The simulated genome, served to the workflow through the same download rules as real files.

SIMULATED = "resources/simulated"

if PLAN.config.get("simulate") is not None:

    rule simulate:
        output:
            genome=f"{SIMULATED}/genome.fa.gz",
            annotation=f"{SIMULATED}/annotation.gtf.gz",
            blacklist=f"{SIMULATED}/blacklist.bed",
            tracks=expand(
                f"{SIMULATED}/{{cell_type}}/{{file}}",
                cell_type=PLAN.config["simulate"].get("cell_types", ["simA", "simB"]),
                file=[
                    "H3K27ac.bw",
                    "DNase.bw",
                    "contacts.cool",
                    "CAGE.plus.bw",
                    "CAGE.minus.bw",
                    "peaks.narrowPeak",
                    "truth.tsv",
                ],
            ),
        log:
            "logs/simulate.log",
        benchmark:
            "results/job_costs/simulate.tsv"
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            settings=lambda wildcards: json.dumps(PLAN.config["simulate"], sort_keys=True),
            folder=subpath(output.genome, parent=True),
        shell:
            "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.inputs.simulate"
            " --settings {params.settings:q}"
            " --out {params.folder:q} > {log:q} 2>&1"


if PLAN.config.get("simulate_cells") is not None:

    # Cells on the simulated genome, as a user's own would come; the genome's files stay as they are.
    rule simulate_cells:
        output:
            cells=f"{SIMULATED}/cells/cells.h5ad",
            donors=f"{SIMULATED}/cells/donors.vcf",
            unseen=f"{SIMULATED}/cells/unseen.vcf",
            targets=f"{SIMULATED}/cells/targets.tsv",
            variants=f"{SIMULATED}/cells/variants.tsv",
            roles=f"{SIMULATED}/cells/roles.tsv",
        log:
            "logs/simulate_cells.log",
        benchmark:
            "results/job_costs/simulate_cells.tsv"
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            settings=lambda wildcards: json.dumps(PLAN.config["simulate_cells"], sort_keys=True),
            genome=lambda wildcards: json.dumps(PLAN.config["simulate"], sort_keys=True),
            folder=subpath(output.cells, parent=True),
        shell:
            "PYTHONPATH=$PRISM_HOME python -P -m workflow_scripts.tokens.simulate_cells"
            " --settings {params.settings:q}"
            " --genome {params.genome:q}"
            " --out {params.folder:q} > {log:q} 2>&1"
