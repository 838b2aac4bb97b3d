"""A dataset with its files, read once for all checks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.types import Dialogue, SplitName, Splits, Utterance
from erc_bench.corpora.folder import layout_in, matching_files
from erc_bench.testing.findings import NotApplicableError


class DatasetTrial:
    """A dataset, the folder of one of its layouts, and its options; ``missing`` says why there is no folder."""

    def __init__(self, component: type[Dataset], folder: Path | None, options: Any, missing: str) -> None:
        self.component = component
        self.options = options
        # A relative one would lead elsewhere from another working directory.
        self._folder = None if folder is None else folder.resolve()
        self._missing = missing

    @property
    def name(self) -> str:
        """The name of the dataset."""
        return self.component.name

    @property
    def folder(self) -> Path:
        """Where its files lie; raises :class:`NotApplicableError` where there are none."""
        if self._folder is None:
            raise NotApplicableError(self._missing)
        return self._folder

    def load(self, folder: Path | None = None) -> Splits:
        """Read the corpus, as a new object of the dataset."""
        return self.component(self.options).load(self.folder if folder is None else folder)

    @cached_property
    def _loaded(self) -> Splits | BaseException:
        try:
            splits = self.load()
            return Splits(*(tuple(dialogues) for _, dialogues in splits.items()))
        # A dataset is foreign code; the check `loading` reports the errors it raises.
        except (Exception, SystemExit) as error:
            return error

    @property
    def splits(self) -> Splits:
        """The corpus, read once; raises :class:`NotApplicableError` where it cannot be read."""
        _ = self.folder
        if isinstance(self._loaded, BaseException):
            raise NotApplicableError("it cannot be read: see the check `loading`")
        return self._loaded

    def dialogues(self) -> Iterator[tuple[SplitName, Dialogue]]:
        """Yield every dialogue with its split."""
        for split, dialogues in self.splits.items():
            for dialogue in dialogues:
                yield split, dialogue

    def utterances(self) -> Iterator[tuple[str, SplitName, Utterance]]:
        """Yield every utterance with its split, and where it stands."""
        for split, dialogue in self.dialogues():
            for position, utterance in enumerate(dialogue.utterances):
                yield f"{self.where(split)}, dialogue {dialogue.id!r}, position {position}", split, utterance

    def where(self, split: SplitName) -> str:
        """Name a split of the dataset."""
        return f"{self.name}, {split} split"

    def files(self) -> list[Path]:
        """Return the files that it reads; raises :class:`NotApplicableError` where it reads none."""
        layout = layout_in(self.component.layouts, self.folder)
        if layout is not None:
            found = [path for file in layout.files for path in matching_files(file, self.folder)]
        else:
            found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        if not found:
            raise NotApplicableError("it reads no file")
        return found
