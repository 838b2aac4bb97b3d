from typing import get_args

import pytest


@pytest.fixture
def filled(store):
    store.add_seeds("ce", [0.5, 0.52, 0.48])
    store.add_seeds("eacl", [0.8, 0.81, 0.83])
    return store


def test_it_writes_a_page_and_says_where(command, filled, tmp_path):
    filled.fail("eacl", 4, "out of memory")
    page = tmp_path / "new" / "page.html"
    told = command("report", "--runs", filled.runs, "--output", page, "--no-figures", "--data-dir", tmp_path)
    assert told.code == 0, told.err
    assert "out of memory" in told.err
    assert f"Written to {page} (0." in told.err
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_same_runs_give_the_same_bytes(command, filled, tmp_path):
    pages = [tmp_path / name for name in ("one.html", "two.html")]
    for page in pages:
        assert command("report", "--runs", filled.runs, "--output", page, "--figure", "seeds").code == 0
    assert pages[0].read_bytes() == pages[1].read_bytes()
    assert b"<figure>" in pages[0].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--method", "eackl"), "did you mean eacl?"),
        (("--figure", "seeds", "--no-figures"), "contradict each other"),
        (("--figure", "pie"), "pie"),
        (("--runs", "nowhere"), "there is no folder of runs"),
    ],
)
def test_mistakes(command, filled, tmp_path, arguments, words):
    told = command("report", "--runs", filled.runs, "--output", tmp_path / "page.html", *arguments)
    assert told.code == 2
    assert words in told.err
    assert not (tmp_path / "page.html").exists()


def test_an_empty_folder_of_runs(command, tmp_path):
    told = command("report", "--runs", tmp_path)
    assert told.code == 2
    assert "there is no run below" in told.err


def test_a_page_that_cannot_be_written(command, filled, tmp_path):
    (tmp_path / "file").touch()
    told = command("report", "--runs", filled.runs, "--output", tmp_path / "file" / "page.html", "--no-figures")
    assert told.code == 2
    assert "cannot be written" in told.err


def test_the_kinds_that_can_be_asked_for_are_those_that_can_be_drawn():
    from erc_bench.output.figures import KINDS
    from erc_bench.output.report import FIGURES as USUAL
    from erc_bench.planning.table_requests import Figure

    assert set(get_args(Figure)) == set(KINDS)
    assert get_args(Figure)[: len(USUAL)] == USUAL
