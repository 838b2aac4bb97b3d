"""DAG-ERC (Shen et al. 2021, arXiv:2105.12907) as recipes: plain, and with hybrid curriculum learning."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc


def dag_erc() -> erc.Method:
    """DAG-ERC as its authors ran it."""
    return erc.Method(
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
        departures=(
            "Utterances are read through the run's own language model, fine-tuned on single utterances and "
            "standardised on train; published states are of RoBERTa-large or GloVe.",
        ),
    )


def dag_erc_hcl() -> erc.Method:
    """DAG-ERC trained by both curricula: dialogues from easy to hard, targets from soft to hard."""
    plain = dag_erc()
    return replace(
        plain,
        name="dag-erc-hcl",
        source="Yang et al. 2022, arXiv:2112.11718; no official code",
        summary="DAG-ERC with a curriculum of dialogues and one of targets; past turns only.",
        choices={**plain.choices, "objective": "hcl"},
        settings_from="those of dag-erc; buckets and decay: ours",
        search={"objective.buckets": (5, 12), "objective.decay": (0.9, 0.99)},
        search_from="ours: the paper's values are not known to us",
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [dag_erc(), dag_erc_hcl()]
