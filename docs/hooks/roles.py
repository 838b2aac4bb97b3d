"""Docstrings name classes as ``:class:`X```; on a page that is plain code."""

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:class|func|meth|mod|attr):`~?([^`]+)`")


class PlainRoles(griffe.Extension):
    """Reads each docstring once, before it is shown."""

    def on_instance(self, *, obj: griffe.Object, **_context: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring:
            obj.docstring.value = _ROLE.sub(r"`\1`", obj.docstring.value)
