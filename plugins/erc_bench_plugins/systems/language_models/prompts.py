"""Prompts as token ids: an instruction, demonstrations, the conversation up to the target, a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.templates import Template

Turns = list[tuple[str, str]]
"""(speaker, text) of the turns up to a target, which is the last one."""
_NOTHING = "N/A"


@dataclass(frozen=True)
class Demonstration:
    """A target of train with its conversation, as it is shown, and the word of its label."""

    dialogue_id: str
    position: int
    turns: Turns
    answer: str


class Prompter:
    """Makes prompts of one run. ``demonstrations`` returns what is shown before a target with a text.

    Where the tokenizer has a template for chats, the instruction is the system's message, a conversation the user's and
    a label the assistant's; else everything is plain text. ``room`` is how many tokens a prompt may have: the oldest
    turns are left out of one that would have more. ``later`` is how many turns behind the target are shown. Raises
    ``ErcBenchError`` where the template would ask about the last of these.
    """

    def __init__(
        self,
        tokenizer: Any,
        template: Template,
        label_words: Sequence[str],
        demonstrations: Callable[[str], Sequence[Demonstration]],
        window: int,
        chat: bool,
        later: int = 0,
    ) -> None:
        if later and not template.is_of_any_turn:
            raise erc.ErcBenchError(
                "this template asks about the last line, and later ones are shown", "--set system.template=turn"
            )
        self._tokenizer, self._template, self._later = tokenizer, template, later
        self._label_words, self._demonstrations = label_words, demonstrations
        self._window, self._chat = window, chat
        self.shortened = 0

    def continuation(self, word: str) -> list[int]:
        """Return the token ids of a label's word behind a prompt."""
        return self._ids(word if self._chat else f" {word}")

    def prompt(self, dialogue: erc.Dialogue, position: int, room: int) -> list[int]:
        """Return the token ids of the prompt of a target; raises ``ErcBenchError`` where the target alone is longer."""
        turns, later = turns_around(dialogue, position, self._window, self._later)
        shown = self._demonstrations(turns[-1][1])
        return self._fitting(turns, shown, room, f"dialogue {dialogue.id}, position {position}: the prompt", later)

    def content_free(self, shown: Sequence[Demonstration], room: int) -> list[int]:
        """Return the prompt in which nobody says anything: what the model answers before it has read."""
        return self._fitting([(_NOTHING, _NOTHING)], shown, room, "a prompt in which nobody says anything")

    def _fitting(
        self, turns: Turns, shown: Sequence[Demonstration], room: int, named: str, later: Turns | None = None
    ) -> list[int]:
        for kept in range(len(turns), 0, -1):
            ids = self._of(turns[-kept:], shown, later or [])
            if len(ids) <= room:
                self.shortened += kept < len(turns)
                return ids
        remedy = "Show fewer demonstrations, or less of each: system.shots, system.shot_window, system.template=bare."
        raise erc.ErcBenchError(f"{named} has {len(ids):,} tokens, and the language model reads {room:,}", remedy)

    def _of(self, turns: Turns, shown: Sequence[Demonstration], later: Turns) -> list[int]:
        asked = self._template.asked(turns, later)
        return self._ids(self._in_chat(asked, shown) if self._chat else self._plain(asked, turns[-1][0], shown))

    def _in_chat(self, asked: str, shown: Sequence[Demonstration]) -> str:
        messages = chat_messages(self._template, self._label_words, shown, asked)
        text: str = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return text

    def _plain(self, asked: str, speaker: str, shown: Sequence[Demonstration]) -> str:
        blocks = [self._block(self._template.asked(each.turns), each.turns[-1][0], f" {each.answer}") for each in shown]
        return "\n\n".join([self._template.instructed(self._label_words), *blocks, self._block(asked, speaker, "")])

    def _block(self, asked: str, speaker: str, answer: str) -> str:
        return "\n".join(filter(None, [asked.rstrip("\n"), f"{self._template.cue.format(speaker=speaker)}{answer}"]))

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids


def chat_messages(
    template: Template, label_words: Sequence[str], demonstrations: Sequence[Demonstration], asked: str
) -> list[dict[str, str]]:
    """Return a prompt as messages: the instruction is the system's, a conversation the user's, a label the assistant's.

    ``asked`` is the conversation that is asked about, with the question.
    """
    messages = [{"role": "system", "content": template.instructed(label_words)}]
    for shown in demonstrations:
        messages.append({"role": "user", "content": template.asked(shown.turns)})
        messages.append({"role": "assistant", "content": shown.answer})
    return [*messages, {"role": "user", "content": asked}]


def turns_before(dialogue: erc.Dialogue, position: int, window: int) -> Turns:
    """Return the target and up to ``window`` turns before it; speakers are numbered in the order of the dialogue."""
    return turns_around(dialogue, position, window, 0)[0]


def turns_around(dialogue: erc.Dialogue, position: int, window: int, later: int) -> tuple[Turns, Turns]:
    """Return the same, and up to ``later`` turns behind the target."""
    said = dialogue.utterances[: position + 1 + later]
    numbers = {speaker: number for number, speaker in enumerate(dict.fromkeys(turn.speaker for turn in said))}
    shown = [(f"Speaker {numbers[turn.speaker]}", turn.text) for turn in said]
    return shown[max(0, position - window) : position + 1], shown[position + 1 :]


def targets_of(dialogues: Sequence[erc.Dialogue]) -> list[tuple[erc.Dialogue, int]]:
    """Return every scored utterance as its dialogue and its position."""
    return [(dialogue, position) for dialogue in dialogues for position in dialogue.targets()]


def label_of(dialogue: erc.Dialogue, position: int) -> str:
    """Return the label of an utterance that has one."""
    return str(dialogue.utterances[position].label)
