"""Label likelihood: a language model that writes is asked for the label, and every label's words are scored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.demonstrations import Choice, demonstrations
from erc_bench_plugins.systems.language_models.prompts import Demonstration, Prompter, label_of, targets_of
from erc_bench_plugins.systems.language_models.rules import RULES, SAID, Rule, scores
from erc_bench_plugins.systems.language_models.templates import TEMPLATES, TemplateName

_LEARNT = "prompting.json"


class LabelLikelihood(erc.System):
    """A prompted language model: the answer is the label whose words it finds likeliest.

    Nothing is parsed, so that every turn has an answer and scores. Past turns alone are shown.
    """

    name = "label-likelihood"
    source = "Brown et al. 2020, arXiv:2005.14165 (prompts); Zhao et al. 2021, arXiv:2102.09690 (calibration)"
    departures = ()
    needs_backbone = True
    trains = False

    @dataclass(frozen=True)
    class Options:
        """How the model is asked."""

        template: TemplateName = erc.option("expert", "How it is asked.")
        shots: int = erc.option(0, "How many labelled turns of train a prompt shows before the question.", at_least=0)
        demonstrations: Choice = erc.option(
            "balanced", "Which turns these are: any, or one of each label in turn; drawn by the seed, once for a run."
        )
        window: int = erc.option(12, "How many turns before the target are shown.", at_least=0)
        shot_window: int = erc.option(3, "How many turns before a demonstration are shown.", at_least=0)
        rule: Literal["dev", "sum", "mean", "calibrated"] = erc.option(
            "dev",
            "What makes a score of the log-likelihoods of a label's tokens: their sum, their mean, the sum less that"
            " behind a prompt without content; dev: the one of these that scores best on dev.",
        )
        chat: Literal["auto", "never"] = erc.option(
            "auto", "auto: in the model's own template for chats, where it has one; never: in plain text."
        )
        precision: Literal["float32", "bfloat16"] = erc.option("float32", "In which numbers the model computes.")

    def fit(self, train: Sequence[erc.Dialogue], dev: Sequence[erc.Dialogue], context: erc.SystemContext) -> None:
        """Draw the demonstrations from train; choose the rule on dev, where it is not set."""
        options = self.options
        shown = demonstrations(train, options.demonstrations, options.shots, options.shot_window, context)
        self._start(shown, context)
        rule: Rule = "sum" if options.rule == "dev" else options.rule
        self.on_dev: dict[str, float] = {}
        if options.rule == "dev":
            self.on_dev = self._scored_on(dev)
            rule = max(RULES, key=lambda name: self.on_dev[name])
        self.rule = rule

    def predict(self, dialogues: Sequence[erc.Dialogue]) -> dict[erc.UtteranceKey, np.ndarray]:
        """Return (classes,) probabilities for every scored utterance: the softmax of the rule's scores."""
        keys, likelihoods = self._read(dialogues)
        return dict(zip(keys, scores(self.rule, likelihoods, self._lengths, self._unread), strict=True))

    def facts(self) -> Mapping[str, Any]:
        """Return what was asked, how, and what was chosen on dev."""
        chosen = " (chosen on dev)" if self.on_dev else ""
        return {
            "caption": f"asked with template {self.options.template}; a label's score is {SAID[self.rule]}{chosen}",
            "template": {"name": self.options.template, "sha256": TEMPLATES[self.options.template].digest()},
            "chat_template": self._chat,
            "rule": self.rule,
            "rules_on_dev": self.on_dev,
            "demonstrations": [[shown.dialogue_id, shown.position] for shown in self._shown],
            "shortened_prompts": self._prompter.shortened,
        }

    def save(self, folder: Path) -> None:
        """Write demonstrations and rule; the language model is found again by its name."""
        learnt = {"rule": self.rule, "on_dev": self.on_dev, "shown": [asdict(shown) for shown in self._shown]}
        (folder / _LEARNT).write_text(json.dumps(learnt, ensure_ascii=False), encoding="utf-8")

    def load(self, folder: Path, context: erc.SystemContext) -> None:
        """Read demonstrations and rule; raises ``ErcBenchError`` where the file is damaged."""
        learnt = erc.read_json(folder / _LEARNT)
        try:
            shown = [
                Demonstration(str(own["dialogue_id"]), int(own["position"]), _turns(own["turns"]), str(own["answer"]))
                for own in learnt["shown"]
            ]
            if learnt["rule"] not in RULES:
                raise ValueError(learnt["rule"])
            self.rule, self.on_dev = learnt["rule"], dict(learnt["on_dev"])
        except (KeyError, TypeError, ValueError) as error:
            raise erc.ErcBenchError(f"{folder / _LEARNT} does not hold how the language model is asked") from error
        self._start(shown, context)

    def _start(self, shown: Sequence[Demonstration], context: erc.SystemContext) -> None:
        self._context, self._shown = context, shown
        loaded = context.language_model(self.options.precision)
        self._chat = self.options.chat == "auto" and bool(loaded.tokenizer.chat_template)
        template, words = TEMPLATES[self.options.template], context.label_words
        self._prompter = Prompter(loaded.tokenizer, template, words, shown, self.options.window, self._chat)
        continuations = [self._prompter.continuation(word) for word in words]
        self._lengths = [len(each) for each in continuations]
        self._scorer = erc.Continuations(loaded, continuations, context.device)
        self._unread = self._scorer.score(
            [self._prompter.content_free(self._scorer.room)], memory=context.memory
        ).numpy()[0]
        self._known: dict[tuple[int, ...], np.ndarray] = {}

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


def _turns(value: Any) -> list[tuple[str, str]]:
    return [(str(speaker), str(text)) for speaker, text in value]
