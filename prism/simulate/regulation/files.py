"""Writes a simulated world of cells as a user's own data would come, and its truth beside it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from prism.files.checksums import writing_checked
from prism.files.h5ad import write_h5ad
from prism.simulate.regulation.network import DIRECT, INDIRECT, REPRESSED, TARGETS
from prism.simulate.regulation.world import World


def write_world(world: World, folder: str | Path) -> None:
    """Write a world; the same world gives the same files.

    world: as drawn.
    folder: where to write.

    Files: cells.h5ad (integer counts in X; var: ensembl_id, feature_name; obs: cell_type, donor_id, batch, n_counts),
    donors.vcf (the donors' genotypes, both copies alike), unseen.vcf (variants that no donor carries), targets.tsv
    (source, target, weight, kind), and the truth: variants.tsv and roles.tsv.
    """
    folder = Path(folder)
    names = world.genes["gene_id"]
    var = pd.DataFrame({"ensembl_id": names, "feature_name": world.genes["symbol"]})
    write_h5ad(folder / "cells.h5ad", world.counts, world.obs, var.set_index("ensembl_id", drop=False))
    donors = list(dict.fromkeys(world.obs["donor_id"]))
    _write_lines(folder / "donors.vcf", _vcf(world, seen=True, donors=donors))
    _write_lines(folder / "unseen.vcf", _vcf(world, seen=False, donors=[]))
    known = targets(world)[["source", "target", "weight", "kind"]]
    tables = {"targets": known, "variants": world.variants}
    for name, table in (tables | {"roles": roles(world)}).items():
        with writing_checked(folder / f"{name}.tsv") as part:
            table.to_csv(part, sep="	", index=False)


def roles(world: World) -> pd.DataFrame:
    """What each gene is to each factor: factor, gene_id, role, level (log10 of its mean rate), effect.

    world: as drawn.

    `effect` is the true mean change of a gene's log expression for one natural logarithm less of the factor's activity.
    """
    tables = []
    for factor, row in enumerate(world.network.factors):
        table = world.genes[["gene_id", "level"]].copy()
        table.insert(0, "factor", world.genes["gene_id"].iloc[row])
        table.insert(2, "role", world.network.roles[factor])
        table["effect"] = world.change({factor: -1.0})
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def targets(world: World) -> pd.DataFrame:
    """The true targets of every factor: source, target, weight, role, kind.

    world: as drawn; where nothing regulates, the pairs that would be.

    Weight is 1 where the factor activates and -1 where it represses; kind is direct or indirect.
    """
    table = roles(world)
    table = table[table["role"].isin(TARGETS)]
    weight = table["role"].map(lambda role: -1 if role == REPRESSED else 1)
    kind = table["role"].map(lambda role: INDIRECT if role == INDIRECT else DIRECT)
    return pd.DataFrame(
        {
            "source": table["factor"],
            "target": table["gene_id"],
            "weight": weight,
            "role": table["role"],
            "kind": kind,
        }
    ).reset_index(drop=True)


def _vcf(world: World, seen: bool, donors: list[str]) -> list[str]:
    """Lines of a VCF file: what donors carry, or what nobody carries and no column of a donor describes."""
    variants = world.variants[world.variants["seen"] == seen]
    chromosomes = world.landscape.settings.chromosomes
    place = [
        (chromosomes.index(chrom), at)
        for chrom, at in zip(variants["chrom"], variants["position"], strict=True)
    ]
    order = sorted(range(len(place)), key=place.__getitem__)
    columns = [
        "#CHROM",
        "POS",
        "ID",
        "REF",
        "ALT",
        "QUAL",
        "FILTER",
        "INFO",
        *(["FORMAT"] if donors else []),
        *donors,
    ]
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={chrom}>" for chrom in chromosomes)]
    lines += ['##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">'] if donors else []
    lines.append("\t".join(columns))
    for at in order:
        row = variants.iloc[at]
        cells = [row["chrom"], str(row["position"] + 1), ".", row["ref"], row["alt"], ".", ".", "."]
        carried = world.alleles[:, variants.index[at]]
        genotypes = ["GT", *("1|1" if each else "0|0" for each in carried)] if donors else []
        lines.append("\t".join([*cells, *genotypes]))
    return lines


def _write_lines(path: Path, lines: list[str]) -> None:
    with writing_checked(path) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
