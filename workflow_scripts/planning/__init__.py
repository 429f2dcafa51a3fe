"""Turns configuration and tables into the plan that the rules follow; read when the workflow is parsed.

Read it in the order of the imports, which tests/unit/house/test_import_order.py holds:

- `tables/` reads one table or section of the configuration each: `configuration`, `cell_types`, `models`, `released`,
  `folds` (`paths` finds the files, `validation` checks them against their schemas, `names` finds the nearest name);
- `requests` says what the configuration asks for;
- `downloads` names the files from outside, `plan` is what all of them make together, and `needs` what a model reads;
- `checks/` refuses what cannot work: data, training, predictions, settings of models, names, local files;
- `compose` makes the plan;
- `data_files`, `files`, `prediction_files` and `trials` answer the rules; `secrets` keeps tokens out of sight;
- `terminal/` is what a person is told before and after the run: sizes, hours, warnings, lost genes.

`checkout` is apart: it finds the folder of all this code.

Only light imports here (no torch): every `snakemake` call and every cluster job reads these modules.
"""
