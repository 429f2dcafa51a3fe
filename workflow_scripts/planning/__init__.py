"""Turns configuration and tables into the plan that the rules follow; read when the workflow is parsed.

Read it in the order of the imports, which tests/unit/house/test_import_order.py holds:

- `configuration`, `cell_types`, `models`, `released`, `folds` read one table or section each (`paths` finds the files,
  `validation` checks them against their schemas); `requests` says what the configuration asks for;
- `downloads` names the files from outside, `plan` is what all of them make together, and `needs` what a model reads;
- `data_checks`, `training_checks`, `prediction_checks` and `model_settings` refuse what cannot work;
- `compose` makes the plan;
- `data_files`, `files`, `prediction_files` and `trials` answer the rules; `sizes`, `training_costs`, `announcement` and
  `end_report` are what a person is told before and after the run.

`checkout` is apart: it finds the folder of all this code.

Only light imports here (no torch): every `snakemake` call and every cluster job reads these modules.
"""
