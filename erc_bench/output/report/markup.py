"""HTML from Python values: whatever is not marked as HTML is escaped, so that no text can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

# These have no end tag.
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})
# Where a name that is too long may go on in the next line: encoder.|template=|paper, but not 0.5.
_JOINTS = re.compile(r"(?<=[/=_])(?=.)|(?<=[.:])(?=\D)")


class Html(str):
    """Text that is markup already. Only :func:`element` and :func:`join` make it."""

    __slots__ = ()


EMPTY = Html()
Attribute = str | int | float | bool | None


def element(name: str, /, *children: str, **attributes: Attribute) -> Html:
    """Return an element. Children that are plain text are escaped, and so are all attributes.

    ``class_`` and ``for_`` stand for the words that Python keeps to itself, ``data_row`` for
    ``data-row``. An attribute that is ``None`` or ``False`` is left out, ``True`` has no value.
    """
    opening = "".join([name, *(_attribute(key, value) for key, value in attributes.items())])
    if name in _VOID:
        return Html(f"<{opening}>")
    return Html(f"<{opening}>{join(children)}</{name}>")


def join(children: Iterable[str], separator: str = "") -> Html:
    """Return the children one after the other, plain text escaped."""
    return Html(separator.join(child if isinstance(child, Html) else escape(child) for child in children))


def breakable(text: str) -> Html:
    """Return a name which, where it is too long for its line, breaks at its joints before it breaks in a word."""
    return join(_JOINTS.split(text), element("wbr"))


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
