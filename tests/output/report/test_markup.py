from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.output.report.markup import breakable, element, join


class Reader(HTMLParser):
    """Collects elements, attributes and text."""

    def __init__(self, markup):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, attributes))

    def handle_data(self, data):
        self.text += data


# The parser reads a carriage return as a line feed, and a null as something else: as browsers do.
texts = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]))


@given(texts, texts)
def test_no_text_becomes_markup(text, value):
    read = Reader(element("p", text, class_=value))
    assert read.tags == [("p", [("class", value)])]
    assert read.text == text


def test_markup_stays_markup_inside_other_markup():
    inner = element("b", "1 < 2")
    assert element("p", inner, " & more") == "<p><b>1 &lt; 2</b> &amp; more</p>"
    assert join([inner, "<"], " ") == "<b>1 &lt; 2</b> &lt;"


def test_attributes_are_written_as_html_has_them():
    written = element("td", class_="x", data_value=0, hidden=True, title=None, for_="a", draggable=False)
    assert written == '<td class="x" data-value="0" hidden for="a"></td>'
    assert element("input", type="search") == '<input type="search">'


@given(texts)
def test_a_name_that_may_break_is_the_same_name(text):
    read = Reader(element("th", breakable(text)))
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
