"""The script of the figures."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.unit.figures.made_up_runs import predictions, record
from workflow_scripts import figure


def test_figures_read_folds_as_text(tmp_path):
    (tmp_path / "summary.tsv").write_text("cell_type\tmodel\tfold\tmean\nA\tsmall\t01\t0.5\n")
    table = figure.read_table(str(tmp_path / "summary.tsv"))
    assert table["fold"].tolist() == ["01"]
    assert table["mean"].tolist() == [0.5]


def test_command_line_reads_lists_from_files_and_writes_both_formats(tmp_path, root):
    metrics = tmp_path / "m.json"
    metrics.write_text(json.dumps(record()))
    predictions([0.0, 1.0], [0.0, 0.5]).to_csv(tmp_path / "p.tsv.gz", sep="\t", index=False)
    (tmp_path / "runs").write_text(f"{metrics}\n")
    svg, png = tmp_path / "out/f.svg", tmp_path / "out/f.png"
    command = [
        sys.executable,
        "-m",
        "workflow_scripts.figure",
        "scatter",
        "--predictions",
        tmp_path / "p.tsv.gz",
    ]
    command += ["--runs", f"@{tmp_path / 'runs'}", "--svg", svg, "--png", png, "--cell-type"]
    subprocess.run([*command, "K562"], check=True, cwd=root)
    assert svg.read_bytes().startswith(b"<?xml")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in svg.parent.iterdir()) == ["f.png", "f.svg"]
    failed = subprocess.run([*command, "HepG2"], check=False, cwd=root, capture_output=True, text=True)
    assert failed.returncode == 1
    assert failed.stderr == "error: run prism_2k, seed 2 is of cell type K562, not HepG2; drop it\n"
