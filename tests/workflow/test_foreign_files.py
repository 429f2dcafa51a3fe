"""Files of the user's own, in the folder that the workflow runs in, with the names of its modules."""

from __future__ import annotations

import pytest

GENES = "results/genes/simA.tsv"  # by way of the scripts that simulate, fetch and read annotations


@pytest.mark.parametrize("name", ["prism.py", "workflow_scripts.py", "h5py.py"])
def test_a_module_of_the_user_is_never_imported(fresh, name):
    (fresh.folder / name).write_text("raise RuntimeError('a file of the user was imported')\n")
    fresh.snakemake(GENES)
    assert (fresh.folder / GENES).stat().st_size > 0
