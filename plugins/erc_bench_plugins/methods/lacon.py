"""Label-anchored contrastive learning (LaCon; Zhang et al. 2022, arXiv:2205.10227) as a recipe."""

from __future__ import annotations

import erc_bench.api as erc


def lacon() -> erc.Method:
    """LaCon without fusion."""
    return erc.Method(
        "lacon",
        source="Zhang et al. 2022, arXiv:2205.10227",
        summary="Learnt label vectors and utterances contrasted from both sides, read by the nearest label vector.",
        choices={"objective": "lacon", "classifier": "nearest-anchor"},
        settings={"objective.temperature": 0.1, "objective.regulariser_weight": 0.5, "objective.heads": 6},
        settings_from="paper: τ and the number of heads among its best; λ from the middle of its grid .1 to 1",
        readouts=("anchor", "head"),
        search={
            "objective.temperature": (0.05, 0.1, 0.2, 0.3, 0.5),
            "objective.regulariser_weight": (0.1, 0.3, 0.5, 0.7, 1.0),
        },
        search_from="paper: within its ranges of τ (.05 to .5) and λ (.1 to 1)",
        departures=("Learning rates, warm-up and epochs follow the training regime of the backbone.",),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [lacon()]
