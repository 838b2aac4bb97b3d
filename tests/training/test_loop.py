"""The training loop: batches, gradients, the escape hatch, and the choice of an epoch."""

from copy import deepcopy
from random import Random

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.training.events import EpochEnded, PhaseStarted, Progress, StepDone
from erc_bench_plugins.classifiers.centroid import Centroid
from erc_bench_plugins.objectives.cross_entropy import CrossEntropy
from erc_bench_plugins.objectives.supcon import SupCon


def weights(composition, prefix=""):
    return {name: value.clone() for name, value in composition.modules.state_dict().items() if name.startswith(prefix)}


def assert_same(one, other, **tolerance):
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], msg=lambda text, name=name: f"{name}: {text}", **tolerance)


EXACT = {"rtol": 0, "atol": 0}


class Recorder(CrossEntropy):
    """Cross-entropy that notes the utterances of every batch, and draws on chance of its own."""

    def start(self, task):
        self.batches = []

    def loss(self, outputs):
        self.batches.append(list(outputs.keys))
        return super().loss(outputs)


class Spender(Recorder):
    """Draws on every stream that it can reach."""

    def step(self, step):
        step.rng.random()
        torch.rand(5)
        Random(0).random()
        return super().step(step)


class Geometry(erc.Objective):
    """Reads the representations only: no term touches the head."""

    name = "geometry"
    source = "this test"

    def loss(self, outputs):
        same = (outputs.labels[:, None] == outputs.labels).float()
        return {"geometry": ((outputs.z @ outputs.z.T - same) ** 2).mean()}


class FirstDimensions(nn.Module):
    """A head without parameters."""

    def forward(self, z):
        return z[:, :3]


class HeadlessGeometry(Geometry):
    """The same with a head that has nothing to train."""

    def make_head(self, dim, classes, dropout):
        return FirstDimensions()


class TestBatches:
    def test_every_example_once_an_epoch_in_an_order_of_the_seed(self, bench):
        objective = Recorder()
        bench.train(bench.composition(objective), epochs=3, batch_size=5)
        everything = [key for batch in objective.batches for key in batch]
        per_epoch = len(everything) // 3
        epochs = [everything[start : start + per_epoch] for start in range(0, len(everything), per_epoch)]
        assert all(sorted(epoch) == sorted(epochs[0]) for epoch in epochs)
        assert len(set(epochs[0])) == per_epoch == 24
        assert epochs[0] != epochs[1] != epochs[2]
        assert [len(batch) for batch in objective.batches[:5]] == [5, 5, 5, 5, 4]

    def test_two_methods_see_the_same_batches_with_one_seed(self, bench):
        seen = {}
        for objective, seed in ((Recorder(), 1), (Spender(), 1), (Recorder(), 2)):
            bench.train(bench.composition(objective), seed=seed)
            seen[type(objective).__name__, seed] = objective.batches
        assert seen["Recorder", 1] == seen["Spender", 1]
        assert seen["Recorder", 1] != seen["Recorder", 2]

    def test_a_selected_subset_trains_alone_and_in_the_same_order(self, bench):
        class Chooser(Recorder):
            def select(self, view):
                self.examples = [view.examples[i].target_keys()[0] for i in (3, 1, 20)]
                return [3, 1, 20]

        everything, chosen = Recorder(), Chooser()
        bench.train(bench.composition(everything), epochs=1, batch_size=30)
        bench.train(bench.composition(chosen), epochs=1, batch_size=30)
        assert chosen.batches == [[key for key in everything.batches[0] if key in chosen.examples]]

    def test_each_epoch_asks_for_its_examples(self, bench):
        composition = bench.composition()
        split, asked = bench.split(composition), []

        def examples_of(epoch):
            asked.append(epoch)
            return split

        bench.loop(composition, epochs=3).run(examples_of, split)
        assert asked == [0, 1, 2]

    def test_each_batch_draws_on_a_stream_of_its_own(self, bench):
        class Drawing(Recorder):
            def start(self, task):
                super().start(task)
                self.drawn = []

            def step(self, step):
                self.drawn.append(step.rng.random())
                return super().step(step)

        objective = Drawing()
        bench.train(bench.composition(objective), batch_size=4, accumulation=3)
        assert len(objective.drawn) == 12
        assert len(set(objective.drawn)) == 12


class TestGradients:
    @pytest.mark.parametrize("examples", [12, 11])
    def test_accumulation_equals_a_big_batch(self, bench, examples):
        dialogues = bench.dialogues(examples, turns=1)
        results = []
        for size, accumulation in ((6, 1), (2, 3)):
            composition = bench.composition()
            bench.train(composition, dialogues, batch_size=size, accumulation=accumulation, selection="last")
            results.append(weights(composition))
        assert_same(*results, rtol=1e-4, atol=1e-6)

    def test_after_step_follows_every_step_and_no_batch(self, bench):
        class Counting(CrossEntropy):
            steps = 0

            def after_step(self):
                self.steps += 1

        objective = Counting()
        bench.train(bench.composition(objective), epochs=2, batch_size=4, accumulation=4)
        assert objective.steps == 2 * 2

    def test_class_weights_weigh_the_classes(self, bench):
        by_class = torch.tensor([0.5, 2.0, 0.1])

        class Keeping(CrossEntropy):
            def loss(self, outputs):
                self.outputs = outputs
                return super().loss(outputs)

        objective = Keeping()
        composition = bench.composition(objective, class_weights=by_class)
        trained = bench.train(composition, epochs=1, batch_size=100)
        outputs = objective.outputs
        logs = outputs.logits.log_softmax(-1)
        total = sum(-by_class[label] * logs[i, label] for i, label in enumerate(outputs.labels))
        expected = total / sum(by_class[label] for label in outputs.labels)
        assert trained.epochs[0]["terms"]["cross_entropy"] == pytest.approx(expected.item(), rel=1e-5)

    def test_two_views_are_two_passes(self, bench_with_dropout, bench):
        class TwoViews(erc.Objective):
            name, source, views = "two views", "this test", 2

            def loss(self, outputs):
                first, second = outputs.views
                self.distance = (first.z - second.z).abs().max().item()
                assert outputs.z is first.z
                return {"ce": outputs.cross_entropy(), "agree": (first.projected - second.projected).square().mean()}

        shaky, steady = TwoViews(), TwoViews()
        bench_with_dropout.train(bench_with_dropout.composition(shaky), epochs=1)
        bench.train(bench.composition(steady), epochs=1)
        assert shaky.distance > 1e-3
        assert steady.distance == 0

    def test_the_escape_hatch_adds_the_gradients_of_two_passes(self, bench):
        """Adversarial training in miniature: a second pass with the embeddings pushed along their gradient."""

        class Adversarial(CrossEntropy):
            def step(self, step):
                clean = self.loss(step.outputs())
                step.backward(clean)
                embeddings = next(p for p in step.parameters("encoder") if p.shape[0] == 64)
                push = 0.5 * embeddings.grad.sign()
                embeddings.data += push
                attacked = {f"attacked_{name}": term for name, term in self.loss(step.outputs()).items()}
                step.backward(attacked)
                embeddings.data -= push
                return {name: term.detach() for name, term in {**clean, **attacked}.items()}

            def after_step(self):
                self.gradients = {name: p.grad.clone() for name, p in self.watched.named_parameters()}

        objective = Adversarial()
        composition = bench.composition(objective)
        objective.watched = composition.encoder.language_model
        untrained = deepcopy(composition.encoder.language_model), deepcopy(composition.head)
        trained = bench.train(composition, epochs=1, batch_size=100, clip=0.0)
        assert set(trained.epochs[0]["terms"]) == {"cross_entropy", "attacked_cross_entropy"}
        assert trained.inert_terms == []

        expected = self._by_hand(bench, *untrained)
        assert_same(objective.gradients, expected, rtol=1e-4, atol=1e-6)

    @staticmethod
    def _by_hand(bench, model, head):
        composition = bench.composition()
        split = bench.split(composition)

        def loss():
            states = []
            for (row,) in split.main.rows:
                ids = torch.tensor([row.ids])
                states.append(model(ids, torch.ones_like(ids)).last_hidden_state[0, 0])
            return F.cross_entropy(head(torch.stack(states)), split.labels)

        loss().backward()
        push = 0.5 * model.embeddings.weight.grad.sign()
        model.embeddings.weight.data += push
        loss().backward()
        return {name: p.grad for name, p in model.named_parameters()}


class TestHeadApart:
    @pytest.mark.parametrize("options", [{}, {"accumulation": 2}, {"clip": 0.01}, {"clip": 0.01, "accumulation": 3}])
    def test_it_trains_and_changes_nothing_else(self, bench, options):
        with_head, without = bench.composition(Geometry()), bench.composition(HeadlessGeometry())
        before = weights(with_head, "head")
        assert_same(weights(with_head, "encoder"), weights(without, "encoder"), **EXACT)
        for composition in (with_head, without):
            bench.train(composition, selection="last", **options)
        assert_same(weights(with_head, "encoder"), weights(without, "encoder"), **EXACT)
        after = weights(with_head, "head")
        assert all((after[name] != before[name]).any() for name in before)

    def test_it_learns_what_the_representations_hold(self, bench):
        composition = bench.composition(Geometry())
        trained = bench.train(composition, bench.dialogues(12), epochs=20, encoder_lr=1e-2, head_lr=3e-2)
        assert trained.epochs[-1]["dev"]["weighted_f1"] > 80

    def test_every_batch_of_an_accumulated_step_reaches_it(self, bench):
        dialogues = bench.dialogues(8, turns=1)
        heads = []
        for size, accumulation in ((4, 1), (2, 2)):
            composition = bench.composition(Geometry(), trainable="none")
            bench.train(composition, dialogues, batch_size=size, accumulation=accumulation, selection="last")
            heads.append(weights(composition, "head"))
        assert_same(*heads, rtol=1e-4, atol=1e-6)

    def test_a_head_that_a_term_touches_is_not_trained_twice(self, bench):
        composition = bench.composition(CrossEntropy())
        copy = deepcopy(composition)
        split = bench.split(composition)
        bench.train(composition, epochs=1, batch_size=100, schedule="constant", clip=0.0, weight_decay=0.0)
        optimiser = torch.optim.AdamW(copy.modules.parameters(), lr=1e-2, weight_decay=0.0)
        copy.outputs(split, range(len(split))).cross_entropy().backward()
        optimiser.step()
        assert_same(weights(composition, "head"), weights(copy, "head"), rtol=1e-3, atol=1e-5)


class TestTerms:
    def test_a_loss_that_is_not_finite_names_step_and_terms(self, bench):
        class Exploding(CrossEntropy):
            steps = 0

            def loss(self, outputs):
                self.steps += 1
                fine = super().loss(outputs)["cross_entropy"]
                return {"fine": fine, "bad": fine / 0 if self.steps == 8 else fine}

        with pytest.raises(ErcBenchError, match=r"not finite at step 2 of epoch 2: fine = \d.*, bad = inf"):
            bench.train(bench.composition(Exploding()), epochs=2, batch_size=4)

    def test_the_first_of_many_bad_steps_is_named(self, bench):
        class Sick(CrossEntropy):
            steps = 0

            def loss(self, outputs):
                self.steps += 1
                return {"sick": super().loss(outputs)["cross_entropy"] * (torch.nan if self.steps >= 30 else 1)}

        with pytest.raises(ErcBenchError, match=r"at step 30 of epoch 1: sick = nan"):
            bench.train(bench.composition(Sick()), bench.dialogues(20, turns=4), epochs=1, batch_size=1)

    def test_a_term_that_reaches_nothing_is_named(self, bench):
        trained = bench.train(bench.composition(SupCon(), trainable="none"))
        assert trained.inert_terms == ["contrastive"]
        assert bench.train(bench.composition(SupCon())).inert_terms == []

    def test_a_term_that_rests_in_some_batches_is_not_inert(self, bench):
        class Resting(CrossEntropy):
            steps = 0

            def loss(self, outputs):
                self.steps += 1
                extra = outputs.z.square().mean() if self.steps % 2 else torch.zeros(())
                return {**super().loss(outputs), "extra": extra}

        assert bench.train(bench.composition(Resting())).inert_terms == []

    def test_the_log_holds_the_mean_of_each_term(self, bench):
        class Known(CrossEntropy):
            steps = 0

            def loss(self, outputs):
                self.steps += 1
                terms = {"steps": outputs.z.sum() * 0 + self.steps}
                return terms | ({"sometimes": outputs.z.sum() * 0 + 10} if self.steps == 2 else {})

        trained = bench.train(bench.composition(Known()), epochs=2, batch_size=8)
        assert trained.epochs[0]["terms"] == {"steps": 2.0, "sometimes": 10.0}
        assert trained.epochs[1]["terms"] == {"steps": 5.0}


class TestEpochs:
    def test_the_view_of_an_epoch(self, bench_with_dropout):
        bench = bench_with_dropout
        seen = []

        class Looking(CrossEntropy):
            def begin_epoch(self, view):
                first, second = view.representations(), view.representations()
                assert first is second
                assert not first.z.requires_grad
                seen.append((view.epoch, view.epochs, first.keys, first.labels, view.labels, len(view.examples)))

        composition = bench.composition(Looking())
        split = bench.split(composition)
        bench.train(composition, epochs=2)
        assert [(epoch, epochs) for epoch, epochs, *_ in seen] == [(0, 2), (1, 2)]
        for _, _, keys, labels, first_labels, examples in seen:
            assert keys == split.keys(range(len(split)))
            assert torch.equal(labels, split.labels)
            assert torch.equal(first_labels, split.labels)
            assert examples == len(split)
        assert composition.encoder.language_model.training is False

    def test_training_goes_on_in_training_mode_after_a_look(self, bench):
        class Modes(CrossEntropy):
            def begin_epoch(self, view):
                view.representations()

            def loss(self, outputs):
                assert self.training
                assert outputs.head.training
                return super().loss(outputs)

        bench.train(bench.composition(Modes()))

    @pytest.mark.parametrize("rule", ["dev", "last", "average-last-k"])
    def test_the_composition_ends_with_the_chosen_weights(self, bench, rule):
        kept = []

        class Keeping(Progress):
            def hear(self, event):
                if isinstance(event, EpochEnded):
                    kept.append((event.headline, weights(composition)))

        composition = bench.composition()
        options = {"epochs": 6, "selection": rule, "last_k": 2, "encoder_lr": 0.05, "head_lr": 0.05}
        trained = bench.train(composition, progress=Keeping(), **options)
        scores = [dev for dev, _ in kept]
        states = [state for _, state in kept]
        mean = {name: (states[4][name] + states[5][name]) / 2 for name in states[0]}
        expected = {"dev": states[scores.index(max(scores))], "last": states[5], "average-last-k": mean}[rule]
        assert len({tuple(state["head.1.bias"].tolist()) for state in states}) == 6
        assert_same(weights(composition), expected, rtol=1e-6, atol=1e-7)
        assert [entry["epoch"] for entry in trained.epochs] == [1, 2, 3, 4, 5, 6]
        assert [entry["dev"]["weighted_f1"] for entry in trained.epochs] == scores

    def test_extra_state_belongs_to_the_chosen_weights(self, bench):
        class Queue(CrossEntropy):
            def start(self, task):
                self.queue = []

            def get_extra_state(self):
                return {"queue": self.queue}

            def set_extra_state(self, state):
                self.queue = state["queue"]

            def after_step(self):
                self.queue.append("step")

        objective = Queue()
        trained = bench.train(bench.composition(objective), epochs=8, batch_size=30, encoder_lr=0.05, head_lr=0.05)
        assert len(objective.queue) == trained.selector.chosen_epoch() + 1 < 8

    def test_patience_stops(self, bench):
        # A rate of next to nothing: the first epoch stays the best.
        options = {"epochs": 9, "encoder_lr": 1e-12, "head_lr": 1e-12}
        assert len(bench.train(bench.composition(), patience=2, **options).epochs) == 3
        assert len(bench.train(bench.composition(), **options).epochs) == 9

    def test_a_classifier_that_is_fitted_each_epoch_gives_the_dev_score(self, bench):
        composition = bench.composition(Geometry())
        train, dev = bench.dialogues(), bench.dialogues(3, seed=9)
        trained = bench.train(composition, train, dev, classifier=Centroid(), selection="last")
        own = composition.represent(bench.split(composition, train))
        asked = composition.represent(bench.split(composition, dev))
        centres = torch.stack([own.z[own.labels == label].mean(0) for label in range(3)])
        nearest = F.cosine_similarity(asked.z[:, None], centres[None], dim=-1).argmax(1)
        accuracy = 100 * (nearest == asked.labels).float().mean().item()
        assert trained.epochs[-1]["dev"]["accuracy"] == pytest.approx(accuracy)

    def test_such_a_classifier_reads_train_without_augmentation(self, bench):
        class Counting(Centroid):
            def fit(self, train, dev, task):
                self.read = len(train.labels)
                yield from super().fit(train, dev, task)

        composition, classifier = bench.composition(), Counting()
        plain, augmented = bench.split(composition), bench.split(composition, bench.dialogues(9))
        loop = bench.loop(composition, epochs=1, classifier=classifier)
        loop.run(lambda _epoch: augmented, plain, plain)
        assert classifier.read == len(plain)
        loop.run(lambda _epoch: augmented, plain)
        assert classifier.read == len(augmented)

    def test_progress_hears_of_batches_and_epochs(self, bench):
        heard = []

        class Listening(Progress):
            def hear(self, event):
                match event:
                    case PhaseStarted(name, steps):
                        heard.append((name, steps))
                    case StepDone():
                        heard.append("step")
                    case EpochEnded():
                        heard.append((event.epoch, event.epochs, sorted(event.terms)))

        bench.train(bench.composition(), progress=Listening(), epochs=1, batch_size=12)
        assert heard == [("epoch 1/1", 2), "step", "step", ("dev", 1), (1, 1, ["cross_entropy"])]
