"""One seed: what its arms share is made once."""

from __future__ import annotations

from pathlib import Path

from benchmarks.token_worlds import measures
from benchmarks.token_worlds.adapters import pretrained
from benchmarks.token_worlds.protocol import NULL, Task
from benchmarks.token_worlds.worlds import Made, make_genome, make_world, trained_encoder
from prism.tokens.encoders import TrainedRun
from prism.tokens.foundation import Foundation


class Seed:
    """The genome, the DNA encoder and the foundation models of a seed, each made when it is first needed.

    folder: for files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.genome = folder, None
        self.encoder: TrainedRun | None = None
        self.worlds: dict[str, tuple[Made, Foundation, measures.Ready]] = {}

    def measured(self, task: Task) -> dict[str, float]:
        """The numbers of a world: a row of the table.

        task: of this seed.
        """
        self.genome = make_genome(task) if self.genome is None else self.genome
        if task.arm == NULL:
            made = make_world(task, *self.genome, self.folder / NULL)
            return measures.no_regulation(task, made, self.folder / "embeddings.sqlite")
        genomes = task.sizing.regulation.genomes
        first = genomes not in self.worlds
        if first:
            self._make(task, genomes)
        made, foundation, ready = self.worlds[genomes]
        ready.task = task
        found = measures.skill(ready, foundation)
        if first and not task.single:
            found |= measures.held_out(ready, foundation)
        return found

    def _make(self, task: Task, genomes: str) -> None:
        if self.encoder is None:
            self.encoder = trained_encoder(task, *self.genome, self.folder / "encoder")
        made = make_world(task, *self.genome, self.folder / genomes)
        ready = measures.Ready(task, made, self.encoder, self.folder / "embeddings.sqlite")
        self.worlds[genomes] = (made, pretrained(task, made), ready)
