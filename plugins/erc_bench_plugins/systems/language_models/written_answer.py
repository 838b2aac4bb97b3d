"""A prompted language model whose answer is what it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.greedy import written
from erc_bench_plugins.systems.language_models.prompted import Prompted
from erc_bench_plugins.systems.language_models.prompts import Prompter, targets_of
from erc_bench_plugins.systems.language_models.templates import TEMPLATES
from erc_bench_plugins.systems.language_models.written_labels import WrittenLabels


class WrittenAnswer(Prompted):
    """A prompted language model: it writes, and the first of the labels' words in that is its answer.

    Where there is none it has no answer, which counts as wrong. Past turns alone are shown.
    """

    name = "written-answer"
    source = "Brown et al. 2020, arXiv:2005.14165 (prompts)"
    departures = ()
    needs_backbone = True

    @dataclass(frozen=True)
    class Options(Prompted.Options):
        """How the model is asked."""

        longest: int = erc.option(10, "How many tokens it may write.", at_least=1)
        chat: Literal["auto", "never"] = erc.option(
            "auto", "auto: in the model's own template for chats, where it has one; never: in plain text."
        )
        precision: Literal["float32", "bfloat16"] = erc.option("float32", "In which numbers the model computes.")

    def begin(self) -> None:
        """Load the model."""
        self._loaded = self._context.language_model(self.options.precision)
        self._chat = self.options.chat == "auto" and bool(self._loaded.tokenizer.chat_template)
        template, words = TEMPLATES[self.options.template], self._context.label_words
        tokenizer = self._loaded.tokenizer
        self._prompter = Prompter(tokenizer, template, words, self._shown.of, self.options.window, self._chat)
        self._labels = WrittenLabels(words)

    def predict(self, dialogues: Sequence[erc.Dialogue]) -> Mapping[erc.UtteranceKey, np.ndarray | None]:
        """Return (classes,) scores for every scored utterance: 1 for the label that the answer names, if it does."""
        targets = targets_of(dialogues)
        room = self._loaded.maximum_length - self.options.longest
        prompts = [self._prompter.prompt(*target, room) for target in targets]
        done, context = self._context.phase("write answers", len(prompts)), self._context
        texts = written(self._loaded, prompts, self.options.longest, context.device, done, context.memory)
        keys = [(dialogue.id, position) for dialogue, position in targets]
        return {key: self._labels.scores(text) for key, text in zip(keys, texts, strict=True)}

    def facts(self) -> Mapping[str, Any]:
        """Return what was asked, and what was written instead of labels."""
        return {
            **super().facts(),
            "caption": f"asked with template {self.options.template}; the first label's word in what it writes counts",
            "language_model": self._loaded.facts(),
            "chat_template": self._chat,
            "shortened_prompts": self._prompter.shortened,
            **self._labels.facts(),
        }
