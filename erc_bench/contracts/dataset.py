"""Datasets: where a corpus lies, which counts it must have, and how it becomes dialogues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from erc_bench.contracts.component import Component
from erc_bench.contracts.types import Splits


@dataclass(frozen=True)
class DataFile:
    """One file of a corpus: its path below the layout's folder, how to check it, where to get it.

    ``sha256`` and ``git_blob`` are alternatives; of a file that is never downloaded the first digits of
    its ``sha256`` will do. ``url`` is pinned to a revision and empty where the licence forbids a
    download. A fragment of the address names a member of the archive there
    (``https://host/corpus.zip#folder/train.csv``); the digest is that of the member.

    A ``*`` in the path stands for any run of characters within one name
    (``Session*/dialog/transcriptions/*.txt``): all files that match, at least one. Names that begin
    with a dot never do. Such files are not downloaded; their digest covers paths and contents.
    """

    path: str
    sha256: str = ""
    git_blob: str = ""
    url: str = ""

    @property
    def is_pattern(self) -> bool:
        """Whether the path stands for many files."""
        return "*" in self.path


@dataclass(frozen=True)
class Layout:
    """One complete way in which the files of a corpus may lie below its folder."""

    name: str
    files: tuple[DataFile, ...]
    folder: str = ""


@dataclass(frozen=True)
class SplitCounts:
    """The required counts of one split."""

    dialogues: int
    utterances: int
    labelled: int


class Dataset(Component):
    """A corpus with fixed train, dev and test splits.

    Required: ``name``, ``source``, ``labels`` (their order is the class index) and ``load``.
    """

    kind: ClassVar[str] = "dataset"
    labels: ClassVar[tuple[str, ...]] = ()
    label_words: ClassVar[Mapping[str, str]] = {}
    """The word that stands for a label where a language model reads it (``neu`` → ``neutral``)."""
    scored_labels: ClassVar[tuple[str, ...]] = ()
    """Labels that micro F1 counts (DailyDialog: all but the neutral class); empty: no micro F1."""
    headline_metric: ClassVar[str] = "weighted_f1"
    """The metric that tables show first."""
    folder: ClassVar[str] = ""
    """Folder below the data directory; the name of the dataset where empty."""
    layouts: ClassVar[tuple[Layout, ...]] = ()
    """Ways in which the files may lie; one per load, never mixed. Empty: nothing to look for."""
    licence: ClassVar[str] = ""
    redistributable: ClassVar[bool] = False
    """Whether the licence allows to pass the text on, under its own terms and with its name: a report
    that shows it is a copy. It must be said; of a licence that nobody has read nothing is assumed."""
    obtain: ClassVar[str] = ""
    """Where the corpus comes from and how to get it, one or two sentences."""
    counts: ClassVar[Mapping[str, SplitCounts]] = {}
    names_speakers: ClassVar[bool] = True
    """Whether a speaker's name is one person's in every dialogue (or ``Dialogue.people`` says whose it is): tables by
    speaker are made of no other corpus."""
    fingerprints: ClassVar[tuple[str, ...]] = ()
    """The fingerprints of the published corpus (``erc-bench data verify`` prints it), one for each layout that gives
    dialogues of its own: files that differ in form alone then count as published."""
    known_repeats: ClassVar[Mapping[str, int]] = {}
    """Dialogues of the published corpus whose text is there more than once: how many of ``"test in train"``,
    ``"dev in train"`` and ``"test in dev"``, and within one split (``"train"``). The conformance check fails for
    more."""
    variant_of: ClassVar[str] = ""
    """The dataset of which this one holds another version: methods have their settings for that one here as well, but
    where they name this one. Tables never set the two side by side."""
    public_text: ClassVar[str] = ""
    """Where the dialogues' text, test split included, can be read beside the corpus, such as ``scripts of Friends``:
    tables say of language models that write that they may have read it. Empty: nothing is known."""
    suggested_settings: ClassVar[Mapping[str, Any]] = {}
    """Settings that suit the corpus (``slot.option`` → value); a method's own settings win."""

    def load(self, folder: Path) -> Splits:
        """Read the corpus from its folder.

        Raises :class:`erc_bench.errors.ErcBenchError` naming file, line and remedy for anything
        that is missing or damaged; drops and changes nothing silently.
        """
        raise NotImplementedError

    @classmethod
    def normalise(cls, text: str) -> str:
        """Return a text, or a speaker's name, as ``load`` gives it, with the corpus's changes to every text.

        ``erc-bench predict`` does the same to new conversations, so that a model reads text as in training.
        Text that is normalised already must stay unchanged.
        """
        return text

    @classmethod
    def folder_name(cls) -> str:
        """The folder of this corpus below the data directory."""
        return cls.folder or cls.name

    @classmethod
    def recipe_names(cls) -> tuple[str, ...]:
        """The names under which a method may hold settings for this dataset, its own first."""
        return (cls.name, cls.variant_of) if cls.variant_of else (cls.name,)

    @classmethod
    def words(cls) -> tuple[str, ...]:
        """The label words, in the order of the labels."""
        return tuple(cls.label_words.get(label, label) for label in cls.labels)
