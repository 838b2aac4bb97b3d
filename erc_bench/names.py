"""What a component may be called, and near matches for a name that is not known."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from difflib import get_close_matches

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 30
WORDS_OF_COMMANDS = frozenset({*(word.lower() for word in keyword.kwlist), "training"})
"""Names that would be read as something else: ``--set objective=none``, ``erc-bench show training``."""


def fault_of_name(name: str) -> str:
    """Say why a component cannot be called so; empty where it can."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        return (
            f"{name!r} is no name for a component: small letters, digits and single hyphens, "
            f"a letter first, {LONGEST_NAME} at most"
        )
    return f"{name!r} is a word that means something else" if name in WORDS_OF_COMMANDS else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean X?`` when a known name is close, else the list of known names."""
    known = sorted(known)
    folded = {candidate.lower().replace("_", "-"): candidate for candidate in known}
    near = get_close_matches(name.lower().replace("_", "-"), folded, n=2, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(folded[match] for match in near)}?"
    return f"known: {', '.join(known)}" if known else "there are none"
