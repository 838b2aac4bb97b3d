"""How a batch goes through encoder, objective and head; dialogue-level encoders included."""

from random import Random

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.training.assembly import widen
from erc_bench.training.composition import MomentumEncoder, batches
from erc_bench.training.prepared import UNLABELLED, ModelRows, PreparedSplit, prepare
from erc_bench_plugins.objectives.cross_entropy import CrossEntropy

LABELS = ("anger", "joy", "neutral")


class WholeDialogue(erc.Encoder):
    """A row for every turn, and a recurrent network over the rows of a dialogue: many targets per example."""

    name = "whole-dialogue"
    source = "this test"

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.recurrent = nn.GRU(super().dim, 5, batch_first=True)

    @property
    def dim(self):
        return 5

    def examples(self, dialogues, training, rng):
        return [erc.Example(dialogue, dialogue.targets()) for dialogue in dialogues]

    def rows(self, example):
        tokens = [[1, *self.tokenizer.ids(turn.text), 2] for turn in example.dialogue.utterances]
        return [erc.TokenRow(ids, (0,)) for ids in tokens]

    def forward(self, row_states, batch):
        z = [
            self.recurrent(states[None])[0][0, list(example.targets)]
            for states, example in zip(batch.per_example(row_states), batch.examples, strict=True)
        ]
        return erc.Encoded(torch.cat(z), extras={"rows": torch.tensor([float(len(part)) for part in z])})


class OwnClassifier(WholeDialogue):
    """Brings its own classifier and a loss of its own."""

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.classifier = nn.Linear(5, 3)

    def forward(self, row_states, batch):
        encoded = super().forward(row_states, batch)
        return erc.Encoded(encoded.z, logits=self.classifier(encoded.z), terms={"size": encoded.z.square().mean()})


def partly_scored(dialogues, seed=0):
    """Take the label from some turns; the first dialogue loses all of them."""
    rng = Random(seed)

    def turn(utterance, keep):
        return utterance if keep else erc.Utterance(utterance.speaker, utterance.text)

    return [
        erc.Dialogue(d.id, tuple(turn(u, number > 0 and rng.random() < 0.6) for u in d.utterances))
        for number, d in enumerate(dialogues)
    ]


class TestSeveralTargets:
    def test_a_batch_holds_the_targets_of_its_examples_in_order(self, bench):
        dialogues = partly_scored(bench.dialogues(5, turns=6))
        composition = bench.composition(encoder=WholeDialogue)
        split = bench.split(composition, dialogues)
        assert len(split) == 4
        outputs = composition.outputs(split, [2, 0])
        asked = [(dialogues[i].id, target) for i in (3, 1) for target in dialogues[i].targets()]
        assert outputs.keys == asked
        by_id = {dialogue.id: dialogue for dialogue in dialogues}
        gold = [by_id[key].utterances[position].label for key, position in asked]
        assert [LABELS[label] for label in outputs.labels] == gold
        assert outputs.z.shape == (len(asked), 5)
        assert outputs.logits.shape == (len(asked), 3)

    @pytest.mark.parametrize("trainable", ["all", "none"])
    def test_a_dialogue_is_represented_alike_alone_and_among_others(self, bench, trainable):
        dialogues = partly_scored(bench.dialogues(5, turns=6))
        composition = bench.composition(encoder=WholeDialogue, trainable=trainable)
        split = bench.split(composition, dialogues)
        together = composition.represent(split)
        with torch.no_grad():
            apart = torch.cat([composition.outputs(split, [i]).z for i in range(len(split))])
        torch.testing.assert_close(together.z, apart, rtol=0, atol=1e-6)
        assert torch.equal(together.labels, split.labels)
        assert together.keys == split.keys(range(len(split)))
        assert together.extras["rows"].tolist() == [float(len(d.targets())) for d in dialogues[1:]]

    @pytest.mark.parametrize("trainable", ["all", "none"])
    def test_it_learns_from_end_to_end(self, bench, trainable):
        train = partly_scored(bench.dialogues(16, turns=6))
        dev = partly_scored(bench.dialogues(5, turns=6, seed=5), seed=1)
        composition = bench.composition(encoder=WholeDialogue, trainable=trainable)
        before = composition.encoder.recurrent.weight_ih_l0.clone()
        options = {"epochs": 25, "batch_size": 3, "encoder_lr": 2e-2, "head_lr": 2e-2, "schedule": "constant"}
        trained = bench.train(composition, train, dev, **options)
        losses = [epoch["terms"]["cross_entropy"] for epoch in trained.epochs]
        assert losses[-1] < losses[0] / 2
        assert max(epoch["dev"]["weighted_f1"] for epoch in trained.epochs) > 75
        assert (composition.encoder.recurrent.weight_ih_l0 != before).any()

    def test_the_view_of_an_epoch_has_a_label_for_each_example(self, bench):
        class Looking(CrossEntropy):
            def begin_epoch(self, view):
                firsts = [example.dialogue.utterances[example.targets[0]].label for example in view.examples]
                assert [LABELS[label] for label in view.labels] == firsts
                self.looked = True

        objective = Looking()
        bench.train(bench.composition(objective, encoder=WholeDialogue), partly_scored(bench.dialogues(6)))
        assert objective.looked


class TestOwnLogits:
    def test_the_encoder_s_logits_take_the_head_s_place(self, bench):
        class Weighing(CrossEntropy):
            def loss(self, outputs):
                terms = super().loss(outputs)
                if outputs.encoded_terms:
                    terms["size"] = 0.1 * outputs.encoded_terms["size"]
                return terms

        composition = bench.composition(Weighing(), encoder=OwnClassifier)
        split = bench.split(composition)
        outputs = composition.outputs(split, [0, 1])
        torch.testing.assert_close(outputs.logits, composition.encoder.classifier(outputs.z))
        represented = composition.represent(split)
        torch.testing.assert_close(represented.logits, composition.encoder.classifier(represented.z))
        before = composition.encoder.classifier.weight.clone()
        trained = bench.train(composition)
        assert set(trained.epochs[0]["terms"]) == {"cross_entropy", "size"}
        assert (composition.encoder.classifier.weight != before).any()


class TestParameters:
    def test_each_parameter_has_one_rate(self, bench):
        class Tied(CrossEntropy):
            """Keeps the head that it makes: prototypes are the rows of its weight."""

            def make_head(self, dim, classes, dropout):
                self.prototypes = nn.Linear(dim, classes, bias=False)
                return self.prototypes

        composition = bench.composition(Tied(), encoder=WholeDialogue)
        groups = composition.parameter_groups()
        names = {id(parameter): name for name, parameter in composition.modules.named_parameters()}
        listed = [names[id(parameter)] for group in groups.values() for parameter in group]
        assert sorted(listed) == sorted(names.values())
        assert {names[id(p)].split(".")[1] for p in groups["encoder"]} == {"language_model"}
        assert not any("language_model" in names[id(p)] for p in groups["head"])
        bench.train(composition)

    def test_groups_of_an_encoder_s_own_train_at_the_head_s_rate(self, bench):
        class Grouped(WholeDialogue):
            def parameter_groups(self):
                return {"encoder": list(self.language_model.parameters()), "graph": list(self.recurrent.parameters())}

        composition = bench.composition(encoder=Grouped)
        head = {id(parameter) for parameter in composition.parameter_groups()["head"]}
        assert {id(parameter) for parameter in composition.encoder.recurrent.parameters()} < head

    def test_an_objective_is_given_the_groups_that_the_encoder_names(self, bench):
        class Grouped(WholeDialogue):
            def parameter_groups(self):
                return {**super().parameter_groups(), "graph": list(self.recurrent.parameters())}

        class Asking(CrossEntropy):
            def step(self, step):
                self.given = step.parameters("graph")
                return super().step(step)

        objective = Asking()
        composition = bench.composition(objective, encoder=Grouped)
        composition.encoder.recurrent.bias_hh_l0.requires_grad_(False)
        bench.train(composition, epochs=1)
        expected = [p for p in composition.encoder.recurrent.parameters() if p.requires_grad]
        assert [id(parameter) for parameter in objective.given] == [id(parameter) for parameter in expected]
        with pytest.raises(ErcBenchError, match=r"'graph', which the encoder 'whole-dialogue' does not name"):
            bench.train(bench.composition(Asking(), encoder=WholeDialogue), epochs=1)

    def test_the_state_holds_what_trains_and_is_a_copy(self, bench):
        composition = bench.composition(encoder=WholeDialogue, trainable=1)
        state = composition.trainable_state()
        assert not any("embeddings" in name or "layers.0" in name for name in state)
        assert any("layers.1" in name for name in state)
        assert any("recurrent" in name for name in state)
        weight = composition.head[1].weight
        before = weight.detach().clone()
        with torch.no_grad():
            weight.add_(1)
        composition.load_state(state)
        assert torch.equal(composition.head[1].weight, before)


class TestPreparedSplit:
    def test_a_sealed_split_has_no_labels(self, bench, bare_encoder):
        composition = bench.composition()
        sealed = [
            erc.Dialogue(d.id, tuple(erc.Utterance(u.speaker, u.text, None, True) for u in d.utterances))
            for d in bench.dialogues(2)
        ]
        split = bench.split(composition, sealed)
        assert split.labels.tolist() == [UNLABELLED] * 8

    def test_one_row_may_yield_several_targets(self, bench):
        dialogues = bench.dialogues(3, turns=3)
        examples = [erc.Example(dialogue, (0, 2)) for dialogue in dialogues]
        split = PreparedSplit(examples, torch.arange(6), ModelRows([1, 1, 1], [], torch.arange(3.0)[:, None]))
        assert split.batch_labels([2, 0]).tolist() == [4, 5, 0, 1]
        assert split.main.frozen_states([2, 0]).tolist() == [[2.0], [0.0]]
        assert split.first_labels().tolist() == [0, 2, 4]

    def test_unequal_examples_are_not_taken_for_single_ones(self, bench):
        """Two targets, then none, then one: as many labels as examples."""
        encoder = bench.composition(encoder=WholeDialogue).encoder
        two, none, one = bench.dialogues(3, turns=2)
        none = erc.Dialogue(none.id, tuple(erc.Utterance(u.speaker, u.text) for u in none.utterances))
        one = erc.Dialogue(one.id, one.utterances[:1])
        split = prepare(encoder, encoder.examples([two, none, one], False, Random(0)), LABELS)
        assert [example.dialogue.id for example in split.examples] == [two.id, one.id]
        assert split.keys([1, 0]) == [(one.id, 0), (two.id, 0), (two.id, 1)]
        own = [LABELS.index(turn.label) for turn in (*one.utterances, *two.utterances)]
        assert split.batch_labels([1, 0]).tolist() == own
        assert [LABELS[label] for label in split.first_labels()] == [two.utterances[0].label, one.utterances[0].label]


@pytest.mark.parametrize("size", [1, 3, 7, 8])
def test_batches_cut_without_loss(size):
    cut = list(batches(range(7), size))
    assert [index for batch in cut for index in batch] == list(range(7))
    assert all(len(batch) == size for batch in cut[:-1])


def test_what_an_encoder_holds_itself_is_widened_and_its_language_model_is_not():
    class Pooling(nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model, self.layer = model, nn.Linear(2, 2)

    encoder = nn.Module()
    encoder.language_model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    encoder.pooling = Pooling(encoder.language_model)
    encoder.query = nn.Parameter(torch.ones(2))
    encoder.register_buffer("shift", torch.ones(2))
    encoder.register_buffer("places", torch.arange(2))
    widen(encoder, besides=encoder.language_model)
    assert {tensor.dtype for tensor in (encoder.query, encoder.shift, encoder.pooling.layer.weight)} == {torch.float64}
    assert encoder.places.dtype == torch.int64
    floating = [tensor for tensor in encoder.language_model.state_dict().values() if tensor.is_floating_point()]
    assert {tensor.dtype for tensor in floating} == {torch.float32}


class Slow(erc.Objective):
    """Trains on the first view and keeps what the second one is."""

    name = "slow"
    source = "this test"
    views = 2
    momentum = 0.9

    def start(self, task):
        self.seen = []

    def loss(self, outputs):
        self.seen.append(outputs.views[1])
        return {"ce": outputs.cross_entropy()}


def moved(composition):
    with torch.no_grad():
        for parameter in composition.encoder.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))


def states(composition):
    return {name: value.clone() for name, value in composition.encoder.state_dict().items()}


def test_the_copy_is_the_encoder_at_first_and_follows_by_its_momentum(bench):
    composition = bench.composition(Slow())
    slow = composition._slow.encoder
    before = states(composition)
    moved(composition)
    composition.after_step()
    for name, value in slow.state_dict().items():
        torch.testing.assert_close(value, 0.9 * before[name] + 0.1 * composition.encoder.state_dict()[name])


def test_the_second_view_is_the_copy_s_and_has_no_gradient(bench):
    composition = bench.composition(Slow())
    split = bench.split(composition)
    moved(composition)
    outputs = composition.outputs(split, [0, 1, 2], views=2)
    first, second = outputs.views
    assert first.z.requires_grad
    assert not second.z.requires_grad
    expected = bench.composition(Slow()).outputs(split, [0, 1, 2]).z
    torch.testing.assert_close(second.z, expected)
    assert not torch.allclose(first.z, second.z)


def test_it_is_no_part_of_what_trains_or_is_kept(bench):
    plain, slow = bench.composition(), bench.composition(Slow())
    for composition in (plain, slow):
        assert len(composition.parameter_groups()["encoder"]) == len(plain.parameter_groups()["encoder"])
    assert slow.trainable_state().keys() == plain.trainable_state().keys()
    assert not any(parameter.requires_grad for parameter in slow._slow.encoder.parameters())


@pytest.mark.parametrize(("trainable", "shared"), [("all", False), (1, None), ("none", True)])
def test_what_does_not_train_is_shared(bench, trainable, shared):
    composition = bench.composition(Slow(), trainable=trainable)
    copy = composition._slow.encoder
    pairs = list(zip(composition.encoder.parameters(), copy.parameters(), strict=True))
    assert all((one is other) == (not one.requires_grad) for one, other in pairs)
    if shared is not None:
        assert all((one is other) == shared for one, other in pairs)
    assert copy.tokenizer is composition.encoder.tokenizer


def test_it_has_dropout_where_the_encoder_has(bench_with_dropout):
    composition = bench_with_dropout.composition(Slow(), trainable=1)
    for training in (True, False):
        composition.set_training(training)
        modes = [module.training for module in composition.encoder.modules()]
        assert [module.training for module in composition._slow.encoder.modules()] == modes
    assert isinstance(composition._slow, MomentumEncoder)


def test_training_moves_it_once_per_step(bench):
    objective = Slow()
    composition = bench.composition(objective)
    before = states(composition)
    bench.train(composition, epochs=1, batch_size=8)
    slow = composition._slow.encoder.state_dict()
    assert any(not torch.equal(slow[name], before[name]) for name in slow)
    assert len(objective.seen) == 3


def test_with_a_frozen_backbone_the_views_are_equal(bench):
    objective = Slow()
    composition = bench.composition(objective, trainable="none")
    split = bench.split(composition)
    first, second = composition.outputs(split, [0, 1], views=2).views
    assert torch.equal(first.z, second.z)
