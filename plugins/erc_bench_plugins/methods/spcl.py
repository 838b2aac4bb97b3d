"""Supervised prototypical contrastive learning (SPCL; Song et al. 2022, arXiv:2210.08713) as recipes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import erc_bench.api as erc


def _settings(curriculum: bool) -> dict[str, Any]:
    return {
        "encoder.template": "spcl",
        "encoder.requery": 0.2,
        "objective.formulation": "official",
        "objective.temperature": 0.05,
        "objective.queue": 256,
        "objective.support": 64,
        "objective.curriculum": curriculum,
    }


def spcl() -> erc.Method:
    """SPCL as its authors ran it on every dataset, but for the curriculum.

    Learning rates and epochs follow the training regime. The authors trained 16 epochs of about
    half of the examples each, in batches of 32, with a cosine schedule that starts anew in each
    epoch, and tuned them for each dataset.
    """
    return erc.Method(
        "spcl",
        source="Song et al. 2022, arXiv:2210.08713",
        summary="Contrastive learning against class prototypes from a queue, read by the nearest class centre.",
        choices={"objective": "spcl", "classifier": "centroid"},
        settings=_settings(curriculum=False),
        settings_from="official: the command of the authors' README, one for all datasets",
        readouts=("nearest-anchor", "head"),
        search={"objective.temperature": (0.05, 0.08, 0.1, 0.15), "objective.queue": (256, 512)},
        search_from="official: the values of the README and of the code's defaults, and larger temperatures",
        departures=(
            "Learning rates, warm-up and epochs follow the training regime of the "
            "backbone; the authors have a cosine schedule that starts anew in each epoch and tuned for each "
            "dataset.",
            "Predictions come from class centres of the whole of train, as in the code; the paper predicts by the "
            "prototypes (readout nearest-anchor).",
        ),
    )


def spcl_cl() -> erc.Method:
    """SPCL with its curriculum."""
    return replace(
        spcl(),
        name="spcl-cl",
        summary="SPCL with its curriculum: easy utterances first, hard ones last.",
        settings=_settings(curriculum=True),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [spcl(), spcl_cl()]
