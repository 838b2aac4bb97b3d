"""What all figures have in common: files, determinism, words, and looks without colour."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures import FORMATS, KINDS, draw, save
from erc_bench.output.figures.figure_data import Drawn, Numbers, file_stem
from erc_bench.output.figures.representations import MARKERS
from erc_bench.output.figures.style import COLOURS, LINES, luminance, new_figure, styled, with_sign

SIGNATURES = {"png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-", "svg": b"<?xml", "csv": b""}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_in_every_format(gallery, tmp_path, kind, form):
    assert gallery(kind)
    for each in gallery(kind):
        file = tmp_path / f"{each.name}.{form}"
        save(each, file)
        assert file.read_bytes().startswith(SIGNATURES[form])


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_runs_give_the_same_figure_byte_for_byte(gallery, tmp_path, kind):
    for name, drawn in (("first", gallery(kind)[0]), ("second", gallery.runs.draw(kind)[0])):
        # The other formats differ in how they write what one layout gives: one kind of figure shows it.
        for form in FORMATS if kind == "seeds" else ("svg", "csv"):
            save(drawn, tmp_path / f"{name}.{form}")
    for file in tmp_path.glob("first.*"):
        assert file.read_bytes() == file.with_stem("second").read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_has_words_and_numbers(gallery, kind):
    drawn = gallery(kind)
    assert len({each.name for each in drawn}) == len(drawn)
    for each in drawn:
        assert each.name.startswith(kind)
        assert each.title
        assert each.caption.endswith(".")
        assert each.numbers.rows
        assert {len(row) for row in each.numbers.rows} == {len(each.numbers.columns)}
        for axes in each.figure.axes:
            # A diagram may have its axis named by the one below.
            assert axes.get_xlabel() or axes.get_title()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_cut_off_at_any_resolution(gallery, kind):
    for each in gallery(kind):
        width, height = each.figure.get_size_inches()
        with styled():
            for dpi in (72, 200):
                each.figure.set_dpi(dpi)
                each.figure.draw_without_rendering()
                tight = each.figure.get_tightbbox()
                assert min(tight.x0, tight.y0) >= 0
                assert tight.x1 <= width
                assert tight.y1 <= height


def test_title_and_caption_are_inside_the_file(gallery, tmp_path):
    (drawn,) = gallery("seeds")
    save(drawn, tmp_path / "seeds.svg")
    texts = [element.text for element in ElementTree.parse(tmp_path / "seeds.svg").iter() if element.text]
    assert drawn.title in texts
    assert drawn.caption in texts


def test_the_users_settings_are_neither_read_nor_changed(gallery, tmp_path):
    (plain,) = gallery("seeds")
    save(plain, tmp_path / "plain.svg")
    with matplotlib.rc_context({"font.size": 30, "svg.hashsalt": "other", "axes.facecolor": "red"}):
        before = dict(matplotlib.rcParams)
        (drawn,) = gallery.runs.draw("seeds")
        save(drawn, tmp_path / "own.svg")
        assert dict(matplotlib.rcParams) == before
    assert (tmp_path / "plain.svg").read_bytes() == (tmp_path / "own.svg").read_bytes()


def test_names_are_text_whatever_signs_they_hold(runs, store, tmp_path):
    overrides = {"objective.name": "$x_1$ & <b> \x07 \\frac"}
    for seed in (1, 2):
        store.add("ce", seed)
        store.add("eacl", seed, accuracy=0.8, overrides=overrides)
    for kind in ("confusion", "seeds", "forest"):
        for each in runs.draw(kind):
            save(each, tmp_path / f"{each.name}.svg")
            ElementTree.parse(tmp_path / f"{each.name}.svg")


def lightness(shade):
    """Return how light a colour looks in greyscale, 0 (black) to 100 (white): L* of CIE 1976."""
    share = luminance(shade)
    return 116 * share ** (1 / 3) - 16 if share > 0.008856 else 903.3 * share


def test_neighbouring_series_differ_in_greyscale():
    around = [*COLOURS, COLOURS[0]]
    assert all(abs(lightness(one) - lightness(other)) > 10 for one, other in pairwise(around))
    # White is 100, so that every series also stands out from the ground.
    assert all(lightness(colour) < 75 for colour in COLOURS)
    assert len(set(MARKERS)) == len(MARKERS)
    assert len(set(LINES)) == len(LINES)


def test_lightness_is_that_of_the_standard():
    assert luminance("white") == pytest.approx(1)
    assert lightness("black") == 0
    assert lightness("white") == pytest.approx(100)
    assert lightness("#777777") == pytest.approx(50.03, abs=0.01)


@pytest.mark.parametrize("colours", ["Blues", "cividis"])
def test_the_values_of_a_matrix_go_one_way_in_greyscale(colours):
    shades = [lightness(matplotlib.colormaps[colours](share)[:3]) for share in np.linspace(0, 1, 21)]
    steps = np.diff(shades)
    assert (steps < 0).all() or (steps > 0).all()


def test_a_sign_is_written_unless_there_is_nothing_to_sign():
    assert [with_sign(value, 1) for value in (1.26, -1.26, 0.04, -0.04)] == ["+1.3", "\N{MINUS SIGN}1.3", "0.0", "0.0"]


def test_an_unknown_kind_is_told_with_what_is_near(gallery):
    with pytest.raises(ErcBenchError, match=r"there is no figure 'confusions'; did you mean confusion\?"):
        gallery.runs.draw("confusions")


@pytest.mark.parametrize("missing", ["matplotlib", "sklearn"])
def test_a_missing_library_is_told_with_what_installs_it(gallery, monkeypatch, missing):
    kind = "representations"
    for name in [name for name in sys.modules if name.startswith("erc_bench.output.figures.")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ErcBenchError, match=f"drawing needs {missing}") as caught:
        gallery.runs.draw(kind)
    assert caught.value.hint == "Install it with: pip install 'erc-bench[plot]'"


def test_a_bug_in_an_import_is_not_told_as_a_missing_library(gallery, monkeypatch):
    def broken(name):
        raise ModuleNotFoundError("No module named 'erc_bench.nothing'", name="erc_bench.nothing")

    monkeypatch.setattr("erc_bench.output.figures.import_module", broken)
    with pytest.raises(ModuleNotFoundError):
        gallery.runs.draw("seeds")


def test_figures_of_one_name_are_numbered(runs, store):
    # Capitals alone tell these apart, which some file systems do not.
    for method in ("ce", "CE"):
        store.add(method, 1, epochs=runs.epochs(2, np.random.default_rng(1)))
        runs.arrays(next(store.runs.glob(f"meld/{method}/*/*/seed-1")), anchors__stage_one=np.eye(3))
    assert [each.name for each in runs.draw("anchors")] == ["anchors-meld-ce", "anchors-meld-CE-2"]


def test_a_name_is_safe_as_that_of_a_file():
    assert file_stem("forest", "ce/minilm", "meld (data f00d)", "") == "forest-ce-minilm-meld-data-f00d"
    assert file_stem("..", "../etc/passwd") == "etc-passwd"


@pytest.fixture
def square():
    return Drawn(
        "square", "A square", "It is empty.", new_figure(1, 1), Numbers(("a", "b"), (("x,y", 1 / 3), ("z", None)))
    )


def test_numbers_are_written_as_csv(square, tmp_path):
    save(square, tmp_path / "deep" / "square.csv")
    assert (tmp_path / "deep" / "square.csv").read_text() == 'a,b\n"x,y",0.333333\nz,\n'


def test_a_format_that_is_not_known_is_told(square, tmp_path):
    with pytest.raises(ErcBenchError, match=r"a figure cannot be written as 'square.pgn'; did you mean png\?"):
        save(square, tmp_path / "square.pgn")


def test_a_file_that_cannot_be_written_is_told(square, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(ErcBenchError, match="cannot be written"):
        save(square, tmp_path / "taken" / "square.png")


def test_drawing_keeps_no_state_of_pyplot(gallery, tmp_path):
    program = (
        "import sys; from pathlib import Path; from erc_bench.store.index.all_cells import read_cells;"
        "import erc_bench.output.figures as figures;"
        "assert 'matplotlib' not in sys.modules;"
        f"drawn = figures.draw('seeds', read_cells(Path({str(gallery.runs.store.runs)!r})));"
        f"figures.save(drawn[0], Path({str(tmp_path)!r}, 'seeds.png'));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(tmp_path, "seeds.png").is_file()


def test_draw_takes_the_names_that_compare_takes(gallery):
    drawn = draw("seeds", gallery.runs.cells(), methods=["eacl", "ce"], metric="accuracy")
    assert "accuracy on test" in drawn[0].caption
    assert list(dict.fromkeys(row[3] for row in drawn[0].numbers.rows)) == ["eacl", "ce"]
    with pytest.raises(ErcBenchError, match=r"no run of method 'eakl' is stored; did you mean eacl\?"):
        draw("seeds", gallery.runs.cells(), methods=["eakl"])
