"""EACL on a language model that writes, tuned by adapters."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc
from erc_bench_plugins.methods.eacl.recipes import eacl


def llm_eacl() -> erc.Method:
    """EACL as ``eacl`` has it, on the states of a causal language model whose low-rank adapters train.

    Its states are read where such a model keeps them, at the last token of the prompt, and label words at their last
    token behind the words of the prompt. Words that the model hardly tells apart there (a cosine above .95) are refused
    as anchors.
    """
    method = eacl()
    settings = {"encoder.trainable": "lora", "encoder.pooling": "native"}
    return replace(
        method,
        name="llm-eacl",
        source=f"{method.source}; Hu et al. 2022, arXiv:2106.09685 (LoRA)",
        summary="EACL on the states of a causal language model that low-rank adapters tune.",
        settings={**method.settings, **settings},
        departures=(
            *(method.departures or ()),
            "A causal language model with adapters in the place of a masked one that is fine-tuned whole.",
            "The prompt is read at its last token, for want of a mask.",
            "Label words stand behind the words of the prompt and are read at their last token; the paper's are bare.",
        ),
    )
