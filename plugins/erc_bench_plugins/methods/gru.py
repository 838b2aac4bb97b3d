"""A GRU over the dialogue as a recipe: what any network over dialogues has to beat."""

from __future__ import annotations

import erc_bench.api as erc


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [
        erc.Method(
            "gru",
            source="textbook; Cho et al. 2014, arXiv:1406.1078",
            summary="A GRU over the dialogue, no speakers: what any network over dialogues has to beat.",
            choices={"encoder": "gru", "objective": "cross-entropy", "classifier": "head"},
            settings={"training.batch_size": 32, "training.schedule": "linear"},
            settings_from="ours",
            upstream="utterance-ce",
            departures=(),
        )
    ]
