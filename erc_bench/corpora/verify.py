"""Verify a corpus: digests, counts, classes, and the overlap of its splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from erc_bench.contracts.dataset import DataFile, Dataset, Layout, SplitCounts
from erc_bench.contracts.types import Dialogue, SplitName
from erc_bench.corpora.corpus import Corpus, load_corpus
from erc_bench.corpora.folder import digest_found, digest_of_many, digest_on_record, matching_files
from erc_bench.corpora.overlap import Overlap, Repeats, overlap, repeats

FileState = Literal["ok", "differs", "no digest on record"]


@dataclass(frozen=True)
class FileCheck:
    """One file of the corpus, or all of a pattern: the digest on record, the digest found, and the verdict."""

    path: str
    expected: str
    found: str

    @property
    def state(self) -> FileState:
        """Whether the file is the published one."""
        if not self.expected:
            return "no digest on record"
        return "ok" if self.found == self.expected else "differs"


@dataclass(frozen=True)
class SplitCheck:
    """One split: expected and found counts, class counts, utterances without text, repetitions."""

    split: SplitName
    expected: SplitCounts | None
    found: SplitCounts
    classes: Mapping[str, int]
    empty: tuple[str, ...]
    repeats: Repeats

    @property
    def as_expected(self) -> bool:
        """Whether the counts are those on record, or none are."""
        return self.expected is None or self.expected == self.found


@dataclass(frozen=True)
class Verification:
    """Everything that ``erc-bench data verify`` prints about one corpus."""

    dataset: str
    layout: str
    folder: Path | None
    fingerprint: str
    files: tuple[FileCheck, ...]
    splits: tuple[SplitCheck, ...]
    overlaps: tuple[Overlap, ...]

    @property
    def passed(self) -> bool:
        """Whether all digests and counts are those on record."""
        return all(file.state != "differs" for file in self.files) and all(split.as_expected for split in self.splits)


def verify(dataset_class: type[Dataset], data_dir: Path | None) -> Verification:
    """Load a corpus and compare it with the counts and digests on record.

    Raises :class:`erc_bench.errors.ErcBenchError` where it is missing or cannot be read.
    """
    dataset = dataset_class()
    corpus = load_corpus(dataset, data_dir)
    layout, files = _file_checks(dataset_class, corpus)
    return Verification(
        dataset=dataset_class.name,
        layout=layout,
        folder=corpus.folder,
        fingerprint=corpus.fingerprint,
        files=files,
        splits=tuple(_split_check(dataset, corpus, name, dialogues) for name, dialogues in corpus.splits.items()),
        overlaps=overlap(corpus.splits),
    )


def _file_checks(dataset_class: type[Dataset], corpus: Corpus) -> tuple[str, tuple[FileCheck, ...]]:
    """Return the layout and its files; where layouts share file names, the digests tell which it is."""
    if corpus.folder is None:
        return corpus.layout_name, ()
    named = next(layout for layout in dataset_class.layouts if layout.name == corpus.layout_name)
    names = [file.path for file in named.files]
    alike = [layout for layout in dataset_class.layouts if [file.path for file in layout.files] == names]
    checked = {layout.name: _layout_checks(layout, corpus.folder) for layout in (named, *alike)}
    best = max(checked, key=lambda name: sum(check.state == "ok" for check in checked[name]))
    return best, checked[best]


def _layout_checks(layout: Layout, folder: Path) -> tuple[FileCheck, ...]:
    return tuple(_file_check(file, folder) for file in layout.files)


def _file_check(file: DataFile, folder: Path) -> FileCheck:
    if not file.is_pattern:
        return FileCheck(file.path, digest_on_record(file), digest_found(file, folder / file.path))
    found = matching_files(file, folder)
    return FileCheck(f"{file.path} ({len(found)} files)", digest_on_record(file), digest_of_many(found, folder))


def _split_check(dataset: Dataset, corpus: Corpus, split: SplitName, dialogues: tuple[Dialogue, ...]) -> SplitCheck:
    turns = [turn for dialogue in dialogues for turn in dialogue.utterances]
    labelled = Counter(turn.label for turn in turns if turn.scored)
    return SplitCheck(
        split=split,
        expected=dataset.counts.get(split),
        found=corpus.counts[split],
        classes={label: labelled[label] for label in dataset.labels},
        empty=tuple(_without_text(dialogues)),
        repeats=repeats(dialogues),
    )


def _without_text(dialogues: tuple[Dialogue, ...]) -> list[str]:
    return [
        f"{dialogue.id}, utterance {position}"
        for dialogue in dialogues
        for position, turn in enumerate(dialogue.utterances)
        if not turn.text.strip()
    ]
