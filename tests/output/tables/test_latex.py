"""Tables of LaTeX: any text in them prints, they fit their page, and pdflatex compiles them."""

# ruff: noqa: RUF001 - the characters that look like others are the matter

import re
import shutil
import subprocess
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.comparison.comparison_data import RowKey, TableRow
from erc_bench.output.tables import latex
from erc_bench.output.tables.latex_cells import Closeness
from erc_bench.output.tables.latex_float import COLUMN, PAGE, Table, floats, sentence
from erc_bench.output.tables.latex_grid import SMALL, Cell, Grid, text_cell
from erc_bench.output.tables.latex_size import ems, wrapped

COMPARISONS = ("comparison", "classes", "beside", "audited", "lettered", "sliced", "wide", "long")
LABEL = "spcl-cl · encoder.template=paper · read by nearest-anchor"


@pytest.fixture
def wide(classes):
    """Ten classes, labels that are longer than a column, and a class whose name is as long as a title may be."""
    names = ("anger", "disgust", "frustrated", "happiness", "no emotion", "a-very-long-name-of-a-class", "joy", "sad")
    meld = [column for column in classes.columns if column.dataset == "meld"]
    columns = (*(replace(meld[0], class_name=name) for name in names), *meld[-2:])
    rows = tuple(replace(row, label=f"{LABEL} {number}") for number, row in enumerate(classes.rows))
    reported = tuple(replace(row, values=(54.32,) * len(columns)) for row in classes.reported)
    return replace(classes, columns=columns, rows=rows, reported=reported)


@pytest.fixture
def long(comparison):
    """More rows than a page holds, on two datasets, and a caption longer than a column."""
    times = 100
    rows = tuple(
        TableRow(RowKey(row.key.method, "x", (("n", str(number)),)), f"[{number}] {row.label} · encoder.template=paper")
        for number in range(times)
        for row in comparison.rows
    )
    columns = tuple(
        replace(column, scores=tuple(score and replace(score, row=n) for n, score in enumerate(column.scores * times)))
        for column in comparison.columns
    )
    said = tuple(f"Sentence {number} of what is said, with training.warm_up_of_something=0.1." for number in range(90))
    return replace(comparison, rows=rows, columns=columns, caption=(*comparison.caption, *said))


def test_latex_escapes_every_special_character():
    assert latex.escape("a_b & 5 % of {x} ~ ^ # $ \\") == (
        r"a\_b \& 5 \% of \{x\} \textasciitilde{} \textasciicircum{} \# \$ \textbackslash{}"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("λ τ ε θ ς", r"$\lambda$ $\tau$ $\epsilon$ $\theta$ $\varsigma$"),
        ("Σ Γ Λ Α ο µ", r"$\Sigma$ $\Gamma$ $\Lambda$ $A$ $o$ $\mu$"),
        ("1 − 2 × 3 → …", r"1 $-$ 2 $\times$ 3 $\rightarrow$ \ldots{}"),
        ("“a” ‘b’ – —", "``a'' `b' -- ---"),
        ("é e\u0301 ö ế", r"\'{e} \'{e} \"{o} \'{\^{e}}"),
        ("ﬁ ａ ％", r"fi a \%"),
        ("中 ▁ \U0001f600", "[U+4E2D] [U+2581] [U+1F600]"),
        ("a\tb\n\nc", "a b  c"),
    ],
)
def test_latex_writes_what_is_not_ascii_with_commands(text, expected):
    assert latex.escape(text) == expected


@given(st.text())
def test_latex_escapes_any_text_to_ascii_with_balanced_braces_and_math(text):
    escaped = latex.escape(text)
    assert escaped.isascii()
    bare = re.sub(r"\\[\\{}&%$#_]", "", escaped)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0


def test_a_latex_table_with_any_caption_and_notes_is_ascii(comparison):
    odd = "λ = 0.5, τ, ε, 1 − α …, “é”, 中"
    text = latex.render(replace(comparison, caption=(*comparison.caption, odd), notes=(f"50 % of {odd}",)))
    assert text.isascii()
    assert r"$\lambda$ = 0.5, $\tau$, $\epsilon$, 1 $-$ $\alpha$ \ldots{}, ``\'{e}'', [U+4E2D]" in text
    assert "% Note: 50 % of " in text


def plain(lines):
    """Return the text of the cells, without what sets them."""
    return re.sub(r"\\(?:quad|scriptsize) |\{\}", "", "\n".join(lines))


@given(st.text("ab .-=·_", max_size=60), st.floats(4, 20))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text, most):
    lines = wrapped(text, most)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for number, line in enumerate(lines):
        breakable = re.search(r"[\s=./_-](?=[^\s=./_-])", line.removeprefix("· "))
        assert not breakable or ems(line) <= most - (1 if number else 0)


def test_a_long_label_is_broken_between_its_parts():
    assert wrapped(LABEL, 14) == ["spcl-cl", "· encoder.template=paper", "· read by nearest-anchor"]
    cell = text_cell(LABEL, 14)
    assert cell.lines[1] == r"\quad $\cdot$ encoder.template=paper"
    assert cell.latex("l", "t").startswith(r"\begin{tabular}[t]{@{}l@{}}spcl-cl\\")
    assert text_cell(LABEL).lines == (r"spcl-cl $\cdot$ encoder.template=paper $\cdot$ read by nearest-anchor",)


def test_a_first_cell_with_a_bracket_is_no_argument_of_the_row_before():
    grid = Grid("lc", ((text_cell("a"), text_cell("b")),), (((text_cell("[1]"), text_cell("[2]")),),))
    assert r"{}[1] & [2] \\" in grid.latex()


@pytest.mark.parametrize("most", [60.0, 100.0, 300.0])
def test_a_cut_grid_has_each_row_once_under_the_same_head(most):
    rows = tuple((Cell((f"row {number}", "more")[: 1 + number % 2], 3.0),) for number in range(60))
    grid = Grid("l", ((text_cell("head"),),), (rows[:37], rows[37:]))
    parts = grid.cut(SMALL, most)
    assert len(parts) > 1
    assert [row for part in parts for section in part.sections for row in section] == list(rows)
    assert all(part.head == grid.head and part.height(SMALL) <= most for part in parts)


def of_columns(count, close):
    row = tuple(text_cell("12.34") for _ in range(count))
    return Grid("c" * count, (row,), ((row,),))


@pytest.mark.parametrize(
    ("columns", "environment", "guarded"), [(4, "table", False), (10, "table*", False), (13, "table*", True)]
)
def test_a_table_stands_in_one_column_if_it_fits(columns, environment, guarded):
    width = of_columns(columns, Closeness()).width(SMALL)
    assert width <= (COLUMN if environment == "table" else PAGE)
    lines = floats(Table("tab:a", "A table", ("One fact.",), (partial(of_columns, columns),)))
    assert lines[0] == rf"\begin{{{environment}}}[t]"
    assert any(line.startswith(r"\resizebox") for line in lines) == guarded


def test_a_caption_that_fills_a_column_takes_both():
    made = (partial(of_columns, 3),)
    assert floats(Table("tab:a", "A table", ("A fact of a method. " * 40,), made))[0] == r"\begin{table}[t]"
    assert floats(Table("tab:a", "A table", ("A fact of a method. " * 120,), made))[0] == r"\begin{table*}[t]"


@pytest.mark.parametrize("name", COMPARISONS)
def test_every_fact_is_said_and_every_row_is_there(request, name):
    comparison = request.getfixturevalue(name)
    text = plain(latex.render(comparison).splitlines())
    for fact in comparison.caption:
        assert plain([sentence(fact)]) in text
    filled = {score.row for column in comparison.columns for score in column.scores if score is not None}
    shown = [row.label for number, row in enumerate(comparison.rows) if number in filled]
    squeezed = re.sub(r"\\\\(\[-[\d.]+pt\])?|\s", "", text)
    for label in shown:
        assert latex.escape(label).replace(" ", "") in squeezed
    labels = re.findall(r"\\label\{(.*?)\}", text)
    assert len(labels) == len(set(labels)) == len(re.findall(r"\\begin\{table", text))
    assert set(re.findall(r"\\ref\{(.*?)\}", text)) <= set(labels)


def test_what_no_page_holds_is_cut_into_parts_that_name_the_first(long):
    text = latex.render(long)
    parts = len(re.findall(r"\\label\{tab:erc-bench(?:-part-\d+)?\}", text))
    assert rf"Part 2 of {parts} of Table~\ref{{tab:erc-bench}}." in text
    assert r"\noindent To Table~\ref{tab:erc-bench}: " in text
    # What is held back until there is room for it must not become too much.
    assert text.count(r"\clearpage") == text.count(r"\begin{table") // 12 > 0


DOCUMENTS = {
    "two columns": r"\documentclass[twocolumn]{article}",
    "one column": r"\documentclass{article}",
    "A4, 7.7 cm": r"\documentclass[11pt,a4paper,twocolumn]{article}\textwidth16cm\columnsep.6cm\textheight24.7cm",
}


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("name", COMPARISONS)
def test_the_tables_compile_and_fit_their_page(request, tmp_path, name, document):
    text = latex.render(request.getfixturevalue(name))
    packages = re.match(r"% Needs (\\usepackage\{[a-z,]+\})\n", text)[1]
    (tmp_path / "tables.tex").write_text(text, encoding="ascii")
    lines = [DOCUMENTS[document], packages, r"\begin{document}", "Before.", r"\input{tables}", "After."]
    (tmp_path / "paper.tex").write_text("\n".join([*lines, r"\end{document}"]), encoding="ascii")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, timeout=300)
    log = (tmp_path / "paper.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-2000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 10_000
    assert [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log) if float(points) > 5] == []
    assert "Float too large" not in log
    assert "Overfull \\vbox" not in log
