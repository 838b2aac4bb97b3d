"""DAG-ERC (Shen et al. 2021, arXiv:2105.12907) as a recipe."""

from __future__ import annotations

import erc_bench.api as erc


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [
        erc.Method(
            "dag-erc",
            source="Shen et al. 2021, arXiv:2105.12907; official code shenwzh3/DAG-ERC",
            summary="A directed acyclic graph over the turns since a speaker last spoke; past turns only.",
            choices={"encoder": "dag-erc", "objective": "cross-entropy", "classifier": "head"},
            settings={"training.schedule": "constant", "training.weight_decay": 0.0},
            per_dataset={
                "iemocap": {
                    "encoder.layers": 4,
                    "training.head_lr": 5e-4,
                    "training.batch_size": 16,
                    "training.epochs": 30,
                    "training.head_dropout": 0.2,
                },
                "meld": {
                    "training.head_lr": 1e-5,
                    "training.batch_size": 64,
                    "training.epochs": 70,
                    "training.head_dropout": 0.1,
                },
                "emorynlp": {
                    "training.head_lr": 5e-5,
                    "training.batch_size": 32,
                    "training.epochs": 100,
                    "training.head_dropout": 0.3,
                },
            },
            settings_from="official: the commands of the authors' README",
            upstream="utterance-ce",
        )
    ]
