"""Every format against a golden file; run with ERC_BENCH_UPDATE_GOLDEN=1 to write them anew."""

import csv
import io
import json
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from erc_bench.comparison import Comparison, compare
from erc_bench.comparison.row_key import RowKey
from erc_bench.errors import ErcBenchError
from erc_bench.output.tables import RENDERERS, SUFFIXES, markdown, render, rich_table
from erc_bench.output.tables.table_cells import marks, panels, probability
from erc_bench.store.index.all_cells import read_cells

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("name", ["comparison", "classes", "beside", "audited", "lettered", "sliced", "over"])
def test_every_format_equals_its_golden_file(request, name, form):
    text = render(request.getfixturevalue(name), form)
    file = GOLDEN / f"{name}.{SUFFIXES[form]}"
    if os.environ.get("ERC_BENCH_UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert _rounded(text) == _rounded(file.read_text(encoding="utf-8"))


def _rounded(text):
    # The last digits of unrounded numbers depend on the machine's arithmetic.
    return re.sub(r"-?\d+\.\d{7,}(e-?\d+)?", lambda number: f"{float(number[0]):.8g}", text)


def test_unknown_format_is_answered_with_a_near_one(comparison):
    with pytest.raises(ErcBenchError, match="did you mean markdown"):
        render(comparison, "markdwon")


@pytest.mark.parametrize("width", [80, 100, 120])
def test_plain_text_keeps_to_the_width(comparison, width):
    text = rich_table.render(comparison, width)
    assert max(map(len, text.splitlines())) <= width
    for words in ("eacl - ce", ".0625", "not testable:", "degenerate", "dialoguernn (frozen)§"):
        assert words in text


def test_a_terminal_gets_bold_and_underline(comparison):
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, color_system="standard")
    rich_table.print_comparison(comparison, console)
    assert re.search(r"\x1b\[1m[^\x1b]*±", stream.getvalue())
    assert re.search(r"\x1b\[4m[^\x1b]*±", stream.getvalue())
    assert "\x1b" not in rich_table.render(comparison)


def test_rich_markup_in_names_is_text(comparison):
    rows = tuple(replace(row, label=f"[red]{row.label}[/nothing]") for row in comparison.rows)
    assert "[red]ce[/nothing]" in rich_table.render(replace(comparison, rows=rows, notes=("[bold]x",)), 120)


@pytest.mark.parametrize("width", [80, 100])
def test_classes_keep_to_the_width_with_their_spread_below(classes, width):
    lines = rich_table.render(classes, width).splitlines()
    assert max(map(len, lines)) <= width
    header = next(line.split() for line in lines if line.startswith(" meld "))
    assert header == ["meld", "anger", "joy", "neutral", "macro", "F1", "weighted", "F1"]


def test_classes_are_a_table_for_each_dataset_with_its_own_rows(classes):
    shown = {panel.title: [label for label, _ in panel.rows] for panel in panels(classes)}
    assert shown == {
        "dailydialog": ["ce", "majority (degenerate)"],
        "meld": ["ce (n=3)", "eacl§ (n=2)"],
    }
    assert [len(panel.reported) for panel in panels(classes)] == [0, 2]


def test_reported_rows_carry_neither_rank_nor_marks(beside):
    (panel,) = panels(beside)
    assert len(panel.reported) == 5
    for _, cells in panel.reported:
        assert {(cell.rank, cell.marks, cell.spread, cell.words) for cell in cells} == {("", "", "", "")}


def test_reported_numbers_are_lines_of_the_csv_that_name_their_source(beside):
    lines = [line for line in csv.DictReader(io.StringIO(render(beside, "csv"))) if line["reported"]]
    eacl = next(line for line in lines if line["method"] == "EACL")
    assert (eacl["dataset"], eacl["metric"], eacl["mean"]) == ("meld", "weighted_f1", "67.12")
    assert eacl["reported"] == "Yu et al. 2024; Yu et al. 2024, arXiv:2403.20289, Table 4"
    assert (eacl["p"], eacl["verdict"], eacl["rank"], eacl["seeds"]) == ("", "", "", "")


def test_csv_holds_one_line_per_score_with_all_numbers(comparison):
    lines = list(csv.DictReader(io.StringIO(render(comparison, "csv"))))
    filled = [score for column in comparison.columns for score in column.scores if score is not None]
    assert len(lines) == len(filled)
    eacl = next(line for line in lines if (line["method"], line["dataset"]) == ("eacl", "meld"))
    pair = next(pair for pair in comparison.columns[1].pairs if comparison.rows[pair.row].label == "eacl")
    assert float(eacl["p"]) == pair.test.p
    assert float(eacl["joint_adjusted_p"]) == pair.joint_adjusted_p
    assert (eacl["verdict"], eacl["family"], eacl["baseline"]) == ("better", "3", "ce")
    one_seed = next(line for line in lines if (line["method"], line["dataset"]) == ("eacl", "dailydialog"))
    assert (one_seed["p"], one_seed["reason"]) == ("", "not testable: one seed")


def test_json_holds_every_number_and_the_caption(comparison):
    content = json.loads(render(comparison, "json"))
    assert content["format"] == 1
    assert tuple(content["caption"]) == comparison.caption
    assert content["columns"][1]["pairs"][0]["test"]["p"] == comparison.columns[1].pairs[0].test.p
    assert content["columns"][1]["scores"][0]["values"] == list(comparison.columns[1].scores[0].values)


def _letters(specification):
    """Return the letters of the columns, also where they share the line."""
    sides = {"raggedright": "l", "centering": "c", "raggedleft": "r"}
    shared = re.findall(r">\{\\(\w+)\\arraybackslash", specification)
    return "".join(sides[side] for side in shared) or specification


@pytest.mark.parametrize("name", ["comparison", "classes", "beside", "lettered", "sliced", "over"])
def test_latex_is_balanced_and_escaped(request, name):
    comparison = request.getfixturevalue(name)
    text = render(comparison, "latex")
    body = re.sub(r"(?m)^%.*$", "", text)
    unescaped = re.sub(r"\\[\\{}&%$#_]", "", body)
    assert unescaped.count("{") == unescaped.count("}")
    assert unescaped.count("$") % 2 == 0
    opened = []
    for mark, environment in re.findall(r"\\(begin|end)\{([\w*]+)\}", body):
        if mark == "begin":
            opened.append(environment)
        else:
            assert opened.pop() == environment
    assert not opened
    tabulars = re.findall(r"\\begin\{(tabular|longtable)\}\{([^\n]*)\}\n(.*?)\\end\{\1\}", text, re.DOTALL)
    # Further tables, of words and figures, have columns on the right.
    scores = [(spec, content) for _, spec, content in tabulars if "r" not in _letters(spec)]
    assert sum(len(_letters(spec)) - 1 for spec, _ in scores) == len(comparison.columns)
    for _, spec, content in tabulars:
        lines = [line for line in content.splitlines() if " & " in line]
        assert {line.count(" & ") for line in lines} == {len(_letters(spec)) - 1}
        assert all(line.endswith(r"\\") for line in lines)
    assert text.isascii()


def test_markdown_tables_have_equal_rows_and_escaped_cells(comparison):
    for table in re.findall(r"(?:^\|.*\n)+", render(comparison, "markdown"), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert markdown.escape("a|b_c*<d>") == r"a\|b\_c\*\<d\>"


@pytest.mark.parametrize("name", ["comparison", "classes", "beside", "lettered", "sliced", "over"])
def test_html_is_well_formed_and_escaped(request, name):
    comparison = request.getfixturevalue(name)

    class Checker(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open = []

        def handle_starttag(self, tag, attrs):
            if tag != "meta":
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    rows = (replace(comparison.rows[0], label="<script>alert(1)</script>"), *comparison.rows[1:])
    text = render(replace(comparison, rows=rows), "html")
    checker = Checker()
    checker.feed(text)
    assert not checker.open
    assert "<script>" not in text


def test_a_table_of_one_row_has_neither_comparisons_nor_ranks(store):
    store.add("ce", 1)
    single = compare(read_cells(store.runs))
    for form in RENDERERS:
        assert "underlined" not in render(single, form)
    assert "of single runs with seed 1" in render(single, "markdown")
    assert "Comparisons:" not in render(single, "rich")


def test_p_values_are_never_zero_in_print():
    assert [probability(p) for p in (None, 1e-30, 0.0125, 0.99999, 0.5)] == ["-", "<.0001", ".0125", "1", ".5000"]


def test_marks_follow_the_verdicts(comparison: Comparison):
    pair = comparison.columns[1].pairs[0]
    shown = [
        marks(replace(pair, verdict=verdict, joint_verdict=joint))
        for verdict, joint in (("better", "better"), ("better", ""), ("worse", "worse"), ("", ""))
    ]
    assert (shown, marks(None)) == (["†‡", "†", "↓⇓", ""], "")


def test_row_keys_are_hashable():
    assert len({RowKey("ce", "minilm"), RowKey("ce", "minilm")}) == 1
