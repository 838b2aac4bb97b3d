"""Results as JSON: every number, every fact, unrounded."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

FORMAT = 1


def render(result: Any) -> str:
    """Return a comparison, or another dataclass, as one object; ``format`` counts changes of its shape."""
    content = {"format": FORMAT, **dataclasses.asdict(result)}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
