"""A configuration with every string that the schemas know, for the tests of hostile text."""

from __future__ import annotations

import json

FILE = {"address": "in/file.zip", "md5": "a" * 32, "member": "inside.txt"}
COLUMNS = {"gene_id": "id", "chrom": "chrom", "tss": "tss", "strand": "strand", "symbol": "symbol"}
RUN = {"cell_types": ["A"], "models": ["small", "filed", "other"], "folds": ["one"], "seeds": [2]}
FACTORS = {
    "F1": {
        "gene": "ENSG00000000001", "cell_types": ["T"], "mutation": {"substitutions": ["-35 G>A"]},
        "targets": "F1", "indirect": "far",
    },
    "F2": {"gene": "ENSG00000000002", "mutation": {"vcf": "in/mutation.vcf", "sample": "donor1"}},
    "F3": {"gene": "ENSG00000000003", "mutation": {"knock_out": "ACGT"}},
}  # fmt: skip
TOKENS = {
    "words": {
        "cells": ["in/cells.h5ad"], "counts": "X", "gene_ids": "index", "cell_type": "kind", "donor": "donor",
        "totals": "recomputed", "genes": "in/genes.tsv", "dictionary": "in/dictionary.json", "dictionary_version": "V1",
        "foundation": "in/model", "encoder": {"kmers": 3, "cell_type": "A"}, "genotypes": "in/donors.vcf",
        "adapter": {"kind": "mlp"}, "output_tokens": "static", "fold": "one", "factors": FACTORS,
        "targets": "in/targets.tsv", "pairs": [["F1", "F3"]],
        "statistics": {
            "metric": "auroc", "contrast": "targets", "against": "mask", "correction": "max_statistic",
        },
    },
    "run": {"cells": "in/cells.h5ad", "encoder": {"run": "theirs", "cell_type": "A"}, "factors": {"F3": FACTORS["F3"]}},
    "long": {
        "cells": "in/cells.h5ad", "encoder": {"enformer": "in/model", "cell_type": "A"},
        "factors": {"F3": FACTORS["F3"]},
    },
}  # fmt: skip
BERT = json.dumps({"model_type": "bert", "vocab_size": 5, "num_hidden_layers": 2})
SPECIALS = {"<pad>": 0, "<mask>": 1}
GENES = {f"ENSG0000000000{i}": i + 1 for i in (1, 2, 3)}
DICTIONARY = json.dumps({"tokens": SPECIALS | GENES, "medians": dict.fromkeys(GENES, 1.0)})
CONFIG = {
    "cell_types": "cells.tsv",
    "models": ["models.yaml"],
    "folds": "folds.tsv",
    "published": "published.tsv",
    "assemblies": {
        "toy": {
            "genome": FILE,
            "annotation": FILE,
            "blacklist": FILE,
            "gene_type": "protein_coding",
            "chromosomes": ["chr1"],
            "rna_features": "genes",
            "gene_table": FILE | {"tss_base": 0, "columns": COLUMNS},
            "strand_table": FILE | {"columns": {"gene_id": "id", "strand": "strand"}},
        }
    },
    "run": RUN | {"joint": {"both": ["A"]}},
    "windows": {"lengths": [300], "signals": ["DNase"]},
    "released": {
        "theirs": {
            "checkpoint": FILE,
            "architecture": "caduceus_signals",
            "settings": {"center_len": 100},
            "signals": ["DNase"],
            "rna_features": ["UTR5GC"],
            "length": 300,
        }
    },
    "predictions": {"A": {"runs": ["theirs"], "genes": ["gene1"], "match_scale": "none"}},
    "promoter_activity": ["DNase"],
    "peak_calling": {"signal": "DNase", "cutoff": 3, "min_length": 10, "max_gap": 5},
    "device": "cpu",
    "target": "all",
    "cpu_precision": "fp32",
    "simulate": {"cell_types": ["simA"]},
    "tokens": TOKENS,
}
MODELS = {
    "protocols": {"short": {"steps": 10, "batch_size": 4, "schedule": "cosine", "precision": "fp32"}},
    "models": {
        "small": {
            "architecture": "prism", "length": 100, "protocol": "short", "signals": ["DNase"],
            "gene_features": ["mrna"], "orientation": "gene", "scale_features": "zscore",
            "training": {"schedule": "constant", "precision": "fp32"},
            "tune": {"schedule": ["constant", "cosine"], "alpha": [0.5, 1.0]},
            "start_from": {"run": "base", "cell_type": "A"},
        },
        "base": {"architecture": "prism", "length": 100, "protocol": "short"},
        "filed": {
            "architecture": "prism", "length": 100, "protocol": "short", "start_from": {"checkpoint": "in/best.ckpt"},
        },
        "other": {
            "architecture": "caduceus_signals", "length": 300, "protocol": "short",
            "start_from": {"released": "theirs"},
        },
    },
}  # fmt: skip
ROW = {
    "cell_type": "A",
    "assembly": "toy",
    "label_kind": "bigwig",
    "label": "a.bw",
    "label_minus": "b.bw",
    "label_md5": "a" * 32,
    "label_assay": "CAGE",
    "label_id_column": "id",
    "label_value_column": "value",
    "label_transform": "log10p1",
    "label_member": "inside.bw",
    "peaks": "p.bed",
    "peaks_md5": "a" * 32,
    "DNase": "https://example.org/d.bigWig",
    "DNase_md5": "a" * 32,
    "DNase_output_type": "signal",
    "DNase_transform": "log1p",
}
