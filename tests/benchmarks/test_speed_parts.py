"""The parts of the speed benchmark: what they count is right, and every part runs."""

import math
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.testing.toy import toy_labels, toy_outputs, toy_representations, toy_task
from erc_bench_plugins.datasets.demo import Demo

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _beside_the_benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ("speed_parts", "startup", "compare_cells")]:
        del sys.modules[name]


def test_a_peak_is_that_of_products_that_were_measured():
    from speed_parts.peak import matrix_peak

    assert 1e7 < matrix_peak(CPU, torch.float32, 0.05) < 1e16


def test_memory_counts_what_is_alive_at_once():
    from speed_parts.memory import peak_bytes

    given, kept = torch.ones(1000), []

    def in_turn():
        for _ in range(5):
            torch.zeros(1000)

    def together():
        kept.extend(given + number for number in range(5))

    assert peak_bytes(in_turn, CPU) == 4000
    assert peak_bytes(together, CPU) == 5 * 4000
    # A view has no memory of its own, and what was there before does not count.
    assert peak_bytes(lambda: given.view(10, 100)[1:].add_(1), CPU) == 0


def test_memory_counts_the_backward_pass():
    from speed_parts.memory import peak_bytes

    weights = torch.ones(1000, requires_grad=True)
    # The exponentials are kept for the gradient, which is there at the same time.
    assert peak_bytes(lambda: weights.exp().sum().backward(), CPU) >= 2 * 4000
    assert weights.grad is not None


@pytest.mark.parametrize("classes", [(0, 1, 2, 3), (0, 1, 3)])
def test_the_expanded_form_is_the_official_loss_with_its_gradients(classes):
    from speed_parts.expanded import expanded_terms

    eacl = Catalogue().get("objective", "eacl")
    task = toy_task(objective_options=eacl.Options(formulation="official", lambda1=0.6, lambda2=0.3, temperature=0.1))
    objective = eacl(task.objective_options)
    objective.start(task)
    head = objective.make_head(task.dim, task.classes, 0.0)
    labels = toy_labels(18, classes)
    found = []
    for loss in (objective.loss, lambda outputs: expanded_terms(outputs, objective.anchors(), objective.options)):
        z = toy_representations(labels).requires_grad_()
        terms = loss(toy_outputs(objective, head, z, labels))
        torch.stack(list(terms.values())).sum().backward()
        found.append((terms, z.grad))
    (ours, our_gradient), (published, published_gradient) = found
    assert ours.keys() == published.keys()
    for name, term in ours.items():
        assert torch.isclose(term, published[name], rtol=1e-5, atol=1e-6), name
    assert torch.allclose(our_gradient, published_gradient, rtol=1e-3, atol=1e-6)


def test_every_objective_is_measured_and_the_expanded_form_takes_more():
    from speed_parts.objectives import EXPANDED, OFFICIAL, objective_costs

    costs = objective_costs(quick=True)
    names = {cost.objective for cost in costs}
    assert names == {*Catalogue().entries("objective"), OFFICIAL, EXPANDED}
    assert all(cost.seconds > 0 and cost.peak_mib > 0 and math.isfinite(cost.loss) for cost in costs)
    peak = {(cost.objective, cost.rows): cost.peak_mib for cost in costs}
    assert peak[EXPANDED, 128] > 30 * peak[OFFICIAL, 128]


def test_what_does_not_fit_follows_from_fewer_rows(monkeypatch):
    from speed_parts import objectives

    monkeypatch.setattr(objectives, "_room", lambda _device: 2**19)
    small, large = objectives._expanded((16, 64), 8, CPU, 0.0)
    assert small.measured
    assert not large.measured

    assert large.seconds == pytest.approx((68 / 20) ** 2 * small.seconds)
    assert large.peak_mib == pytest.approx((68 / 20) ** 2 * small.peak_mib)
    objectives._check_equal_losses([replace(small, objective=objectives.OFFICIAL), small, large])
    with pytest.raises(ArithmeticError, match="expanded"):
        objectives._check_equal_losses([replace(small, objective=objectives.OFFICIAL, loss=2 * small.loss), small])


def test_loading_counts_the_same_tokens_in_every_part():
    from speed_parts.loading import PAD, READ, loading_costs

    costs = {cost.name: cost for cost in loading_costs(quick=True)}
    assert costs[READ].tokens is None
    tokens = {cost.tokens for cost in costs.values()} - {None}
    assert len(tokens) == 1
    assert all(cost.measured and cost.seconds > 0 for cost in costs.values())
    assert costs[PAD].tokens_per_second == costs[PAD].tokens / costs[PAD].seconds


def test_frozen_features_are_encoded_kept_and_trained_on():
    from speed_parts.frozen import METHODS, frozen_costs

    costs = frozen_costs(quick=True)
    assert costs.encoding.whole > costs.encoding.seconds > 0
    states = costs.cache.rows * 384 * 4 / 2**20
    assert states < costs.cache.mib < states + 0.01
    assert [step.method for step in costs.steps] == list(METHODS)
    assert all((step.rows, step.dim, step.dev_rows) == (64, 384, 1024) for step in costs.steps)
    assert all(step.step_ms > 0 and step.dev_ms > 0 for step in costs.steps)


def test_commands_start_without_torch_and_compare_reads_all_cells():
    from speed_parts.startup import starting_costs

    costs = {cost.command: cost for cost in starting_costs(quick=True)}
    assert costs["--help"].torch is False
    assert costs["compare"].cells == 24
    assert costs["compare"].peak_mib > 10
    assert all(0 < cost.seconds <= cost.largest for cost in costs.values())


def test_a_larger_corpus_takes_more_of_everything(tiny_bert):
    from speed_parts.corpus_size import corpus_costs

    small, large = corpus_costs(quick=True, backbone=str(tiny_bert))
    assert (small.dialogues, large.dialogues) == (60, 240)
    assert large.utterances > 3 * small.utterances
    assert large.seconds > 0
    assert large.microseconds_per_utterance == pytest.approx(large.seconds / large.utterances * 1e6)


@pytest.mark.parametrize(
    "method", ["gru", "sacl", "emocaps", "cosmic", "cosmic-no-knowledge", "cogmen", "dialogue-ein"]
)
def test_the_obvious_loop_computes_what_the_network_does(tiny_bert, method):
    from speed_parts.cells import Source
    from speed_parts.dialogues import made, represented
    from speed_parts.obvious_loops import obvious_loop

    encoder, read, name = made(method, Source("demo", backbone=str(tiny_bert)))
    encoder.eval()
    with torch.no_grad():
        ours, by_loop = represented(encoder, read[:2]), obvious_loop(name)
        loop = torch.cat([by_loop(encoder, each.dialogue, each.states, each.features) for each in read[:2]])
    torch.testing.assert_close(ours, loop, rtol=1e-9, atol=1e-9)


def test_networks_over_dialogues_are_measured_three_ways(tiny_bert):
    from speed_parts.cells import Source
    from speed_parts.dialogues import dialogue_costs

    (cost,) = dialogue_costs(True, Source("demo", backbone=str(tiny_bert)), ["gru"])
    assert (cost.method, cost.dialogues) == ("gru", 32)
    assert cost.loop_ratio == pytest.approx(cost.loop / cost.together)
    assert cost.alone_ratio == pytest.approx(cost.alone / cost.together)


def test_labels_cost_the_same_numbers_on_both_sides(tiny_llama):
    from speed_parts.cells import Source
    from speed_parts.labels import label_costs

    exact, half = label_costs(quick=True, source=Source("demo", None, str(tiny_llama), CPU))
    assert exact.largest_difference < 1e-4
    assert half.largest_difference < 1
    for cost in (exact, half):
        assert cost.ratio == cost.loop / cost.ours > 0
        assert cost.labels == len(Demo.labels)


def test_a_step_with_adapters_has_the_same_loss_on_both_sides(tiny_llama):
    from speed_parts.adapters import step_costs
    from speed_parts.cells import Source

    exact, half = step_costs(quick=True, source=Source("demo", None, str(tiny_llama), CPU))
    assert exact.largest_difference < 1e-4
    assert half.largest_difference < 0.1
    assert all(cost.ratio == cost.loop / cost.ours > 0 for cost in (exact, half))
