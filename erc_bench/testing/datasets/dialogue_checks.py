"""Checks of the dialogues of a dataset: ids, labels, speakers, and the overlap of its splits."""

from __future__ import annotations

import re
from collections import Counter

from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.types import Utterance
from erc_bench.corpora.conversations.conversation import UNKNOWN_SPEAKER
from erc_bench.corpora.conversations.traces import trace_in
from erc_bench.corpora.corpus import count
from erc_bench.corpora.published import count_departures
from erc_bench.testing.datasets.read_dataset import DatasetTrial
from erc_bench.testing.findings import Check, NotApplicableError

_LEAK = 0.2
"""Share of the turns that may say their own label: people do say that they are happy or sad, but rarely."""
_FEW = 5
_WITHOUT_TEXT = 0.05
_WITH_TRACES = 0.005


def _ids(trial: DatasetTrial) -> str:
    found = 0
    for split, dialogues in trial.splits.items():
        times = Counter(dialogue.id for dialogue in dialogues)
        repeated = [name for name, number in times.items() if number > 1]
        assert not repeated, f"{trial.where(split)}: the dialogue id {repeated[0]!r} occurs twice"
        assert all(times), f"{trial.where(split)}: the id of a dialogue is empty"
        found += len(times)
    return f"{found} dialogues, each with an id of its own in its split"


def _vocabulary(trial: DatasetTrial) -> str:
    labels = trial.component.labels
    found: dict[str, set[str]] = {"train": set(), "dev": set(), "test": set()}
    for where, split, turn in trial.utterances():
        assert turn.label is None or turn.label in labels, f"{where}: {turn.label!r} is not a label of the dataset"
        if turn.scored and turn.label is not None:
            found[split].add(turn.label)
    for label in labels:
        assert label in found["train"], f"{trial.name}: no utterance of train has the label {label!r}"
    lacking = [f"{split} lacks {label}" for split in ("dev", "test") for label in labels if label not in found[split]]
    return f"{len(labels)} labels, all in train, no other one" + (f"; {', '.join(lacking)}" if lacking else "")


def _unlabelled(trial: DatasetTrial) -> str:
    turns = unlabelled = 0
    for where, _, turn in trial.utterances():
        assert turn.label is not None or not turn.scored, f"{where}: it is scored and has no label"
        turns += 1
        unlabelled += turn.label is None
    if not unlabelled:
        return f"all {turns} turns have a label"
    return f"{unlabelled} of {turns} turns have no label: they stay as context, and none is scored"


def _speakers(trial: DatasetTrial) -> str:
    speakers: set[str] = set()
    talks = 0
    for where, _, turn in trial.utterances():
        named = isinstance(turn.speaker, str) and turn.speaker.strip()
        assert named, f"{where}: it has no speaker"
        speakers.add(turn.speaker)
    for _, dialogue in trial.dialogues():
        talks += len({turn.speaker for turn in dialogue.utterances}) > 1
    if speakers == {UNKNOWN_SPEAKER}:
        raise NotApplicableError(f"it names nobody: everything is said by {UNKNOWN_SPEAKER!r}")
    assert len(speakers) > 1, (
        f"{trial.name}: everything is said by {min(speakers)!r}; where a corpus names nobody, everybody is called "
        f"{UNKNOWN_SPEAKER!r}"
    )
    return f"{len(speakers)} speakers; {talks} dialogues have more than one"


def _texts(trial: DatasetTrial) -> str:
    turns, empty, traced = 0, [], []
    for where, _, turn in trial.utterances():
        assert isinstance(turn.text, str), f"{where}: its text is a {type(turn.text).__name__}"
        turns += 1
        empty += [] if turn.text.strip() else [where]
        traced += [] if (trace := trace_in(turn.text)) is None else [f"{trace!r} in {where}"]
    first = "".join(empty[:1])
    assert len(empty) <= _WITHOUT_TEXT * turns, f"{len(empty)} of {turns} utterances have no text, the first is {first}"
    # A corpus may hold one or two as it was published; a table that was encoded twice holds many.
    assert len(traced) <= _WITH_TRACES * turns, (
        f"{len(traced)} of {turns} utterances are not what was said, but what an export made of it: {traced[0]}; "
        "undo it in load"
    )
    return f"{turns} utterances, {len(empty)} of them without a text"


def _normalised(trial: DatasetTrial) -> str:
    normalise = trial.component.normalise
    if getattr(normalise, "__func__", None) is Dataset.normalise.__func__:  # type: ignore[attr-defined]
        raise NotApplicableError("it changes no texts")
    turns = 0
    for where, _, turn in trial.utterances():
        for part in (turn.text, turn.speaker):
            assert normalise(part) == part, f"{where}: normalise makes {normalise(part)!r} of {part!r}"
        turns += 1
    return f"{turns} turns are as normalise gives them"


def _labels_in_text(trial: DatasetTrial) -> str:
    words = dict(zip(trial.component.labels, trial.component.words(), strict=True))
    patterns = {label: _pattern(label, word) for label, word in words.items()}
    told = []
    for what in ("text", "speaker"):
        scored = [(where, turn) for where, _, turn in trial.utterances() if turn.scored and turn.label in patterns]
        own = [where for where, turn in scored if _says(turn, what, patterns)]
        harmless = len(own) < _FEW or len(own) <= _LEAK * len(scored)
        assert harmless, f"{len(own)} of {len(scored)} turns hold their own label in the {what}, the first is {own[0]}"
        told.append(f"{len(own)} in the {what}")
    return f"of {len(scored)} scored turns {' and '.join(told)} hold their own label"


def _pattern(label: str, word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])({re.escape(label)}|{re.escape(word)})(?![^\W_])", re.IGNORECASE)


def _says(turn: Utterance, what: str, patterns: dict[str, re.Pattern[str]]) -> bool:
    return patterns[str(turn.label)].search(str(getattr(turn, what))) is not None


def _counts(trial: DatasetTrial) -> str:
    if not trial.component.counts:
        raise NotApplicableError("it declares no counts to hold the files against")
    found = {split: count(dialogues) for split, dialogues in trial.splits.items()}
    differing = count_departures(trial.component, found)
    assert not differing, "; ".join(differing)
    return ", ".join(f"{split} {each.dialogues} dialogues, {each.labelled} labelled" for split, each in found.items())


CONTENT_CHECKS: tuple[Check[DatasetTrial], ...] = (
    Check(
        "dialogue ids",
        "The ids of each split are counted.",
        "Predictions are keyed by dialogue and position: of two dialogues of one id, one is scored with the other.",
        _ids,
    ),
    Check(
        "label vocabulary",
        "The labels that occur are held against those that are declared.",
        "A label that is spelt in two ways is two classes; one that train lacks can never be predicted.",
        _vocabulary,
    ),
    Check(
        "unlabelled turns",
        "Turns without a label are looked for, and whether one of them is scored.",
        "Systems differ in whether they keep IEMOCAP's unlabelled turns as context; scored ones change the task.",
        _unlabelled,
    ),
    Check(
        "speakers",
        "The speakers of all turns are read.",
        "Without speakers a conversation is a list of sentences, and speaker-aware methods silently lose their point.",
        _speakers,
    ),
    Check(
        "texts",
        "The texts of all turns are read.",
        "An encoding accident or a wrong column leaves turns without words that models still get a score for.",
        _texts,
    ),
    Check(
        "normalised",
        "The texts and speakers of all turns go through normalise once more.",
        "erc-bench predict does it to new conversations: a model must read there what it was trained on.",
        _normalised,
    ),
    Check(
        "labels in the text",
        "Each turn's own label is looked for in its text and in the name of its speaker.",
        "A label that a converter left in the text is all that a model needs to read.",
        _labels_in_text,
    ),
    Check(
        "counts",
        "What each split holds is held against the counts that are declared.",
        "Papers disagree about the size of IEMOCAP and EmoryNLP: scores on different turns do not compare.",
        _counts,
    ),
)
