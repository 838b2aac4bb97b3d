"""CoMPM (Lee & Lee 2022, arXiv:2108.11626) as a recipe."""

from __future__ import annotations

import erc_bench.api as erc


def compm() -> erc.Method:
    """CoMPM with a memory model that trains; ``encoder.memory`` has CoMPM(f) and CoMPM(s).

    The authors train one utterance at a time at one rate of 1e-6. Two large language models would take 100,000 steps on
    MELD that way: batches and rates are ours. Epochs, warm-up of one of them, clipping and decay are theirs.
    """
    return erc.Method(
        "compm",
        source="Lee & Lee 2022, arXiv:2108.11626; official code rungjoo/CoMPM",
        summary="A language model on the dialogue so far, another one on what the speaker said before.",
        choices={"encoder": "compm", "objective": "cross-entropy", "classifier": "head"},
        settings={
            "training.epochs": 10,
            "training.batch_size": 16,
            "training.schedule": "linear",
            "training.warmup": 0.1,
            "training.head_lr": 1e-4,
            "training.clip": 10.0,
            "training.weight_decay": 0.01,
            "training.head_dropout": 0.0,
        },
        per_dataset={"iemocap": {"training.epochs": 12, "training.warmup": 1 / 12}},
        settings_from="official: the authors' code, but for batches and rates, which are ours",
        departures=(
            "Batches of 16 utterances, the backbone's usual rate and 1e-4 for the rest; the code trains one "
            "utterance at a time at 1e-6.",
        ),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [compm()]
