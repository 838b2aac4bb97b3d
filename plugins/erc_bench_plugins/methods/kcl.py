"""K-positive contrastive learning (KCL; Kang et al. 2021, ICLR) as a recipe."""

from __future__ import annotations

import erc_bench.api as erc


def kcl() -> erc.Method:
    """KCL with the paper's K and temperature."""
    return erc.Method(
        "kcl",
        source="Kang et al. 2021, ICLR, Exploring balanced feature spaces for representation learning",
        summary="The same number of positives for every class, then a linear classifier trained anew in balance.",
        choices={"objective": "kcl", "classifier": "probe"},
        settings={"objective.positives": 6, "objective.temperature": 0.07, "classifier.balanced": True},
        settings_from="paper: K 6 and τ .07 (images); queue and momentum are defaults for small train splits",
        readouts=("head", "centroid"),
        search={"objective.temperature": (0.05, 0.07, 0.1, 0.2), "objective.positives": (3, 6, 12)},
        search_from="around the paper's K 6 and τ .07",
        departures=(
            "Learning rates, warm-up and epochs follow the training regime of the "
            "backbone, not the image training of the paper.",
        ),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [kcl()]
