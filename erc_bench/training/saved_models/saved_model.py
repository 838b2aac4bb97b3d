"""A saved model as its user sees it: its labels, its notes, and its answers about a conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np

from erc_bench.contracts.types import Dialogue
from erc_bench.corpora.conversations.conversation import Conversation, Turn, sealed
from erc_bench.corpora.conversations.forms.nesting import read_conversation
from erc_bench.corpora.conversations.turns import read_turn
from erc_bench.errors import ErcBenchError, python_words, speaking
from erc_bench.names import did_you_mean
from erc_bench.planning.given_features import given_features
from erc_bench.planning.run_requests import FeatureFiles
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.statistics.metrics import best_labels
from erc_bench.training.device import choose_device
from erc_bench.training.file_features import NO_FEATURES, FileFeatures
from erc_bench.training.saved_models.description import Description, read_description
from erc_bench.training.saved_models.files import check, find_model
from erc_bench.training.saved_models.loading import Answer, Loader
from erc_bench.training.saved_models.new_features import features_of
from erc_bench.training.unknown_tokens import unknown_share
from erc_bench.validation import fits


@dataclass(frozen=True)
class Prediction:
    """The prediction of a model for one utterance.

    ``emotion`` is the label with the highest of the ``scores``: probabilities that add up to 1, by label, or
    whatever a system of its own scores by. It is empty, and the scores are 0, where a system had no answer.
    ``speaker`` is empty where none was named.
    """

    speaker: str
    text: str
    emotion: str
    scores: Mapping[str, float]

    @property
    def score(self) -> float:
        """The score of the emotion."""
        return self.scores.get(self.emotion, 0.0)


GivenTurn = str | tuple[str, str] | Mapping[str, Any]
"""A turn of a conversation: its text; (speaker, text); or an object with ``text`` and perhaps ``speaker``."""


@dataclass(eq=False)
class SavedModel:
    """A trained model that labels conversations. Made by :func:`load_model`."""

    folder: Path
    description: Description
    reading: str
    _answer: Answer = field(repr=False)
    warnings: list[str]
    _normalise: Callable[[str], str] = field(repr=False)
    _tokenizer: Any = field(default=None, repr=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """The emotions that the model knows, in the order of its scores."""
        return tuple(self.description.labels)

    @property
    def name(self) -> str:
        """The model in one line: dataset, method, backbone, seed."""
        return self.description.label

    @property
    def sees_future(self) -> bool:
        """Whether the answer about an utterance may depend on the turns after it."""
        return self.description.sees_future

    @cached_property
    def caveats(self) -> tuple[str, ...]:
        """Warnings about the answers, a sentence each; often there are none."""
        said = self.description
        found = list(self.warnings)
        if said.sees_future:
            found.append("an answer reads the turns after its own as well: it may change when the conversation goes on")
        if said.settings.get("dialogues.speakers") == "shuffled":
            found.append("it was trained with the speakers of each dialogue shuffled (dialogues.speakers=shuffled)")
        if part := said.settings.get("dialogues.train"):
            found.append(f"it was trained on {part} dialogues of {said.dataset} alone (dialogues.train={part})")
        if said.limit is not None:
            found.append(f"it was trained on a part of {said.dataset} alone (--limit {said.limit})")
        if self.reading in said.degenerate:
            found.append(f"on test it was degenerate: {said.degenerate[self.reading]}")
        return tuple(f"{text[:1].upper()}{text[1:]}." for text in found)

    @overload
    def predict(self, conversation: Sequence[Dialogue], *, features: FeatureFiles = ()) -> list[list[Prediction]]: ...

    @overload
    def predict(
        self, conversation: Dialogue | Mapping[str, Any] | Sequence[GivenTurn], *, features: FeatureFiles = ()
    ) -> list[Prediction]: ...

    def predict(
        self,
        conversation: Dialogue | Sequence[Dialogue] | Mapping[str, Any] | Sequence[GivenTurn],
        *,
        features: FeatureFiles = (),
    ) -> list[Prediction] | list[list[Prediction]]:
        """Label every turn of a conversation, in its order; a list of ``Dialogue`` gives a list for each.

        A conversation is a ``Dialogue``, a list of turns (texts, (speaker, text) tuples, or objects with ``text``
        and ``speaker``), or an object whose ``utterances`` are such a list. Turns before an utterance are
        its context: label a conversation as a whole, not turn by turn.

        ``features`` are the files of vectors that a model with audio, faces or commonsense reads, by name, each with a
        vector for every turn under ``test/DIALOGUE/INDEX``: the id of the ``Dialogue`` (or ``id`` beside
        ``utterances``), and the position of the turn in it, from 0.

        Raises :class:`ErcBenchError` for anything else, and where a feature or a vector is missing.
        """
        many = _dialogues(conversation)
        conversations = list(map(as_conversation, many)) if many else [as_conversation(conversation)]
        with speaking(python_words):
            vectors = features_of(self.description, given_features(features), conversations)
        found = self.predict_conversations(conversations, vectors)
        return found if many else found[0]

    def predict_conversations(
        self, conversations: Sequence[Conversation], features: FileFeatures = NO_FEATURES
    ) -> list[list[Prediction]]:
        """Label conversations that were read from a file; encoded together, answered apart.

        ``features`` are those of :func:`~erc_bench.training.saved_models.new_features.features_of`, made with these
        conversations.
        """
        dialogues = sealed(conversations, self._normalise)
        scores = {}
        if any(dialogue.utterances for dialogue in dialogues):
            keys, rows = self._answer([dialogue for dialogue in dialogues if dialogue.utterances], features)
            scores = dict(zip(keys, rows.tolist(), strict=True))
        return [
            [
                self._prediction(turn.speaker, turn.text, scores[dialogue.id, position])
                for position, turn in enumerate(conversation.turns)
            ]
            for conversation, dialogue in zip(conversations, dialogues, strict=True)
        ]

    def unknown_share(self, conversations: Sequence[Conversation]) -> float:
        """Return the share of the tokens of conversations that the tokenizer does not know, 0 to 1.

        Where it is high (another script, emoji), the model has not read what it labels.
        """
        dialogues = sealed(conversations, self._normalise)
        return unknown_share(self._tokenizer, [turn.text for each in dialogues for turn in each.utterances])

    def _prediction(self, speaker: str, text: str, row: Sequence[float]) -> Prediction:
        [emotion] = best_labels(np.asarray([row]), self.labels)
        return Prediction(speaker, text, emotion, dict(zip(self.labels, np.nan_to_num(row).tolist(), strict=True)))


def load_model(
    run: str | Path, *, readout: str | None = None, device: str = "auto", catalogue: Catalogue | None = None
) -> SavedModel:
    """Load the model that ``erc-bench run --save-model`` saved in a cell's folder, or the only one below a folder.

    ``readout`` chooses a further classifier that read the training. Needs no network and no corpus, and opens no
    pickle. Raises :class:`ErcBenchError` where there is no model or several, where its files are damaged, and where
    a component that it needs is not installed; ``catalogue`` is the installed one where it is left out.
    """
    folder = find_model(Path(run))
    description = read_description(folder)
    check(folder, description.files)
    readings = description.readings()
    reading = readings[0] if readout is None else readout
    if reading not in readings:
        raise ErcBenchError(
            f"the saved model was not read by {reading!r}; {did_you_mean(reading, readings)}",
            f"Run it again with --readout {reading} --save-model.",
        )
    loader = Loader(folder, description, catalogue or Catalogue(), choose_device(device))
    warnings = list(loader.changed(reading))
    answers = loader.answers(reading)
    return SavedModel(folder, description, reading, answers, warnings, loader.normalise(), loader.tokenizer)


def _dialogues(conversation: Any) -> list[Dialogue]:
    """Return the members of a list of nothing but dialogues; none for anything else."""
    if isinstance(conversation, (str, bytes, Mapping, Dialogue)) or not isinstance(conversation, Sequence):
        return []
    return list(conversation) if all(isinstance(each, Dialogue) for each in conversation) else []


def as_conversation(given: Any) -> Conversation:
    """Return a ``Dialogue``, an object with ``utterances``, or a list of turns as a conversation.

    A turn is a text, a (speaker, text) tuple, or an object with ``text`` and perhaps ``speaker``. Raises
    :class:`ErcBenchError` for anything else.
    """
    if isinstance(given, Dialogue):
        return Conversation(tuple(Turn(each.speaker, each.text) for each in given.utterances), given.id)
    if isinstance(given, Mapping):
        return read_conversation(given, "the conversation")
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
        raise ErcBenchError(
            f"a conversation is a Dialogue, or a list of turns, found {type(given).__name__}",
            'For example: predict([("Ann", "Hello!"), ("Bob", "Go away.")])',
        )
    return Conversation(tuple(_turn(each, f"turn {number}") for number, each in enumerate(given, start=1)))


def _turn(given: Any, place: str) -> Turn:
    if isinstance(given, tuple):
        if not fits(given, tuple[str, str]):
            raise ErcBenchError(f"{place}: a tuple is (speaker, text), found {given!r}")
        return Turn(*given)
    return read_turn(given, place).turn
