"""Systems: methods that train in their own way, or not at all, under the same protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from erc_bench.contracts.component import Component
from erc_bench.contracts.system_context import SystemContext
from erc_bench.contracts.types import Dialogue, UtteranceKey


class System(Component):
    """A whole method that is not composed of slots. Required: ``fit`` and ``predict``."""

    kind: ClassVar[str] = "system"
    sees_future: ClassVar[bool | Mapping[str, object]] = False
    """Whether scores may depend on later turns: a bool, or the options with which they do. Tables mark such systems."""
    is_floor: ClassVar[bool] = False
    """Whether it gives one answer to all utterances, so that others have something to rise above."""

    needs_backbone: ClassVar[bool] = False
    """Whether it writes with the language model of ``--backbone``, which is a part of its row's name then."""
    sends_text: ClassVar[bool] = False
    """Whether it sends the text of dialogues to another machine. It does so with the user's word alone, ``send_text``;
    its ``context.memory`` lies in the folder of runs then, for its answers are a part of the result."""
    trains: ClassVar[bool] = True
    """Whether it learns from train. What only prompts a language model does not: no check asks that it has learnt."""

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: SystemContext) -> None:
        """Learn from labelled train dialogues; choose on labelled dev dialogues."""
        raise NotImplementedError

    def predict(self, dialogues: Sequence[Dialogue]) -> Mapping[UtteranceKey, np.ndarray | None]:
        """Return one (classes,) array of scores for every scored utterance of sealed dialogues.

        ``None`` in its place says that there is no answer, as where a written one names no label: it counts as wrong,
        and tables say how often.
        """
        raise NotImplementedError

    def facts(self) -> Mapping[str, Any]:
        """Return what a reader of the record must know and the settings do not say, as JSON values; asked after all.

        A text under ``caption`` stands below every table that shows the row.
        """
        return {}

    def save(self, folder: Path) -> None:
        """Write the state learnt by ``fit`` into an empty folder: JSON, safetensors and plain text (``.txt``) alone."""
        raise NotImplementedError

    def load(self, folder: Path, context: SystemContext) -> None:
        """Read the files of ``save``, without network, so that ``predict`` answers as after ``fit``.

        Raises :class:`erc_bench.errors.ErcBenchError` for files that are missing or damaged.
        """
        raise NotImplementedError

    @classmethod
    def can_be_saved(cls) -> bool:
        """Whether a fitted system can be saved: it has ``save`` and ``load``."""
        return cls.save is not System.save and cls.load is not System.load
