"""What is said at the end of a run."""

from __future__ import annotations

import json
from types import SimpleNamespace

from prism.inference.contexts import collapse_warning
from workflow_scripts.planning.terminal.end_report import closing_words


def job(output: str, log: str = "log") -> SimpleNamespace:
    return SimpleNamespace(output=[output], log=[log])


def test_warnings_of_each_prediction_once_and_not_too_many(tmp_path):
    logs = {
        "quiet": "device: cpu\n",
        "one": "warning: ATAC: far\ndevice: cpu\nx.py:3: UserWarning: warning: not ours\n",
        "many": "".join(f"warning: {i}\n" for i in range(7)),
    }
    for name, text in logs.items():
        (tmp_path / name).write_text(text)
    jobs = [job(f"sub/results/predictions/K/{name}.tsv.gz", str(tmp_path / name)) for name in logs]
    jobs.append(job("sub/results/predictions/K/no_log.tsv.gz", str(tmp_path / "gone")))
    jobs += [
        job("sub/results/windows/K/2000.h5"),
        SimpleNamespace(output=["a", "b"]),
        SimpleNamespace(output=[]),
    ]
    assert closing_words(jobs, "sub/").splitlines() == [
        f"Made with 7 warnings: sub/results/predictions/K/many.tsv.gz ({tmp_path}/many)",
        *(f"  {i}" for i in range(5)),
        "  ... and 2 more",
        f"Made with 1 warning: sub/results/predictions/K/one.tsv.gz ({tmp_path}/one)",
        "  ATAC: far",
    ]
    assert closing_words(jobs) == ""  # of a folder that is not ours


def test_a_line_for_every_trial_that_was_cut(tmp_path, monkeypatch, trial_record):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results/smoke/K562"
    folder.mkdir(parents=True)
    (folder / "prism_2k.json").write_text(json.dumps(trial_record))
    (folder / "ridge_2k.json").write_text(json.dumps(trial_record | {"reduced": []}))
    names = ("prism_2k.json", "ridge_2k.json", "prism_2k.cleared")
    assert closing_words([job(f"results/smoke/K562/{name}") for name in names]) == (
        "Does not fit as it is: prism_2k on K562, whose trial was cut from 8 genes at once to 2 (no room); "
        "results/smoke/K562/prism_2k.json\n"
    )


def test_a_collapse_of_contexts_is_said_at_the_end(tmp_path):
    log = tmp_path / "seed2.log"
    told = collapse_warning(
        {
            "collapsed": True,
            "genes": 12,
            "sd_over_genes": 0.009,
            "sd_over_channels": 0.48,
            "mean_cosine": 0.01,
        }
    )
    log.write_text(f"device: cpu\n{told}\ntest, weights of step 3\n")
    trained = SimpleNamespace(output=["results/runs/K/net/fold1/seed2/best.ckpt", "b"], log=[str(log)])
    assert "  the learned contexts are the same for every gene: over 12 genes" in closing_words([trained])


def test_a_batch_above_the_training_genes_is_said_and_other_warnings_of_trainings_not_again(tmp_path):
    log = tmp_path / "seed2.log"
    log.write_text("warning: warmup_steps 5\nwarning: batch_size 16 is more than the 9 training genes\n")
    run = "results/runs/K/net/fold1/seed2"
    trained = SimpleNamespace(output=[f"{run}/best.ckpt", f"{run}/metrics.json"], log=[str(log)])
    assert closing_words([trained]).splitlines() == [
        f"Made with 1 warning: {run}/best.ckpt ({log})",
        "  batch_size 16 is more than the 9 training genes",
    ]
