"""The single-cell foundation model: transformers' BertForMaskedLM, computed without padding and without idle work.

`Foundation` has the weights and the numbers of transformers' model, and another way through it: the tokens of all cells
stand one after the other (`packed`), so that a short cell costs what it holds; attention is computed cell by cell with
torch's fused kernel; layers above the wanted one are left out; the head sees only the positions that it is asked about.
Dropout on the attention weights (0.02 in Geneformer V1) is the one thing left out in training: with it, torch has no
fused kernel on a CPU. All other dropout is as configured. Products are computed in the precision of the weights
(`.bfloat16()` for a frozen model), or in that of an autocast around it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertForMaskedLM
from transformers.utils import logging as transformers_log

from prism.runs.checkpoint import UNREADABLE
from prism.tokens.fused_linear import linear

WEIGHTS = (
    "model.safetensors",
    "pytorch_model.bin",
    "model.safetensors.index.json",
    "pytorch_model.bin.index.json",
)
SECOND_TO_LAST = -2


class Foundation(nn.Module):
    """A BERT for masked genes.

    model: transformers' BertForMaskedLM, an encoder with absolute positions.
    name: its folder, for messages; default "the foundation model".
    Raises ValueError for a decoder and for other kinds of positions.
    """

    def __init__(self, model: BertForMaskedLM, name: str = "the foundation model") -> None:
        super().__init__()
        settings = model.config
        if settings.is_decoder:
            raise ValueError(f"{name} is a decoder (is_decoder: true); use an encoder (BertForMaskedLM)")
        kind = getattr(settings, "position_embedding_type", "absolute")
        if kind != "absolute":
            raise ValueError(
                f"{name} has position_embedding_type {kind}; only absolute positions are read, "
                "which is what Geneformer has"
            )
        self.model = model

    @classmethod
    def load(cls, folder: str | Path) -> Foundation:
        """Read a folder that `BertForMaskedLM.save_pretrained` wrote, in float32 and eval mode; nothing is fetched.

        folder: with config.json and model.safetensors (or pytorch_model.bin, of which only tensors are read).
        Raises ValueError, naming the file and the fix, for a missing file, another kind of model, and weights that
            do not fit the configuration. Whether the dictionary fits: `prism.tokens.dictionary.check_size`.
        """
        folder = Path(folder)
        _check_folder(folder)
        transformers_log.disable_progress_bar()
        told_before = transformers_log.get_verbosity()
        transformers_log.set_verbosity_error()  # what is missing is said below, once
        try:
            model, found = BertForMaskedLM.from_pretrained(
                folder,
                local_files_only=True,
                dtype=torch.float32,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
            )
        except (OSError, SafetensorError, *UNREADABLE) as error:
            told = " ".join(str(error).split())[:200]
            raise ValueError(
                f"{folder}: not a readable BertForMaskedLM ({told}); copy the folder again"
            ) from error
        finally:
            transformers_log.set_verbosity(told_before)
        lacking = sorted({*found["missing_keys"], *(each[0] for each in found["mismatched_keys"])})
        if lacking:
            raise ValueError(
                f"{folder}: weights are missing or of another shape than config.json says: {', '.join(lacking[:3])}"
                f"{', ...' if len(lacking) > 3 else ''}; use a folder saved from BertForMaskedLM, with its head"
            )
        return cls(model, str(folder)).eval()

    @classmethod
    def small(
        cls,
        size: int,
        context: int,
        pad: int = 0,
        width: int = 64,
        n_layers: int = 2,
        n_heads: int = 2,
        dropout: float = 0.0,
        seed: int = 0,
    ) -> Foundation:
        """A small one with random weights, in train mode, to be pretrained here.

        size: tokens of the dictionary.
        context: the most tokens of a cell.
        pad: token of the padding; default 0.
        width: of the hidden states; default 64. The feed-forward layers have twice that, as in Geneformer V1.
        n_layers: default 2.
        n_heads: default 2.
        dropout: of hidden states; default 0.
        seed: of the weights; default 0.
        """
        settings = BertConfig(
            vocab_size=size,
            hidden_size=width,
            num_hidden_layers=n_layers,
            num_attention_heads=n_heads,
            intermediate_size=2 * width,
            hidden_act="relu",
            max_position_embeddings=context,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=0.0,
            pad_token_id=pad,
            # BERT's 0.02 at Geneformer V1's width; narrower models learn little from it
            initializer_range=0.02 * (256 / width) ** 0.5,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(BertForMaskedLM(settings)).train()

    def save(self, folder: str | Path) -> None:
        """Write the folder that `load` and transformers read.

        folder: is made where it is missing.
        """
        transformers_log.disable_progress_bar()
        self.model.save_pretrained(folder)

    @property
    def token_table(self) -> Tensor:
        """The static embedding of every token, (size, width)."""
        return self.model.bert.embeddings.word_embeddings.weight

    @property
    def output_table(self) -> Tensor:
        """The row of every token in the output layer, (size, width): the static table, where the two are tied."""
        return self.model.cls.predictions.decoder.weight

    @property
    def size(self) -> int:
        """Tokens of its dictionary, special ones included."""
        return self.model.config.vocab_size

    @property
    def context(self) -> int:
        """The most tokens that a cell may have."""
        return self.model.config.max_position_embeddings

    @property
    def n_layers(self) -> int:
        """How many layers it has."""
        return self.model.config.num_hidden_layers

    def hidden(
        self,
        input_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        attention_mask: Tensor | None = None,
        layer: int = SECOND_TO_LAST,
    ) -> Tensor:
        """Contextual embeddings of padded cells, (b, l, width); zeros where there is padding.

        input_ids: (b, l) int64 tokens; None where their embeddings are given.
        inputs_embeds: (b, l, width) token embeddings in their place; default None.
        attention_mask: (b, l), 0 where there is padding; default None, for none.
        layer: counted as transformers' hidden_states: 0 the embeddings, -1 the last layer; default -2.
        Raises ValueError unless tokens or embeddings, not both, are given, and as `packed` does.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give hidden() input_ids or inputs_embeds, one of the two")
        embeds = self.token_table[input_ids] if inputs_embeds is None else inputs_embeds
        there = embeds.new_ones(embeds.shape[:2], dtype=torch.bool)
        if attention_mask is not None:
            there = attention_mask.bool()
        positions = torch.arange(embeds.shape[1], device=embeds.device).expand(embeds.shape[:2])
        found = self.packed(embeds[there], there.sum(1).tolist(), layer, positions[there])
        return found.new_zeros(embeds.shape).masked_scatter(there[..., None], found)

    def packed(
        self,
        embeds: Tensor,
        lengths: Sequence[int],
        layer: int = SECOND_TO_LAST,
        positions: Tensor | None = None,
    ) -> Tensor:
        """Contextual embeddings of cells that stand one after the other without padding, (tokens, width).

        embeds: (tokens, width), token embeddings of all cells.
        lengths: (cells,) tokens of each; their sum is `tokens`.
        layer: counted as transformers' hidden_states: 0 the embeddings, -1 the last layer; default -2.
        positions: (tokens,) int64, place of each token in its cell; default None, for 0, 1, 2, ... in every cell.
        Raises ValueError for a layer that the model lacks, and for more tokens than its context.
        """
        last = layer if layer >= 0 else self.n_layers + 1 + layer
        if not 0 <= last <= self.n_layers:
            raise ValueError(f"layer {layer}: the model has {self.n_layers} layers, so it is -{self.n_layers + 1} to "
                             f"{self.n_layers}")  # fmt: skip
        if max(lengths, default=0) > self.context:
            raise ValueError(
                f"a cell has {max(lengths)} tokens and the model's context is {self.context}; cut the cells there"
            )
        if positions is None:
            positions = torch.cat([torch.arange(n) for n in lengths]) if len(lengths) else torch.arange(0)
        base = self.model.bert.embeddings
        embeds = embeds.to(base.LayerNorm.weight.dtype)
        where = base.position_embeddings(positions.to(embeds.device)) + base.token_type_embeddings.weight[0]
        x = base.dropout(base.LayerNorm(embeds + where))
        for each in self.model.bert.encoder.layer[:last]:
            x = _through(each, x, lengths)
        return x

    def masked_logits(
        self, hidden: Tensor, table: Tensor | None = None, candidates: Tensor | None = None
    ) -> Tensor:
        """Logits of the masked genes at some positions, (positions, tokens).

        hidden: (positions, width), of the last layer, at the masked positions only.
        table: (size, width), the rows of the output layer; default None, for the model's own.
        candidates: (tokens,) int64, the tokens that are asked about; default None, for all.
        """
        head = self.model.cls.predictions
        table, bias = self.output_table if table is None else table, head.decoder.bias
        if candidates is not None:
            table, bias = table[candidates], bias[candidates]
        return linear(head.transform(hidden), table.to(hidden.dtype), bias)


def _through(layer: nn.Module, x: Tensor, lengths: Sequence[int]) -> Tensor:
    """One of transformers' BertLayers on packed cells, (tokens, width)."""
    own, out = layer.attention.self, layer.attention.output
    three = (own.query, own.key, own.value)
    weight, bias = torch.cat([each.weight for each in three]), torch.cat([each.bias for each in three])
    q, k, v = (
        each.unflatten(-1, (own.num_attention_heads, -1)) for each in linear(x, weight, bias).chunk(3, -1)
    )
    x = out.LayerNorm(_onto(out, _attention(q, k, v, lengths).flatten(1), x))
    first, act = layer.intermediate.dense, layer.intermediate.intermediate_act_fn
    relu = isinstance(act, nn.ReLU)
    inner = linear(x, first.weight, first.bias, relu=relu)
    return layer.output.LayerNorm(_onto(layer.output, inner if relu else act(inner), x))


def _onto(part: nn.Module, inner: Tensor, x: Tensor) -> Tensor:
    """x plus the product of a part of transformers' layer, with its dropout."""
    if part.training and part.dropout.p > 0:
        return part.dropout(linear(inner, part.dense.weight, part.dense.bias)) + x
    return linear(inner, part.dense.weight, part.dense.bias, add=x)


def _attention(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int]) -> Tensor:
    """Attention within each cell; q, k, v and the result: (tokens, heads, width of a head)."""
    if not len(lengths):
        return v
    if len(set(lengths)) == 1:
        shaped = (each.unflatten(0, (len(lengths), -1)).transpose(1, 2) for each in (q, k, v))
        return functional.scaled_dot_product_attention(*shaped).transpose(1, 2).flatten(0, 1)
    cells = zip(*(each.split(list(lengths)) for each in (q, k, v)), strict=True)
    return torch.cat([_attention(*parts, [parts[0].shape[0]]) for parts in cells])


def _check_folder(folder: Path) -> None:
    """Refuse a folder that is none, or no BERT, before transformers looks for it elsewhere."""
    settings = folder / "config.json"
    if not settings.is_file():
        raise ValueError(
            f"{settings}: no such file; give the folder of the foundation model that holds config.json"
        )
    try:
        told = json.loads(settings.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{settings}: not JSON ({error}); copy the folder again") from error
    kind = told.get("model_type") if isinstance(told, dict) else None
    if kind != "bert":
        raise ValueError(f"{settings}: model_type is {kind}, not bert; give the folder of a BertForMaskedLM")
    if not any((folder / name).is_file() for name in WEIGHTS):
        raise ValueError(f"{folder}: holds no weights ({' or '.join(WEIGHTS[:2])}); copy the folder again")
    if any((folder / name).is_file() and _is_pointer(folder / name) for name in WEIGHTS[:2]):
        raise ValueError(f"{folder}: its weights are a Git LFS pointer, not the file; run git lfs pull there")


def _is_pointer(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(40).startswith(b"version https://git-lfs")
