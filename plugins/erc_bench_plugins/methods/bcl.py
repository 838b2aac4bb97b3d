"""Balanced contrastive learning (BCL; Zhu et al. 2022, arXiv:2207.09052) as a recipe."""

from __future__ import annotations

import erc_bench.api as erc


def bcl() -> erc.Method:
    """BCL with the official code's weights."""
    return erc.Method(
        "bcl",
        source="Zhu et al. 2022, arXiv:2207.09052; official code FlamieZhu/Balanced-Contrastive-Learning",
        summary="Contrast in which every class weighs the same, beside logit-adjusted cross-entropy.",
        choices={"objective": "bcl", "classifier": "head"},
        settings={
            "objective.cross_entropy_weight": 1.0,
            "objective.contrastive_weight": 0.35,
            "objective.temperature": 0.07,
        },
        settings_from="official: weights 1 and .35, temperature .07 (images)",
        readouts=("centroid",),
        search={"objective.temperature": (0.05, 0.07, 0.1, 0.2), "objective.contrastive_weight": (0.1, 0.35, 0.7, 1.0)},
        search_from="around the official code's τ .07 (its class default is .1) and contrastive weight .35",
        departures=(
            "Learning rates, warm-up and epochs follow the training regime of the "
            "backbone, not the image training of the paper.",
        ),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [bcl()]
