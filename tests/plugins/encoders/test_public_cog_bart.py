"""CoG-BART against what the authors' forward pass gave: log-probabilities, losses, gradients of all parameters.

``public_cog_bart.json`` holds what came out and what of their code was patched: their transformer layer attends along
the batch, and was turned round. What went in is a recipe: every parameter, by its name there, and every text's tokens
are draws of NumPy's ``RandomState``, whose numbers never change. All is in float64 and agrees to 1e-8.
"""

import json
import zlib
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import erc_bench.api as erc
from erc_bench.testing.tiny import tiny_backbone
from erc_bench_plugins.encoders.cog_bart import CogBart
from erc_bench_plugins.objectives.cog_bart import CogBart as CogBartLoss

PUBLIC = json.loads(Path(__file__).with_name("public_cog_bart.json").read_text())
DIM, CLASSES, WIDTH, VOCABULARY, TOKENS = 16, 3, 5, 40, 6
CHUNKS = (1, 7, 8)
NAMES = {"language_model": "model", "layer": "transformer_unit.transformerlayer", "narrow": "ffn", "head": "ffn.3"}
TERMS = ("cross_entropy", "contrastive", "generation")
WEIGHTS = (0.4, 0.5, 0.1)


def drawn(name, *shape):
    return torch.from_numpy(np.random.RandomState(zlib.crc32(name.encode())).uniform(-1, 1, shape))


def theirs(name):
    first, _, rest = name.partition(".")
    return f"{NAMES[first]}.{rest}"


class Drawn(CogBart):
    """Reads tokens that are drawn for each text."""

    def _row(self, text):
        ids = np.random.RandomState(zlib.crc32(text.encode())).randint(4, VOCABULARY, TOKENS).tolist()
        return erc.TokenRow(ids, range(TOKENS), pool="max")


def dialogue(turns):
    chosen = np.random.RandomState(turns).randint(0, 3, turns).tolist()
    names = ["ABC"[list(dict.fromkeys(chosen)).index(each)] for each in chosen]
    told = (erc.Utterance(name, f"d{turns} {place}", scored=True) for place, name in enumerate(names))
    return erc.Dialogue(f"d{turns}", tuple(told))


def labels(turns):
    return np.random.RandomState(1000 + turns).randint(0, CLASSES, turns).tolist()


@pytest.fixture
def system():
    """Return the encoder and the head with the authors' parameters, which are returned by our names."""
    from transformers import BartConfig, BartModel

    without = dict.fromkeys(("dropout", "attention_dropout", "activation_dropout"), 0.0)
    layers = {f"{part}_layers": 1 for part in ("encoder", "decoder")} | {
        f"{part}_{what}": size
        for part in ("encoder", "decoder")
        for what, size in (("attention_heads", 2), ("ffn_dim", 12))
    }
    config = BartConfig(vocab_size=VOCABULARY, d_model=DIM, max_position_embeddings=32, **layers, **without)
    backbone = replace(tiny_backbone({"model_type": "bart"}), model=BartModel(config))
    options = CogBart.Options(heads=2, width=WIDTH, dropout=0.0, narrow_dropout=0.0)
    encoder, head = Drawn(options, backbone).double(), nn.Linear(WIDTH, CLASSES).double()
    named = dict(encoder.named_parameters()) | {f"head.{name}": each for name, each in head.named_parameters()}
    with torch.no_grad():
        for name, parameter in named.items():
            parameter.copy_(0.5 * drawn(f"parameter {theirs(name)}", *parameter.shape))
    return encoder.train(), head, named


def outputs(encoder, head, lengths):
    """Return the outputs of chunks of so many turns in one batch."""
    examples = encoder.examples([dialogue(turns) for turns in lengths], True, Random(0))
    rows = [encoder.rows(example) for example in examples]
    ids = torch.tensor([row.ids for own in rows for row in own])
    begun = torch.cat([torch.full_like(ids[:, :1], encoder.language_model.config.decoder_start_token_id), ids], 1)
    states = encoder.language_model(input_ids=ids, decoder_input_ids=begun[:, :-1]).last_hidden_state.amax(1)
    encoded = encoder(states, erc.EncoderBatch(examples, list(map(len, rows))))
    truth = torch.tensor([label for turns in lengths for label in labels(turns)])
    more = {"extras": encoded.extras, "encoded_terms": encoded.terms}
    return erc.Outputs(encoded.z, encoded.z, head(encoded.z), truth, [], head, **more)


def log_probabilities(turns):
    return torch.tensor(PUBLIC["log-probabilities"][str(turns)], dtype=torch.float64)


@pytest.mark.parametrize("lengths", [(1,), (7,), (8,), CHUNKS])
def test_it_gives_what_the_authors_code_gave_each_chunk_alone(system, lengths):
    encoder, head, _ = system
    found = F.log_softmax(outputs(encoder, head, lengths).logits, -1)
    torch.testing.assert_close(found, torch.cat([*map(log_probabilities, lengths)]), rtol=0, atol=1e-8)


@pytest.mark.parametrize("turns", CHUNKS)
def test_its_losses_are_those_of_the_authors_code(system, turns):
    encoder, head, _ = system
    *unweighted, total = PUBLIC["losses"][str(turns)]
    terms = CogBartLoss(CogBartLoss.Options()).loss(outputs(encoder, head, [turns]))
    assert tuple(terms) == TERMS
    expected = [weight * each for weight, each in zip(WEIGHTS, unweighted, strict=True)]
    assert [terms[name].item() for name in TERMS] == pytest.approx(expected, abs=1e-8)
    assert sum(terms.values()).item() == pytest.approx(total, abs=1e-8)


def test_its_gradients_are_those_of_the_authors_code(system):
    encoder, head, named = system
    sum(CogBartLoss(CogBartLoss.Options()).loss(outputs(encoder, head, [7])).values()).backward()
    assert {theirs(name) for name in named} == set(PUBLIC["gradients"])
    for name, parameter in named.items():
        product = (parameter.grad * drawn(f"direction {theirs(name)}", *parameter.shape)).sum().item()
        assert product == pytest.approx(PUBLIC["gradients"][theirs(name)], abs=1e-8), name


def test_it_has_as_many_parameters_as_the_authors_code(invented):
    assert invented.parameters_with_head(invented.network(CogBart, 1024), 7) == PUBLIC["parameters"]
