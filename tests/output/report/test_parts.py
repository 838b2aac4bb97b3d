"""The parts of the page: no text becomes markup, and what is long is folded."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markupsafe import Markup

from erc_bench.output.report.page import MOST_OPEN, breakable, environment, number

parts = environment.get_template("parts.html").module
CONTENT = Markup("<table></table>")


class Reader(HTMLParser):
    """Collects elements, attributes and text."""

    def __init__(self, markup):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], ""
        self.feed(str(markup))
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, attributes))

    def handle_data(self, data):
        self.text += data


# The parser reads a carriage return as a line feed, and a null as something else: as browsers do.
texts = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]))


@given(texts, texts)
def test_no_text_becomes_markup(text, value):
    read = Reader(parts.heading(text, value, value))
    assert read.tags == [("th", [("scope", "col"), ("class", value), ("data-dataset", value)])]
    assert read.text == text


@given(texts)
def test_no_figure_becomes_markup(text):
    read = Reader(parts.figure(text))
    assert [tag for tag, _ in read.tags] == ["td"]
    assert read.text == text


def test_markup_stays_markup_inside_other_markup():
    assert parts.folded("a", Markup("<b>1 &lt; 2</b>"), 1) == "<b>1 &lt; 2</b>"
    assert parts.folded("a", "<b>", 1, "x & y") == '<div data-dataset="x &amp; y">&lt;b&gt;</div>'


def test_an_attribute_without_a_value_is_left_out():
    assert parts.heading("n", None) == '<th scope="col">n</th>'
    assert parts.list(["a & b"]) == "<ul><li>a &amp; b</li></ul>"
    assert parts.list(["a"], "notes") == '<ul class="notes"><li>a</li></ul>'


def test_a_name_that_is_not_there_is_an_error_and_no_empty_text():
    with pytest.raises(UndefinedError):
        environment.from_string("{{ nothing }}").render()


@given(texts)
def test_a_name_that_may_break_is_the_same_name(text):
    read = Reader(parts.row_heading(text))
    assert read.text == text
    assert {tag for tag, _ in read.tags} <= {"th", "wbr"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spcl \u00b7 encoder.template=paper", "spcl \u00b7 encoder.|template=|paper"),
        ("temperature=0.5", "temperature=|0.5"),
        ("ce/minilm", "ce/|minilm"),
        ("eacl-no-ce.", "eacl-no-ce."),
    ],
)
def test_names_break_at_their_joints(text, expected):
    assert breakable(text).replace("<wbr>", "|") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45.12", "45.12"),
        ("-0.31", "-0.31"),
        ("[0.1, 0.2]", "0.1"),
        ("t(4) = 2.1", "2.1"),
        ("<.0001", ".0001"),
        ("-", ""),
    ],
)
def test_a_figure_sorts_by_its_first_number(text, expected):
    assert number(text) == expected


def test_few_rows_stay_as_they_are():
    assert parts.folded("Many rows", CONTENT, MOST_OPEN) == CONTENT
    assert parts.folded("Many rows", CONTENT, 1, "meld") == '<div data-dataset="meld"><table></table></div>'


def test_many_rows_stand_behind_a_line_that_names_them():
    written = parts.folded("Many <rows>", CONTENT, MOST_OPEN + 1, "meld")
    assert written == (
        '<details class="fold" data-dataset="meld"><summary>Many &lt;rows&gt;</summary><table></table></details>'
    )
