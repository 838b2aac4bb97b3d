"""The comparison as JSON: every number, every fact, unrounded."""

from __future__ import annotations

import dataclasses
import json

from erc_bench.comparison.comparison_data import Comparison

FORMAT = 1


def render(comparison: Comparison) -> str:
    """Return the comparison as one object; ``format`` counts changes of its shape."""
    content = {"format": FORMAT, **dataclasses.asdict(comparison)}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
