"""What README shows is what a reader sees who types it: the commands, the method, the picture."""

import os
import re
import shutil
from pathlib import Path

import pytest
import torch

from erc_bench.testing.objectives import check_objective

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUICK = " --seeds 3 --set dataset.size=40"
"""What makes seconds of a run that takes minutes; the last ``--seeds`` counts."""


def test_it_is_read_in_five_minutes():
    assert len(README.splitlines()) <= 130


def test_every_link_leads_to_a_file():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(links) > 20
    assert not [link for link in links if not (ROOT / link).exists()]


def test_its_runs_on_the_demo_corpus_print_what_it_shows(page_blocks, shown_output, reader):
    ran = []
    for block in page_blocks.blocks(ROOT / "README.md"):
        if block.title:
            reader.save(block.title, block.text)
        steps = block.steps() if block.marks.get("not run") == "takes minutes" else []
        for step in steps:
            if step.command.startswith("erc-bench run "):
                code, printed = reader.type(step.command + QUICK)
                assert code == 0, f"{step.command}\n{printed}"
                shown = step.shown or ["…", " focal …", "…"]
                assert shown_output.agrees(shown, printed.splitlines(), numbers_vary=True), printed
                ran.append(step)
    assert len(ran) == 2


def test_the_picture_is_drawn_from_the_stored_runs(page_blocks, reader):
    (step,) = page_blocks.blocks(ROOT / "docs" / "report.md")[0].steps()
    code, printed = reader.type(step.command)
    assert code == 0, printed
    drawn = reader.folder / step.command.split()[-1]
    picture = ROOT / "docs" / "figures" / drawn.name
    assert f"(docs/figures/{picture.name})" in README
    if os.environ.get("ERC_BENCH_UPDATE_DOCS") == "1":
        shutil.copyfile(drawn, picture)
    # The caption has every number; the strokes hang on the version of matplotlib.
    assert described(picture) == described(drawn)
    assert picture.stat().st_size < 100_000


def described(picture):
    return re.search(r"<dc:description>(.*?)</dc:description>", picture.read_text(encoding="utf-8"), re.DOTALL)[1]


@pytest.fixture
def focal():
    """Return the class as somebody who copies it would have it."""
    source = README.partition("\n## A method in one file\n")[2]
    source = re.search(r"```python[^\n]*\n(.*?)^```", source, re.DOTALL | re.MULTILINE)[1]
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
