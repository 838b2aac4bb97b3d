"""EACL on an encoder with a network of its own: words take the way of utterances, or the pair is refused."""

import pytest
import torch

import erc_bench.api as erc
from erc_bench.testing.tiny import tiny_backbone
from erc_bench_plugins.encoders.dag_erc import DagErc
from erc_bench_plugins.encoders.prompt import Prompt
from erc_bench_plugins.objectives.eacl import Eacl

WORDS = ("joy", "sadness", "anger")


def task(encoder):
    states = torch.randn(3, encoder.state_dim, generator=torch.Generator().manual_seed(0))
    represent = encoder.represent_words
    return erc.Task(WORDS, WORDS, encoder.dim, torch.ones(3), lambda _: states, represent_words=represent), states


def test_anchors_are_words_as_one_turn_dialogues_and_train_the_network():
    torch.manual_seed(0)
    encoder = DagErc(DagErc.Options(hidden=12), tiny_backbone())
    asked, states = task(encoder)
    objective = Eacl()
    objective.start(asked)
    dialogues = [erc.Dialogue(word, (erc.Utterance("anybody", word, scored=True),)) for word in WORDS]
    batch = erc.EncoderBatch([erc.Example(each, (0,)) for each in dialogues], [1, 1, 1])
    torch.testing.assert_close(objective.anchors(), objective.projection(encoder(states, batch).z))
    projected, anchors = objective.project_with_anchors(encoder(states, batch).z)
    torch.testing.assert_close(projected, anchors)
    objective.anchors().sum().backward()
    assert encoder.inward.weight.grad.any()


def test_words_of_the_prompt_encoder_stay_as_the_language_model_gave_them():
    encoder = Prompt(Prompt.Options(), tiny_backbone())
    asked, states = task(encoder)
    objective = Eacl()
    objective.start(asked)
    assert torch.equal(objective.anchors(), objective.projection(states))


def test_an_encoder_that_does_not_say_how_words_go_through_it_is_refused():
    class Rotating(erc.Encoder):
        name = "rotating"

        def forward(self, row_states, batch):
            return erc.Encoded(row_states.flip(1))

    encoder = Rotating(Rotating.Options(), tiny_backbone())
    with pytest.raises(erc.ErcBenchError, match="'rotating' does not say how words go through its network"):
        Eacl().start(task(encoder)[0])
