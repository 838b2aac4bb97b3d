"""Verify a corpus: digests, counts, classes, and the overlap of its splits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from erc_bench.contracts.dataset import DataFile, Dataset, SplitCounts
from erc_bench.contracts.types import Dialogue, SplitName, Splits
from erc_bench.corpora.corpus import Corpus, load_corpus
from erc_bench.corpora.folder import digest_found, digest_of_many, digest_on_record, matching_files

_WORD = re.compile(r"[^\W_]+")
_GRAM = 4
_LONG = 6

Words = tuple[str, ...]


@dataclass(frozen=True)
class Repeats:
    """Repetitions within one split: dialogues and long utterances that occurred before in it."""

    dialogues: int
    long_utterances: int


@dataclass(frozen=True)
class Overlap:
    """The overlap of one slice of a later split with an earlier split.

    ``dialogues``, ``utterances`` and ``long_utterances`` (at least six words) count those of the
    later split whose text occurs in the earlier one; ``four_grams`` of its ``all_four_grams``
    different runs of four words do. ``slice`` is empty where the corpus has no slices.
    """

    earlier: SplitName
    later: SplitName
    slice: str
    dialogues: int
    utterances: int
    long_utterances: int
    all_long_utterances: int
    four_grams: int
    all_four_grams: int


@dataclass(frozen=True)
class _Content:
    """The texts of some dialogues, in the form in which they are compared."""

    dialogues: Sequence[str]
    utterances: Sequence[str]
    long_utterances: Sequence[str]
    four_grams: frozenset[int]


_PAIRS: tuple[tuple[SplitName, SplitName], ...] = (("train", "dev"), ("train", "test"), ("dev", "test"))


def overlap(splits: Splits) -> tuple[Overlap, ...]:
    """Compare dev and test with train, and test with dev, slice by slice of the later split."""
    dialogues = dict(splits.items())
    contents = {name: _content(members) for name, members in dialogues.items()}
    found = []
    for earlier, later in _PAIRS:
        for part in sorted({dialogue.slice for dialogue in dialogues[later]}):
            members = [dialogue for dialogue in dialogues[later] if dialogue.slice == part]
            found.append(_overlap(earlier, later, part, contents[earlier], _content(members)))
    return tuple(found)


def _overlap(earlier: SplitName, later: SplitName, part: str, before: _Content, after: _Content) -> Overlap:
    return Overlap(
        earlier=earlier,
        later=later,
        slice=part,
        dialogues=_known(after.dialogues, before.dialogues),
        utterances=_known(after.utterances, before.utterances),
        long_utterances=_known(after.long_utterances, before.long_utterances),
        all_long_utterances=len(after.long_utterances),
        four_grams=len(after.four_grams & before.four_grams),
        all_four_grams=len(after.four_grams),
    )


def _known(texts: Sequence[str], earlier: Sequence[str]) -> int:
    known = set(earlier)
    return sum(text in known for text in texts)


def repeats(dialogues: Sequence[Dialogue]) -> Repeats:
    """Count the repetitions within the same split."""
    content = _content(dialogues)
    return Repeats(*(len(texts) - len(set(texts)) for texts in (content.dialogues, content.long_utterances)))


def _content(dialogues: Sequence[Dialogue]) -> _Content:
    whole: list[str] = []
    utterances: list[Words] = []
    for dialogue in dialogues:
        turns = [tuple(_WORD.findall(turn.text.casefold())) for turn in dialogue.utterances]
        utterances.extend(words for words in turns if words)
        if len(turns) > 1:
            whole.append("\n".join(map("".join, turns)))
    return _Content(
        dialogues=whole,
        utterances=["".join(words) for words in utterances],
        long_utterances=["".join(words) for words in utterances if len(words) >= _LONG],
        four_grams=frozenset(_four_grams(utterances)),
    )


def _four_grams(utterances: Iterable[Words]) -> Iterator[int]:
    # A hash of 64 bits stands for the words: a million runs fit in memory, and none will collide.
    for words in utterances:
        for start in range(len(words) - _GRAM + 1):
            yield hash(words[start : start + _GRAM])


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
    folder = corpus.folder
    checked = {layout.name: tuple(_file_check(file, folder) for file in layout.files) for layout in (named, *alike)}
    best = max(checked, key=lambda name: sum(check.state == "ok" for check in checked[name]))
    return best, checked[best]


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
