"""Supervised contrastive learning (Gunel et al. 2021, arXiv:2011.01403) as recipes."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc


def supcon() -> erc.Method:
    """SupCon as Gunel et al. fine-tune with it."""
    return erc.Method(
        "supcon",
        source="Gunel et al. 2021, arXiv:2011.01403, Eqs 1-3; Khosla et al. 2020, arXiv:2004.11362",
        summary="Supervised contrastive learning on the representations beside cross-entropy, read by the head.",
        choices={"objective": "supcon", "classifier": "head"},
        settings={"objective.contrastive_weight": 0.9, "objective.temperature": 0.3},
        settings_from="paper: λ .9 and τ .3, best on most tasks of Gunel et al. 2021 (none of them ERC)",
        search={
            "objective.contrastive_weight": (0.1, 0.3, 0.5, 0.7, 0.9, 1.0),
            "objective.temperature": (0.1, 0.3, 0.5, 0.7),
        },
        search_from="paper: the grids of Gunel et al. 2021",
        departures=(
            "λ .9 and τ .3 are best on the paper's tasks, none of them ERC.",
            "Learning rates, warm-up and epochs follow the training regime of the backbone.",
        ),
    )


def supcon_outside() -> erc.Method:
    """SupCon with the logarithm where EACL and SPCL have it, so that it is not confounded with their anchors."""
    method = supcon()
    return replace(
        method,
        name="supcon-outside",
        summary="SupCon with the logarithm outside the sum over positives, as in EACL and SPCL.",
        settings={**method.settings, "objective.log": "outside"},
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [supcon(), supcon_outside()]
