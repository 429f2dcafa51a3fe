"""A cell type without a label is predicted from a run of one's own and from a released checkpoint; masks are drawn."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pyBigWig
import pytest
import yaml

from tests.workflow.project import COLUMNS, MODELS, cell_type_row, executed_jobs
from tests.workflow.released_checkpoint import release

pytestmark = pytest.mark.slow

RUN = "simA.tiny.fold1.seed2"
CHECKPOINT = "results/runs/simA/tiny/fold1/seed2/best.ckpt"


def unlabelled(name: str, **changes) -> str:
    """A row with the signals of simB and no label."""
    row = dict(zip(COLUMNS, cell_type_row(name, "simB").rstrip("\n").split("\t"), strict=True))
    row |= {"label": "", "label_minus": "", "label_kind": "", "label_assay": "", **changes}
    return "\t".join(row.values()) + "\n"


def multiply(track, out, factor: float) -> None:
    """A bigWig with all values times a factor."""
    with pyBigWig.open(str(track)) as read, pyBigWig.open(str(out), "w") as written:
        written.addHeader(list(read.chroms().items()))
        for chromosome in read.chroms():
            starts, ends, values = zip(*read.intervals(chromosome), strict=True)
            values = [factor * value for value in values]
            written.addEntries([chromosome] * len(starts), list(starts), ends=list(ends), values=values)


@pytest.fixture
def project(finished):
    """The finished project with two cell types to predict and a released checkpoint; put back afterwards."""
    table = finished.folder / "cell_types.tsv"
    before = table.read_text()
    table.write_text(before + unlabelled("novel") + unlabelled("bare", contacts=""))
    entry = release(finished.folder / CHECKPOINT, finished.folder / "published.ckpt")
    finished.released = {"theirs": entry}
    finished.configure(released=finished.released, predictions={"novel": [RUN, "theirs"]})
    yield finished
    table.write_text(before)
    finished.configure()
    for folder in (
        "predictions/novel",
        "predictions/tenfold",
        "predictions/labelled",
        "transfer",
        "released",
    ):
        shutil.rmtree(finished.folder / "results" / folder, ignore_errors=True)


def test_one_target_predicts_with_ones_own_and_with_a_released_checkpoint(project):
    out = project.snakemake("predict")
    jobs = executed_jobs(out)
    assert jobs["predict_expression"] == 2
    assert jobs["import_released"] == 1
    assert not any(rule.startswith("train") for rule in jobs)
    tables = [
        pd.read_csv(project.folder / f"results/predictions/novel/{run}.tsv.gz", sep="\t").set_index("gene_id")
        for run in (RUN, "theirs")
    ]
    assert len(tables[0]) > 30
    assert list(tables[0].columns) == ["symbol", "chrom", "tss", "split", "prediction", "reason"]
    # simA's fold: novel has its genes; of a released checkpoint it is not known what was held out
    splits = {"chr1": "train", "chr2": "valid", "chr3": "test"}
    assert (tables[0]["split"] == tables[0]["chrom"].map(splits)).all()
    assert tables[1]["split"].isna().all()
    # the weights are the same, and so are the predictions
    np.testing.assert_allclose(tables[0]["prediction"], tables[1]["prediction"], rtol=0, atol=1e-6)
    # what a log warns of is said on the terminal, at the end; of a prediction without warnings nothing is
    closing = out.split("Made with ")[1:]
    assert [text.splitlines()[0] for text in closing] == [
        "2 warnings: results/predictions/novel/theirs.tsv.gz (logs/predictions/novel/theirs.log)"
    ]
    assert "\n  the scale of the signals in training is unknown and cannot be compared (here: " in closing[0]
    assert "\n  the scale of the gene features in training is unknown" in closing[0]
    assert project.planned("predict") == {}
    project.released["theirs"]["settings"]["center_len"] = 100
    project.configure(released=project.released, predictions={"novel": [RUN, "theirs"]})
    assert project.planned("predict") == {"import_released": 1, "predict_expression": 1, "predict": 1}


def test_another_scale_is_said_on_the_terminal_also_where_another_job_fails(project):
    """Tenfold H3K27ac: the signal and the promoter activity that is made from it."""
    multiply(project.folder / "resources/simulated/simB/H3K27ac.bw", project.folder / "tenfold.bw", 10)
    with open(project.folder / "cell_types.tsv", "a") as table:
        table.write(unlabelled("tenfold", H3K27ac="tenfold.bw"))
    project.released["theirs"]["checkpoint"]["md5"] = "0" * 32
    project.configure(released=project.released, predictions={"tenfold": [RUN, "theirs"]})
    (project.folder / "resources/downloads/released.theirs.ckpt").unlink(missing_ok=True)
    out = project.snakemake("predict", "--keep-going", succeeds=False)
    assert out.count("Made with ") == 1
    closing = out.split("Made with ")[1]
    assert closing.startswith(
        f"2 warnings: results/predictions/tenfold/{RUN}.tsv.gz (logs/predictions/tenfold/"
    )
    assert "\n  H3K27ac: mean is " in closing
    assert "\n  promoter_activity: mean is " in closing
    # once for each prediction: a run that makes none says nothing
    assert "Made with" not in project.snakemake("predict", "--keep-going", succeeds=False)


def test_a_cell_type_with_a_label_is_scored_seed_by_seed_and_as_an_ensemble(project):
    with open(project.folder / "cell_types.tsv", "a") as table:
        table.write(cell_type_row("labelled", "simB"))
    runs = [RUN, RUN + "2"]
    known = pd.read_csv(project.folder / "results/genes/simA.tsv", sep="\t")
    chosen = [*known.loc[known["chrom"] != "chr1", "gene_id"], known["symbol"][0]]
    asked = {"runs": runs, "match_scale": "quantile", "genes": chosen}
    project.configure(predictions={"labelled": asked}, transfer={"block": 40_000})
    jobs = executed_jobs(project.snakemake("predict"))
    assert (jobs["predict_expression"], jobs["ensemble"], jobs["transfer_scores"]) == (2, 1, 1)
    folder = project.folder / "results/predictions/labelled"
    members = [pd.read_csv(folder / f"{run}.tsv.gz", sep="\t") for run in runs]
    ensemble = pd.read_csv(folder / "simA.tiny.fold1.ensemble.tsv.gz", sep="\t")
    both = np.stack([member["prediction"] for member in members])
    assert len(ensemble) == len(chosen)
    assert ensemble["mean"].to_numpy() == pytest.approx(both.mean(axis=0), rel=1e-6)
    assert ensemble["sd"].to_numpy() == pytest.approx(both.std(axis=0, ddof=1), abs=1e-6)
    scores = pd.read_csv(project.folder / "results/transfer/scores.tsv", sep="\t")
    assert list(scores["seed"].astype(str)) == ["2", "2", "22", "22", "ensemble", "ensemble"]
    assert set(scores["match_scale"]) == {"quantile"}
    test = ensemble[ensemble["split"] == "test"]
    row = scores[(scores["seed"] == "ensemble") & (scores["split"] == "test")].iloc[0]
    assert row["mse"] == pytest.approx(np.mean((test["mean"] - test["expression"]) ** 2), rel=1e-5)
    own = pd.read_csv(project.folder / "results/runs/simA/tiny/fold1/seed2/predictions.tsv.gz", sep="\t")
    floor = own.set_index("gene_id").loc[test["gene_id"], "expression"].to_numpy()
    assert row["floor_mse"] == pytest.approx(np.mean((floor - test["expression"]) ** 2), rel=1e-5)
    assert row["mse_low"] < row["mse"] < row["mse_high"]
    # a name that no gene has is told before the first job
    gene = test["gene_id"].iloc[0]
    project.configure(
        predictions={"labelled": asked | {"genes": [gene, gene + "0"]}}, transfer={"block": 40_000}
    )
    out = project.snakemake("predict", succeeds=False)
    assert f"has no gene '{gene}0' (did you mean '{gene}'?)" in out
    assert "Finished jobid" not in out


def test_what_a_cell_type_lacks_is_said_before_any_job(project):
    project.configure(released=project.released, predictions={"bare": [RUN]})
    out = project.snakemake("predict", succeeds=False)
    told = f"predictions: {RUN} for bare: it reads the signals H3K27ac, DNase, contacts, bare has H3K27ac, DNase and"
    assert told in out
    assert "Finished jobid" not in out
    project.configure(released=project.released)
    out = project.snakemake("results/predictions/bare/theirs.tsv.gz", succeeds=False)
    assert "predictions: theirs for bare: it reads the signals" in out


def test_a_published_file_that_is_not_what_was_stated_is_refused(project):
    project.released["theirs"]["architecture"] = "seq2exp_soft"
    project.configure(released=project.released)
    out = project.snakemake("results/released/theirs.ckpt", succeeds=False)
    log = (project.folder / "logs/released/theirs.log").read_text()
    assert "does not fit Seq2ExpSoft" in log
    assert "those of prism" in log
    assert "import_released" in out
    project.released["theirs"]["checkpoint"]["md5"] = "0" * 32
    project.configure(released=project.released)
    out = project.snakemake(
        "resources/downloads/released.theirs.ckpt", "--forcerun", "download", succeeds=False
    )
    assert "md5" in out + (project.folder / "logs/download/released.theirs.ckpt.log").read_text()


def test_the_mask_of_seq2exp_is_drawn_without_being_asked_for(fresh):
    entry = {"architecture": "seq2exp_soft", "length": 400, "protocol": "tiny"}
    entry["settings"] = {"d_model": 8, "n_layer": 1, "center_len": 100}
    models = MODELS | {"models": {"soft": entry, "floor": MODELS["models"]["floor"]}}
    (fresh.folder / "models.yaml").write_text(yaml.safe_dump(models))
    run = {"cell_types": ["simA"], "models": ["floor", "soft"], "folds": [1], "seeds": [2]}
    fresh.configure(run=run)
    jobs = executed_jobs(fresh.snakemake("figures"))
    assert (jobs["learned_mask"], jobs["figure_mask"]) == (1, 1)
    table = pd.read_csv(fresh.folder / "results/runs/simA/soft/fold1/seed2/mask.tsv.gz", sep="\t")
    assert set(table["genes"]) == {20}
    assert (table.loc[table["promoter"], "mask_mean"] == 1).all()
    for suffix in ("svg", "png"):
        assert (fresh.folder / f"results/comparison/figures/mask.simA.{suffix}").stat().st_size > 10_000
    fresh.configure(run=run | {"models": ["floor"]})
    assert "figure_mask" not in fresh.planned("figures")
