"""``erc-bench plot``: where figures are written, and what is said."""

import pytest


@pytest.fixture
def plot(command, store, tmp_path, monkeypatch):
    """Return a function that draws from a folder of runs with two methods over three seeds."""
    store.add_seeds("ce", [0.5, 0.52, 0.55])
    store.add_seeds("eacl", [0.7, 0.72, 0.75])
    store.fail("spcl", 1, "out of memory")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: command("plot", *arguments)


def test_figures_go_into_a_folder_of_their_own(plot, tmp_path):
    outcome = plot("seeds")
    assert outcome.code == 0
    assert (tmp_path / "figures" / "seeds-meld.png").read_bytes().startswith(b"\x89PNG")
    assert "Written to figures/seeds-meld.png." in outcome.err
    assert outcome.out.startswith("Score of every seed")


def test_what_is_not_in_a_figure_is_told(plot):
    assert "Note: meld/spcl/minilm/aaaaaaaaaaaa/seed-1 (failed): out of memory" in plot("seeds").err


@pytest.mark.parametrize("form", ["png", "svg", "pdf", "csv"])
def test_a_file_says_its_format(plot, tmp_path, form):
    assert plot("confusion", "--output", f"deep/matrix.{form}").code == 0
    assert (tmp_path / "deep" / f"matrix.{form}").is_file()


def test_a_folder_holds_the_format_that_is_asked_for(plot, tmp_path):
    assert plot("forest", "--output", "pictures", "--format", "csv").code == 0
    assert (tmp_path / "pictures" / "forest-ce-meld.csv").read_text().startswith("row,baseline,dataset,")


def test_a_folder_may_have_a_dot_in_its_name(plot, tmp_path):
    (tmp_path / "v1.svg").mkdir()
    assert plot("forest", "--output", "v1.svg").code == 0
    assert (tmp_path / "v1.svg" / "forest-ce-meld.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("confusions",), "there is no figure 'confusions'; did you mean confusion?"),
        (("seeds", "--output", "a.png", "--format", "svg"), "--output a.png ends in 'png', and --format says svg"),
        (("seeds", "--output", "a.jpg"), "a figure cannot be written as 'a.jpg'"),
        (("seeds", "--method", "eakl"), "no run of method 'eakl' is stored; did you mean eacl?"),
        (("seeds", "--runs", "none"), "there is no folder of runs 'none'"),
        (("anchors",), "no stored run has label anchors"),
        (("representations",), "no stored run has test representations"),
        (("curves",), "no stored run has epochs to draw"),
    ],
)
def test_one_mistake_is_one_sentence(plot, tmp_path, arguments, sentence):
    outcome = plot(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"Error: {sentence}" in outcome.err
    assert not (tmp_path / "figures").exists()


def test_an_empty_folder_of_runs_is_told(command, tmp_path):
    (tmp_path / "runs").mkdir()
    outcome = command("plot", "seeds", "--runs", tmp_path / "runs")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Error: there is no run below")


def test_several_figures_do_not_fit_into_one_file(plot, store):
    store.add_seeds("kcl", [0.6, 0.6, 0.6])
    outcome = plot("confusion", "--output", "one.png")
    assert outcome.code == 2
    assert "2 figures do not fit into one file: confusion-meld-eacl-vs-ce, confusion-meld-kcl-vs-ce" in outcome.err
    assert plot("confusion", "--output", "one.png", "--method", "kcl", "--method", "ce").code == 0
