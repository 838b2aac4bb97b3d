"""Verify a corpus: digests, counts, classes, and the overlap of its splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from erc_bench.contracts.dataset import Dataset, SplitCounts
from erc_bench.contracts.types import Dialogue, SplitName, Splits
from erc_bench.corpora.corpus import Corpus, load_corpus
from erc_bench.corpora.doubtful_splits import PAIRS, whole_texts, words_of
from erc_bench.corpora.published import Content, FileCheck, content_state, file_checks

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


def overlap(splits: Splits) -> tuple[Overlap, ...]:
    """Compare dev and test with train, and test with dev, slice by slice of the later split."""
    dialogues = dict(splits.items())
    contents = {name: _content(members) for name, members in dialogues.items()}
    found = []
    for earlier, later in PAIRS:
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
    utterances = [words_of(turn.text) for dialogue in dialogues for turn in dialogue.utterances]
    utterances = [words for words in utterances if words]
    return _Content(
        dialogues=whole_texts(dialogues),
        utterances=["".join(words) for words in utterances],
        long_utterances=["".join(words) for words in utterances if len(words) >= _LONG],
        four_grams=frozenset(_four_grams(utterances)),
    )


def _four_grams(utterances: Iterable[Words]) -> Iterator[int]:
    # A hash of 64 bits stands for the words: a million runs fit in memory, and none will collide.
    for words in utterances:
        for start in range(len(words) - _GRAM + 1):
            yield hash(words[start : start + _GRAM])


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
    content: Content
    warnings: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether content and counts are those on record."""
        return self.content != "changed" and all(split.as_expected for split in self.splits)


def verify(dataset_class: type[Dataset], data_dir: Path | None) -> Verification:
    """Load a corpus and compare it with the counts and digests on record.

    Raises :class:`erc_bench.errors.ErcBenchError` where it is missing or cannot be read.
    """
    dataset = dataset_class()
    corpus = load_corpus(dataset, data_dir)
    layout, files = file_checks(dataset_class, corpus.layout_name, corpus.folder)
    return Verification(
        dataset=dataset_class.name,
        layout=layout,
        folder=corpus.folder,
        fingerprint=corpus.fingerprint,
        files=files,
        splits=tuple(_split_check(dataset, corpus, name, dialogues) for name, dialogues in corpus.splits.items()),
        overlaps=overlap(corpus.splits),
        content=content_state(dataset_class, files, corpus.fingerprint),
        warnings=corpus.warnings,
    )


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
