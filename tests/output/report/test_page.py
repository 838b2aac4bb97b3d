import base64
import hashlib
import json
import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import pytest

from erc_bench.output.report import render
from erc_bench.output.report.page import embedded
from erc_bench.output.tables.additional_tables import over_datasets_notes, over_datasets_table
from erc_bench.output.tables.detail_table import detail_note, detail_table
from erc_bench.output.tables.table_cells import panels


class Outline(HTMLParser):
    """Collects sections with their text, tables as rows of texts, and every element with its attributes."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.elements, self.sections, self.tables, self.raw = [], {}, [], {}
        self._section, self._raw, self._cell = None, None, None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.elements.append((tag, found))
        self._section = found["id"] if tag == "section" else self._section
        self._raw = tag if tag in ("script", "style") else self._raw
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = ""

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.tables[-1][-1].append(self._cell)
            self._cell = None
        self._raw = None if tag == self._raw else self._raw

    def handle_data(self, data):
        if self._raw:
            self.raw.setdefault(self._raw, []).append(data)
            return
        self.sections[self._section] = self.sections.get(self._section, "") + data
        if self._cell is not None:
            self._cell += data


@pytest.fixture(scope="module")
def outline(page):
    return Outline(page)


def with_name(elements, tag):
    return [attributes for name, attributes in elements if name == tag]


def test_nothing_is_loaded_from_anywhere(outline):
    for name, attributes in outline.elements:
        assert name not in ("iframe", "object", "embed", "base", "audio", "video")
        for place in ("src", "href", "action", "data", "srcset"):
            # Figures are images that hold their own files.
            held = "data:image/svg+xml;base64," if (name, place) == ("img", "src") else "data:,"
            assert attributes.get(place, "#").startswith(("#", held))
    assert "url(" not in "".join(outline.raw["style"])
    assert "@import" not in "".join(outline.raw["style"])


def test_the_policy_allows_the_one_script_and_the_one_style(outline):
    (policy,) = [each["content"] for each in with_name(outline.elements, "meta") if "http-equiv" in each]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    (style,), (_, script) = outline.raw["style"], outline.raw["script"]
    for kind, text in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    for _, attributes in outline.elements:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)


def test_the_data_is_the_explorers_whatever_stands_in_it(outline, found):
    assert [each.get("type") for each in with_name(outline.elements, "script")] == ["application/json", None]
    assert json.loads(outline.raw["script"][0]) == found.explorer


@pytest.mark.parametrize("text", ["</script>", "<!--<script>", "]]>", "&lt;", "\u2028", '"\\'])
def test_embedded_text_cannot_leave_its_element(text):
    written = embedded({"text": text})
    assert not re.search("[<>&]", written)
    assert json.loads(written) == {"text": text}


def test_names_with_markup_are_text(page, outline, found):
    assert "eacl<b>&</b>" in outline.sections["scores"]
    assert "<b>&</b>" not in page
    assert page.count("<img") == len(found.pictures) == len(re.findall('<img src="data:image/svg', page))
    assert "title = 'broken'" not in outline.sections["scores"]


def test_a_lone_surrogate_does_not_break_the_file(found):
    page = render(replace(found, title="half a sign: \ud83d"))
    assert page.encode().decode() == page
    assert "half a sign: ?" in page


def test_tables_say_what_the_terminal_says(outline, found):
    (panel,) = panels(found.comparison)
    expected = [["method", *(name for name, _ in panel.headers)]]
    for label, cells in panel.rows:
        expected.append([label, *(f"{cell.joined()}{cell.marks}{cell.words}" for cell in cells)])
    assert outline.tables[0] == expected


def test_comparisons_say_what_the_terminal_says(outline, found):
    table = detail_table(found.comparison)
    told = [row for row in outline.tables[1][1:] if len(row) > 1]
    assert [[row[0], row[1], row[2], *row[4:]] for row in told] == [list(row[1:]) for row in table.rows]
    heads = [title for title in outline.tables[1][0] if title != "drawn"]
    assert heads == ["comparison", *table.titles[2:]]
    groups = [row[0].partition(" · ")[0] for row in outline.tables[1] if len(row) == 1]
    assert groups == [column.title for column in found.comparison.columns]


def test_claims_over_datasets_stand_below_the_comparisons(outline, found):
    table = over_datasets_table(found.comparison)
    assert table is not None
    assert [list(table.titles), *map(list, table.rows)] in outline.tables
    for sentence in over_datasets_notes(found.comparison):
        assert sentence in outline.sections["comparisons"]


def test_captions_are_those_of_compare(outline, found):
    for sentence in (*found.comparison.caption, *found.comparison.notes):
        assert sentence in outline.sections["scores"]
    assert detail_note(found.comparison) in outline.sections["comparisons"]
    assert "out of memory" in outline.sections["scores"]


def test_classes_audit_and_protocol_are_there_without_a_script(outline, found):
    assert [section for section in outline.sections if section] == [
        *("protocol", "scores", "comparisons", "classes", "audit", "figures", "confusions", "provenance")
    ]
    classes = [table for table in outline.tables if table[0][1:4] == ["anger", "joy", "neutral"]]
    assert [table[0][0] for table in classes] == ["meld", "talk"]
    assert "best on test" in outline.sections["audit"]
    for sentence in found.protocol:
        assert sentence in outline.sections["protocol"]


def test_every_column_and_row_has_a_heading_for_readers_that_hear_it(outline):
    scopes = {each.get("scope") for each in with_name(outline.elements, "th")}
    assert scopes == {"col", "row", "rowgroup"}
    tables = with_name(outline.elements, "table")
    assert len(with_name(outline.elements, "caption")) == len(tables) == len(outline.tables)
    boxes = [each for each in with_name(outline.elements, "div") if each.get("class") == "scroll"]
    assert all(each["tabindex"] == "0" and each["role"] == "region" and each["aria-label"] for each in boxes)
    pictures = with_name(outline.elements, "svg")
    assert pictures
    assert all(each["role"] == "img" and each["aria-label"] for each in pictures)
    assert all(each["alt"] for each in with_name(outline.elements, "img"))


def test_no_id_occurs_twice(outline):
    ids = [each["id"] for _, each in outline.elements if "id" in each]
    assert len(ids) == len(set(ids)) > 5


def test_contents_lead_to_sections(outline):
    links = [each["href"] for each in with_name(outline.elements, "a")]
    assert len(links) > 5
    assert {link.removeprefix("#") for link in links} <= {each["id"] for each in with_name(outline.elements, "section")}


def test_the_same_report_is_the_same_page(found, page):
    assert render(found) == page


def test_without_text_figures_and_classes_the_page_still_stands(found):
    bare = replace(found, texts={}, pictures=(), per_class=None, explorer={"format": 1, "columns": []})
    outline = Outline(render(replace(bare, comparison=replace(found.comparison, columns=found.comparison.columns))))
    assert not {"classes", "figures", "confusions"} & set(outline.sections)
    assert escape("#classes") not in [each["href"] for each in with_name(outline.elements, "a")]
