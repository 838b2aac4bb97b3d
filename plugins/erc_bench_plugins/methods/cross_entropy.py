"""Cross-entropy as recipes: the measure of every other method, with the context of an utterance and without."""

from __future__ import annotations

import erc_bench.api as erc


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [
        erc.Method(
            "ce",
            source="textbook; EACL, Eqs 5 and 6 (Yu et al. 2024, arXiv:2403.20289)",
            summary="Cross-entropy alone: the prompted encoder with a linear head.",
            choices={"objective": "cross-entropy", "classifier": "head"},
            departures=(),
        ),
        erc.Method(
            "llm-encoder",
            source="textbook; Hu et al. 2022, arXiv:2106.09685 (LoRA)",
            summary="Cross-entropy on the states of a causal language model that low-rank adapters tune.",
            choices={"objective": "cross-entropy", "classifier": "head"},
            settings={"encoder.trainable": "lora", "encoder.pooling": "native"},
            departures=(),
        ),
        erc.Method(
            "utterance-ce",
            source="Ghosal et al. 2020, arXiv:2010.02795, section 3.1 (utterance features)",
            summary="The bare utterance with a linear head: no context at all, and the upstream of dialogue systems.",
            choices={"encoder": "utterance", "objective": "cross-entropy", "classifier": "head"},
            departures=(
                "COSMIC's upstream reads the last four layers of RoBERTa-large; here one state of the backbone at "
                "hand.",
            ),
        ),
    ]
