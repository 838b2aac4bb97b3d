import re
from base64 import b64decode
from html import unescape
from xml.etree.ElementTree import fromstring

import pytest


def test_a_figure_is_an_image_that_holds_its_own_file_and_is_called_as_it_is(found, page):
    pytest.importorskip("matplotlib")
    assert found.pictures
    images = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)">', page)
    for picture, (content, alternative) in zip(found.pictures, images, strict=True):
        assert picture.source == f"data:image/svg+xml;base64,{content}"
        assert unescape(alternative) == picture.title
        drawing = fromstring(b64decode(content))
        assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
        assert drawing.attrib["width"].endswith("pt")
        for node in drawing.iter():
            assert not node.tag.endswith(("}script", "}foreignObject"))
            # Nothing is loaded: what is referred to lies in the file.
            assert all(value.startswith("#") for name, value in node.attrib.items() if name.endswith("href"))
