"""A step that runs out of memory is made again with half the examples at once, and comes to the same."""

import random
import weakref

import numpy as np
import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.training.events import Noted, Progress, StepDone
from erc_bench.training.process_state import RandomState
from erc_bench.training.row_states import ChunkSize
from erc_bench.training.step_state import StepState
from erc_bench_plugins.objectives.cross_entropy import CrossEntropy
from erc_bench_plugins.objectives.kcl import Kcl
from erc_bench_plugins.objectives.spcl import Spcl
from erc_bench_plugins.objectives.supcon import SupCon
from erc_bench_plugins.objectives.tsc import Tsc

CPU = torch.device("cpu")
LIKE_A_GPU = ChunkSize(512, 32_768)


class Small(nn.Module):
    """A layer that holds no more than so many rows, when they go in or when their gradients come back."""

    def __init__(self, most, backwards=False):
        super().__init__()
        self.most = most
        self.backwards = backwards

    def forward(self, values):
        if self.backwards and values.requires_grad:
            values = values * 1
            values.register_hook(self._check)
        elif not self.backwards and self.training:
            self._check(values)
        return values

    def _check(self, values):
        if len(values) > self.most:
            raise torch.OutOfMemoryError(f"CUDA out of memory: {len(values)} rows")


class Listening(Progress):
    """Keeps notes, and counts steps."""

    def __init__(self):
        self.notes = []
        self.steps = 0

    def hear(self, event):
        if isinstance(event, Noted):
            self.notes.append(event.text)
        self.steps += isinstance(event, StepDone)


def note(before):
    return (
        f"out of memory with {before} examples at once: going on with {before // 2}; "
        "the gradients stay those of the whole batch"
    )


def trained(bench, objective, most=None, size=None, backwards=False, **options):
    """Train where at most so many rows go through the model; return the weights, the log and what was told."""
    composition = bench.composition(objective, head_dropout=bench.dropout)
    slow = [] if composition._slow is None else [composition._slow.row_encoder]
    for row_encoder in (composition.row_encoder, *slow):
        row_encoder.chunk = LIKE_A_GPU
        if most is not None:
            row_encoder.model.layers[0].append(Small(most, backwards))
    composition.micro_batches.size = size
    told = Listening()
    result = bench.train(composition, epochs=2, progress=told, selection="last", **{"batch_size": 10, **options})
    weights = dict(composition.modules.state_dict())
    return weights, [epoch["terms"] for epoch in result.epochs], told, composition.micro_batches.size


def small(component, **options):
    return lambda: component(component.Options(queue=16, **options))


class Noting(CrossEntropy):
    """Notes and draws in every way that a loss may, and trains on what it noted."""

    name = "noting"

    def start(self, task):
        self.register_buffer("centre", torch.zeros(12))
        self.register_buffer("losses", torch.tensor(0))
        self.pending = erc.PendingBatches()
        self.random = erc.RandomStream(1)
        self.scale = torch.ones(())
        self.labels = []

    def get_extra_state(self):
        return {"scale": self.scale, "labels": self.labels}

    def set_extra_state(self, state):
        self.scale, self.labels = state["scale"], state["labels"]

    def loss(self, outputs):
        self.losses += 1
        self.pending.add(outputs.labels, outputs.z)
        self.labels += outputs.labels.tolist()
        self.register_buffer("last", outputs.labels)
        self.centre = 0.9 * self.centre + 0.1 * outputs.z.detach().mean(0)
        drawn = torch.rand((), generator=self.random.generator).item()
        drawn += torch.rand(()).item() + random.random() + np.random.rand()
        self.scale = self.scale * (1 + 0.01 * drawn)
        pull = (outputs.z - self.centre).square().mean() * self.scale
        waiting = len(list(self.pending.buffers()))
        return {**super().loss(outputs), "pull": pull * (1 + waiting + len(self.labels) / 100 + self.losses / 10)}

    def after_step(self):
        *_, (_, last) = self.pending.take()
        self.centre = 0.9 * self.centre + 0.1 * last.mean(0)


class Pushing(SupCon):
    """Moves the embeddings for a second pass, which may not fit."""

    name = "pushing"

    def step(self, step):
        clean = self.loss(step.outputs())
        step.backward(clean)
        embeddings = next(p for p in step.parameters("encoder") if p.shape[0] == 64)
        push = 0.5 * embeddings.grad.sign()
        embeddings.data += push
        self.fit()
        attacked = self.loss(step.outputs())
        step.backward(attacked)
        embeddings.data -= push
        return attacked

    def fit(self):
        """Do nothing: the second pass fits."""


OBJECTIVES = (SupCon, small(Kcl), small(Tsc), small(Spcl, support=2), Noting)
# Adam makes steps of the learning rate however small a gradient is. The smallest of N gradients is about the Nth part
# of the largest, so that rounding (a unit of the last place for the root of the number of terms) changes its step by N
# times as much: here by at most 6 steps of 0.01, with sums over some 100 tokens and 1,700 weights.
SAME = {"rtol": 1e-4, "atol": 6 * 0.01 * torch.finfo(torch.float32).eps * 100**0.5 * 1700}


def seeded():
    random.seed(5)
    np.random.seed(5)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("backwards", "options"), [(False, {}), (True, {}), (True, {"accumulation": 2})])
def test_training_comes_to_the_same(bench, objective, backwards, options):
    seeded()
    expected, terms, undisturbed, _ = trained(bench, objective(), **options)
    seeded()
    found, found_terms, told, size = trained(bench, objective(), 4, backwards=backwards, **options)
    torch.testing.assert_close(found, expected, **SAME)
    torch.testing.assert_close(found_terms, terms, **SAME)
    assert told.notes == [note(10), note(5)]
    assert size == 2
    assert undisturbed.notes == []
    assert told.steps == undisturbed.steps == 2 * 3


def test_dropout_is_what_it_is_with_that_size_from_the_start(bench_with_dropout):
    expected, *_ = trained(bench_with_dropout, SupCon(), size=2)
    found, *_, size = trained(bench_with_dropout, SupCon(), 4)
    assert size == 2
    torch.testing.assert_close(found, expected, **SAME)


def test_parameters_that_a_step_had_moved_are_put_back(bench):
    attempts = []

    class Failing(Pushing):
        def fit(self):
            attempts.append(1)
            if len(attempts) == 2:
                raise torch.OutOfMemoryError("CUDA out of memory")

    expected, *_ = trained(bench, Pushing())
    found, _, told, _ = trained(bench, Failing())
    assert told.notes == [note(10)]
    torch.testing.assert_close(found, expected, **SAME)


def test_a_last_batch_that_is_small_is_halved_itself(bench):
    _, _, told, size = trained(bench, CrossEntropy(), 3, size=100, batch_size=20)
    assert told.notes == [note(20), note(10), note(5)]
    assert size == 2


def test_it_goes_down_to_one_example_and_no_further(bench):
    _, _, told, size = trained(bench, CrossEntropy(), 1, batch_size=16)
    assert told.notes == [note(16), note(8), note(4), note(2)]
    assert size == 1
    with pytest.raises(torch.OutOfMemoryError, match="1 rows"):
        trained(bench, CrossEntropy(), 0, batch_size=16)


def test_states_that_lie_in_memory_cannot_be_divided(bench):
    class Greedy(CrossEntropy):
        def loss(self, outputs):
            raise torch.OutOfMemoryError("CUDA out of memory")

    told = Listening()
    with pytest.raises(torch.OutOfMemoryError):
        bench.train(bench.composition(Greedy(), trainable="none"), progress=told)
    assert told.notes == []


def test_another_error_is_no_lack_of_memory(bench):
    class Broken(CrossEntropy):
        def loss(self, outputs):
            raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes do not fit"):
        bench.train(bench.composition(Broken()))


def test_the_tensors_of_the_failed_step_are_gone_before_the_next_try(bench):
    kept, left = [], []

    class Watching(CrossEntropy):
        def loss(self, outputs):
            left.append([old() is not None for old in kept])
            kept.append(weakref.ref(outputs.z))
            if len(kept) == 1:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().loss(outputs)

    bench.train(bench.composition(Watching()), epochs=1, batch_size=24)
    assert left == [[], [False]]


def test_random_states_return_as_often_as_they_are_asked():
    state = RandomState(CPU)

    def draw():
        return random.random(), float(np.random.rand()), torch.rand(()).item()

    first = draw()
    for _ in range(2):
        state.restore()
        assert draw() == first


def test_a_state_is_given_back_to_the_same_objects(bench):
    objective = Noting()
    composition = bench.composition(objective)
    outputs = composition.outputs(bench.split(composition), range(3))
    centre, generator, drawn = objective.centre, objective.random.generator, objective.random.get_extra_state()
    state = StepState(composition)
    for _ in range(2):
        objective.loss(outputs)
        assert objective.losses == 1
        assert len(objective.pending._buffers) == 2
        assert not torch.equal(objective.random.get_extra_state(), drawn)
        state.restore()
        assert not hasattr(objective, "last")
        assert (objective.losses, objective.labels, objective.scale) == (0, [], 1)
        assert objective.pending.take() == []
        assert objective.random.generator is generator
        assert torch.equal(generator.get_state(), drawn)
        assert objective.centre is centre
        assert not objective.centre.any()


def test_the_encoder_s_own_buffers_are_given_back(bench, bare_encoder):
    class Normed(bare_encoder):
        def __init__(self, options, backbone):
            super().__init__(options, backbone)
            self.norm = nn.BatchNorm1d(self.dim)

        def forward(self, row_states, batch):
            return erc.Encoded(self.norm(row_states))

    composition = bench.composition(encoder=Normed)
    state = StepState(composition)
    composition.set_training(True)
    composition.outputs(bench.split(composition), range(4))
    assert composition.encoder.norm.num_batches_tracked == 1
    state.restore()
    assert composition.encoder.norm.num_batches_tracked == 0
    assert not composition.encoder.norm.running_mean.any()
