"""Fine-tuning on answers: the loss and its gradients against a plain loop, the order, the rate, micro-batches."""

import math
from dataclasses import replace

import pytest
import torch

from erc_bench.pretrained.adapters import adapter_state, add_adapters, load_adapters
from erc_bench.testing.tiny import tiny_generative
from erc_bench_plugins.systems.language_models.fine_tuning import Answered, FineTuning, Recipe, answer_loss

PAD = 0
EXAMPLES = [
    Answered([20, 21, 22], [7, 3]),
    Answered([30, 31, 32, 33, 34, 35], [8, 9, 3]),
    Answered([40], [7, 3]),
    Answered([50, 51, 52, 53], [10, 3]),
    Answered([60, 61], [8, 9, 3]),
]


def epochs(model, examples, recipe, pad_id, seed, done):
    training = FineTuning(model, examples, recipe, pad_id, seed)
    return [training.epoch(done) for _ in range(recipe.epochs)]


def adapted(dropout=0.0, precision=torch.float64):
    torch.manual_seed(0)
    model = tiny_generative().model.to(precision)
    add_adapters(model, 4, 8, dropout, "all-linear")
    # Adapters begin as nothing; here they are something.
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(precision)
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.1)
    return model


def by_loop(model, examples):
    """Return the loss of a token after the other, each row alone."""
    total = torch.zeros((), dtype=torch.float64)
    for each in examples:
        for place, token in enumerate(each.answer):
            ids = torch.tensor([[*each.prompt, *each.answer[:place]]])
            total = total - model(input_ids=ids).logits[0, -1].log_softmax(-1)[token]
    return total


def gradients(model):
    found = {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.requires_grad}
    model.zero_grad()
    return found


def test_the_loss_is_that_of_the_answers_alone_with_its_gradients():
    model = adapted().eval()
    loss = answer_loss(model, EXAMPLES, PAD)
    loss.backward()
    found = gradients(model)
    expected = by_loop(model, EXAMPLES)
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for name, gradient in gradients(model).items():
        assert torch.allclose(found[name], gradient, atol=1e-5), name
        assert gradient.abs().max() > 0


def test_only_the_adapters_train():
    model = adapted()
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert trained
    assert all("lora_" in name for name in trained)
    recipe = Recipe(epochs=2, batch_size=2, rate=1e-2, warmup=0.1, micro_batch=2)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    list(epochs(model, EXAMPLES, recipe, PAD, 1, lambda: None))
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name]) == (name not in trained), name


def trained(seed=1, micro_batch=4, **more):
    model, steps = adapted(), []
    recipe = Recipe(**{"epochs": 3, "batch_size": 4, "rate": 1e-2, "warmup": 0.2, "micro_batch": micro_batch, **more})
    losses = list(epochs(model, EXAMPLES, recipe, PAD, seed, lambda: steps.append(1)))
    return losses, adapter_state(model), steps


def test_a_step_is_that_of_peft_and_torch_in_a_plain_loop():
    """The whole training again, written out: order, mean over tokens, clipping, AdamW, the rate."""
    import random

    model, order = adapted(), random.Random(1)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=1e-2, weight_decay=0.0)
    step, steps, rising = 0, 6, round(0.2 * 6)
    for _ in range(3):
        model.train()
        shuffled = list(EXAMPLES)
        order.shuffle(shuffled)
        for batch in (shuffled[:4], shuffled[4:]):
            factor = (step + 1) / rising if step < rising else (steps - step) / (steps - rising)
            optimiser.param_groups[0]["lr"] = 1e-2 * factor
            (by_loop(model, batch) / sum(len(each.answer) for each in batch)).backward()
            norm = math.sqrt(sum(float(each.grad.square().sum()) for each in parameters))
            for each in parameters:
                each.grad.mul_(min(1.0, 1.0 / (norm + 1e-6)))
            optimiser.step()
            optimiser.zero_grad()
            step += 1
    _, found, _ = trained()
    for name, tensor in adapter_state(model).items():
        assert torch.allclose(found[name], tensor, atol=1e-4), name


def test_micro_batches_change_nothing():
    whole, one = trained(micro_batch=4)[1], trained(micro_batch=1)[1]
    for name, tensor in whole.items():
        assert torch.allclose(one[name], tensor, atol=1e-4), name


def test_it_learns_and_tells_every_step():
    losses, _, steps = trained(epochs=60, rate=5e-2)
    assert len(losses) == 60
    assert len(steps) == 120
    assert losses[-1] < 0.6 * losses[0]


def test_the_same_seed_trains_the_same_and_another_one_another():
    first, again, other = trained()[1], trained()[1], trained(seed=2)[1]
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("until", [1, 2])
def test_what_was_put_back_goes_on_to_the_same_bits(until):
    recipe = Recipe(epochs=3, batch_size=2, rate=1e-2, warmup=0.2, micro_batch=2)
    whole = FineTuning(adapted(dropout=0.3), EXAMPLES, recipe, PAD, 1)
    torch.manual_seed(5)
    losses = [whole.epoch(lambda: None) for _ in range(3)]

    model = adapted(dropout=0.3)
    torch.manual_seed(5)
    first = FineTuning(model, EXAMPLES, recipe, PAD, 1)
    begun = [first.epoch(lambda: None) for _ in range(until)]
    weights, state = adapter_state(model), first.state()

    torch.manual_seed(77)
    again = adapted(dropout=0.3)
    second = FineTuning(again, EXAMPLES, recipe, PAD, 1)
    load_adapters(again, weights)
    second.put_back(state)
    assert begun + [second.epoch(lambda: None) for _ in range(3 - until)] == losses
    for name, weight in adapter_state(whole._model).items():
        assert torch.equal(weight, adapter_state(again)[name]), name


def test_other_trainings_have_other_names():
    recipe = Recipe(epochs=3, batch_size=2, rate=1e-2, warmup=0.2, micro_batch=2)
    model = adapted()
    names = [
        FineTuning(model, EXAMPLES, recipe, PAD, 1).name(),
        FineTuning(model, EXAMPLES, recipe, PAD, 2).name(),
        FineTuning(model, EXAMPLES[:3], recipe, PAD, 1).name(),
        FineTuning(model, EXAMPLES, replace(recipe, rate=1e-3), PAD, 1).name(),
    ]
    assert len(set(names)) == 4
    assert names[0] == FineTuning(model, EXAMPLES, recipe, PAD, 1).name()
