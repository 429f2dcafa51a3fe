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
