"""SVG files as parts of an HTML page: what they have in common is kept once, and no id occurs twice.

A page may forbid styles in attributes; they become attributes of their own, which say the same. The
files are those that matplotlib wrote: letters as outlines, each with an id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, fromstring

from erc_bench.output.report.markup import EMPTY, Html, element, join

_KEPT = frozenset({"svg", "g", "path", "use", "rect", "defs", "clipPath", "pattern", "image"})
_LENGTHS = frozenset({"d", "x", "y"})
_MOVE = re.compile(r"translate\([^)]*\)")
_NUMBER = re.compile(r"-?\d+\.\d+")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


class Sprite:
    """The shapes of all pictures of a page: letters and markers, each one once."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[tuple[str, str], ...], str] = {}
        self._pictures = 0

    @property
    def markup(self) -> Html:
        """One invisible picture that holds the shapes; empty where there are none."""
        if not self._shapes:
            return EMPTY
        shapes = [element("path", id=name, **dict(shape)) for shape, name in self._shapes.items()]
        return element("svg", element("defs", *shapes), class_="shapes", aria_hidden="true", width=0, height=0)

    def inline(self, svg: bytes, label: str) -> Html:
        """Return a picture as an element of the page; ``label`` is what it is called where it is not seen."""
        self._pictures += 1
        # Nothing but our own drawing is read here.
        root = fromstring(svg)  # noqa: S314
        names = self._own_names(root)
        _, _, width, height = root.attrib["viewBox"].split()
        parts = [self._markup(child, names) for child in root if _tag(child) in _KEPT]
        return element(
            "svg",
            *parts,
            viewBox=root.attrib["viewBox"],
            # The file's lengths are points, the page's are pixels.
            width=round(float(width) * 4 / 3),
            height=round(float(height) * 4 / 3),
            role="img",
            aria_label=label,
            stroke_linejoin="round",
            stroke_linecap="butt",
        )

    def _own_names(self, root: Element) -> dict[str, str]:
        """Return a name in the page for each id of the picture that something refers to."""
        names = {shape.attrib["id"]: self._shape(shape) for node in root.iter() for shape in _shapes(node)}
        used = set(_references(root)) - names.keys()
        return names | {name: f"p{self._pictures}-{i}" for i, name in enumerate(sorted(used))}

    def _shape(self, shape: Element) -> str:
        attributes = tuple((name, value) for name, value in _attributes(shape) if name != "id")
        return self._shapes.setdefault(attributes, f"s{len(self._shapes)}")

    def _markup(self, node: Element, names: dict[str, str]) -> Html:
        children = [
            self._markup(child, names) for child in node if _tag(child) in _KEPT and child not in list(_shapes(node))
        ]
        attributes = dict(_renamed(_attributes(node), names))
        tag = _tag(node)
        if tag == "defs" and not children:
            return EMPTY
        if tag == "g" and not attributes:
            return join(children)
        return element(tag, *children, **attributes)


def _tag(node: Element) -> str:
    return node.tag.rpartition("}")[2]


def _shapes(node: Element) -> Iterator[Element]:
    if _tag(node) == "defs":
        yield from (child for child in node if _tag(child) == "path" and "id" in child.attrib)


def _attributes(node: Element) -> Iterator[tuple[str, str]]:
    """Yield the attributes without namespaces, the parts of a style as attributes, numbers to 1/100."""
    for name, value in node.attrib.items():
        plain = name.rpartition("}")[2]
        if plain == "style":
            for part in filter(str.strip, value.split(";")):
                key, _, setting = part.partition(":")
                yield key.strip(), setting.strip()
        else:
            # Lengths need no more than two decimals; a factor of scale keeps its digits, for it may be small.
            yield plain, _shortened(value) if plain in _LENGTHS else _MOVE.sub(lambda m: _shortened(m[0]), value)


def _shortened(value: str) -> str:
    return " ".join(_NUMBER.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), value).split())


def _references(root: Element) -> Iterator[str]:
    for node in root.iter():
        for name, value in _attributes(node):
            if name == "href" and value.startswith("#"):
                yield value[1:]
            yield from _REFERENCE.findall(value)


def _renamed(attributes: Iterator[tuple[str, str]], names: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in attributes:
        if name == "id":
            if value in names:
                yield name, names[value]
        elif name == "href" and value.startswith("#"):
            yield name, f"#{names[value[1:]]}"
        else:
            yield name, _REFERENCE.sub(lambda found: f"url(#{names[found[1]]})", value)
