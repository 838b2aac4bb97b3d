"""EmoCaps-style recipes (after Li et al. 2022): in both directions, and with the past alone."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc


def emocaps() -> erc.Method:
    """EmoCaps-style, of text alone, on utterances read through a fine-tuned language model that stands still.

    The published system reads audio and faces as well; the numbers that are reported beside it here are its
    authors' for text alone.
    """
    return erc.Method(
        "emocaps",
        source="after Li et al. 2022, https://aclanthology.org/2022.findings-acl.126; from memory, no reproduction",
        summary="EmoCaps-style: an emotion vector by attention beside each sentence vector, then a BiLSTM; text alone.",
        choices={"encoder": "emocaps", "objective": "cross-entropy", "classifier": "head"},
        settings={
            "training.schedule": "linear",
            "training.batch_size": 16,
            "training.epochs": 30,
            "training.head_lr": 1e-4,
        },
        settings_from="ours: the paper's are not known to us",
        upstream="utterance-ce",
        departures=(
            "Sizes, rates and epochs are ours.",
            "Utterances are read through the run's own language model, fine-tuned on single utterances and "
            "standardised on train; published states are of RoBERTa-large or GloVe.",
        ),
    )


def emocaps_causal() -> erc.Method:
    """The same with a causal mask and an LSTM of one direction."""
    published = emocaps()
    return replace(
        published,
        name="emocaps-causal",
        summary="EmoCaps-style that reads the past alone: attention masked, an LSTM of one direction; text alone.",
        settings={**published.settings, "encoder.direction": "past"},
        settings_from="ours: those of emocaps",
        departures=(*(published.departures or ()), "Not published: the past alone is read."),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [emocaps(), emocaps_causal()]
