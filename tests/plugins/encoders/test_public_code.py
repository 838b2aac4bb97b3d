"""The encoders against log-probabilities that the authors' code gave, run once outside of the project.

``public_numbers.json`` holds what came out, and of which code. What went in is a recipe: every parameter of the
authors' model, by its name there, and every dialogue are draws of NumPy's ``RandomState``, whose numbers never change.
Ours gets the same parameters by a map of names. All is in float64 without dropout, with widths of a few units.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from erc_bench_plugins.encoders.dag_erc import DagErc
from erc_bench_plugins.encoders.dialogue_rnn import DialogueRnn

PUBLIC = json.loads(Path(__file__).with_name("public_numbers.json").read_text())
DIM, CLASSES = 6, 3
LENGTHS = (1, 7, 33)


def drawn(name, *shape):
    """Return numbers between -1 and 1 for a name, the same with every version of every library."""
    return torch.from_numpy(np.random.RandomState(zlib.crc32(name.encode())).uniform(-1, 1, shape))


def parameter(name, shape):
    return drawn(f"parameter {name}", *shape)


def states(turns):
    return 2 * drawn(f"states {turns}", turns, DIM)


def speakers(turns, parties=3):
    return np.random.RandomState(turns).randint(0, parties, turns).tolist()


def spoken_by(conversation, turns, parties=3):
    """Return a dialogue whose speakers are called A, B and C by their numbers in the authors' code."""
    return conversation(f"d{turns}", ["ABC"[number] for number in speakers(turns, parties)])


def renamed(name, pairs):
    """Return a parameter's name in the authors' code, by the first pair whose beginning is ours."""
    ours, theirs = next(pair for pair in pairs if name.startswith(pair[0]))
    return theirs + name.removeprefix(ours)


DAG_ERC = [
    ("inward", "fc1"),
    *[(f"layers.{i}.scorer", f"gather.{i}.linear") for i in range(2)],
    *[(f"layers.{i}.same_speaker", f"gather.{i}.Wr0") for i in range(2)],
    *[(f"layers.{i}.other_speaker", f"gather.{i}.Wr1") for i in range(2)],
    *[(f"layers.{i}.context", f"grus_c.{i}") for i in range(2)],
    *[(f"layers.{i}.utterance", f"grus_p.{i}") for i in range(2)],
    ("outward", "out_mlp"),
    ("head", "out_mlp.5"),
]
DIALOGUE_RNN = [
    *[
        (f"{ours}.{cell}", f"{theirs}.dialogue_cell.{its}")
        for ours, theirs in (("forwards", "dialog_rnn_f"), ("backwards", "dialog_rnn_r"))
        for cell, its in (
            ("global_cell", "g_cell"),
            ("party_cell", "p_cell"),
            ("emotion_cell", "e_cell"),
            ("listener_cell", "l_cell"),
            ("attention", "attention.transform"),
        )
    ],
    ("attention", "matchatt.transform"),
    ("hidden", "linear"),
    ("head", "smax_fc"),
]
CASES = {
    "dag-erc": (DagErc, {"hidden": 6, "layers": 2}, DAG_ERC),
    "dag-erc, two turns back": (DagErc, {"hidden": 6, "layers": 2, "speaker_turns": 2}, DAG_ERC),
    "dialogue-rnn": (DialogueRnn, {"global_width": 5, "emotion_width": 4}, DIALOGUE_RNN),
    "dialogue-rnn, listeners": (
        DialogueRnn,
        {"global_width": 5, "emotion_width": 4, "listeners": True},
        DIALOGUE_RNN,
    ),
}


def log_probabilities(invented, case, lengths):
    """Return (turns, classes) of our encoder with the authors' parameters and a linear head."""
    encoder_class, options, names = CASES[case]
    encoder = invented.network(encoder_class, DIM, **options)
    own = {id(each) for each in invented.own_parameters(encoder)}
    with torch.no_grad():
        for name, tensor in encoder.named_parameters():
            if id(tensor) in own:
                tensor.copy_(parameter(renamed(name, names), tensor.shape))
    head = (CLASSES, encoder.dim), (CLASSES,)
    weight, bias = (parameter(renamed(f"head.{k}", names), s) for k, s in zip(("weight", "bias"), head, strict=True))
    dialogues = [spoken_by(invented.conversation, turns) for turns in lengths]
    read = invented.read(encoder, dialogues, torch.cat([states(turns) for turns in lengths]))
    return F.log_softmax(F.linear(read, weight, bias), -1)


def public(case, lengths):
    numbers = PUBLIC["log-probabilities"][case]
    return torch.cat([torch.tensor(numbers[str(turns)], dtype=torch.float64) for turns in lengths])


@pytest.mark.parametrize("lengths", [(1,), (7,), (33,), LENGTHS], ids=str)
@pytest.mark.parametrize("case", CASES)
def test_it_gives_what_the_authors_code_gave(invented, case, lengths):
    """All of it is the authors' code as it is; a dialogue alone and three in one padded batch."""
    ours = log_probabilities(invented, case, lengths)
    torch.testing.assert_close(ours, public(case, lengths), rtol=0, atol=1e-8)


SIZES = {
    "dag-erc, IEMOCAP": (DagErc, 1024, {"layers": 4}, 6),
    "dag-erc, MELD": (DagErc, 1024, {"layers": 2}, 7),
    "dialogue-rnn, IEMOCAP": (DialogueRnn, 100, {"global_width": 500, "emotion_width": 300}, 6),
    "dialogue-rnn, MELD": (DialogueRnn, 600, {}, 7),
}


@pytest.mark.parametrize("case", SIZES)
def test_it_has_as_many_parameters_as_run_in_the_authors_code(invented, case):
    encoder_class, dim, options, classes = SIZES[case]
    theirs = PUBLIC["parameters"][case]
    count = invented.parameters_with_head(invented.network(encoder_class, dim, **options), classes)
    assert count == theirs["all"] - sum(theirs["never run"].values())
