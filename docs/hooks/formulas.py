"""Formulas: a fence named ``math`` holds LaTeX and becomes MathML, which browsers draw without a script."""

import re
from typing import Any

from latex2mathml.converter import convert
from mkdocs.plugins import event_priority

_FENCE = re.compile(r"^```math\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<![\\$\w])\$(?! )([^$\n]+?)(?<! )\$(?![\w$])")
_CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)


@event_priority(50)
def on_page_markdown(markdown: str, **_context: Any) -> str:
    """Replace every formula of a page."""
    markdown = _FENCE.sub(lambda found: f"\n<div>{convert(found[1].strip(), display='block')}</div>\n", markdown)
    return "".join(
        part if part.startswith("`") else _INLINE.sub(lambda found: f"<span>{convert(found[1])}</span>", part)
        for part in _CODE.split(markdown)
    )
