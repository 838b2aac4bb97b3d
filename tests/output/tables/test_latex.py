"""Tables of LaTeX: any text in them prints, they fit their page, and pdflatex compiles them."""

# ruff: noqa: RUF001 - the characters that look like others are the matter

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.comparison.comparison_data import TableRow
from erc_bench.comparison.row_key import RowKey
from erc_bench.output.tables import latex
from erc_bench.output.tables.latex_table import LatexCell, LatexTable
from erc_bench.output.tables.latex_text import breakable

COMPARISONS = (
    "comparison",
    "classes",
    "beside",
    "audited",
    "lettered",
    "sliced",
    "over",
    "wide",
    "long",
    "long_and_wide",
)
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


def many_times(comparison, times):
    """The rows over and over, under labels of their own."""
    rows = tuple(
        TableRow(RowKey(row.key.method, "x", (("n", str(number)),)), f"[{number}] {row.label} · encoder.template=paper")
        for number in range(times)
        for row in comparison.rows
    )
    columns = tuple(
        replace(column, scores=tuple(score and replace(score, row=n) for n, score in enumerate(column.scores * times)))
        for column in comparison.columns
    )
    return replace(comparison, rows=rows, columns=columns)


@pytest.fixture
def long(comparison):
    """More rows than a page holds, on two datasets, and notes longer than a page."""
    said = tuple(f"Sentence {number} of what is said, with training.warm_up_of_something=0.1." for number in range(90))
    return replace(many_times(comparison, 100), caption=(*comparison.caption, *said))


@pytest.fixture
def long_and_wide(wide):
    """More rows than a page holds, and more columns than a line."""
    return many_times(wide, 60)


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


@given(st.text("ab .-=·_", max_size=60))
def test_breaks_in_long_words_lose_nothing(text):
    assert breakable(text).replace(r"\allowbreak{}", "") == latex.escape(text)


def test_a_setting_may_be_broken_and_a_short_word_may_not():
    assert breakable("spcl-cl encoder.template=paper") == (r"spcl-cl encoder.\allowbreak{}template=\allowbreak{}paper")


def table_of(rows, columns, text="12.34", notes=()):
    head = (tuple(LatexCell(f"head {number}", f"head {number}") for number in range(columns)),)
    section = tuple(tuple(LatexCell(text, text) for _ in range(columns)) for _ in range(rows))
    return LatexTable("tab:a", "A table", "l" + "c" * (columns - 1), head, (section,), notes)


def test_a_first_cell_with_a_bracket_is_no_argument_of_the_row_before():
    assert r"{}[1] & [1] \\" in table_of(2, 2, "[1]").latex()


@pytest.mark.parametrize(
    ("rows", "columns", "text", "notes", "packages"),
    [
        (3, 4, "12.34", (), {"booktabs", "graphicx"}),
        (3, 14, "12.34", (), {"booktabs", "graphicx"}),
        (3, 2, "as wide as several words of some length, which are shrunk", (), {"booktabs", "graphicx"}),
        (60, 4, "12.34", (), {"booktabs", "longtable"}),
        (60, 14, "12.34", (), {"booktabs", "array", "longtable"}),
        (3, 4, "12.34", ("A fact of a method. " * 300,), {"booktabs", "longtable"}),
    ],
)
def test_rows_and_notes_make_a_table_long_and_columns_make_a_long_one_wrap(rows, columns, text, notes, packages):
    table = table_of(rows, columns, text, notes)
    assert set(table.packages()) == packages
    lines = table.latex()
    assert (r"\begin{table*}[tp]" in lines) == ("longtable" not in packages)
    assert any(line.startswith(r"\resizebox") for line in lines) == ("graphicx" in packages)
    shares = [float(share) for share in re.findall(r"\\dimexpr([\d.]+)\\linewidth", "\n".join(lines))]
    assert len(shares) == (columns if "array" in packages else 0)
    assert not shares or sum(shares) <= 1.001


def plain(text):
    """Return what is read: without what only sets it."""
    return text.replace(r"\allowbreak{}", "")


@pytest.mark.parametrize("name", COMPARISONS)
def test_every_fact_is_said_and_every_row_is_there(request, name):
    comparison = request.getfixturevalue(name)
    text = plain(latex.render(comparison))
    for fact in comparison.caption:
        assert latex.escape(fact) in text
    filled = {score.row for column in comparison.columns for score in column.scores if score is not None}
    for number in filled:
        assert latex.escape(comparison.rows[number].label) in text
    labels = re.findall(r"\\label\{(.*?)\}", text)
    assert len(labels) == len(set(labels)) == len(re.findall(r"\\begin\{(?:table\*|longtable)\}", text))
    assert set(re.findall(r"\\ref\{(.*?)\}", text)) <= set(labels)


def test_a_long_table_has_its_head_on_every_page(long):
    text = latex.render(long)
    assert text.count(r"\endfirsthead") == text.count(r"\endhead") == 1
    first, _, every = text.partition(r"\endfirsthead")
    head = r" & dailydialog & meld \\"
    assert head in first
    assert head in every.partition(r"\endhead")[0]
    assert r"Table~\ref{tab:erc-bench}, continued" in every


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
    assert [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log) if float(points) > 5] == [], (
        text
    )
    assert "Float too large" not in log
    assert "Overfull \\vbox" not in log
