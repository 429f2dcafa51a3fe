"""A foundation model of Geneformer V1's size on this CPU: ours against transformers as it comes.

    python -m benchmarks.tokens [--repeats 3 --tokens 2048 --threads 2]

256 wide, 6 layers, 2,048 tokens a cell, 25,426 tokens in the dictionary; random weights and cells (time does not depend
on them); every cell is full, so that no padding is saved. Two jobs. `encoder`: the second-to-last hidden layer of one
cell; transformers' BertForMaskedLM gives it with output_hidden_states, beside the logits of every token. `step`: one
update of all weights by masked-gene prediction from two cells, 15 % of their genes hidden, dropout 0.02, AdamW.
transformers computes it in float32; ours in bf16 where the CPU has such products (master weights float32), without
dropout on the attention weights. Below them, for what the ratio is made of: transformers' BertModel without its head,
transformers without dropout on the attention weights, our encoder in bf16, and our update of an adapter in front of the
frozen model.

Each contender has a process of its own. They take turns, job by job, so that other work on the machine meets both; in
a turn the job is done twice, and the second time counts: memory of a waiting process may have been put aside. CPU
seconds (of all threads) are less sensitive to it than seconds are; the ratio is that of the fastest turns. Memory
is the highest resident size of the process in its job, PyTorch included. The table goes to the screen and to
benchmarks/results/tokens.<cpu>.txt.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from transformers import BertConfig, BertForMaskedLM

from benchmarks.scan import RESULTS, cpu_name, forget_peak, resident, slug
from prism.compute import malloc
from prism.compute.precision import autocast, usable_precision
from prism.tokens.adapter import Adapter
from prism.tokens.dynamic import DynamicTokens, GenomeEmbeddings
from prism.tokens.foundation import Foundation
from prism.tokens.masked_genes import masked, masked_gene_loss

SIZE, WIDTH, MASK, CELLS, DNA_WIDTH = 25_426, 256, 1, 2, 256
# Job -> its contenders; the first is transformers as it comes.
JOBS = {
    "encoder": ("transformers", "ours", "transformers, no head", "ours, bf16"),
    "step": ("transformers", "ours", "transformers, no attention dropout", "ours, adapter alone"),
}


def a_model(attention_dropout: float = 0.02) -> BertForMaskedLM:
    torch.manual_seed(0)
    return BertForMaskedLM(
        BertConfig(
            vocab_size=SIZE,
            hidden_size=WIDTH,
            num_hidden_layers=6,
            num_attention_heads=4,
            intermediate_size=512,
            hidden_act="relu",
            max_position_embeddings=2048,
            hidden_dropout_prob=0.02,
            attention_probs_dropout_prob=attention_dropout,
            pad_token_id=0,
        )
    )


def cells_of(n: int, tokens: int) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.permutation(np.arange(2, SIZE))[:tokens] for _ in range(n)]


def encoder(contender: str, tokens: int) -> Callable[[], object]:
    """One cell to its second-to-last hidden layer."""
    ids = torch.from_numpy(np.stack(cells_of(1, tokens)))
    there, model = torch.ones_like(ids), a_model().eval()
    if contender == "transformers":
        return lambda: model(input_ids=ids, attention_mask=there, output_hidden_states=True).hidden_states[-2]
    if contender == "transformers, no head":
        plain = model.bert
        return lambda: plain(input_ids=ids, attention_mask=there, output_hidden_states=True).hidden_states[-2]
    malloc.keep()
    ours = Foundation(model)
    ours = ours.bfloat16() if contender == "ours, bf16" else ours
    return lambda: ours.hidden(ids, attention_mask=there)


def step(contender: str, tokens: int) -> Callable[[], object]:
    """One update from two cells."""
    batch = masked(cells_of(CELLS, tokens), MASK, np.arange(2, SIZE), np.random.default_rng(0))
    model = a_model(0.0 if contender == "transformers, no attention dropout" else 0.02).train()
    if contender.startswith("transformers"):
        optimiser = torch.optim.AdamW(model.parameters(), 1e-4)
        ids, labels = batch.ids.view(CELLS, -1), torch.full_like(batch.ids, -100)
        labels[batch.places] = batch.targets
        labels, there = labels.view(CELLS, -1), torch.ones_like(ids)

        def theirs() -> None:
            optimiser.zero_grad()
            model(input_ids=ids, attention_mask=there, labels=labels).loss.backward()
            optimiser.step()

        return theirs
    malloc.keep()
    return _our_step(contender, Foundation(model), batch)


def _our_step(contender: str, foundation: Foundation, batch) -> Callable[[], object]:
    place, tokens = torch.device("cpu"), None
    precision = precision_here()
    if contender == "ours, adapter alone":
        foundation.eval().requires_grad_(False)
        random = np.random.default_rng(1)
        dna = {gene: random.standard_normal(DNA_WIDTH) for gene in range(2, SIZE)}
        tokens = DynamicTokens(Adapter(DNA_WIDTH, WIDTH), GenomeEmbeddings.of(SIZE, dna))
        if precision == "bf16":
            foundation.bfloat16()
            precision = "fp32"
    learning = foundation if tokens is None else tokens
    optimiser = torch.optim.AdamW(learning.parameters(), 1e-4)

    def ours() -> None:
        optimiser.zero_grad()
        with autocast(place, precision):
            loss = masked_gene_loss(foundation, batch, tokens)
        loss.backward()
        optimiser.step()

    return ours


def precision_here() -> str:
    """bf16 where this CPU has such products, else fp32."""
    try:
        return usable_precision("bf16", torch.device("cpu"), "bf16")
    except ValueError:
        return "fp32"


def serve(job: str, contender: str, tokens: int) -> None:
    """Make a job ready, then do it, and do it again with the clock, for every line of the input."""
    work = (encoder if job == "encoder" else step)(contender, tokens)
    with torch.inference_mode(job == "encoder"):
        work()
        forget_peak()
        print("ready", flush=True)
        for _ in sys.stdin:
            work()  # while it waited, the system may have taken its memory away
            before, started = time.process_time(), time.perf_counter()
            work()
            found = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - before}
            print(json.dumps(found | {"memory": resident("VmHWM")}), flush=True)


def in_turns(job: str, arguments: argparse.Namespace) -> dict[str, list[dict]]:
    """What every turn of each contender took."""
    workers = {}
    for contender in JOBS[job]:
        command = [sys.executable, "-m", "benchmarks.tokens", "--job", job, "--contender", contender]
        command += ["--tokens", str(arguments.tokens), "--threads", str(arguments.threads)]
        workers[contender] = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        answer = workers[contender].stdout.readline()  # one after the other: none is timed beside another
        if answer.strip() != "ready":
            raise RuntimeError(f"{job} of {contender} did not start; its error is above")
    turns: dict[str, list[dict]] = {contender: [] for contender in workers}
    for _ in range(arguments.repeats):
        for contender, worker in workers.items():
            worker.stdin.write("go\n")
            worker.stdin.flush()
            turns[contender].append(json.loads(worker.stdout.readline()))
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    return turns


def report(arguments: argparse.Namespace) -> str:
    load = os.getloadavg()[0]
    rows, ratios = [f"{'':44s}{'fastest s':>10s}{'mean s':>9s}{'CPU s':>9s}{'memory':>10s}"], []
    for job in JOBS:
        turns = in_turns(job, arguments)
        best = {}
        for contender, each in turns.items():
            seconds, cpu = [turn["seconds"] for turn in each], min(turn["cpu"] for turn in each)
            best[contender] = (min(seconds), cpu)
            rows.append(
                f"{job + ': ' + contender:44s}{min(seconds):10.2f}{np.mean(seconds):9.2f}{cpu:9.2f}"
                f"{max(turn['memory'] for turn in each):7.2f} GB"
            )
        wall, cpu = (theirs / ours for theirs, ours in zip(best["transformers"], best["ours"], strict=True))
        ratios.append(
            f"{job}: ours is {wall:.1f} times as fast as transformers as it comes (CPU time {cpu:.1f})"
        )
    after = os.getloadavg()[0]
    head = [
        f"tokens: 256 wide, 6 layers, {arguments.tokens} tokens a cell, {SIZE:,} in the dictionary; "
        f"{arguments.repeats} turns; training in {precision_here()}",
        f"machine: {cpu_name()}, {os.cpu_count()} cores, {arguments.threads} threads; load before {load:.2f}, after "
        f"{after:.2f}; torch {torch.__version__}",
        "",
    ]
    if max(load, after - arguments.threads) > 0.5:
        head.append(
            "The machine was busy with other work: seconds are too many; CPU time and ratios say more."
        )
    return "\n".join([*head, *rows, "", *ratios])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--job", choices=list(JOBS), help=argparse.SUPPRESS)
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.job:
        serve(arguments.job, arguments.contender, arguments.tokens)
        return
    text = report(arguments)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"tokens.{slug()}.txt").write_text(text + "\n")


if __name__ == "__main__":
    main()
