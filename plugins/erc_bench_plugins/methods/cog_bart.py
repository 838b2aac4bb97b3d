"""CoG-BART (Li, Yan & Qiu 2022, arXiv:2112.11202) as recipes: as published, and with the past alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import erc_bench.api as erc


def cog_bart() -> erc.Method:
    """CoG-BART with the values that the authors have for BART-large; the backbone is the user's choice."""
    return erc.Method(
        "cog-bart",
        source="Li, Yan & Qiu 2022, arXiv:2112.11202; official code whatissimondoing/CoG-BART",
        summary="BART on each utterance, a transformer layer over chunks, contrast of logits, generation of the next.",
        choices={"encoder": "cog-bart", "objective": "cog-bart", "classifier": "head"},
        settings={
            "training.schedule": "linear",
            "training.clip": 1.0,
            "training.weight_decay": 0.01,
            "training.batch_size": 2,
            # The authors have dropout before GELU alone.
            "training.head_dropout": 0.0,
            **_schedule(epochs=4, rate=2e-5, warmup=0.6),
        },
        per_dataset={
            "iemocap": {**_schedule(epochs=25, rate=2e-5, warmup=0.4), "objective.contrastive_weight": 0.4},
            "emorynlp": {**_schedule(epochs=12, rate=1e-5, warmup=0.6), "objective.contrastive_weight": 0.2},
            "dailydialog": {**_schedule(epochs=4, rate=2e-5, warmup=0.3), "objective.contrastive_weight": 0.1},
        },
        settings_from="official: the authors' train.sh for BART-large; elsewhere its values for MELD",
        departures=(
            "Dev is scored after each epoch; the code scores it every 20 to 80 steps and has seeds chosen by hand.",
            "AdamW with ε 1e-8; the code has 1e-6.",
        ),
    )


def cog_bart_causal() -> erc.Method:
    """CoG-BART with a causal mask over the chunk; the next turn stays a target of training."""
    published = cog_bart()
    return replace(
        published,
        name="cog-bart-causal",
        summary="CoG-BART that reads the past of the chunk alone: a causal mask in its transformer layer.",
        settings={**published.settings, "encoder.direction": "past"},
        settings_from="ours: those of cog-bart",
        departures=(*(published.departures or ()), "Not published: the past alone is read."),
    )


def _schedule(epochs: int, rate: float, warmup: float) -> Mapping[str, Any]:
    """Return how long and how fast everything trains, the language model and the rest alike."""
    return {
        "training.epochs": epochs,
        "training.encoder_lr": rate,
        "training.head_lr": rate,
        "training.warmup": warmup,
    }


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [cog_bart(), cog_bart_causal()]
