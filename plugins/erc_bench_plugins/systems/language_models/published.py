"""Published systems as recipes of the fine-tuned language model: what of them is here, and what is not."""

from __future__ import annotations

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.lora import LoraLabels

INSTRUCTERC = erc.Method(
    "instructerc",
    source="Lei et al. 2023, InstructERC, arXiv:2309.11911; settings of github.com/LIN-SHANG/InstructERC",
    summary="InstructERC's main task: a language model with adapters in queries, keys and values, twelve past turns.",
    system=LoraLabels,
    settings={
        **{"system.adapted": "attention", "system.rank": 16, "system.alpha": 16, "system.dropout": 0.05},
        **{"system.epochs": 6, "system.batch_size": 32, "system.rate": 2e-4, "system.warmup": 0.1},
    },
    settings_from="official: its script and the arguments of its code",
    departures=(
        "The main task alone: no speaker identification before it, no prediction of emotions from the history beside "
        "it, no retrieved demonstrations (which its code lacks as well).",
        "Labels are scored; the code samples a text and takes the label that is nearest to it.",
        "The epoch is chosen on dev; the code chooses it on test.",
        "The prompt has its parts in words of our own.",
        "AdamW's second beta is .999; the code sets .95.",
    ),
)
BIOSERC_CONTEXT = erc.Method(
    "bioserc-context",
    source="Xue et al. 2024, BiosERC, arXiv:2407.04279; settings of github.com/yingjie7/BiosERC",
    summary="BiosERC without its biographies: a language model with adapters, five turns on either side.",
    system=LoraLabels,
    settings={
        **{"system.context": "both", "system.window": 5, "system.template": "turn", "system.adapted": "all-linear"},
        **{"system.rank": 32, "system.alpha": 128, "system.dropout": 0.05, "system.epochs": 3},
        **{"system.batch_size": 16, "system.rate": 3e-4, "system.warmup": 0.03, "system.clip": 0.3},
    },
    settings_from="official: its code",
    departures=(
        "No biographies of speakers, which a larger language model wrote from the whole dialogue.",
        "The loss is on the label alone; the code's is on the whole text, packed, with noise on embeddings.",
        "The model is not quantised.",
        "Labels are scored; the code writes a text that must be a label.",
        "Dev is scored after every epoch; the code does so every fifty steps.",
        "Speakers are numbered; the code gives IEMOCAP's fixed first names.",
    ),
)
