"""Files of the simulation as they are written."""

from __future__ import annotations

import numpy as np
import pyBigWig

from prism.simulate.files import write_bigwig


def test_bigwig_merges_runs_and_leaves_zeros_out(tmp_path):
    write_bigwig(tmp_path / "x.bw", {"chr1": np.array([0, 2, 2, 0, -1]), "chr2": np.zeros(5)}, 23, 5)
    with pyBigWig.open(str(tmp_path / "x.bw")) as bigwig:
        assert bigwig.intervals("chr1") == ((5, 15, 2.0), (20, 23, -1.0))
        assert bigwig.intervals("chr2") is None
        assert bigwig.chroms() == {"chr1": 23, "chr2": 23}
