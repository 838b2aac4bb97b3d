"""The method that README shows works as it is."""

import re
from pathlib import Path

import pytest
import torch

from erc_bench.testing.objectives import check_objective

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def focal():
    """Return the class as somebody who copies it would have it."""
    source = README.partition("\n## A method in one file\n")[2]
    source = re.search(r"```python\n(.*?)^```", source, re.DOTALL | re.MULTILINE)[1]
    names = {"__name__": "focal"}
    exec(compile(source, "README.md", "exec"), names)
    return names["Focal"]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_gradients_are_finite_where_an_answer_is_certain(focal, gamma):
    logits = torch.tensor([[200.0, 0.0], [0.0, 1.0]], requires_grad=True)
    outputs = type("Given", (), {"logits": logits, "labels": torch.tensor([0, 0])})()
    (loss,) = focal(focal.Options(gamma=gamma)).loss(outputs).values()
    loss.backward()
    assert torch.isfinite(logits.grad).all()
    log_p = -torch.log(1 + torch.exp(torch.tensor(1.0)))
    assert loss.item() == pytest.approx(float(-((1 - log_p.exp()) ** gamma) * log_p / 2), rel=1e-5)


def test_it_passes_its_checks(focal):
    check_objective(focal)
