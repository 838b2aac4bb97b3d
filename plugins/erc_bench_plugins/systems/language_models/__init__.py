"""Language models that write: asked without demonstrations, with a few, and fine-tuned with adapters."""

from __future__ import annotations

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.api_answer import ApiAnswer
from erc_bench_plugins.systems.language_models.label_likelihood import LabelLikelihood
from erc_bench_plugins.systems.language_models.lora import LoraLabels
from erc_bench_plugins.systems.language_models.published import BIOSERC_CONTEXT, INSTRUCTERC
from erc_bench_plugins.systems.language_models.written_answer import WrittenAnswer


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
            "llm-zero-shot-written",
            source=WrittenAnswer.source,
            summary="A language model that is asked for the emotion, and the label that it writes; nothing trains.",
            system=WrittenAnswer,
            departures=(),
        ),
        erc.Method(
            "llm-k-shot-written",
            source=WrittenAnswer.source,
            summary="The same, shown three labelled turns of train, drawn by the seed.",
            system=WrittenAnswer,
            settings={"system.shots": 3},
            departures=(),
        ),
        erc.Method(
            "llm-api",
            source=ApiAnswer.source,
            summary="A language model behind an endpoint, and the label that it writes; sends text, with your word.",
            system=ApiAnswer,
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
