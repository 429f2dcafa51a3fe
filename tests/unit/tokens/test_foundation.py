"""The foundation model against transformers' own numbers, and what it refuses."""

from __future__ import annotations

import json
import re

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

from prism.tokens.foundation import Foundation

V1 = {
    "vocab_size": 25_426,
    "hidden_size": 256,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "intermediate_size": 512,
    "hidden_act": "relu",
    "max_position_embeddings": 2_048,
    "hidden_dropout_prob": 0.02,
    "attention_probs_dropout_prob": 0.02,
    "pad_token_id": 0,
}


@pytest.fixture(scope="module")
def v1(tmp_path_factory):
    """transformers' model with Geneformer V1's configuration, and the folder that it saved."""
    torch.manual_seed(1)
    model = BertForMaskedLM(BertConfig(**V1)).eval()
    folder = tmp_path_factory.mktemp("v1")
    model.save_pretrained(folder)
    return model, folder


def test_a_saved_folder_of_v1s_configuration_gives_transformers_numbers_with_padding(v1):
    model, folder = v1
    ours = Foundation.load(folder)
    ids = torch.randint(2, V1["vocab_size"], (2, 60), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[1, 23:] = 0
    with torch.inference_mode():
        theirs = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        for layer in (-7, -2, -1, 0, 3, 6):
            found = ours.hidden(ids, attention_mask=mask, layer=layer)
            torch.testing.assert_close(found[0], theirs.hidden_states[layer][0], atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(
                found[1, :23], theirs.hidden_states[layer][1, :23], atol=1e-5, rtol=1e-5
            )
            assert not found[1, 23:].any()
        last = ours.hidden(ids, attention_mask=mask, layer=-1)
        logits = ours.masked_logits(last[mask.bool()])
        torch.testing.assert_close(logits, theirs.logits[mask.bool()], atol=1e-5, rtol=1e-5)
        few = torch.tensor([7_261, 1_831])
        torch.testing.assert_close(
            ours.masked_logits(last[0], candidates=few), theirs.logits[0][:, few], atol=1e-5, rtol=1e-5
        )
    assert (ours.context, ours.n_layers, ours.size, ours.training) == (2_048, 6, 25_426, False)
    assert ours.output_table is ours.token_table  # tied


def test_cells_at_the_full_context_and_embeddings_in_the_place_of_tokens(v1):
    model, folder = v1
    ours = Foundation.load(folder)
    ids = torch.arange(2, 2_050)[None]  # 2,048 tokens
    with torch.inference_mode():
        theirs = model.bert(input_ids=ids, output_hidden_states=True).hidden_states[-2]
        torch.testing.assert_close(ours.hidden(ids), theirs, atol=1e-5, rtol=1e-5)
        by_embeds = ours.hidden(inputs_embeds=ours.token_table[ids])
    torch.testing.assert_close(by_embeds, theirs, atol=1e-5, rtol=1e-5)


def test_gradients_are_transformers(foundation):
    ids = torch.tensor([[5, 9, 3, 7, 20, 11], [8, 2, 30, 0, 0, 0]])
    mask = (ids != 0).long()
    twin = BertForMaskedLM(foundation.model.config).eval()
    twin.load_state_dict(foundation.model.state_dict())
    labels = torch.full_like(ids, -100)
    labels[0, 2], labels[0, 5], labels[1, 1] = 17, 6, 33
    twin(input_ids=ids, attention_mask=mask, labels=labels).loss.backward()
    hidden = foundation.hidden(ids, attention_mask=mask, layer=-1)
    where = labels != -100
    torch.nn.functional.cross_entropy(foundation.masked_logits(hidden[where]), labels[where]).backward()
    theirs = {name: each.grad for name, each in twin.named_parameters()}
    for name, each in foundation.model.named_parameters():
        torch.testing.assert_close(each.grad, theirs[name], atol=1e-6, rtol=1e-4)


def test_frozen_bfloat16_is_near(foundation):
    ids = torch.tensor([[5, 9, 3, 7]])
    with torch.inference_mode():
        whole = foundation.hidden(ids)
        half = foundation.bfloat16().hidden(ids)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), whole, atol=0.05, rtol=0.05)


def test_what_is_saved_here_is_read_by_transformers(foundation, tmp_path):
    foundation.save(tmp_path / "small")
    theirs = BertForMaskedLM.from_pretrained(tmp_path / "small")
    assert torch.equal(theirs.bert.embeddings.word_embeddings.weight, foundation.token_table)


def test_positions_layers_and_inputs_that_there_are_not(foundation):
    ids = torch.full((1, 13), 5)
    with pytest.raises(ValueError, match="a cell has 13 tokens and the model's context is 12"):
        foundation.hidden(ids)
    with pytest.raises(ValueError, match="layer 4: the model has 3 layers"):
        foundation.hidden(ids[:, :3], layer=4)
    with pytest.raises(ValueError, match="one of the two"):
        foundation.hidden()


def refused(folder) -> str:
    with pytest.raises(ValueError, match=re.escape(str(folder))) as told:
        Foundation.load(folder)
    return str(told.value)


def test_folders_that_are_refused(foundation, tmp_path):
    assert "config.json: no such file" in refused(tmp_path / "absent")
    foundation.save(tmp_path / "m")
    settings = json.loads((tmp_path / "m/config.json").read_text())

    def change(**values):
        (tmp_path / "m/config.json").write_text(json.dumps(settings | values))
        return refused(tmp_path / "m")

    assert "model_type is gpt2, not bert" in change(model_type="gpt2")
    assert "is a decoder" in change(is_decoder=True)
    assert "weights are missing or of another shape" in change(vocab_size=41)
    assert "weights are missing" in change(num_hidden_layers=4)
    (tmp_path / "m/config.json").write_text("{")
    assert "not JSON" in refused(tmp_path / "m")
    (tmp_path / "m/config.json").write_text(json.dumps(settings))
    weights = tmp_path / "m/model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:200])
    assert "not a readable BertForMaskedLM" in refused(tmp_path / "m")
    weights.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    assert "Git LFS pointer" in refused(tmp_path / "m")
    weights.unlink()
    assert "holds no weights" in refused(tmp_path / "m")


def test_a_folder_without_the_head_is_refused(foundation, tmp_path):
    foundation.model.bert.save_pretrained(tmp_path)
    assert "weights are missing or of another shape than config.json says: cls.predictions" in refused(
        tmp_path
    )
