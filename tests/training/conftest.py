"""A training without files: invented dialogues and a language model of a few hundred weights."""

from dataclasses import dataclass
from functools import partial
from random import Random
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.planning.settings import TrainingOptions
from erc_bench.training.composition import Composition
from erc_bench.training.events import Progress
from erc_bench.training.loop import Loop
from erc_bench.training.prepared import prepare
from erc_bench.training.row_states import RowEncoder, freeze
from erc_bench.training.selection import Scorer
from erc_bench_plugins.classifiers.head import Head
from erc_bench_plugins.objectives.cross_entropy import CrossEntropy

LABELS = ("anger", "joy", "neutral")
WORDS = {
    "anger": ("furious", "hate", "shut", "liar"),
    "joy": ("great", "love", "smile", "party"),
    "neutral": ("table", "monday", "paper", "door"),
}
CPU = torch.device("cpu")


class Tokenizer:
    """Every word has an id of its own; 0 pads, 1 opens, 2 closes."""

    pad_token_id = 0

    def __init__(self):
        self._ids = {}

    def ids(self, text):
        return [3 + self._ids.setdefault(word, len(self._ids)) for word in text.split()]

    def __call__(self, texts, **_):
        return {"input_ids": [[1, *self.ids(text), 2] for text in texts]}


class LanguageModel(nn.Module):
    """Two layers that mix each token with the mean of its row."""

    def __init__(self, dim=12, dropout=0.0):
        super().__init__()
        self.config = SimpleNamespace(hidden_size=dim)
        self.embeddings = nn.Embedding(64, dim)
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(2 * dim, dim), nn.Dropout(dropout)) for _ in range(2))

    def forward(self, input_ids, attention_mask):
        states = self.embeddings(input_ids)
        shown = attention_mask.unsqueeze(-1).float()
        for layer in self.layers:
            mean = (states * shown).sum(1, keepdim=True) / shown.sum(1, keepdim=True)
            states = torch.tanh(layer(torch.cat([states, mean.expand_as(states)], -1)))
        return SimpleNamespace(last_hidden_state=states)


class Bare(erc.Encoder):
    """One row for each scored utterance, read at its opening token."""

    name = "bare"
    source = "this test"

    def examples(self, dialogues, training, rng):
        return [erc.Example(dialogue, (target,)) for dialogue in dialogues for target in dialogue.targets()]

    def rows(self, example):
        (target,) = example.targets
        return [erc.TokenRow([1, *self.tokenizer.ids(example.dialogue.utterances[target].text), 2], (0,))]


@dataclass
class Workbench:
    """Builds the parts of a cell, one from the other."""

    labels = LABELS
    dropout: float = 0.0

    def dialogues(self, count=6, turns=4, seed=0, prefix="d"):
        rng = Random(seed)
        return [erc.Dialogue(f"{prefix}{i}", tuple(self._turns(turns, rng))) for i in range(count)]

    def _turns(self, turns, rng):
        for _ in range(turns):
            label = rng.choice(LABELS)
            text = " ".join(rng.choice(WORDS[label]) for _ in range(rng.randint(1, 4)))
            yield erc.Utterance(rng.choice("AB"), text, label, scored=True)

    def backbone(self, seed=0):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return erc.LoadedBackbone(Tokenizer(), LanguageModel(dropout=self.dropout).eval(), 64)

    def composition(self, objective=None, encoder=Bare, trainable="all", class_weights=None, head_dropout=0.0):
        backbone = self.backbone()
        objective = CrossEntropy() if objective is None else objective
        with torch.random.fork_rng():
            torch.manual_seed(1)
            encoder = encoder(encoder.Options(trainable=trainable), backbone)
            freeze(encoder.language_model, trainable)
            objective.start(self.task(encoder))
            head = objective.make_head(encoder.dim, len(LABELS), head_dropout)
        row_encoder = RowEncoder(encoder.language_model, 0, CPU, torch.float32)
        return Composition(encoder, objective, head, row_encoder, partial(erc.Outputs, class_weights=class_weights))

    def task(self, encoder):
        def encode_words(words):
            return torch.eye(len(words), encoder.dim)

        return erc.Task(LABELS, LABELS, encoder.dim, torch.tensor([3, 3, 3]), encode_words)

    def split(self, composition, dialogues=None):
        """Make a split ready; with a frozen backbone, with its states."""
        dialogues = self.dialogues() if dialogues is None else dialogues
        encoder = composition.encoder
        split = prepare(encoder, encoder.examples(dialogues, True, Random(0)), LABELS)
        if encoder.options.trainable == "none":
            composition.set_training(False)
            with torch.no_grad():
                split.main.states = composition.row_encoder.encode([row for own in split.main.rows for row in own])
        return split

    def loop(self, composition, seed=1, progress=None, classifier=None, **options):
        settings = {"epochs": 2, "batch_size": 4, "encoder_lr": 1e-2, "head_lr": 1e-2, "warmup": 0.0, **options}
        return Loop(
            composition,
            Head() if classifier is None else classifier,
            self.task(composition.encoder),
            TrainingOptions(**settings),
            Scorer(LABELS, (), "weighted_f1"),
            seed,
            (progress or Progress()).hear,
        )

    def train(self, composition, train=None, dev=None, **options):
        """Train on one split, with dev scores on another; return what the loop leaves behind."""
        split = self.split(composition, train)
        torch.manual_seed(0)
        dev = self.split(composition, self.dialogues(3, seed=9) if dev is None else dev)
        return self.loop(composition, **options).run(lambda _epoch: split, dev)


@pytest.fixture
def bench():
    """Builds the parts of a cell around a language model without dropout."""
    return Workbench()


@pytest.fixture
def bench_with_dropout():
    """Builds the parts of a cell around a language model with dropout."""
    return Workbench(dropout=0.2)


@pytest.fixture
def bare_encoder():
    """The class of the encoder of one row per utterance."""
    return Bare
