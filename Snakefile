# Prism: gene expression from short DNA windows and epigenomic signals.
# Includes and named targets only; the rules are in rules/, what they compute in prism/.
from snakemake.utils import min_version

min_version("9.17.0")  # clones of git repositories (common.smk), handlers that the host of a module can call


include: "rules/common.smk"
include: "rules/demo.smk"
include: "rules/reference.smk"
include: "rules/signals.smk"
include: "rules/windows.smk"
include: "rules/elements.smk"
include: "rules/quality.smk"
include: "rules/trial.smk"
include: "rules/tuning.smk"
include: "rules/training.smk"
include: "rules/prediction.smk"
include: "rules/evaluation.smk"
include: "rules/tokens.smk"
include: "rules/token_effects.smk"
include: "rules/figures.smk"
include: "rules/token_figures.smk"
include: "rules/local_files.smk"


report: "report/workflow.rst"


rule all:
    default_target: PLAN.config["target"] == "all"
    input:
        rules.evaluation_tables.output if PLAN.trained else [],
        tuning.all_tables(PLAN),
        FILES.all_figures(),
        FILES.all_quality(),
        PREDICTIONS.all(),
        transfers.ensemble_files(PLAN),
        TRANSFERS.table(),
        TOKEN_FILES.all(),
    localrule: True


rule windows:
    input:
        FILES.all_datasets(),
    localrule: True


rule smoke:
    input:
        trials.results(PLAN),
    localrule: True


rule train:
    input:
        FILES.of_runs("metrics.json"),
    localrule: True


rule predict:
    input:
        PREDICTIONS.all(),
        transfers.ensemble_files(PLAN),
        TRANSFERS.table(),
    localrule: True


rule evaluate:
    input:
        rules.evaluation_tables.output if PLAN.trained else [],
        tuning.all_tables(PLAN),
        TRANSFERS.table(),
    localrule: True


rule figures:
    input:
        FILES.all_figures(),
        FILES.all_quality(),
    localrule: True


rule tokens:
    default_target: PLAN.config["target"] == "tokens"
    input:
        TOKEN_FILES.all(),
    localrule: True
