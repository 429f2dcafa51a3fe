# After all rules: what makes a local file is known by now. An input function's error would be lost where its job's
# output is there already.
from snakemake.logging import logger

from workflow_scripts.planning.checks.local_files import absent_files

if workflow.is_main_process:
    absent = absent_files(PLAN, made_by_rule)
    # A host of this workflow, by `module` or `include`, may have rules that are not known yet.
    if absent and len(workflow.included_stack) > 2:
        logger.warning("\n".join([*absent, "(unless a later rule makes it)"]))
    elif absent:
        raise WorkflowError("\n".join(absent))
