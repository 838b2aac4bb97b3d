import re
from xml.etree.ElementTree import fromstring

import pytest

from erc_bench.output.report.svg import Sprite

FILE = b"""<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="72pt" height="36pt" viewBox="0 0 72 36"
 xmlns="http://www.w3.org/2000/svg" version="1.1">
 <title>a title</title>
 <metadata><a xmlns="urn:x">kept out</a></metadata>
 <defs><style type="text/css">*{stroke-linejoin: round}</style></defs>
 <g id="figure_1">
  <g id="nothing"><path d="M 1.23456 2 L 3.5 4.000001" style="fill: none; stroke: #d9d9d9; stroke-width: 0.6"/></g>
  <defs><path id="m1" d="M 0 0 L 0 3.5" style="stroke: #000000"/></defs>
  <g clip-path="url(#box)"><use xlink:href="#m1" x="10.123456" y="5" style="stroke: #000000"/></g>
  <g transform="translate(31.325999 146.7) scale(0.015625 -0.08)"><use xlink:href="#D-41"/></g>
 </g>
 <defs><path id="D-41" d="M 1 1" transform="scale(0.015625)"/></defs>
 <defs><clipPath id="box"><rect x="0" width="5"/></clipPath></defs>
</svg>
"""


def ids(markup):
    return re.findall(r' id="([^"]*)"', markup)


def references(markup):
    return re.findall(r'href="#([^"]*)"', markup) + re.findall(r"url\(#([^)]*)\)", markup)


@pytest.fixture
def page():
    sprite = Sprite()
    first, second = sprite.inline(FILE, "one"), sprite.inline(FILE, 'two "<"')
    return first, second, sprite.markup


def test_no_id_occurs_twice_and_every_reference_leads_somewhere(page):
    found = ids("".join(page))
    assert len(found) == len(set(found)) == 4
    assert set(references("".join(page))) == set(found)


def test_what_two_pictures_share_is_there_once(page):
    first, second, shapes = page
    assert shapes.count("<path") == 2
    assert first.count("<path") == second.count("<path") == 1


def test_nothing_needs_a_style_and_nothing_loads(page):
    assert not re.search(r"style|script|http|xlink|metadata|<title", "".join(page))


def test_styles_become_attributes_and_lengths_short(page):
    assert 'd="M 1.23 2 L 3.5 4" fill="none" stroke="#d9d9d9" stroke-width="0.6"' in page[0]
    assert 'transform="translate(31.33 146.7) scale(0.015625 -0.08)"' in page[0]
    assert 'transform="scale(0.015625)"' in page[2]


def test_it_is_named_and_sized(page):
    picture = fromstring(page[1])
    assert picture.attrib["aria-label"] == 'two "<"'
    assert picture.attrib["role"] == "img"
    assert (picture.attrib["width"], picture.attrib["height"]) == ("96", "48")
    assert picture.attrib["viewBox"] == "0 0 72 36"


def test_without_pictures_there_are_no_shapes():
    assert Sprite().markup == ""


def test_real_figures(found):
    pytest.importorskip("matplotlib")
    markup = found.drawings + "".join(picture.svg for picture in found.pictures)
    assert found.pictures
    assert len(ids(markup)) == len(set(ids(markup)))
    assert set(references(markup)) <= set(ids(markup))
    assert "style=" not in markup
    fromstring(f"<all>{markup}</all>")
