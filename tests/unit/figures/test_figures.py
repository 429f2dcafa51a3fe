"""What all figures share: look, bytes, provenance, captions and the command line."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from docutils.core import publish_doctree
from jinja2 import Environment, StrictUndefined

from prism.drawing import style
from prism.drawing.footer import provenance_lines
from prism.figures.metrics import metrics_figure
from prism.figures.scatter import scatter_figure
from prism.figures.training_curves import training_curves_figure
from prism.runs.record import RunRecord
from tests.unit.drawing.drawn_figure import drawn, panels, words
from tests.unit.figures.made_up_runs import history, predictions, record, run, tables


class TestLook:
    def figure(self):
        scores = {("K562", "prism_2k"): {"mse": [0.17, 0.19]}, ("K562", "ridge_2k"): {"mse": [0.2, 0.3]}}
        return metrics_figure(*tables(scores), [run(), run("ridge_2k", "ridge")])

    def test_bytes_do_not_change_and_text_stays_text(self):
        first, *again = (drawn(self.figure(), description="everything") for _ in range(4))
        assert set(again) == {first}
        assert b"prism_2k</text>" in first
        assert b"everything" in first
        assert b"<dc:date>" not in first
        assert drawn(self.figure(), "png") == drawn(self.figure(), "png")

    def test_no_global_state_is_used_or_left(self):
        import matplotlib

        before = dict(matplotlib.rcParams)
        drawn(self.figure())
        assert dict(matplotlib.rcParams) == before
        code = "import sys, prism.figures.metrics, prism.figures.scatter; sys.exit('matplotlib.pyplot' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

    def test_an_architecture_keeps_its_colour_across_figures(self):
        mean = next(line for line in panels(self.figure())[0].lines if line.get_gid() == "mean")
        curves = training_curves_figure("K562", [history([0.5, 0.2])], [run()])
        seed = next(line for line in panels(curves)[0].lines if line.get_gid() == "seed")
        assert mean.get_color() == seed.get_color() == style.colour("prism")
        assert style.colour("of the future") == style.OTHER

    def test_long_names_are_wrapped_without_loss(self):
        name = "a_very_long_model_name_with-many_parts_" + "x" * 60
        wrapped = style.wrapped(name)
        assert wrapped.replace("\n", "") == name
        assert max(map(len, wrapped.split("\n"))) <= 24

    def test_footer_names_data_version_label_code_and_signals(self):
        (first, second) = provenance_lines([run(), run(seed=22)])
        assert first == "data set a1b2c3d4 · numbers version 1 · label CAGE · code 3f2a9c1b"
        assert second == "signals of K562: DNase: read-depth normalized signal (ENCFF414OGC.bigWig)"
        newer = run(provenance=record()["provenance"] | {"numbers_version": 2})
        assert "numbers version 1, 2 (differ: runs not comparable)" in provenance_lines([run(), newer])[0]
        assert first in words(scatter_figure("K562", [predictions([0.0, 1.0], [0.0, 1.0])], [run()]))

    def test_footer_names_models_that_read_along_the_gene(self):
        entry = run().entry
        turned = [run("turned", entry=entry | {"orientation": "gene"}, seed=seed) for seed in (2, 22)]
        scaled = run("scaled", entry=entry | {"orientation": "gene", "scale_features": "zscore"})
        assert provenance_lines([run(), *turned, scaled])[2:] == [
            "windows read in the gene's direction, those of genes on the - strand turned: turned, scaled (the others "
            "read the + strand)",
            "gene features as z-scores of the training genes: scaled (the others read them as they are)",
        ]
        assert provenance_lines(turned)[2:] == [
            "windows read in the gene's direction, those of genes on the - strand turned: turned"
        ]
        assert len(provenance_lines([run()])) == 2

    def test_a_file_that_is_no_record_is_refused(self, tmp_path):
        (tmp_path / "x.json").write_text('{"fold": 1, "seed": 2}')
        with pytest.raises(ValueError, match=r"x\.json: no cell_type, model"):
            RunRecord.read(tmp_path / "x.json")

    def test_unknown_format_is_refused(self):
        with pytest.raises(ValueError, match="svg or png, not as 'pdf'"):
            style.save(self.figure(), io.BytesIO(), "pdf")


CAPTIONS = sorted(path.stem for path in (Path(__file__).parents[3] / "report").glob("*.rst"))
OF_A_CELL_TYPE = ("scatter", "training_curves", "signal_profile", "mask", "quality")


@pytest.mark.parametrize("name", CAPTIONS)
def test_captions_are_valid(root, name):
    class Job:
        class wildcards:  # noqa: N801  Snakemake's name
            cell_type = "K562"

        config: ClassVar = {
            "run": {"cell_types": ["K562", "HepG2"], "models": ["prism_2k"], "folds": [11], "seeds": [2]}
        }

    template = Environment(undefined=StrictUndefined).from_string((root / f"report/{name}.rst").read_text())
    text = publish_doctree(
        template.render(snakemake=Job), settings_overrides={"halt_level": 2, "report_level": 2}
    ).astext()
    assert "{{" not in text
    assert ("K562" in text) == (name in OF_A_CELL_TYPE or name == "workflow")
