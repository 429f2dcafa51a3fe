# Prism: gene expression from short DNA windows and epigenomic signals.
# Includes and named targets only; the rules stand in rules/, what they compute in prism/.


include: "rules/common.smk"
include: "rules/demo.smk"
include: "rules/reference.smk"
include: "rules/signals.smk"
include: "rules/windows.smk"
include: "rules/elements.smk"
include: "rules/quality.smk"
include: "rules/training.smk"
include: "rules/prediction.smk"
include: "rules/evaluation.smk"
include: "rules/figures.smk"


report: "report/workflow.rst"


localrules:
    all,
    windows,
    train,
    evaluate,
    figures,


rule all:
    default_target: True
    input:
        rules.evaluation_tables.output,
        FILES.all_figures(),
        FILES.all_quality(),


rule windows:
    input:
        FILES.all_datasets(),


rule train:
    input:
        FILES.of_runs("metrics.json"),


rule evaluate:
    input:
        rules.evaluation_tables.output,


rule figures:
    input:
        FILES.all_figures(),
        FILES.all_quality(),
