"""The bare utterance: no turn before it, no speaker, no prompt. What every context must beat.

Source: the utterance features of COSMIC (Ghosal et al. 2020, arXiv:2010.02795, section 3.1), on which most
dialogue-level systems rest; there RoBERTa's opening token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import erc_bench.api as erc


class Utterance(erc.Encoder):
    """Encode an utterance by itself, read where the backbone keeps the state of a text.

    An utterance longer than ``length`` loses its end; a warning counts such utterances.
    """

    name = "utterance"
    source = "Ghosal et al. 2020, arXiv:2010.02795, section 3.1 (utterance features)"
    departures = (
        "One state of the language model, read where the backbone keeps that of a text; COSMIC's utterance features "
        "have the last four layers.",
    )

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        """How much of the utterance is read, and where."""

        length: int = erc.option(
            256, "Tokens of an utterance at most; a backbone that reads fewer lowers it.", at_least=8
        )
        reading: Literal["native", "opening", "mean", "last"] = erc.option(
            "native",
            "State that represents the utterance: the opening token's, the mean of all, or the last token's; native: "
            "what the backbone was pretrained for.",
        )

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        self._rows = erc.UtteranceRows(backbone, options.length, options.reading)

    @property
    def reads(self) -> Literal["mask", "opening", "any"]:
        """The token that every row is read at."""
        return self._rows.reads

    def examples(self, dialogues: Sequence[erc.Dialogue], training: bool, rng: Random) -> list[erc.Example]:
        """Make one example of every scored utterance."""
        self._rows.tokenise([utterance.text for dialogue in dialogues for utterance in dialogue.utterances])
        return [erc.Example(dialogue, (target,)) for dialogue in dialogues for target in dialogue.targets()]

    def rows(self, example: erc.Example) -> list[erc.TokenRow]:
        """Return the one row of the example's target."""
        (target,) = example.targets
        return [self._rows.row(example.dialogue.utterances[target].text)]


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [Utterance]
