"""Language models that write: asked without demonstrations, with a few, and fine-tuned with adapters."""

from __future__ import annotations

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.label_likelihood import LabelLikelihood
from erc_bench_plugins.systems.language_models.lora import LoraLabels
from erc_bench_plugins.systems.language_models.published import BIOSERC_CONTEXT, INSTRUCTERC


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
        erc.Method(
            "llm-lora",
            source=LoraLabels.source,
            summary="A language model that is fine-tuned, with low-rank adapters, to answer with the label.",
            system=LoraLabels,
            departures=(),
        ),
        INSTRUCTERC,
        BIOSERC_CONTEXT,
    ]
