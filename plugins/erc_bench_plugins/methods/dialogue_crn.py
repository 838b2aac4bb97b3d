"""DialogueCRN (Hu et al. 2021, arXiv:2106.01978) as recipes: as published, and with the past alone."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc


def dialogue_crn() -> erc.Method:
    """DialogueCRN in both directions, as its authors run it on language model states."""
    return erc.Method(
        "dialogue-crn",
        source="Hu et al. 2021, arXiv:2106.01978; official code zerohd4869/DialogueCRN",
        summary="LSTMs over the dialogue and over each speaker's turns, asked repeatedly by each turn.",
        choices={"encoder": "dialogue-crn", "objective": "cross-entropy", "classifier": "head"},
        settings={
            "training.schedule": "constant",
            "training.clip": 0.0,
            "training.weight_decay": 2e-4,
            "training.batch_size": 32,
            "training.epochs": 100,
            "training.patience": 20,
            "training.head_lr": 1e-4,
            "training.head_dropout": 0.2,
        },
        per_dataset={
            "iemocap": {
                "encoder.layers": 2,
                "encoder.situation_turns": 3,
                "encoder.speaker_turns": 4,
                "training.class_weights": "balanced",
            },
        },
        settings_from="official: the authors' scripts for language model states; reasoning on IEMOCAP: those for GloVe",
        upstream="utterance-ce",
        departures=(
            "Utterances are read through the run's own language model, fine-tuned on single utterances and "
            "standardised on train; published states are of RoBERTa-large or GloVe.",
            "AdamW's decay, biases exempt, in place of L2 in the gradient of Adam.",
            "The epoch is chosen on dev; the published code chooses on test for IEMOCAP.",
        ),
    )


def dialogue_crn_causal() -> erc.Method:
    """DialogueCRN with LSTMs of one direction that asks earlier turns alone."""
    published = dialogue_crn()
    return replace(
        published,
        name="dialogue-crn-causal",
        summary="DialogueCRN that reads the past alone: LSTMs of one direction, earlier turns asked.",
        settings={**published.settings, "encoder.direction": "past"},
        settings_from="ours: those of dialogue-crn",
        departures=(*(published.departures or ()), "Not published: the past alone is read."),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [dialogue_crn(), dialogue_crn_causal()]
