"""What all files of IEMOCAP share: labels, what a dialogue's id says, and how turns become a dialogue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import erc_bench.api as erc

LABELS = ("neu", "exc", "fru", "sad", "hap", "ang")
# A dialogue has two speakers: these are the first two names of the pool that SPCL's and EACL's code reads.
NAMES = ("Roy", "Weldon")
DIALOGUE = re.compile(r"Ses0(?P<session>[1-5])[FM]_(?P<script>(impro|script)\d\d)\w*", re.ASCII)
_LAUGHTER = re.compile(r"\s*\[LAUGHTER\]\s*")


class Turn(NamedTuple):
    """One turn as either layout describes it; the actor is called <dialogue>_F or <dialogue>_M."""

    actor: str
    text: str
    label: str | None


def without_laughter(text: str) -> str:
    """Return the text without ``[LAUGHTER]``."""
    text = erc.clean_text(text)
    return _LAUGHTER.sub(" ", text).strip() if "[LAUGHTER]" in text else text


def dialogue_of(name: str, turns: Sequence[Turn], names: Sequence[str], place: str) -> erc.Dialogue:
    """Return the dialogue of this id; the actors are called by ``names``, in the order in which they first speak.

    Raises :class:`ErcBenchError`, naming the place, for more actors than names.
    """
    actors = list(dict.fromkeys(turn.actor for turn in turns))
    if len(actors) > len(names):
        raise erc.ErcBenchError(
            f"{place}: {len(actors)} speakers, but name_pool has {len(names)} names", "Get the complete name_pool."
        )
    called = dict(zip(actors, names, strict=False))
    utterances = (
        erc.Utterance(
            speaker=called[turn.actor],
            text=without_laughter(turn.text),
            label=turn.label,
            scored=turn.label is not None,
            id=str(position),
        )
        for position, turn in enumerate(turns)
    )
    part = "scripted" if "_script" in name else "improvised"
    session, script = _groups(name)
    people = tuple((called[actor], f"{session}{actor[-1]}") for actor in actors) if session else ()
    return erc.Dialogue(name, tuple(utterances), slice=part, session=session, script=script, people=people)


def _groups(name: str) -> tuple[str, str]:
    """Return session and script of a dialogue: ``Ses05`` and ``script01`` of ``Ses05M_script01_1b``.

    Two actors have a session to themselves. All sessions play the same three scripts, each in some parts and once
    for the motion capture of either actor, and improvise on the same eight scenarios.
    """
    found = DIALOGUE.fullmatch(name)
    return (f"Ses0{found['session']}", found["script"]) if found else ("", "")
