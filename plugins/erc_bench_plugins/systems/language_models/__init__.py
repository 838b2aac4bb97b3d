"""Prompted language models: without demonstrations, and with a few."""

from __future__ import annotations

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.label_likelihood import LabelLikelihood


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [
        erc.Method(
            "llm-zero-shot",
            source=LabelLikelihood.source,
            summary="A language model that is asked for the emotion, and every label scored; nothing trains.",
            system=LabelLikelihood,
            departures=(),
        ),
        erc.Method(
            "llm-k-shot",
            source=LabelLikelihood.source,
            summary="The same, shown three labelled turns of train, drawn by the seed.",
            system=LabelLikelihood,
            settings={"system.shots": 3},
            departures=(),
        ),
    ]
