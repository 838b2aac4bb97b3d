"""Sheets are read back by the library that spreadsheets' files are written with."""

import io
import math
import sys

import openpyxl
import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.output import workbook as module
from erc_bench.output.workbook import LONGEST_TEXT, workbook


def read(content):
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: [list(row) for row in sheet.iter_rows()] for sheet in book}


def values(content):
    return {title: [[cell.value for cell in row] for row in rows] for title, rows in read(content).items()}


def test_what_goes_in_comes_out():
    rows = [["a", "b", "c"], ["x", 1, 0.25], [None, True, "1"], ["déjà 汤 😀\nline", -3, False]]
    assert values(workbook({"first": rows, "second": [["alone"]]})) == {"first": rows, "second": [["alone"]]}


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "=cmd|' /C calc'!A0", "\t=1"]
)
def test_no_text_is_a_formula(text):
    ((cell,),) = read(workbook({"sheet": [[text]]}))["sheet"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)
    ((plain,),) = read(workbook({"sheet": [[f"it is {text}"]]}))["sheet"]
    assert (plain.data_type, plain.quotePrefix) == ("s", False)


def test_what_no_cell_holds_is_shown_and_numbers_that_are_none_are_text():
    rows = [["\x00a\x1b[31m\ud800\ufffe", math.nan, -math.inf, 2**60]]
    assert values(workbook({"sheet": rows}))["sheet"] == [["\ufffda\ufffd[31m\ufffd\ufffd", "nan", "-inf", str(2**60)]]


def test_nothing_is_cut_off(monkeypatch):
    longest = "x" * LONGEST_TEXT
    assert values(workbook({"sheet": [[longest]]}))["sheet"] == [[longest]]
    with pytest.raises(ErcBenchError, match=r"sheet, row 2: a cell holds 32,767 characters, and this text has 32,768"):
        workbook({"sheet": [["head"], [f"{longest}x"]]})
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    with pytest.raises(ErcBenchError, match="and sheet has more"):
        workbook({"sheet": [["a"]] * 3})
    with pytest.raises(ErcBenchError, match="and sheet has more"):
        workbook({"sheet": [["a"] * 16_385]})


def test_titles_are_what_a_sheet_may_be_called():
    assert list(values(workbook({"meld/test: [all]?" + "x" * 40: [["a"]]}))) == ["meld test   all  " + "x" * 14]


def test_without_the_library_the_remedy_is_said(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(ErcBenchError) as error:
        workbook({"sheet": [["a"]]})
    assert error.value.message == "writing .xlsx needs openpyxl, which is not installed"
    assert "pip install 'erc-bench[xlsx]'" in error.value.hint


def test_the_module_is_light():
    assert "openpyxl" not in vars(sys.modules[module.__name__])
