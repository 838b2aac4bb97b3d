"""Load a corpus: find its files, read them, check the result, and name it by a fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from erc_bench.contracts.dataset import Dataset, SplitCounts
from erc_bench.contracts.options import specs
from erc_bench.contracts.types import Dialogue, SplitName, Splits, UtteranceKey, gold_labels
from erc_bench.corpora.doubtful_splits import warnings
from erc_bench.corpora.folder import data_root, find_layout, layout_in, matching_files
from erc_bench.corpora.published import departures
from erc_bench.corpora.reading import known_label
from erc_bench.errors import ErcBenchError, OptionName


@dataclass(frozen=True)
class Corpus:
    """A loaded corpus, checked.

    ``fingerprint`` is the sha256 over the parsed dialogues; ``folder`` is where the files were
    found (``None`` where nothing had to be looked for), ``counts`` are the counts of each split.
    ``departures`` says where the whole corpus is not the published one
    (:func:`erc_bench.corpora.published.departures`), ``warnings`` what is hardly meant
    (:func:`erc_bench.corpora.doubtful_splits.warnings`).
    """

    splits: Splits
    fingerprint: str
    folder: Path | None
    layout_name: str
    counts: Mapping[SplitName, SplitCounts]
    departures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def load_corpus(dataset: Dataset, data_dir: Path | None) -> Corpus:
    """Load a corpus from the data directory and check it.

    Raises :class:`ErcBenchError` for files that are missing or damaged, an empty split, a dialogue
    without utterances, an utterance without a speaker, a dialogue id that occurs twice in a split, and a label that
    the task does not have.
    """
    layout, folder = find_layout(type(dataset), data_root(data_dir))
    splits = dataset.load(folder)
    check_splits(dataset, splits, folder if layout.files else None)
    counts = {name: count(dialogues) for name, dialogues in splits.items()}
    found_in, digest = folder if layout.files else None, fingerprint(splits)
    return Corpus(
        splits=splits,
        fingerprint=digest,
        folder=found_in,
        layout_name=layout.name,
        counts=counts,
        departures=tuple(departures(type(dataset), counts, layout.name, found_in, digest)),
        warnings=tuple(warnings(type(dataset), splits)),
    )


def count(dialogues: Sequence[Dialogue]) -> SplitCounts:
    """Count dialogues, utterances and the utterances that the task scores."""
    return SplitCounts(
        dialogues=len(dialogues),
        utterances=sum(len(dialogue.utterances) for dialogue in dialogues),
        labelled=sum(utterance.scored for dialogue in dialogues for utterance in dialogue.utterances),
    )


def fingerprint(splits: Splits) -> str:
    """Return the sha256 over ids, speakers, texts, labels and scored marks of all splits."""
    digest = hashlib.sha256()
    for name, dialogues in splits.items():
        for dialogue in dialogues:
            turns = [(turn.id, turn.speaker, turn.text, turn.label, turn.scored) for turn in dialogue.utterances]
            digest.update(json.dumps((name, dialogue.id, turns)).encode("ascii"))
    return digest.hexdigest()


def check_splits(dataset: Dataset, splits: Splits, folder: Path | None = None) -> None:
    """Raise :class:`ErcBenchError` for dialogues that no task can be built on; ``folder`` is where they were found."""
    where = dataset.name if folder is None else f"{dataset.name} in {folder}"
    # A corpus that names nobody at all is left to ``check``.
    every = (turn for _, dialogues in splits.items() for dialogue in dialogues for turn in dialogue.utterances)
    names = any(turn.speaker.strip() for turn in every)
    for split, dialogues in splits.items():
        if not dialogues:
            raise ErcBenchError(f"{where}: the {split} split has no dialogues", _complete(dataset, folder))
        _check_ids(where, split, dialogues)
        for dialogue in dialogues:
            _check_dialogue(dialogue, dataset.labels, f"{where}, {split} split, dialogue {dialogue.id}", names)
        if not any(dialogue.targets() for dialogue in dialogues):
            raise ErcBenchError(
                f"{where}: the {split} split has no labelled utterance", "Get a copy of the corpus with its labels."
            )


def _complete(dataset: Dataset, folder: Path | None) -> str:
    """Say what there is of a corpus, and where the rest can be had."""
    layout = None if folder is None else layout_in(dataset.layouts, folder)
    if folder is None or layout is None:
        return "Get a complete copy of the corpus."
    patterns = [f"{len(matching_files(file, folder))} of {file.path}" for file in layout.files if file.is_pattern]
    if patterns:
        return f"Found: {', '.join(patterns)}. Get the rest: {dataset.obtain}"
    sizes = {file.path: (folder / file.path).stat().st_size for file in layout.files}
    smallest = min(sizes, key=sizes.__getitem__)
    return f"The smallest of its files is {smallest} ({sizes[smallest]} bytes). Get a complete copy: {dataset.obtain}"


def _check_ids(name: str, split: SplitName, dialogues: Sequence[Dialogue]) -> None:
    occurrences = Counter(dialogue.id for dialogue in dialogues)
    repeated = [identifier for identifier, times in occurrences.items() if times > 1]
    if repeated:
        raise ErcBenchError(
            f"{name}: {len(repeated)} dialogue ids occur twice in the {split} split, the first is {repeated[0]!r}",
            "A dialogue id must be unique within its split; get a fresh copy of the corpus.",
        )


def _check_dialogue(dialogue: Dialogue, labels: tuple[str, ...], place: str, names: bool) -> None:
    if not dialogue.utterances:
        raise ErcBenchError(
            f"{place}: it has no utterances",
            "Remove the empty dialogue (an empty list, a blank line) from the file, or get a fresh copy.",
        )
    for position, utterance in enumerate(dialogue.utterances):
        if names and not utterance.speaker.strip():
            raise ErcBenchError(
                f"{place}, utterance {position} ({utterance.text[:40]!r}): it names no speaker",
                "Fill in who speaks, or get a fresh copy.",
            )
        if utterance.label is not None:
            known_label(utterance.label, labels, f"{place}, utterance {position}")
        elif utterance.scored:
            raise ErcBenchError(f"{place}, utterance {position}: it is a target but has no label", "Get a fresh copy.")


CLUSTERS = ("dialogue", "episode", "session", "script")
"""The independent units of a test over dialogues: dialogues, or a group that several of them share."""


def group_names(dialogues: Iterable[Dialogue], kind: str) -> dict[str, str]:
    """Return the group of each dialogue by its id: a ``slice``, ``episode``, ``session`` or ``script``.

    Empty where not every dialogue names one. Scripts are enough where one dialogue has one: the others are each a
    group of its own.
    """
    names = {dialogue.id: str(getattr(dialogue, kind)) for dialogue in dialogues}
    if kind == "script" and any(names.values()):
        return {identifier: name or f"dialogue {identifier}" for identifier, name in names.items()}
    return names if all(names.values()) else {}


def groups(dialogues: Iterable[Dialogue]) -> dict[str, dict[str, list[str]]]:
    """Return by kind (``slice``, ``episode``, ``session``, ``script``) and name the ids of the dialogues in each group.

    A kind that :func:`group_names` has no names for is left out.
    """
    dialogues = list(dialogues)
    found: dict[str, dict[str, list[str]]] = {}
    for kind in ("slice", *CLUSTERS[1:]):
        if names := group_names(dialogues, kind):
            members: dict[str, list[str]] = {}
            for identifier, name in names.items():
                members.setdefault(name, []).append(identifier)
            found[kind] = members
    return found


def speakers(dialogues: Iterable[Dialogue]) -> dict[str, dict[str, list[int]]]:
    """Return by speaker and dialogue the positions of the scored utterances; a speaker is the person, where known."""
    found: dict[str, dict[str, list[int]]] = {}
    for dialogue in dialogues:
        people = dict(dialogue.people)
        for position in dialogue.targets():
            name = dialogue.utterances[position].speaker
            found.setdefault(people.get(name, name), {}).setdefault(dialogue.id, []).append(position)
    return found


Gold = Mapping[UtteranceKey, str]
"""The label of each utterance that a task scores."""
GoldOf = Callable[[Mapping[str, Any]], Gold | None]
"""From the record of a cell to the gold labels of its test split; ``None`` where nobody knows them."""


def configured(dataset: type[Dataset], record: Mapping[str, Any]) -> Dataset:
    """Return the dataset with the options that a record's run had.

    Raises :class:`ErcBenchError` for an option that the dataset does not take any more.
    """
    settings = {**record.get("settings", {})}
    options = {
        name: spec.convert(settings[f"dataset.{name}"])
        for name, spec in specs(dataset.Options).items()
        if f"dataset.{name}" in settings
    }
    return dataset(dataset.Options(**options))


class CorpusGold:
    """Looks up the gold labels that records were scored against; each corpus is read once.

    ``dataset_of`` returns the dataset of a name, ``data_dir`` is where corpora lie (``None``: ``$ERC_BENCH_DATA``,
    else the cache).
    """

    def __init__(self, dataset_of: Callable[[str], type[Dataset]], data_dir: Path | None) -> None:
        self._dataset_of = dataset_of
        self._data_dir = data_dir
        self._corpora: dict[str, Corpus | None] = {}

    def __call__(self, record: Mapping[str, Any]) -> Gold | None:
        """Return the gold labels; ``None`` where the corpus cannot be read or is another than the record's."""
        options = {name: value for name, value in record.get("settings", {}).items() if name.startswith("dataset.")}
        key = json.dumps([record["dataset"], options], sort_keys=True)
        if key not in self._corpora:
            self._corpora[key] = self._read(record)
        corpus = self._corpora[key]
        if corpus is None or corpus.fingerprint != record.get("data", {}).get("fingerprint"):
            return None
        return gold_labels(corpus.splits.limited(record.get("limit")).test)

    def _read(self, record: Mapping[str, Any]) -> Corpus | None:
        try:
            return load_corpus(configured(self._dataset_of(record["dataset"]), record), self._data_dir)
        except Exception:  # a dataset is foreign code, and most tables are made where no corpus is
            return None


def limited(corpus: Corpus, limit: int | None) -> Corpus:
    """Keep the first dialogues of each split; raise :class:`ErcBenchError` where a split keeps no label."""
    if limit is None:
        return corpus
    splits = corpus.splits.limited(limit)
    for name, dialogues in splits.items():
        if not any(dialogue.targets() for dialogue in dialogues):
            raise ErcBenchError(
                f"the first {limit} dialogues of {name} have no labelled utterance", f"Raise {OptionName('limit')}."
            )
    return replace(corpus, splits=splits, counts={name: count(dialogues) for name, dialogues in splits.items()})
