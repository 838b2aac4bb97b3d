"""Compare a corpus with the published one: its files by digest, its counts, its dialogues by their fingerprint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from erc_bench.contracts.dataset import DataFile, Dataset, SplitCounts
from erc_bench.contracts.types import SplitName
from erc_bench.corpora.folder import digest_found, digest_of_many, digest_on_record, matching_files

FileState = Literal["ok", "differs", "no digest on record"]


@dataclass(frozen=True)
class FileCheck:
    """One file of the corpus, or all of a pattern: the digest on record, the digest found, and the verdict."""

    path: str
    expected: str
    found: str

    @property
    def state(self) -> FileState:
        """Whether the file is the published one; of some only the first digits of the digest are on record."""
        if not self.expected:
            return "no digest on record"
        return "ok" if self.found.startswith(self.expected) else "differs"


def file_checks(
    dataset_class: type[Dataset], layout_name: str, folder: Path | None
) -> tuple[str, tuple[FileCheck, ...]]:
    """Return the layout and its files; where layouts share file names, the digests tell which it is."""
    if folder is None:
        return layout_name, ()
    named = next(layout for layout in dataset_class.layouts if layout.name == layout_name)
    names = [file.path for file in named.files]
    alike = [layout for layout in dataset_class.layouts if [file.path for file in layout.files] == names]
    checked = {layout.name: tuple(_file_check(file, folder) for file in layout.files) for layout in (named, *alike)}
    best = max(checked, key=lambda name: sum(check.state == "ok" for check in checked[name]))
    return best, checked[best]


def _file_check(file: DataFile, folder: Path) -> FileCheck:
    if not file.is_pattern:
        return FileCheck(file.path, digest_on_record(file), digest_found(file, folder / file.path))
    found = matching_files(file, folder)
    return FileCheck(f"{file.path} ({len(found)} files)", digest_on_record(file), digest_of_many(found, folder))


Content = Literal["as published", "changed", "not on record"]


def content_state(dataset_class: type[Dataset], files: Sequence[FileCheck], fingerprint: str) -> Content:
    """Return whether the content is the published one, by the digests of the files or by the dialogues in them.

    Files whose form alone differs (line ends, the encoding of an older copy) give the published dialogues.
    """
    if fingerprint in dataset_class.fingerprints:
        return "as published"
    states = {file.state for file in files}
    if "differs" in states:
        return "changed"
    return "as published" if "ok" in states else "not on record"


def departures(
    dataset_class: type[Dataset],
    counts: Mapping[SplitName, SplitCounts],
    layout_name: str,
    folder: Path | None,
    fingerprint: str,
) -> list[str]:
    """Say where a whole corpus is not the published one: its counts, or with the published counts its content."""
    other_counts = count_departures(dataset_class, counts)
    if other_counts or folder is None or fingerprint in dataset_class.fingerprints:
        return other_counts
    _, files = file_checks(dataset_class, layout_name, folder)
    if content_state(dataset_class, files, fingerprint) != "changed":
        return []
    changed = ", ".join(file.path for file in files if file.state == "differs")
    return [f"the counts are the published ones, the content is not ({changed})"]


def count_departures(dataset: type[Dataset], counts: Mapping[SplitName, SplitCounts]) -> list[str]:
    """Say of each split how its counts differ from the published ones; nothing where none are declared."""
    published = {split: dataset.counts.get(split, found) for split, found in counts.items()}
    return [
        f"the {split} split holds {found.dialogues} dialogues and {found.utterances} utterances"
        f" ({found.labelled} labelled) where the published corpus has {published[split].dialogues}"
        f" and {published[split].utterances} ({published[split].labelled} labelled)"
        for split, found in counts.items()
        if found != published[split]
    ]
