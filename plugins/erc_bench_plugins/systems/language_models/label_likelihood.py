"""Label likelihood: a language model that writes is asked for the label, and every label's words are scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.prompted import Prompted
from erc_bench_plugins.systems.language_models.prompts import Prompter, label_of, targets_of
from erc_bench_plugins.systems.language_models.rules import RULES, SAID, Rule, scores
from erc_bench_plugins.systems.language_models.templates import TEMPLATES


class LabelLikelihood(Prompted):
    """A prompted language model: the answer is the label whose words it finds likeliest.

    Nothing is parsed, so that every turn has an answer and scores. Past turns alone are shown.
    """

    name = "label-likelihood"
    source = "Brown et al. 2020, arXiv:2005.14165 (prompts); Zhao et al. 2021, arXiv:2102.09690 (calibration)"
    departures = ()
    needs_backbone = True

    @dataclass(frozen=True)
    class Options(Prompted.Options):
        """How the model is asked."""

        rule: Literal["dev", "sum", "mean", "calibrated"] = erc.option(
            "dev",
            "What makes a score of the log-likelihoods of a label's tokens: their sum, their mean, the sum less that"
            " behind a prompt without content; dev: the one of these that scores best on dev.",
        )
        chat: Literal["auto", "never"] = erc.option(
            "auto", "auto: in the model's own template for chats, where it has one; never: in plain text."
        )
        precision: Literal["float32", "bfloat16"] = erc.option("float32", "In which numbers the model computes.")

    rule: Rule = "sum"

    def begin(self) -> None:
        """Load the model, and read what all prompts begin with."""
        loaded = self._loaded = self._context.language_model(self.options.precision)
        self._chat = self.options.chat == "auto" and bool(loaded.tokenizer.chat_template)
        template, words = TEMPLATES[self.options.template], self._context.label_words
        self._prompter = Prompter(loaded.tokenizer, template, words, self._shown.of, self.options.window, self._chat)
        continuations = [self._prompter.continuation(word) for word in words]
        self._lengths = [len(each) for each in continuations]
        self._scorer = erc.Continuations(loaded, continuations, self._context.device)
        unread = [self._prompter.content_free(self._shown.fixed, self._scorer.room)]
        self._unread = self._scorer.score(unread, memory=self._context.memory).numpy()[0]
        self._known: dict[tuple[int, ...], np.ndarray] = {}

    def choose(self, dev: Sequence[erc.Dialogue]) -> None:
        """Choose the rule, where it is not set."""
        self.on_dev: dict[str, float] = {}
        if self.options.rule == "dev":
            self.on_dev = self._scored_on(dev)
            self.rule = max(RULES, key=lambda name: self.on_dev[name])
        else:
            self.rule = self.options.rule

    def choices(self) -> Mapping[str, Any]:
        """Return the rule, and what each scored on dev."""
        return {"rule": self.rule, "on_dev": self.on_dev}

    def put_back(self, choices: Mapping[str, Any]) -> None:
        """Take over the rule."""
        if choices["rule"] not in RULES:
            raise ValueError(choices["rule"])
        self.rule, self.on_dev = choices["rule"], dict(choices["on_dev"])

    def predict(self, dialogues: Sequence[erc.Dialogue]) -> dict[erc.UtteranceKey, np.ndarray]:
        """Return (classes,) probabilities for every scored utterance: the softmax of the rule's scores."""
        keys, likelihoods = self._read(dialogues)
        return dict(zip(keys, scores(self.rule, likelihoods, self._lengths, self._unread), strict=True))

    def facts(self) -> Mapping[str, Any]:
        """Return what was asked, how, and what was chosen on dev."""
        chosen = " (chosen on dev)" if self.on_dev else ""
        return {
            **super().facts(),
            "caption": f"asked with template {self.options.template}; a label's score is {SAID[self.rule]}{chosen}",
            "language_model": self._loaded.facts(),
            "chat_template": self._chat,
            "rule": self.rule,
            "rules_on_dev": self.on_dev,
            "shortened_prompts": self._prompter.shortened,
        }

    def _read(self, dialogues: Sequence[erc.Dialogue]) -> tuple[list[erc.UtteranceKey], np.ndarray]:
        """Return the scored utterances and the log-likelihoods, (n, classes, tokens); a prompt is asked once."""
        targets = targets_of(dialogues)
        prompts = [tuple(self._prompter.prompt(*target, self._scorer.room)) for target in targets]
        new = list(dict.fromkeys(prompt for prompt in prompts if prompt not in self._known))
        if new:
            done = self._context.phase("score labels", len(new))
            found = self._scorer.score(new, done, self._context.memory).numpy()
            self._known |= dict(zip(new, found, strict=True))
        keys = [(dialogue.id, position) for dialogue, position in targets]
        shape = (len(keys), len(self._lengths), max(self._lengths))
        return keys, np.array([self._known[prompt] for prompt in prompts]).reshape(shape)

    def _scored_on(self, dev: Sequence[erc.Dialogue]) -> dict[str, float]:
        _, likelihoods = self._read(dev)
        gold = [label_of(*target) for target in targets_of(dev)]
        found: dict[str, float] = {}
        for rule in RULES:
            best = scores(rule, likelihoods, self._lengths, self._unread).argmax(-1)
            found[rule] = self._context.metric(gold, [self._context.labels[each] for each in best])
        return found
