"""Unsound encoders, each with the fault that its docstring names, are caught by the check of that name."""

import random
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.encoders import ENCODER_CHECKS, EncoderSubject, check_encoder, encoder_findings
from erc_bench.testing.encoders.dead_parts import DEAD_PART_CHECKS
from erc_bench.testing.encoders.future import FUTURE_CHECKS
from erc_bench.testing.findings import run_checks
from erc_bench.testing.tiny import BERT, ROBERTA, tiny_backbone


def failed(findings):
    return {finding.name: finding.measured for finding in findings if finding.outcome == "failed"}


@pytest.fixture
def bert():
    return tiny_backbone()


@pytest.fixture
def one_layer():
    """Half the work, and enough for what is wrong."""
    return tiny_backbone({**BERT, "num_hidden_layers": 1})


@pytest.fixture
def roberta():
    return tiny_backbone(ROBERTA)


class Sound(erc.Encoder):
    """A sound encoder, for the bad ones to deviate from: a row for each utterance and the one before it."""

    name = "own"
    source = "this test"

    def examples(self, dialogues, training, rng):
        return [erc.Example(dialogue, (target,)) for dialogue in dialogues for target in dialogue.targets()]

    def rows(self, example):
        (target,) = example.targets
        return [self.row(self.shown(example.dialogue.utterances, target))]

    def shown(self, utterances, target):
        return utterances[max(0, target - 1) : target + 1]

    def row(self, utterances, positions=(0,)):
        text = " ".join(f"{turn.speaker}: {turn.text}" for turn in utterances)
        ids = self.tokenizer(text, split_special_tokens=True)["input_ids"]
        return erc.TokenRow(ids[:1] + ids[1:][-100:], positions)


class WholeDialogue(Sound):
    """A sound one that reads a dialogue at once, a row for each turn; its own layer mixes in past turns."""

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.mix = nn.Linear(self.dim, self.dim)

    def examples(self, dialogues, training, rng):
        return [erc.Example(dialogue, dialogue.targets()) for dialogue in dialogues]

    def rows(self, example):
        return [self.row((turn,)) for turn in example.dialogue.utterances]

    def forward(self, row_states, batch):
        z = []
        for states, example in zip(batch.per_example(row_states), batch.examples, strict=True):
            z.append(self.mixed(states)[list(example.targets)])
        return erc.Encoded(torch.cat(z))

    def mixed(self, states):
        past = states.cumsum(0) / torch.arange(1, len(states) + 1)[:, None].to(states)
        return states + 0.1 * self.mix(past)


class Prompted(Sound):
    """A sound one that reads the mask of a prompt."""

    def row(self, utterances, positions=None):
        plain = super().row(utterances)
        tail = self.tokenizer(f" feels {self.tokenizer.mask_token}", add_special_tokens=False)["input_ids"]
        ids = [*plain.ids[:-1], *tail, plain.ids[-1]]
        return erc.TokenRow(ids, self.found(ids))

    def found(self, ids):
        return (ids.index(self.tokenizer.mask_token_id),)


class Requeries(Sound):
    """A sound one that augments: in training some utterances come twice."""

    @property
    def augments(self):
        return True

    def examples(self, dialogues, training, rng):
        examples = super().examples(dialogues, training, rng)
        return examples + [example for example in examples if training and rng.random() < 0.3]


class SeesWhole(WholeDialogue):
    """A sound one that sees the future, and says so."""

    sees_future = True

    def mixed(self, states):
        return states + 0.1 * self.mix(states.mean(0, keepdim=True))


class SaysThatItSees(WholeDialogue):
    """A sound one that says that it sees the future, and does not."""

    sees_future = True


class OfDialogues(erc.DialogueEncoder):
    """A sound encoder of dialogues, for the bad ones to deviate from: earlier turns are attended to."""

    name = "own"
    source = "this test"

    def encode_turns(self, turns):
        return self.attended(turns, turns.window(None))

    def attended(self, turns, mask):
        weights = erc.masked_softmax(turns.states @ turns.states.transpose(1, 2), mask)
        return turns.states + weights @ turns.states


class ReadsTheNextTurn(OfDialogues):
    """A graph with an edge from the turn that follows."""

    def encode_turns(self, turns):
        return self.attended(turns, turns.window(None, 1))


class SendsTheOtherWay(OfDialogues):
    """A graph of the past whose edges are read from the wrong end, as in some public code."""

    def encode_turns(self, turns):
        return self.attended(turns, turns.window(None).transpose(1, 2))


class RecursOverPadding(OfDialogues):
    """An LSTM whose backward states have been through the padding, as in four public code bases."""

    sees_future = True

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.lstm = nn.LSTM(self.state_dim, self.state_dim // 2, batch_first=True, bidirectional=True)

    def encode_turns(self, turns):
        return self.lstm(turns.states)[0]


class AveragesEmptyTurns(OfDialogues):
    """A mean over all places, those without a turn included."""

    sees_future = True

    def encode_turns(self, turns):
        return turns.states + turns.states.mean(1, keepdim=True)


class RecursOverOtherDialogues(OfDialogues):
    """A recurrence along the batch."""

    def encode_turns(self, turns):
        return turns.states + turns.states.cumsum(0) / 10


class Hears(OfDialogues):
    """A sound one that reads vectors of each turn, computed by other code."""

    features = ("audio",)

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.ear = nn.Linear(self.feature_dims["audio"], self.state_dim, bias=False)

    def encode_turns(self, turns):
        return super().encode_turns(turns) + self.heard(turns, self.ear(turns.features["audio"]))

    def heard(self, turns, audio):
        return erc.masked_softmax(audio @ audio.transpose(1, 2), turns.window(None)) @ audio


class MayHear(Hears):
    """A sound one that reads them with one value of an option, and is blind to the future with it."""

    features = {"audio": {"listens": True}}

    @dataclass(frozen=True)
    class Options(OfDialogues.Options):
        """Whether it listens."""

        listens: bool = erc.option(False, "Whether it reads the audio.")

    def __init__(self, options, backbone):
        OfDialogues.__init__(self, options, backbone)
        assert bool(self.feature_dims) == options.listens
        self.ear = nn.Linear(self.feature_dims.get("audio", 1), self.state_dim)

    def encode_turns(self, turns):
        return super().encode_turns(turns) if self.options.listens else OfDialogues.encode_turns(self, turns)


class NamesAFeature(Hears):
    """Names a feature that nothing of it reads."""

    def heard(self, turns, audio):
        return torch.zeros_like(audio)


class HearsTheNextTurn(Hears):
    """Reads the audio of the turn that follows."""

    def heard(self, turns, audio):
        return torch.cat([audio[:, 1:], torch.zeros_like(audio[:, :1])], 1)


class HearsTheEnd(Sound):
    """Not one of dialogues: adds the mean over the audio of the whole dialogue."""

    features = ("audio",)

    def forward(self, row_states, batch):
        means = torch.stack([audio.mean(0) for audio in batch.features["audio"]])
        return erc.Encoded(row_states + means[:, : self.dim])


class HearsOtherDialogues(Hears):
    """Centres the audio over the batch."""

    def heard(self, turns, audio):
        return audio - audio.mean((0, 1))


class TooLong(Sound):
    """Never cuts."""

    def shown(self, utterances, target):
        return utterances[: target + 1] * 12

    def row(self, utterances, positions=(0,)):
        ids = [
            token for turn in utterances for token in self.tokenizer(turn.text, split_special_tokens=True)["input_ids"]
        ]
        return erc.TokenRow(ids, positions)


class ReadsBehindTheEnd(Sound):
    """Reads the last token from behind, which is padding in a longer batch."""

    def row(self, utterances, positions=(-1,)):
        return super().row(utterances, positions)


class LosesATarget(Sound):
    """Yields one representation too few."""

    def forward(self, row_states, batch):
        return erc.Encoded(row_states[1:])


class Forgetful(Sound):
    """Leaves out the last utterance of a dialogue."""

    def examples(self, dialogues, training, rng):
        return [
            erc.Example(d, (target,)) for d in dialogues for target in d.targets() if target + 1 < len(d.utterances)
        ]


class Repeats(Sound):
    """Yields the first utterance twice."""

    def examples(self, dialogues, training, rng):
        examples = super().examples(dialogues, training, rng)
        return [examples[0], *examples]


class AddsUnscored(Sound):
    """Yields every turn, labelled or not."""

    def examples(self, dialogues, training, rng):
        return [erc.Example(d, (target,)) for d in dialogues for target in range(len(d.utterances))]


class ChanceInTraining(Sound):
    """Shuffles its training examples by itself."""

    def examples(self, dialogues, training, rng):
        examples = super().examples(dialogues, training, rng)
        if training:
            rng.shuffle(examples)
        return examples


class OtherInTraining(Sound):
    """Shows its training examples without the turn before."""

    def examples(self, dialogues, training, rng):
        context = () if training else (1,)
        return [erc.Example(d, (target,), context) for d in dialogues for target in d.targets()]

    def rows(self, example):
        (target,) = example.targets
        turns = example.dialogue.utterances
        return [self.row(self.shown(turns, target) if example.context else turns[target : target + 1])]


class AugmentsTest(Requeries):
    """Repeats utterances outside training as well, which is chance in a test score."""

    def examples(self, dialogues, training, rng):
        order = super().examples(dialogues, False, rng)
        rng.shuffle(order)
        return order


class GlobalAugmentation(Requeries):
    """Augments without the stream that it is given."""

    def examples(self, dialogues, training, rng):
        return super().examples(dialogues, training, random)


class OneRowForAllWords(Sound):
    """Has one row for all label words."""

    def word_rows(self, words):
        return [self.row(()) for _ in words]


class FailsWithoutWindow(Sound):
    """Cannot do what its option admits."""

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        """A window."""

        window: int = erc.option(1, "Past turns.", at_least=0)

    def shown(self, utterances, target):
        return utterances[max(0, target - self.options.window) : target + 1]

    def forward(self, row_states, batch):
        return erc.Encoded(row_states / torch.tensor(self.options.window))


class Deaf(Sound):
    """Shows the turn before the target only."""

    def shown(self, utterances, target):
        return (erc.Utterance("A", "What?"), *utterances[max(0, target - 1) : target])


class Constant(Sound):
    """Does not look at what it asked for."""

    def forward(self, row_states, batch):
        lengths = [float(len(example.dialogue.utterances[example.targets[0]].text)) for example in batch.examples]
        return erc.Encoded(torch.tensor(lengths)[:, None] + 0.0 * row_states)


class MaskNeverFound(Prompted):
    """Looks for the mask by a number that it is not (EACL's code): argmax of nothing is position 0."""

    def found(self, ids):
        return (int((torch.tensor(ids) == 50265).int().argmax()),)


class MaskOfOneVocabulary(Prompted):
    """Looks for the mask by the number that it has in one vocabulary, where it is always found."""

    def found(self, ids):
        return (int((torch.tensor(ids) == 379).int().argmax()),)


class WritesAnotherMask(Sound):
    """Writes the mask of BERT into every row, which other vocabularies take for a word."""

    def row(self, utterances, positions=None):
        plain = super().row(utterances)
        tail = self.tokenizer(" feels [MASK]", add_special_tokens=False)["input_ids"]
        ids = [*plain.ids[:-1], *tail, plain.ids[-1]]
        return erc.TokenRow(ids, (len(ids) - 2,))


class SaysMask(Sound):
    """Says that it reads the mask, and reads the opening token."""

    reads = "mask"


class SpellsSpecialTokens(Prompted):
    """Lets an utterance write special tokens, a mask before its own."""

    def row(self, utterances, positions=None):
        text = " ".join(f"{turn.speaker}: {turn.text}" for turn in utterances)
        ids = self.tokenizer(f"{text[-150:]} feels {self.tokenizer.mask_token}")["input_ids"]
        return erc.TokenRow(ids, self.found(ids))


class Shaky(Sound):
    """Draws noise, in evaluation mode too."""

    def forward(self, row_states, batch):
        return erc.Encoded(row_states + 0.1 * torch.randn(row_states.shape))


class ReadsLabels(Sound):
    """Puts the label into the input."""

    def row(self, utterances, positions=(0,)):
        last = utterances[-1]
        return super().row((*utterances, erc.Utterance("label", str(last.label))), positions)


class ReadsPastLabels(WholeDialogue):
    """Mixes the emotion of the turn before into the state of a turn, where it is there."""

    def forward(self, row_states, batch):
        z = []
        for states, example in zip(batch.per_example(row_states), batch.examples, strict=True):
            for target in example.targets:
                label = example.dialogue.utterances[max(0, target - 1)].label
                z.append(states[target] + (0.1 * len(label) if label else 0.0))
        return erc.Encoded(torch.stack(z))


class ReadsIds(Sound):
    """Reads the number in the dialogue's id."""

    def forward(self, row_states, batch):
        lengths = [float(len(example.dialogue.id)) for example in batch.examples]
        return erc.Encoded(row_states + 0.1 * torch.tensor(lengths)[:, None])


class NumbersDialogues(Sound):
    """Knows where in the split a dialogue stands."""

    def examples(self, dialogues, training, rng):
        self.places = {dialogue.utterances: float(place) for place, dialogue in enumerate(dialogues)}
        return super().examples(dialogues, training, rng)

    def forward(self, row_states, batch):
        places = [self.places.get(example.dialogue.utterances, 0.0) for example in batch.examples]
        return erc.Encoded(row_states + 0.1 * torch.tensor(places)[:, None])


class HashedSpeakers(Sound):
    """Tells speakers apart by a hash, which another process has otherwise."""

    def forward(self, row_states, batch):
        speakers = [example.dialogue.utterances[example.targets[0]].speaker for example in batch.examples]
        return erc.Encoded(row_states + torch.tensor([hash(name) / 2**63 for name in speakers])[:, None])


class BatchNormalised(Sound):
    """Centres over whatever is in the batch."""

    def forward(self, row_states, batch):
        return erc.Encoded(row_states - row_states.mean(0))


class AttendsAlongTheBatch(WholeDialogue):
    """Lets a turn attend to the turns at its place in the other dialogues (CoG-BART's missing batch_first)."""

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.attention = nn.MultiheadAttention(self.dim, 4)  # (turns, dialogues, dim) is what it takes

    def forward(self, row_states, batch):
        parts = batch.per_example(row_states)
        turns = nn.utils.rnn.pad_sequence(parts, batch_first=True)
        mixed = turns + self.attention(turns, turns, turns, need_weights=False)[0]
        own = [states[list(example.targets)] for states, example in zip(mixed, batch.examples, strict=True)]
        return erc.Encoded(torch.cat(own))


class MaskIgnored(nn.Module):
    """Attends to padding."""

    def __init__(self, model):
        super().__init__()
        self.model, self.config = model, model.config
        self.get_input_embeddings = model.get_input_embeddings

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=torch.ones_like(attention_mask))


class AttendsToPadding(Sound):
    """Wraps its language model so that padding counts."""

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.language_model = MaskIgnored(self.language_model)


class SeesNextTurn(Sound):
    """Shows the turn after the target."""

    def shown(self, utterances, target):
        return utterances[target : target + 2]


class CountsTurns(Sound):
    """Knows how long the dialogue is going to be."""

    def forward(self, row_states, batch):
        left = [1.0 / len(example.dialogue.utterances) for example in batch.examples]
        return erc.Encoded(row_states + torch.tensor(left)[:, None])


class SeesFromTheSecondHalf(WholeDialogue):
    """Mixes each turn with the next: the usual way in which a future slips in."""

    def mixed(self, states):
        return torch.cat([states[:-1] + 0.1 * states[1:], states[-1:]])


class CentresOfTheDialogue(WholeDialogue):
    """Measures each turn against the nearest of two clusters of its whole dialogue, its end included."""

    def mixed(self, states):
        centres = torch.stack([half.mean(0) for half in states.tensor_split(2) if len(half)])
        return states - 0.5 * centres[torch.cdist(states, centres).argmin(1)]


class LosesParameters(Sound):
    """Trains its language model at nobody's rate."""

    def parameter_groups(self):
        return {"encoder": [], "head": []}


class CutsGradient(Sound):
    """Trains no backbone."""

    def forward(self, row_states, batch):
        return erc.Encoded(row_states.detach())


class Overflows(Sound):
    """Takes small differences of large states, which half precision rounds away."""

    def forward(self, row_states, batch):
        return erc.Encoded((row_states.bfloat16() - row_states) * 1000 + 0.01 * row_states)


class HiddenWeights(WholeDialogue):
    """Keeps its own weights in a plain attribute."""

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        del self.mix
        self.plain = torch.randn(self.dim, self.dim)

    def mixed(self, states):
        return states + 0.1 * states @ self.plain


class ChangesTheBackbone(Sound):
    """Scales the embeddings of the backbone that it is given, in place."""

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        with torch.no_grad():
            self.language_model.get_input_embeddings().weight.mul_(1.01)


class UnusedModel(Sound):
    """Asks for a second language model and gives it nothing to read."""

    language_models = ("memory",)

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        memory: erc.LanguageModelUse = erc.option("frozen", "How the model of memories is used.")
        memory_backbone: str = erc.option("same", "Its backbone.")


class UnsettableModel(Sound):
    """Asks for a second language model that no option speaks of."""

    language_models = ("memory",)


class DeadLayer(WholeDialogue):
    """Makes a second layer, and leads nothing through it."""

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.gate = nn.Linear(self.dim, self.dim)


class SilencedLayer(WholeDialogue):
    """Makes a second layer, and multiplies what it gives by 0."""

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.gate = nn.Linear(self.dim, self.dim)

    def mixed(self, states):
        return super().mixed(states) + 0 * self.gate(states)


class DeadOption(Sound):
    """Declares a window and reads the turn before, whatever it is."""

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        window: int = erc.option(1, "Turns before an utterance that are read.", at_least=0)


class GatedLayer(WholeDialogue):
    """A sound one: a second layer behind a gate that is drawn as 0, with an option for the layer alone."""

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        layer: bool = erc.option(True, "Whether there is a second layer.")
        drop: float = erc.option(0.0, "Dropout before the second layer.", at_least=0, below=1)

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.drop = nn.Dropout(options.drop)
        self.second = nn.Linear(self.dim, self.dim) if options.layer else None
        self.gate = nn.Parameter(torch.zeros(self.dim))

    def mixed(self, states):
        second = states if self.second is None else self.second(self.drop(states))
        return super().mixed(states) + self.gate * second


class RestingLayer(GatedLayer):
    """A sound one whose second layer rests until an option says that it is read."""

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        layer: bool = erc.option(False, "Whether the second layer is read.")
        drop: float = erc.option(0.0, "Dropout before the second layer.", at_least=0, below=1)

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.second = nn.Linear(self.dim, self.dim)

    def mixed(self, states):
        return WholeDialogue.mixed(self, states) + (self.second(self.drop(states)) if self.options.layer else self.gate)


UNSOUND = (
    # The fault, the check that is made for it, a part of what it says, and other checks that it cannot but fail.
    (TooLong, "rows", "tokens, and the backbone reads 1 to 512", set()),
    (ReadsBehindTheEnd, "rows", "tokens is read at [-1], outside of it", set()),
    (LosesATarget, "shape", "z has the shape (22, 32), expected (23, 32)", set()),
    (Forgetful, "targets", "'long', position 19 is not a target outside training", set()),
    (Repeats, "targets", "'several', position 0 is a target more than once outside training", set()),
    (AddsUnscored, "targets", "'long', position 1 is a target and not scored outside training", set()),
    (ChanceInTraining, "augmentation", "training examples depend on chance", set()),
    (OtherInTraining, "augmentation", "training reads other rows than evaluation", set()),
    (AugmentsTest, "augmentation", "examples outside training depend on chance", set()),
    (GlobalAugmentation, "augmentation", "draw on global chance", set()),
    (OneRowForAllWords, "label words", "the same tokens for 2 words", set()),
    (FailsWithoutWindow, "options run", "with window=0 a representation is not finite", set()),
    (UnusedModel, "language models", "no token row is for the language model 'memory'", None),
    (UnsettableModel, "language models", "the role 'memory' lacks an option of its name", None),
    (
        NamesAFeature,
        "features",
        "the feature 'audio', and no representation changes with its vectors",
        {"dead weights"},
    ),
    (HearsTheNextTurn, "future", "a representation changes when later turns are", set()),
    (HearsTheEnd, "future", "a representation changes when later turns are", set()),
    (HearsOtherDialogues, "neighbours", "depends on its neighbours in the batch", None),
    (Deaf, "text", "ignores the text of its utterance", set()),
    (Constant, "read position", "ignores the positions that its rows name", {"gradient"}),
    (MaskNeverFound, "read token", "is read at position 0, the opening token, not at the mask", set()),
    (MaskOfOneVocabulary, "read token", "is read at position 0, the opening token, not at the mask", set()),
    (WritesAnotherMask, "read token", "take the id from the tokenizer", set()),
    (SaysMask, "read token", "is read at position 0, the opening token, not at the mask", set()),
    (SpellsSpecialTokens, "special tokens", "puts these tokens into the row", set()),
    (Shaky, "deterministic", "two passes in evaluation mode differ", None),
    (ReadsLabels, "labels unread", "it changes when they are there", set()),
    (ReadsPastLabels, "labels unread", "it changes when they are there", {"dead weights"}),
    (ReadsIds, "ids unread", "changes with the ids of dialogues and utterances", set()),
    (NumbersDialogues, "ids unread", "or with their place in the split", None),
    (HashedSpeakers, "deterministic", "another process, of another hash seed, gives something else (dialogue", set()),
    (BatchNormalised, "neighbours", "depends on its neighbours in the batch", None),
    (AttendsAlongTheBatch, "unrelated dialogues", "the words of an unrelated dialogue", {"neighbours", "dead weights"}),
    (AttendsToPadding, "padding", "a representation depends on padding", None),
    (SeesNextTurn, "future", "changes when later turns are", set()),
    (CountsTurns, "future", "changes when later turns are", set()),
    (SeesFromTheSecondHalf, "future", "if it may, declare sees_future", {"dead weights"}),
    (CentresOfTheDialogue, "future", "if it may, declare sees_future", {"dead weights"}),
    (ReadsTheNextTurn, "future", "a representation changes when later turns are", None),
    (SendsTheOtherWay, "future", "a representation changes when later turns are", None),
    (RecursOverPadding, "neighbours", "depends on its neighbours in the batch", None),
    (AveragesEmptyTurns, "neighbours", "depends on its neighbours in the batch", None),
    (RecursOverOtherDialogues, "neighbours", "depends on its neighbours in the batch", None),
    (LosesParameters, "parameter groups", "parameters of its language models are not in the group", set()),
    (CutsGradient, "gradient", "no gradient reaches the backbone", set()),
    (Overflows, "bf16", "in bfloat16", None),
    (HiddenWeights, "state", "took over the state_dict gives another representation", set()),
    (DeadLayer, "dead weights", "ever reaches gate.weight, gate.bias, whatever the options are", set()),
    (SilencedLayer, "dead weights", "ever reaches gate.weight, gate.bias, whatever the options are", set()),
    (DeadOption, "dead options", "the option window changes nothing", set()),
    (ChangesTheBackbone, "backbone kept", "a pass changes embeddings.word_embeddings.weight", None),
)


@pytest.mark.parametrize("encoder", [Sound, WholeDialogue, OfDialogues, Prompted, Requeries, SeesWhole, Hears, MayHear])
def test_a_sound_encoder_passes(encoder, roberta):
    check_encoder(encoder, backbone=roberta)


def test_a_weight_that_an_option_wakes_is_told_and_not_refused(bert):
    subjects = [EncoderSubject(encoder, encoder.Options(), bert) for encoder in (GatedLayer, RestingLayer)]
    gated, resting = (run_checks(DEAD_PART_CHECKS, subject) for subject in subjects)
    assert [finding.outcome for finding in (*gated, *resting)] == ["passed"] * 4
    assert gated[0].measured == "a gradient reaches 5 of its 5 weights"
    assert resting[0].measured == (
        "a gradient reaches 3 of its 5 weights; second.bias gets one with layer=True; second.weight gets one with "
        "layer=True"
    )
    assert gated[1].measured.startswith("each of its 2 options changes")


class ReadsAFile(WholeDialogue):
    """A sound one with an option that is read together with a file."""

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        loud: bool = erc.option(False, "Whether the file is read.")
        volume: float = erc.option(1.0, "What its number is multiplied by.", above=0)
        file: str | None = erc.option(None, "A number.", file={"loud": True})

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        if options.loud and not options.file:
            raise erc.ErcBenchError("it reads a file")
        self.factor = options.volume * float(Path(options.file).read_text()) if options.loud else 1.0

    def mixed(self, states):
        return self.factor * super().mixed(states)


class IdleBesideAFile(ReadsAFile):
    """One that reads its file, and not the option that belongs to it."""

    def __init__(self, options, backbone):
        super().__init__(replace(options, volume=1.0), backbone)
        self.options = options


def test_an_option_that_needs_a_file_is_tried_where_there_is_one(bert, tmp_path):
    def found(encoder, **options):
        findings = run_checks(DEAD_PART_CHECKS, EncoderSubject(encoder, encoder.Options(**options), bert))
        return findings[1].outcome, findings[1].measured

    file = tmp_path / "number.txt"
    file.write_text("2")
    given = {"loud": True, "file": str(file)}
    assert found(ReadsAFile) == (
        "passed",
        "1 of its 3 options change something; loud, volume may, where file names a file",
    )
    assert found(ReadsAFile, **given) == (
        "passed",
        "each of its 3 options changes examples, token rows, representations or terms",
    )
    outcome, sentence = found(IdleBesideAFile, **given)
    assert (outcome, "the option volume changes nothing" in sentence) == ("failed", True)


@pytest.mark.parametrize(("encoder", "check", "sentence", "others"), UNSOUND)
def test_an_unsound_encoder_is_caught_by_name(encoder, check, sentence, others, one_layer):
    found = failed(encoder_findings(encoder, backbone=one_layer))
    assert sentence in found.get(check, ""), found
    if others is not None:  # what is wrong everywhere is wrong for every comparison
        assert found.keys() - {check} <= others, found


def test_every_check_of_encoders_catches_something():
    caught = {check for _, check, _, _ in UNSOUND}
    own = {check.name for check in ENCODER_CHECKS} - {check.name for check in COMPONENT_CHECKS}
    assert own - caught == {"cuda"}


def measured(encoder, backbone):
    (found,) = run_checks(FUTURE_CHECKS, EncoderSubject(encoder, encoder.Options(), backbone))
    assert found.outcome == "passed"
    return found.measured


def test_what_an_encoder_says_of_the_future_is_measured(bert):
    told = measured(SeesWhole, bert)
    assert told.startswith("it says that it sees the future, and ")
    assert told.endswith(" changes of later turns are felt")
    told = measured(SaysThatItSees, bert)
    assert told.endswith("are felt: as far as was tried it sees none, and tables mark it all the same")
    assert measured(WholeDialogue, bert).startswith("largest change ")


def test_checking_an_encoder_leaves_its_backbone_as_it_was(bert):
    bert.model.requires_grad_(False)
    before = {name: value.clone() for name, value in bert.model.state_dict().items()}
    check_encoder(Sound, backbone=bert)
    assert not any(parameter.requires_grad for parameter in bert.model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in bert.model.state_dict().items())
    bert.model.requires_grad_(True)
