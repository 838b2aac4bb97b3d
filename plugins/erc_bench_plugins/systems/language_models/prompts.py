"""Prompts as token ids: an instruction, demonstrations, the conversation up to the target, a question."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Makes prompts of one run: the demonstrations are the same in all of them.

    Where the tokenizer has a template for chats, the instruction is the system's message, a conversation the user's and
    a label the assistant's; else everything is plain text. ``room`` is how many tokens a prompt may have: the oldest
    turns are left out of one that would have more.
    """

    def __init__(
        self,
        tokenizer: Any,
        template: Template,
        label_words: Sequence[str],
        demonstrations: Sequence[Demonstration],
        window: int,
        chat: bool,
    ) -> None:
        self._tokenizer, self._template = tokenizer, template
        self._instruction = template.instructed(label_words)
        self._demonstrations = demonstrations
        self._window, self._chat = window, chat
        self.shortened = 0

    def continuation(self, word: str) -> list[int]:
        """Return the token ids of a label's word behind a prompt."""
        return self._ids(word if self._chat else f" {word}")

    def prompt(self, dialogue: erc.Dialogue, position: int, room: int) -> list[int]:
        """Return the token ids of the prompt of a target; raises ``ErcBenchError`` where the target alone is longer."""
        turns = turns_before(dialogue, position, self._window)
        return self._fitting(turns, room, f"dialogue {dialogue.id}, position {position}: the prompt")

    def content_free(self, room: int) -> list[int]:
        """Return the prompt in which nobody says anything: what the model answers before it has read."""
        return self._fitting([(_NOTHING, _NOTHING)], room, "a prompt in which nobody says anything")

    def _fitting(self, turns: Turns, room: int, named: str) -> list[int]:
        for kept in range(len(turns), 0, -1):
            ids = self._of(turns[-kept:])
            if len(ids) <= room:
                self.shortened += kept < len(turns)
                return ids
        remedy = "Show fewer demonstrations, or less of each: system.shots, system.shot_window, system.template=bare."
        raise erc.ErcBenchError(f"{named} has {len(ids):,} tokens, and the language model reads {room:,}", remedy)

    def _of(self, turns: Turns) -> list[int]:
        return self._ids(self._in_chat(turns) if self._chat else self._plain(turns))

    def _in_chat(self, turns: Turns) -> str:
        messages = [{"role": "system", "content": self._instruction}]
        for shown in self._demonstrations:
            messages.append({"role": "user", "content": self._template.asked(shown.turns)})
            messages.append({"role": "assistant", "content": shown.answer})
        messages.append({"role": "user", "content": self._template.asked(turns)})
        text: str = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return text

    def _plain(self, turns: Turns) -> str:
        blocks = [self._block(shown.turns, f" {shown.answer}") for shown in self._demonstrations]
        return "\n\n".join([self._instruction, *blocks, self._block(turns, "")])

    def _block(self, turns: Turns, answer: str) -> str:
        cue = self._template.cue.format(speaker=turns[-1][0])
        return "\n".join(filter(None, [self._template.asked(turns).rstrip("\n"), f"{cue}{answer}"]))

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids


def turns_before(dialogue: erc.Dialogue, position: int, window: int) -> Turns:
    """Return the target and up to ``window`` turns before it; speakers are numbered in the order of the dialogue."""
    said = dialogue.utterances[: position + 1]
    numbers = {speaker: number for number, speaker in enumerate(dict.fromkeys(turn.speaker for turn in said))}
    return [(f"Speaker {numbers[turn.speaker]}", turn.text) for turn in said[-window - 1 :]]
