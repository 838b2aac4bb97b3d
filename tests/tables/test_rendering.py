"""Every format against a golden file; run with ERC_BENCH_UPDATE_GOLDEN=1 to write them anew."""

# ruff: noqa: RUF001 - the characters that look like others are the matter

import csv
import io
import json
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from erc_bench.comparison import Comparison, compare
from erc_bench.comparison import Tests as Asked
from erc_bench.comparison.expected import shipped_alarms
from erc_bench.comparison.model import RowKey
from erc_bench.errors import ErcBenchError
from erc_bench.store.reading import read_cells
from erc_bench.tables import RENDERERS, SUFFIXES, latex, markdown, render, rich_table
from erc_bench.tables.cells import marks, panels, probability

GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture
def comparison(store):
    """Two datasets with two metrics, every mark, a failed cell, a degenerate row, unequal seeds."""
    frozen = {"overrides": {"encoder.trainable": "none"}}
    store.add_seeds("ce", [0.50, 0.52, 0.48, 0.51, 0.50], **frozen)
    store.add_seeds("supcon", [0.53, 0.50, 0.55], **frozen)
    store.add_seeds("eacl", [0.80, 0.82, 0.79, 0.84, 0.81], settings_from="paper", **frozen)
    store.add_seeds("dialoguernn", [0.55, 0.56, 0.57, 0.55, 0.56], sees_future=True, **frozen)
    constant = ["joy"] * len(store.split.rows())
    store.add_seeds("majority", [0.0] * 5, backbone="none", predicted=constant, settings_from="")
    micro = {"scored_labels": ["anger", "joy"], "headline_metric": "micro_f1", "dataset": "dailydialog"}
    store.add_seeds("ce", [0.5], **micro, **frozen)
    store.add_seeds("eacl", [0.7], **micro, **frozen)
    store.fail("eacl", 6, "the loss became nan at step 12 (100 % of cross_entropy & angle)")
    return compare(read_cells(store.runs))


@pytest.fixture
def filled(store):
    """Return a function that compares runs on two datasets of which one was reported on."""
    frozen = {"overrides": {"encoder.trainable": "none"}}
    store.add_seeds("ce", [0.50, 0.52, 0.48], **frozen)
    store.add_seeds("eacl", [0.80, 0.82], sees_future=True, **frozen)
    micro = {"scored_labels": ["anger", "joy"], "headline_metric": "micro_f1", "dataset": "dailydialog"}
    store.add_seeds("ce", [0.5, 0.6, 0.4], **micro, **frozen)
    constant = ["joy"] * len(store.split.rows())
    store.add_seeds("majority", [0.0] * 3, backbone="none", predicted=constant, **micro)
    return lambda **request: compare(read_cells(store.runs), **request)


@pytest.fixture
def classes(filled):
    """Every class of two datasets, with reported rows for one of them."""
    return filled(per_class=True, reported=["eacl2024/table-3"])


@pytest.fixture
def beside(filled):
    """Scores with reported rows, and alarms."""
    return filled(reported=["eacl2024/table-4"], alarms=shipped_alarms())


@pytest.fixture
def audited(store):
    """Two methods with a selection audit, one of them in a second stage, with one seed on one dataset."""
    for seed in (1, 2, 3):
        epochs = [{"weighted_f1": 60.0 + seed}, {"weighted_f1": 80.0 + seed}, {"weighted_f1": 70.0}]
        training = {"training": epochs, "readout": [], "chosen_from": "training"}
        readout = {"training": [], "readout": epochs, "chosen_from": "readout"}
        store.add("ce", seed, accuracy=0.4, audit=training)
        store.add("eacl", seed, accuracy=0.5, audit=readout)
    store.add("ce", 1, accuracy=0.4, dataset="emorynlp", audit=training)
    return compare(read_cells(store.runs), audit=True)


@pytest.fixture
def lettered(store):
    """Each two rows, from the records alone, by a test that cannot reach the level on one dataset."""
    store.add_seeds("ce", [0.30, 0.32, 0.28, 0.31, 0.30, 0.33])
    store.add_seeds("supcon", [0.5, 0.52, 0.48, 0.51, 0.50, 0.53])
    store.add_seeds("eacl", [0.7, 0.72, 0.69, 0.74, 0.71, 0.70])
    store.add_seeds("ce", [0.3, 0.32, 0.35], dataset="emorynlp")
    store.add_seeds("eacl", [0.7, 0.72, 0.74], dataset="emorynlp")
    tests = Asked(test="sign-flip", correction="bh", unit="seed", letters=True)
    return compare(read_cells(store.runs), tests=tests)


@pytest.fixture
def sliced(store):
    """Trained systems on new sessions, for the whole test split and its slices."""
    ids = [str(number) for number in range(12)]
    sessions = {f"Ses{number:02}": ids[number::6] for number in range(6)}
    data = {"fingerprint": "f00d", "counts": {}, "groups": {"slice": {"scripted": ids[:7], "improvised": ids[7:]}}}
    data["groups"]["session"] = sessions
    store.add_seeds("ce", [0.3, 0.32], data=data)
    store.add_seeds("eacl", [0.8, 0.82], data=data)
    return compare(read_cells(store.runs), tests=Asked(unit="dialogue", cluster="session", by_slice=True))


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("name", ["comparison", "classes", "beside", "audited", "lettered", "sliced"])
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
    for words in ("eacl - ce", ".0625", "not testable:", "degenerate", "dialoguernn§"):
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
    assert (eacl["verdict"], eacl["family"], eacl["baseline"]) == ("better", "4", "ce")
    one_seed = next(line for line in lines if (line["method"], line["dataset"]) == ("eacl", "dailydialog"))
    assert (one_seed["p"], one_seed["reason"]) == ("", "not testable: one seed")


def test_json_holds_every_number_and_the_caption(comparison):
    content = json.loads(render(comparison, "json"))
    assert content["format"] == 1
    assert tuple(content["caption"]) == comparison.caption
    assert content["columns"][1]["pairs"][0]["test"]["p"] == comparison.columns[1].pairs[0].test.p
    assert content["columns"][1]["scores"][0]["values"] == list(comparison.columns[1].scores[0].values)


@pytest.mark.parametrize("name", ["comparison", "classes", "beside", "lettered", "sliced"])
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
    tabulars = re.findall(r"\\begin\{tabular\}\{l(c+)\}\n(.*?)\\end\{tabular\}", text, re.DOTALL)
    assert sum(len(columns) for columns, _ in tabulars) == len(comparison.columns)
    for columns, content in tabulars:
        lines = [line for line in content.splitlines() if not line.endswith("rule")]
        assert {line.count(" & ") for line in lines} == {len(columns)}
        assert all(line.endswith(r"\\") for line in lines)
    assert text.isascii()


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


def test_markdown_tables_have_equal_rows_and_escaped_cells(comparison):
    for table in re.findall(r"(?:^\|.*\n)+", render(comparison, "markdown"), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert markdown.escape("a|b_c*<d>") == r"a\|b\_c\*\<d\>"


@pytest.mark.parametrize("name", ["comparison", "classes", "beside", "lettered", "sliced"])
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
