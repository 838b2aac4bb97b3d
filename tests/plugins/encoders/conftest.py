"""Invented dialogues of random states, encoders around a language model of any width."""

import random
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from erc_bench.contracts.component import needs_backbone
from erc_bench.contracts.encoder import EncoderBatch, Example
from erc_bench.contracts.no_language_model import no_backbone
from erc_bench.contracts.types import Dialogue, Utterance
from erc_bench.testing.tiny import tiny_backbone


def conversation(name, speakers):
    turns = tuple(Utterance(speaker, f"{name} {place}", scored=True) for place, speaker in enumerate(speakers))
    return Dialogue(name, turns)


def conversations(lengths, speakers=3, seed=0):
    """Return dialogues of these lengths, speakers drawn at random."""
    rng = random.Random(seed)
    return [
        conversation(f"d{i}", [rng.choice("ABCDEFGHI"[:speakers]) for _ in range(n)]) for i, n in enumerate(lengths)
    ]


def states_of(dialogues, dim, seed=0):
    """Return (turns, dim) float64 states, dialogue by dialogue."""
    generator = torch.Generator().manual_seed(seed)
    rows = sum(len(dialogue.utterances) for dialogue in dialogues)
    return torch.randn(rows, dim, generator=generator, dtype=torch.float64)


def network(encoder_class, dim, seed=0, feature_dims=(), **options):
    """Return a float64 encoder in evaluation mode whose language model, if it needs one, gives states of this width."""
    options = encoder_class.Options(**options)
    backbone = tiny_backbone() if needs_backbone(encoder_class, options) else no_backbone()
    backbone = replace(backbone, feature_dims=dict(feature_dims))
    backbone.model.config.hidden_size = dim
    torch.manual_seed(seed)
    encoder = encoder_class(options, backbone)
    encoder.start(("happy", "neutral", "sad"))
    return encoder.double().eval()


def read(encoder, dialogues, states, features=None):
    """Return (turns, dim), the representations of all turns in one batch; features: by name (turns, dim)."""
    return encoded(encoder, dialogues, states, features).z


def encoded(encoder, dialogues, states, features=None):
    """Return what an encoder gives for all turns in one batch; features: by name (turns, dim)."""
    examples = [Example(dialogue, dialogue.targets()) for dialogue in dialogues]
    counts = [len(dialogue.utterances) for dialogue in dialogues]
    given = {name: vectors.split(counts) for name, vectors in (features or {}).items()}
    return encoder(states, EncoderBatch(examples, counts, features=given))


def own_parameters(encoder):
    """Return the parameters of an encoder without those of its language model."""
    inner = {id(parameter) for parameter in encoder.language_model.parameters()}
    return [parameter for parameter in encoder.parameters() if id(parameter) not in inner]


def parameters_with_head(encoder, classes):
    """Return the number of an encoder's own parameters, with a linear head."""
    return sum(parameter.numel() for parameter in own_parameters(encoder)) + (encoder.dim + 1) * classes


def assert_same_gradients(encoder, fast, slow):
    """Compare two (n, dim) results of an encoder, and the gradients of all its own parameters."""
    torch.testing.assert_close(fast, slow, rtol=0, atol=1e-10)
    weights = torch.randn(fast.shape, generator=torch.Generator().manual_seed(9), dtype=fast.dtype)
    own = own_parameters(encoder)
    grads = [torch.autograd.grad((z * weights).sum(), own, allow_unused=True) for z in (fast, slow)]
    for one, other, parameter in zip(*grads, own, strict=True):
        zero = torch.zeros_like(parameter)
        torch.testing.assert_close(zero if one is None else one, zero if other is None else other, rtol=1e-8, atol=1e-9)


@pytest.fixture
def invented():
    """Functions that make dialogues, states and networks, for test modules cannot import one another."""
    functions = (conversation, conversations, states_of, network, own_parameters, parameters_with_head, read, encoded)
    return SimpleNamespace(**{function.__name__: function for function in (*functions, assert_same_gradients)})
