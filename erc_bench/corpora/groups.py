"""What the dialogues of a split belong to: slices of the corpus, episodes, sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from erc_bench.contracts.types import Dialogue

CLUSTERS = ("dialogue", "episode", "session")
"""What a test over dialogues may take for independent: dialogues, or what several of them share."""

Groups = Mapping[str, Mapping[str, list[str]]]
"""Kind (``slice``, ``episode``, ``session``) → name → the ids of the dialogues."""


def groups(dialogues: Iterable[Dialogue]) -> dict[str, dict[str, list[str]]]:
    """Return what these dialogues belong to; a kind that not every dialogue names is left out."""
    dialogues = list(dialogues)
    found: dict[str, dict[str, list[str]]] = {}
    for kind in ("slice", "episode", "session"):
        names = {dialogue.id: str(getattr(dialogue, kind)) for dialogue in dialogues}
        if all(names.values()):
            members: dict[str, list[str]] = {}
            for identifier, name in names.items():
                members.setdefault(name, []).append(identifier)
            found[kind] = members
    return found
