"""Every installed component passes the checks that plugin authors are given, and unsound ones are told why."""

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.catalogue import Catalogue
from erc_bench.options import specs
from erc_bench.testing.classifiers import check_classifier
from erc_bench.testing.components import check_component
from erc_bench.testing.datasets import check_dataset
from erc_bench.testing.encoders import check_encoder
from erc_bench.testing.objectives import check_objective
from erc_bench.testing.protocol import check_canary, check_sealed, permuted_labels
from erc_bench_plugins.backbones.huggingface import HuggingFace
from erc_bench_plugins.datasets.demo import Demo
from erc_bench_plugins.encoders.prompt import Prompt

CATALOGUE = Catalogue()


@pytest.mark.parametrize("name", CATALOGUE.entries("objective"))
def test_objective_conforms(name):
    check_objective(CATALOGUE.get("objective", name))


@pytest.mark.parametrize("name", CATALOGUE.entries("classifier"))
def test_classifier_conforms(name):
    check_classifier(CATALOGUE.get("classifier", name))


@pytest.mark.parametrize("kind", ["dataset", "backbone", "encoder"])
def test_other_components_say_what_they_are(kind):
    for entry in CATALOGUE.entries(kind).values():
        check_component(entry.component)


def test_methods_choose_what_is_installed():
    for entry in CATALOGUE.entries("method").values():
        method = entry.component
        assert method.source
        assert method.summary
        for kind, name in method.choices.items():
            CATALOGUE.get(kind, name)
        for readout in method.readouts:
            CATALOGUE.get("classifier", readout)


def test_methods_set_options_that_exist_to_values_that_they_admit():
    for entry in CATALOGUE.entries("method").values():
        method = entry.component
        for settings in (method.settings, *method.per_dataset.values()):
            for address, value in settings.items():
                slot, _, name = address.partition(".")
                if slot in method.choices:
                    specs(CATALOGUE.get(slot, method.choices[slot]).Options)[name].convert(value)


class Objective(erc.Objective):
    """A sound objective, for the bad ones to deviate from."""

    name = "own"
    source = "this test"

    def loss(self, outputs):
        return {"own": outputs.cross_entropy()}


class DependsOnOrder(Objective):
    """Weighs an utterance by its place in the batch."""

    def loss(self, outputs):
        return {"own": (outputs.z.square().sum(1) * torch.arange(len(outputs.z))).sum()}


class NotFinite(Objective):
    """Divides by zero where the batch has one class only."""

    def loss(self, outputs):
        return {"own": outputs.z.sum() / (outputs.labels != outputs.labels[0]).sum()}


class Detached(Objective):
    """Trains the head but no encoder."""

    def loss(self, outputs):
        return {"own": outputs.head(outputs.z.detach()).square().sum()}


class NotScalar(Objective):
    """Forgets to average."""

    def loss(self, outputs):
        return {"own": outputs.z.square().sum(1)}


class HiddenState(Objective):
    """Keeps what it learnt in a plain attribute."""

    steps = 1

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() * self.steps}

    def after_step(self):
        self.steps += 1


class Nameless(Objective):
    """Has no name."""

    name = ""


def test_a_sound_objective_passes():
    check_objective(Objective)


@pytest.mark.parametrize(
    ("objective", "sentence"),
    [
        (DependsOnOrder, "order of the batch"),
        (NotFinite, "a batch of one class: the term own is"),
        (Detached, "no gradient reaches the representations"),
        (NotScalar, "no scalar"),
        (HiddenState, "another one after load_state_dict"),
        (Nameless, "has no name"),
    ],
)
def test_an_unsound_objective_is_told_why(objective, sentence):
    with pytest.raises(AssertionError, match=sentence):
        check_objective(objective)


class Classifier(erc.Classifier):
    """A sound classifier, for the bad ones to deviate from."""

    name = "own"
    source = "this test"

    def scores(self, outputs):
        return outputs.logits


class WrongShape(Classifier):
    """Gives the score of the winner only."""

    def scores(self, outputs):
        return outputs.logits.amax(1)


class Guesses(Classifier):
    """Does not look at the representations."""

    def scores(self, outputs):
        return torch.eye(outputs.logits.shape[1])[torch.zeros_like(outputs.labels)]


class HiddenFit(Classifier):
    """Keeps its fit in a plain attribute."""

    refit = "end"
    factor = 1.0

    def scores(self, outputs):
        return outputs.logits * self.factor

    def fit(self, train, dev, task):
        for _ in range(3):
            self.factor += 1.0
            yield


class NeverYields(Classifier):
    """Fits in one go."""

    refit = "end"


class GlobalChance(Classifier):
    """Draws on the global random state."""

    def scores(self, outputs):
        return outputs.logits + 1e-3 * torch.randn(outputs.logits.shape)


def test_a_sound_classifier_passes():
    check_classifier(Classifier)


@pytest.mark.parametrize(
    ("classifier", "sentence"),
    [
        (WrongShape, "shape"),
        (Guesses, "only 25%"),
        (HiddenFit, "no epoch can be restored"),
        (NeverYields, "never yields"),
        (GlobalChance, "two fits with one task.seed differ"),
    ],
)
def test_an_unsound_classifier_is_told_why(classifier, sentence):
    with pytest.raises(AssertionError, match=sentence):
        check_classifier(classifier)


@pytest.fixture(params=["tiny_bert", "tiny_roberta"])
def backbone(request):
    return HuggingFace(HuggingFace.Options(path=str(request.getfixturevalue(request.param)))).load()


@pytest.mark.parametrize("name", CATALOGUE.entries("encoder"))
def test_encoder_conforms(name, backbone):
    check_encoder(CATALOGUE.get("encoder", name), backbone)


@pytest.mark.parametrize(
    "options",
    [{"pooling": "cls"}, {"pooling": "mean"}, {"template": "eacl"}, {"template": "spcl"}, {"window": 1, "length": 32}],
    ids=str,
)
def test_prompt_encoder_conforms_with_all_its_options(options, tiny_bert):
    backbone = HuggingFace(HuggingFace.Options(path=str(tiny_bert))).load()
    check_encoder(Prompt, backbone, Prompt.Options(**options))


class Encoder(erc.Encoder):
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
        ids = self.tokenizer(text)["input_ids"]
        return erc.TokenRow(ids[:1] + ids[1:][-100:], positions)


class Forgetful(Encoder):
    """Leaves out the last utterance of a dialogue."""

    def examples(self, dialogues, training, rng):
        return [
            erc.Example(d, (target,)) for d in dialogues for target in d.targets() if target + 1 < len(d.utterances)
        ]


class Repeats(Encoder):
    """Yields the first utterance twice."""

    def examples(self, dialogues, training, rng):
        examples = super().examples(dialogues, training, rng)
        return [examples[0], *examples]


class AddsUnscored(Encoder):
    """Yields every turn, labelled or not."""

    def examples(self, dialogues, training, rng):
        return [erc.Example(d, (target,)) for d in dialogues for target in range(len(d.utterances))]


class ChanceInTraining(Encoder):
    """Shuffles its training examples by itself."""

    def examples(self, dialogues, training, rng):
        examples = super().examples(dialogues, training, rng)
        if training:
            rng.shuffle(examples)
        return examples


class ReadsPadding(Encoder):
    """Reads the last token from behind, which is padding in a longer batch."""

    def row(self, utterances, positions=(-1,)):
        return super().row(utterances, positions)


class TooLong(Encoder):
    """Never cuts."""

    def shown(self, utterances, target):
        return utterances[: target + 1] * 12

    def row(self, utterances, positions=(0,)):
        ids = [token for turn in utterances for token in self.tokenizer(turn.text)["input_ids"]]
        return erc.TokenRow(ids, positions)


class Shaky(Encoder):
    """Draws noise, in evaluation mode too."""

    def forward(self, row_states, batch):
        return erc.Encoded(row_states + 0.1 * torch.randn(row_states.shape))


class ReadsLabels(Encoder):
    """Puts the label into the input."""

    def row(self, utterances, positions=(0,)):
        last = utterances[-1]
        return super().row((*utterances, erc.Utterance("label", str(last.label))), positions)


class BatchNormalised(Encoder):
    """Centres over whatever is in the batch."""

    def forward(self, row_states, batch):
        return erc.Encoded(row_states - row_states.mean(0))


class ReadsNextExample(Encoder):
    """Mixes an example with the one after it in the batch."""

    def forward(self, row_states, batch):
        return erc.Encoded(row_states + 0.5 * row_states.roll(-1, 0))


class MaskIgnored(nn.Module):
    """Attends to padding."""

    def __init__(self, model):
        super().__init__()
        self.model, self.config = model, model.config
        self.get_input_embeddings = model.get_input_embeddings

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=torch.ones_like(attention_mask))


class AttendsToPadding(Encoder):
    """Wraps its language model so that padding counts."""

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.language_model = MaskIgnored(self.language_model)


class SeesNextTurn(Encoder):
    """Shows the turn after the target."""

    def shown(self, utterances, target):
        return utterances[target : target + 2]


class CountsTurns(Encoder):
    """Knows how long the dialogue is going to be."""

    def forward(self, row_states, batch):
        left = [1.0 / len(example.dialogue.utterances) for example in batch.examples]
        return erc.Encoded(row_states + torch.tensor(left)[:, None])


class SeesFromTheSecondHalf(Encoder):
    """A dialogue at once, each target mixed with the next turn: the usual way in which a future slips in."""

    def examples(self, dialogues, training, rng):
        return [erc.Example(dialogue, dialogue.targets()) for dialogue in dialogues]

    def rows(self, example):
        return [self.row((turn,)) for turn in example.dialogue.utterances]

    def forward(self, row_states, batch):
        z = []
        for states, example in zip(batch.per_example(row_states), batch.examples, strict=True):
            mixed = torch.cat([states[:-1] + 0.1 * states[1:], states[-1:]])
            z.append(mixed[list(example.targets)])
        return erc.Encoded(torch.cat(z))


class SaysThatItSees(SeesFromTheSecondHalf):
    """The same, and it says so."""

    sees_future = True


class Deaf(Encoder):
    """Shows the turn before the target only."""

    def shown(self, utterances, target):
        return (erc.Utterance("A", "What?"), *utterances[max(0, target - 1) : target])


class Constant(Encoder):
    """Does not look at what it asked for."""

    def forward(self, row_states, batch):
        lengths = [float(len(example.dialogue.utterances[example.targets[0]].text)) for example in batch.examples]
        return erc.Encoded(torch.tensor(lengths)[:, None].expand(row_states.shape).clone())


class CutsGradient(Encoder):
    """Trains no backbone."""

    def forward(self, row_states, batch):
        return erc.Encoded(row_states.detach())


class LosesParameters(Encoder):
    """Trains its language model at nobody's rate."""

    def parameter_groups(self):
        return {"encoder": [], "head": []}


class LosesATarget(Encoder):
    """Yields one representation too few."""

    def forward(self, row_states, batch):
        return erc.Encoded(row_states[1:])


@pytest.mark.parametrize("encoder", [Encoder, SaysThatItSees])
def test_a_sound_encoder_passes(encoder, backbone):
    check_encoder(encoder, backbone)


@pytest.mark.parametrize(
    ("encoder", "sentence"),
    [
        (Forgetful, "'long', position 19 is no target outside training"),
        (Repeats, "'several', position 0 is a target more than once outside training"),
        (AddsUnscored, "'long', position 1 is a target and not scored outside training"),
        (ChanceInTraining, "training examples depend on chance"),
        (ReadsPadding, r"read at \[-1\], outside of it"),
        (TooLong, r"a row has \d+ tokens, and the backbone reads 1 to 512"),
        (Shaky, "two passes in evaluation mode differ"),
        (ReadsLabels, "a representation depends on labels"),
        (BatchNormalised, "depends on its neighbours in the batch"),
        (ReadsNextExample, "depends on its neighbours in the batch"),
        (AttendsToPadding, "a representation depends on padding"),
        (SeesNextTurn, "changes when later turns are removed"),
        (CountsTurns, "changes when later turns are removed"),
        (SeesFromTheSecondHalf, "if it may, declare sees_future"),
        (Deaf, "ignores the text of its utterance"),
        (Constant, "ignores the positions that its rows name"),
        (CutsGradient, "no gradient reaches the backbone"),
        (LosesParameters, "parameters of its language model are not in the group"),
        (LosesATarget, "z has the shape"),
    ],
)
def test_an_unsound_encoder_is_told_why(encoder, sentence, tiny_bert):
    backbone = HuggingFace(HuggingFace.Options(path=str(tiny_bert))).load()
    with pytest.raises(AssertionError, match=sentence):
        check_encoder(encoder, backbone)


def test_checking_an_encoder_leaves_its_backbone_as_it_was(tiny_bert):
    backbone = HuggingFace(HuggingFace.Options(path=str(tiny_bert))).load()
    backbone.model.requires_grad_(False)
    before = {name: value.clone() for name, value in backbone.model.state_dict().items()}
    check_encoder(Encoder, backbone)
    assert not any(parameter.requires_grad for parameter in backbone.model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in backbone.model.state_dict().items())


def turns(*labels):
    return tuple(erc.Utterance("A", "text", label, scored=label is not None) for label in labels)


class Corpus(erc.Dataset):
    """A sound dataset, for the bad ones to deviate from."""

    name = "own"
    source = "this test"
    labels = ("angry", "joyful")
    licence = "none"
    obtain = "Nowhere."
    train = (erc.Dialogue("1", turns("angry", None)), erc.Dialogue("2", turns("joyful")))

    def load(self, folder):
        return erc.Splits(self.train, self.train[:1], self.train[1:])


class TwoOfOneId(Corpus):
    """Counts its dialogues from zero in every file."""

    train = (Corpus.train[0], erc.Dialogue("1", turns("joyful")))


class UnknownLabel(Corpus):
    """Lets a label through that it does not have."""

    train = (Corpus.train[0], erc.Dialogue("2", turns("joyful", "happy")))


class ScoredWithoutLabel(Corpus):
    """Scores a turn that nobody labelled."""

    train = (erc.Dialogue("1", (*turns("angry"), erc.Utterance("A", "text", None, scored=True))), Corpus.train[1])


class NothingScored(Corpus):
    """Has a split in which nothing is scored."""

    train = (Corpus.train[0], erc.Dialogue("2", turns(None, None)))


class EmptyDialogue(Corpus):
    """Has a dialogue of no turns."""

    train = (Corpus.train[0], erc.Dialogue("2", ()))


class Moody(Corpus):
    """Reads something else each time."""

    times = iter(range(9))

    def load(self, folder):
        return erc.Splits(self.train, self.train[:1], (erc.Dialogue(str(next(self.times)), turns("angry")),))


class StrangeWord(Corpus):
    """Has a word for a label that it does not have."""

    label_words = {"happy": "joyful"}


class SameWord(Corpus):
    """Has one word for two labels."""

    label_words = {"joyful": "angry"}


class NoMetric(Corpus):
    """Wants a metric that there is none."""

    headline_metric = "f1"


class MicroOfNothing(Corpus):
    """Counts no label."""

    headline_metric = "micro_f1"


class Unobtainable(Corpus):
    """Keeps its origin to itself."""

    obtain = ""


@pytest.mark.parametrize("dataset", [Corpus, Demo])
def test_a_sound_dataset_passes(dataset, tmp_path):
    check_dataset(dataset, tmp_path)


@pytest.mark.parametrize(
    ("dataset", "sentence"),
    [
        (TwoOfOneId, "own, train split: the dialogue id '1' occurs twice"),
        (UnknownLabel, "train split, dialogue '2', position 1: 'happy' is no label"),
        (ScoredWithoutLabel, "dialogue '1', position 1: it is scored and has no label"),
        (NothingScored, "own, test split: no utterance is scored"),
        (EmptyDialogue, "dialogue '2': it has no utterances"),
        (Moody, "loading it twice gives different dialogues"),
        (StrangeWord, "name 'happy', which is no label"),
        (SameWord, "two labels have the same word"),
        (NoMetric, "headline_metric is 'f1'"),
        (MicroOfNothing, "declares no scored_labels"),
        (Unobtainable, "how to obtain"),
    ],
)
def test_an_unsound_dataset_is_told_why(dataset, sentence, tmp_path):
    with pytest.raises(AssertionError, match=sentence):
        check_dataset(dataset, tmp_path)


class TestCanary:
    @pytest.fixture
    def splits(self, tmp_path):
        return Demo(Demo.Options(size=6)).load(tmp_path)

    @staticmethod
    def shares(dialogues):
        labels = [turn.label for dialogue in dialogues for turn in dialogue.utterances]
        return [labels.count(label) for label in Demo.labels]

    def answers(self, splits, shares):
        return {(dialogue.id, target): shares for dialogue in splits.test for target in dialogue.targets()}

    def test_who_reads_no_test_label_passes(self, splits):
        check_canary(lambda read: self.answers(read, self.shares(read.train)), splits)

    def test_who_reads_the_order_of_test_labels_is_caught(self, splits):
        def peek(read):
            return self.answers(read, [read.test[0].utterances[i].label == "sad" for i in range(4)])

        with pytest.raises(AssertionError, match="a test label is read"):
            check_canary(peek, splits)

    def test_who_answers_by_label_is_caught(self, splits):
        def choosy(read):
            return {key: 1 for key in self.answers(read, 1) if self.label(read, key) == "sad"}

        with pytest.raises(AssertionError, match="other utterances are answered"):
            check_canary(choosy, splits)

    @staticmethod
    def label(splits, key):
        (dialogue,) = (dialogue for dialogue in splits.test if dialogue.id == key[0])
        return dialogue.utterances[key[1]].label

    def test_permuting_keeps_the_labels_and_everything_else(self, splits):
        permuted = permuted_labels(splits.test)
        assert permuted != splits.test
        assert self.shares(permuted) == self.shares(splits.test)
        check_sealed([erc.Dialogue("x", turns(None, None))])
        with pytest.raises(AssertionError, match=r"dialogue 'test-0', position 0: the label '\w+' is still there"):
            check_sealed(permuted)

    def test_a_deaf_canary_is_refused(self):
        with pytest.raises(AssertionError, match="changes nothing"):
            permuted_labels([erc.Dialogue("1", turns("angry", "angry"))])
