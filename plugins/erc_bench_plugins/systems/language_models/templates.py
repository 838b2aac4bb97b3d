"""How a language model is asked for the emotion of a turn: instruction, conversation, question."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

TemplateName = Literal["expert", "question", "bare", "turn"]


@dataclass(frozen=True)
class Template:
    """One way to ask.

    ``instruction`` begins every prompt and names the labels; ``line`` is one turn of the conversation; ``question``
    stands behind the conversation and says the target again; ``cue`` is what the label follows where a model has no
    template for chats. ``is_of_any_turn``: the question tells the target from the turns behind it.
    """

    instruction: str
    line: str
    question: str
    cue: str
    is_of_any_turn: bool = False

    def digest(self) -> str:
        """Return the sha256 of the texts."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def instructed(self, label_words: Sequence[str]) -> str:
        """Return the beginning of every prompt."""
        return self.instruction.format(labels=", ".join(label_words))

    def asked(self, turns: Sequence[tuple[str, str]], later: Sequence[tuple[str, str]] = ()) -> str:
        """Return the conversation, (speaker, text) each; the last of ``turns`` is asked about, ``later`` is behind."""
        lines = [self.line.format(speaker=speaker, text=text) for speaker, text in (*turns, *later)]
        speaker, text = turns[-1]
        return "\n".join([*lines, self.question.format(speaker=speaker, text=text)])


TEMPLATES: dict[TemplateName, Template] = {
    "expert": Template(
        instruction="You are an expert of emotions in conversations. Read the conversation, then name the emotion of"
        " its last line. Answer with one of these words: {labels}.",
        line='{speaker}: "{text}"',
        question='Which emotion does {speaker} express by "{text}"?',
        cue="Emotion:",
    ),
    "question": Template(
        instruction="Each conversation is followed by a question about the feeling of its last speaker. The answers"
        " are: {labels}.",
        line="{speaker} says: {text}",
        question="How does {speaker} feel when saying this?",
        cue="{speaker} feels",
    ),
    "bare": Template(
        instruction="Emotions: {labels}.",
        line="{speaker}: {text}",
        question="",
        cue="Emotion of the last line:",
    ),
    "turn": Template(
        instruction="You are an expert of emotions in conversations. Read the conversation, then name the emotion of"
        " the line that you are asked about. Answer with one of these words: {labels}.",
        line='{speaker}: "{text}"',
        question='Which emotion does {speaker} express in the line "{text}"?',
        cue="Emotion:",
        is_of_any_turn=True,
    ),
}
"""By name: with a role and the target said again (as InstructERC's parts), a question, next to nothing, and about a
turn that others follow."""
