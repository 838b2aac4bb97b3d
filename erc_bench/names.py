"""Near matches for a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean X?`` when a known name is close, else the list of known names."""
    known = sorted(known)
    folded = {candidate.lower().replace("_", "-"): candidate for candidate in known}
    near = get_close_matches(name.lower().replace("_", "-"), folded, n=2, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(folded[match] for match in near)}?"
    return f"known: {', '.join(known)}" if known else "there are none"
