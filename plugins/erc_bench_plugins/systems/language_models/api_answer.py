"""A language model behind an endpoint of OpenAI's protocol, whose answer is what it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.endpoint import OFFICIAL, Access, Endpoint, Reply
from erc_bench_plugins.systems.language_models.prompted import Prompted
from erc_bench_plugins.systems.language_models.prompts import chat_messages, targets_of, turns_before
from erc_bench_plugins.systems.language_models.templates import TEMPLATES
from erc_bench_plugins.systems.language_models.written_labels import WrittenLabels


class ApiAnswer(Prompted):
    """A prompted language model on another machine: the first of the labels' words in what it writes is its answer.

    Where there is none it has no answer, which counts as wrong. Past turns alone are sent, and only with the user's
    word. Every reply is kept in the folder of runs.
    """

    name = "api-answer"
    source = "Brown et al. 2020, arXiv:2005.14165 (prompts); the protocol of OpenAI's chat completions"
    departures = ()
    sends_text = True
    # Nothing is learnt that could be saved, and to label a new conversation is to send it.
    save = erc.System.save
    load = erc.System.load

    @dataclass(frozen=True)
    class Options(Prompted.Options):
        """Who is asked, and how."""

        model: str = erc.option("", "The model, as the endpoint names it; there is no default.")
        endpoint: str = erc.option(OFFICIAL, "Address of the endpoint, which ends in /v1 with most.")
        key_variable: str = erc.option("OPENAI_API_KEY", "The variable of the environment that holds the key.")
        longest: int = erc.option(10, "How many tokens an answer may have.", at_least=1)
        limit_name: Literal["max_completion_tokens", "max_tokens"] = erc.option(
            "max_completion_tokens", "What the endpoint calls that limit; older servers know max_tokens alone."
        )
        temperature: float = erc.option(
            0.0, "0 asks for the likeliest answer; above it the run's seed is sent, and each run asks anew.", at_least=0
        )
        sampling: Literal["asked", "own"] = erc.option(
            "asked", "own: no temperature is sent, as models that reason before they answer want it."
        )
        logprobs: bool = erc.option(False, "Ask for log-probabilities, which are kept with the answers.")
        parallel: int = erc.option(4, "How many requests are under way at a time.", at_least=1)
        requests_per_minute: float = erc.option(0.0, "At most so many; 0: as fast as it answers.", at_least=0)
        retries: int = erc.option(6, "How often a request is made again after a fault that may pass.", at_least=0)
        seconds: float = erc.option(120.0, "How long an answer is waited for.", above=0)
        price_in: float = erc.option(0.0, "Price of a million tokens that are read, for the record.", at_least=0)
        price_out: float = erc.option(0.0, "Price of a million tokens that are written, for the record.", at_least=0)

    def begin(self) -> None:
        """Make ready to ask; nothing is sent yet."""
        options, context = self.options, self._context
        if not context.send_text:
            raise erc.ErcBenchError("llm-api sends the text of dialogues to another machine", "Allow it: --send-text.")
        if not options.model:
            raise erc.ErcBenchError("llm-api does not know which model to ask", "--set system.model=NAME")
        access = Access(
            options.endpoint,
            options.key_variable,
            options.parallel,
            options.requests_per_minute,
            options.retries,
            options.seconds,
        )
        self._endpoint = Endpoint(access, self._parameters(), context.memory)
        self._labels = WrittenLabels(context.label_words)
        self._replies: dict[erc.UtteranceKey, Reply] = {}

    def predict(self, dialogues: Sequence[erc.Dialogue]) -> Mapping[erc.UtteranceKey, np.ndarray | None]:
        """Return (classes,) scores for every scored utterance: 1 for the label that the answer names, if it does."""
        targets = targets_of(dialogues)
        prompts = [self._messages(*target) for target in targets]
        replies = self._endpoint.ask(prompts, self._context.phase("ask the endpoint", len(prompts)))
        keys = [(dialogue.id, position) for dialogue, position in targets]
        self._replies |= dict(zip(keys, replies, strict=True))
        return {key: self._labels.scores(reply.text) for key, reply in zip(keys, replies, strict=True)}

    def facts(self) -> Mapping[str, Any]:
        """Return who was asked, when, for what price, and what was answered instead of labels."""
        options, replies = self.options, self._replies.values()
        days = sorted({reply.at[:10] for reply in replies})
        read = sum(reply.prompt_tokens for reply in replies)
        written = sum(reply.completion_tokens for reply in replies)
        host = urlsplit(options.endpoint).hostname
        when = " to ".join(dict.fromkeys([days[0], days[-1]])) if days else "never"
        return {
            **super().facts(),
            "caption": f"{options.model} at {host}, asked {when} with template {options.template}; the first label's"
            " word in what it writes counts",
            "models": sorted({reply.model for reply in replies}),
            "fingerprints": sorted({reply.fingerprint for reply in replies if reply.fingerprint}),
            "days": days,
            "tokens": {"read": read, "written": written},
            "cost": (read * options.price_in + written * options.price_out) / 1e6,
            "cut_off": sum(reply.finish == "length" for reply in replies),
            **self._labels.facts(),
        }

    def _parameters(self) -> dict[str, Any]:
        options = self.options
        asked: dict[str, Any] = {"model": options.model, options.limit_name: options.longest}
        if options.sampling == "asked":
            asked["temperature"] = options.temperature
        if options.temperature > 0:
            asked["seed"] = self._context.seed
        return {**asked, "logprobs": True} if options.logprobs else asked

    def _messages(self, dialogue: erc.Dialogue, position: int) -> list[dict[str, str]]:
        template = TEMPLATES[self.options.template]
        turns = turns_before(dialogue, position, self.options.window)
        return chat_messages(template, self._context.label_words, self._shown.of(turns[-1][1]), template.asked(turns))
