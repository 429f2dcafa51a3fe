"""The demo through profiles/slurm as it is shipped: what Slurm's own records say of every job."""

from __future__ import annotations

import re

from tests.cluster.submission import visible_gpus

# comment of the job: partition, MB, minutes, cores, GPUs; a group's memory and cores are the sum over jobs that run
# side by side, its time the sum over those that wait for each other
JOBS = {
    "rule_simulate": ("cpu", 1000, 10, 1, 0),
    "rule_genome_wildcards_simulated": ("cpu", 500, 60, 1, 0),
    "rule_annotation_wildcards_simulated": ("cpu", 1500, 60, 1, 0),
    "rule_genes_wildcards_simA": ("cpu", 1000, 60, 1, 0),
    "rule_cut_windows_wildcards_simA_400": ("cpu", 2000, 120, 1, 0),
    "rule_ridge_train_ridge": ("cpu", 2500, 30, 1, 0),
    "rule_train_prism_wildcards_simA_tiny_1_2": ("gpu", 5000, 1440, 1, 1),
    "rule_train_prism_wildcards_simA_tiny_1_22": ("gpu", 5000, 1440, 1, 1),
    # the quality page and the profile figure side by side
    "rule_data_pages_figure_signal_profile_quality": ("cpu", 3000, 60, 2, 0),
    # the tables and two figures side by side (30 min), then the figure of the tables (15 min)
    "rule_comparison_evaluation_tables_figure_metrics_figure_scatter_figure_training_curves": (
        "cpu", 3000, 45, 3, 0,
    ),
}  # fmt: skip


def test_jobs_as_slurm_recorded_them(demo):
    jobs = demo.jobs()
    found = {job.comment: (job.partition, job.memory_mb, job.minutes, job.cpus, job.gpus) for job in jobs}
    assert found == JOBS
    assert len(jobs) == len(JOBS)
    assert {job.state for job in jobs} == {"COMPLETED"}


def test_everything_is_made(demo):
    folder = demo.project.folder
    for seed in (2, 22):
        assert (folder / f"results/runs/simA/tiny/fold1/seed{seed}/metrics.json").stat().st_size > 0
    assert (folder / "results/comparison/figures/metrics.svg").stat().st_size > 0
    assert not list(folder.rglob("*.part"))


def test_downloads_run_where_snakemake_runs(demo):
    assert len(re.findall(r"localrule download:", demo.output)) == 9


def test_two_gpu_jobs_at_a_time_each_with_its_own(demo):
    """Not one GPU over all jobs as on one machine: Slurm gives each training one, and tells it which."""
    first, second = demo.jobs("train_prism")
    assert first.start < second.end
    assert second.start < first.end
    assert visible_gpus(demo.slurm, first) | visible_gpus(demo.slurm, second) == {"0", "1"}
    assert len(visible_gpus(demo.slurm, first)) == 1


def test_jobs_without_a_gpu_see_none(demo):
    (job,) = demo.jobs("train_ridge")
    assert visible_gpus(demo.slurm, job) == {"none"}
