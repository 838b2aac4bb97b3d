"""DialogueRNN (Majumder et al. 2019, arXiv:1811.00405) as recipes: as published, and with the past alone."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc

_WIDE = {"encoder.global_width": 500, "encoder.emotion_width": 300}


def dialogue_rnn() -> erc.Method:
    """DialogueRNN in both directions, with the final attention."""
    return erc.Method(
        "dialogue-rnn",
        source="Majumder et al. 2019, arXiv:1811.00405; official code declare-lab/conv-emotion",
        summary="Global, speaker and emotion states tracked by GRUs in both directions, attended over all turns.",
        choices={"encoder": "dialogue-rnn", "objective": "cross-entropy", "classifier": "head"},
        settings={
            "training.schedule": "constant",
            "training.clip": 0.0,
            "training.weight_decay": 1e-5,
            "training.batch_size": 30,
            "training.epochs": 100,
            "training.head_lr": 5e-4,
            "training.head_dropout": 0.1,
        },
        per_dataset={
            "iemocap": {
                **_WIDE,
                "training.epochs": 60,
                "training.head_lr": 1e-4,
                "training.class_weights": "balanced",
            },
        },
        settings_from="official: the values of the authors' code for IEMOCAP and for MELD",
        upstream="utterance-ce",
        departures=(
            "Utterances are read through the run's own language model, fine-tuned on single utterances and "
            "standardised on train; published states are of RoBERTa-large or GloVe.",
            "AdamW's decay, biases exempt, in place of L2 in the gradient of Adam.",
            "The epoch is chosen on dev; the published code chooses on test.",
        ),
    )


def dialogue_rnn_causal() -> erc.Method:
    """DialogueRNN of one direction, without the final attention."""
    published = dialogue_rnn()
    return replace(
        published,
        name="dialogue-rnn-causal",
        summary="DialogueRNN that reads the past alone: forward cells, no final attention.",
        settings={**published.settings, "encoder.direction": "past"},
        settings_from="ours: those of dialogue-rnn",
        departures=(*(published.departures or ()), "Not published: the past alone is read."),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [dialogue_rnn(), dialogue_rnn_causal()]
