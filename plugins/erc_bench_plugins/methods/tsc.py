"""Targeted supervised contrastive learning (TSC; Li et al. 2022, arXiv:2111.13998) as a recipe."""

from __future__ import annotations

import erc_bench.api as erc


def tsc() -> erc.Method:
    """TSC with the official code's weights."""
    return erc.Method(
        "tsc",
        source="Li et al. 2022, arXiv:2111.13998; official code LTH14/targeted-supcon",
        summary="Classes drawn to the corners of a regular simplex, then a linear classifier trained anew in balance.",
        choices={"objective": "tsc", "classifier": "probe"},
        settings={
            "objective.target_weight": 0.2,
            "objective.positives": 6,
            "objective.temperature": 0.07,
            "classifier.balanced": True,
        },
        settings_from="official: K 6, τ .07, target weight .2 (images); queue and momentum as in kcl",
        readouts=("nearest-anchor", "head", "centroid"),
        search={"objective.temperature": (0.05, 0.07, 0.1, 0.2), "objective.target_weight": (0.1, 0.2, 0.5, 1.0)},
        search_from="around the official code's τ .07 and target weight .2",
        departures=(
            "Learning rates, warm-up and epochs follow the training regime of the "
            "backbone, not the image training of the paper.",
        ),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [tsc()]
