"""DialogueEIN (Liu et al. 2022) as recipes: as published, and with the past alone."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc


def dialogue_ein() -> erc.Method:
    """DialogueEIN on utterances read through a fine-tuned language model that stands still.

    The authors fine-tune RoBERTa together with the network; ``encoder.trainable=all`` does.
    """
    return erc.Method(
        "dialogue-ein",
        source="Liu et al. 2022, https://aclanthology.org/2022.coling-1.57; no official code",
        summary="Attention to emotion embeddings, then to all turns, near ones, the speaker's own, and others'.",
        choices={"encoder": "dialogue-ein", "objective": "cross-entropy", "classifier": "head"},
        settings={
            "training.schedule": "linear",
            "training.warmup": 0.06,
            "training.batch_size": 8,
            "training.epochs": 20,
            "training.encoder_lr": 5e-6,
            "training.head_lr": 5e-5,
        },
        per_dataset={"meld": {"encoder.head_width": 64}},
        settings_from="third party: the values of yanpengt06/DialogueEIN, which trains RoBERTa along",
        upstream="utterance-ce",
        departures=(
            "Utterances are read through the run's own language model, fine-tuned on single utterances and "
            "standardised on train; published states are of RoBERTa-large or GloVe.",
            "The language model is frozen behind its upstream; in the paper RoBERTa trains along.",
        ),
    )


def dialogue_ein_causal() -> erc.Method:
    """DialogueEIN with a causal mask in every attention."""
    published = dialogue_ein()
    return replace(
        published,
        name="dialogue-ein-causal",
        summary="DialogueEIN that reads the past alone: every attention masked, two turns near.",
        settings={**published.settings, "encoder.direction": "past"},
        settings_from="ours: those of dialogue-ein",
        departures=(*(published.departures or ()), "Not published: the past alone is read."),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [dialogue_ein(), dialogue_ein_causal()]
