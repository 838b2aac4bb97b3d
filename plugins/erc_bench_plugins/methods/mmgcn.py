"""MMGCN (Hu et al. 2021) as recipes: three modalities as published, text alone, and each with the past alone."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc


def mmgcn() -> erc.Method:
    """MMGCN of three modalities, with the cross-entropy of the paper.

    The authors' code trains MELD by a focal loss that its formula does not give; it is not imitated.
    """
    return erc.Method(
        "mmgcn",
        source="Hu et al. 2021, https://aclanthology.org/2021.acl-long.440; "
        "official code hujingwen6666/MMGCN, which was not run",
        summary="A deep graph convolution over all turns, edges by similarity; text, audio and visual.",
        choices={"encoder": "mmgcn", "objective": "cross-entropy", "classifier": "head"},
        settings={
            "encoder.modalities": "text, audio and visual",
            "training.schedule": "constant",
            "training.clip": 0.0,
            "training.weight_decay": 0.0,
            "training.batch_size": 16,
            "training.epochs": 60,
            "training.head_lr": 1e-3,
            "training.head_dropout": 0.4,
        },
        per_dataset={
            "iemocap": {
                "encoder.speakers": 2,
                "training.weight_decay": 3e-5,
                "training.epochs": 20,
                "training.head_lr": 3e-4,
                "training.class_weights": "balanced",
            }
        },
        settings_from="official: those of the authors' code for MELD and IEMOCAP, but for MELD's focal loss",
        upstream="utterance-ce",
        departures=(
            "Utterances are read through the run's own language model, fine-tuned on single utterances and "
            "standardised on train; published states are of RoBERTa-large or GloVe.",
            "AdamW's decay, biases exempt, in place of L2 in the gradient of Adam.",
            "The epoch is chosen on dev; the published code chooses on test.",
            "Cross-entropy; on MELD the code has a mis-coded focal loss.",
            "Other dropout noise in every epoch; the code has the same seed at the start of every pass.",
            "On MELD the batch is not known to us: 16 dialogues, as on IEMOCAP.",
        ),
    )


def mmgcn_causal() -> erc.Method:
    """MMGCN with an LSTM of one direction and edges from earlier turns."""
    return _ours(
        "mmgcn-causal",
        "MMGCN that reads the past alone: an LSTM of one direction, edges from earlier turns; text, audio and visual.",
        {"encoder.direction": "past"},
    )


def mmgcn_text() -> erc.Method:
    """MMGCN of text alone, which needs no files and was not published."""
    return _ours(
        "mmgcn-text",
        "MMGCN of text alone: an LSTM, then a deep graph convolution over all turns, edges by similarity.",
        {"encoder.modalities": "text"},
    )


def mmgcn_text_causal() -> erc.Method:
    """MMGCN of text alone, with an LSTM of one direction and edges from earlier turns."""
    return _ours(
        "mmgcn-text-causal",
        "MMGCN of text alone that reads the past alone: an LSTM of one direction, edges from earlier turns.",
        {"encoder.modalities": "text", "encoder.direction": "past"},
    )


def _ours(name: str, summary: str, settings: dict[str, object]) -> erc.Method:
    published = mmgcn()
    changed = {**published.settings, **settings}
    return replace(
        published,
        name=name,
        summary=summary,
        settings=changed,
        settings_from="ours: otherwise those of mmgcn",
        departures=(*(published.departures or ()), f"Not published: {summary}"),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [mmgcn(), mmgcn_causal(), mmgcn_text(), mmgcn_text_causal()]
