"""RGAT (Ishiwatari et al. 2020) as recipes: as published, and with the past alone."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc


def rgat() -> erc.Method:
    """RGAT on utterances read through a fine-tuned language model that stands still.

    The authors fine-tune BERT together with the graph; ``encoder.trainable=all`` does.
    """
    return erc.Method(
        "rgat",
        source="Ishiwatari et al. 2020, https://aclanthology.org/2020.emnlp-main.597; no official code",
        summary="Graph attention over five turns before and after, by speaker and direction, aware of distance.",
        choices={"encoder": "rgat", "objective": "cross-entropy", "classifier": "head"},
        settings={
            "training.schedule": "cosine",
            "training.batch_size": 16,
            "training.epochs": 40,
            "training.head_lr": 1e-4,
        },
        settings_from="ours: a third party trains batches of one dialogue at 2e-3, beside a BERT at 4e-5",
        upstream="utterance-ce",
        departures=(
            "Utterances are read through the run's own language model, fine-tuned on single utterances and "
            "standardised on train; published states are of RoBERTa-large or GloVe.",
            "The language model is frozen behind its upstream; in the paper BERT trains along.",
        ),
    )


def rgat_causal() -> erc.Method:
    """RGAT without later neighbours."""
    published = rgat()
    return replace(
        published,
        name="rgat-causal",
        summary="RGAT that reads the past alone: five turns before.",
        settings={**published.settings, "encoder.direction": "past"},
        settings_from="ours: those of rgat",
        departures=(*(published.departures or ()), "Not published: the past alone is read."),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [rgat(), rgat_causal()]
