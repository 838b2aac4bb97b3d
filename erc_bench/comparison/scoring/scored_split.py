"""The split that foreign answers are held against."""

from __future__ import annotations

from dataclasses import dataclass

from erc_bench.contracts.types import Dialogue, UtteranceKey


@dataclass(frozen=True)
class Split:
    """The split that is scored. ``gold`` maps its labelled utterances, in the order of the corpus, to their labels.

    ``layout`` names the files that were read where the corpus comes in several layouts, ``other_layouts``
    those that were not.
    """

    dataset: str
    name: str
    labels: tuple[str, ...]
    dialogues: tuple[Dialogue, ...]
    layout: str = ""
    other_layouts: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """How messages name it."""
        return f"the {self.name} split of {self.dataset}"

    def gold(self) -> dict[UtteranceKey, str]:
        """Return the label of each utterance that the task scores."""
        return {
            (dialogue.id, position): dialogue.utterances[position].label or ""
            for dialogue in self.dialogues
            for position in dialogue.targets()
        }
