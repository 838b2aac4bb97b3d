"""COGMEN (Joshi et al. 2022) as recipes: three modalities as published, text alone, and each with the past alone."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc


def cogmen() -> erc.Method:
    """COGMEN of three modalities, with five turns before and after.

    The authors read a sentence encoder as it was pretrained; here, as in all dialogue-level systems, utterances are
    read through a fine-tuned language model. ``upstream=none`` reads the plain one.
    """
    return erc.Method(
        "cogmen",
        source="Joshi et al. 2022, https://aclanthology.org/2022.naacl-main.306; "
        "official code Exploration-Lab/COGMEN, which was not run",
        summary="A transformer over the dialogue, then a graph of speakers and time; text, audio and visual.",
        choices={"encoder": "cogmen", "objective": "cross-entropy", "classifier": "head"},
        settings={
            "encoder.modalities": "text, audio and visual",
            "encoder.speakers": 9,
            "training.schedule": "constant",
            "training.clip": 0.0,
            "training.weight_decay": 1e-8,
            "training.batch_size": 32,
            "training.epochs": 55,
            "training.head_lr": 1e-4,
            "training.head_dropout": 0.5,
        },
        per_dataset={"iemocap": {"encoder.speakers": 2}},
        settings_from="official: what the README and the defaults of the authors' code give for IEMOCAP, with a "
        "constant rate in the place of one that falls when dev loss does not",
        upstream="utterance-ce",
        departures=(
            "Utterances are read through a fine-tuned language model; the paper reads a sentence encoder as it was "
            "pretrained (upstream=none).",
            "A constant rate; the code's falls where the loss on dev does not.",
            "Two speakers on IEMOCAP, nine elsewhere.",
        ),
    )


def cogmen_causal() -> erc.Method:
    """COGMEN with a causal mask and five turns before."""
    return _ours(
        "cogmen-causal",
        "COGMEN that reads the past alone: attention masked, no later neighbour; text, audio and visual.",
        {"encoder.direction": "past"},
    )


def cogmen_text() -> erc.Method:
    """COGMEN of text alone, which needs no files."""
    return _ours(
        "cogmen-text",
        "COGMEN of text alone: a transformer over the dialogue, then a graph of speakers and time.",
        {"encoder.modalities": "text"},
    )


def cogmen_text_causal() -> erc.Method:
    """COGMEN of text alone, with a causal mask and five turns before."""
    return _ours(
        "cogmen-text-causal",
        "COGMEN of text alone that reads the past alone: attention masked, no later neighbour.",
        {"encoder.modalities": "text", "encoder.direction": "past"},
    )


def _ours(name: str, summary: str, settings: dict[str, object]) -> erc.Method:
    published = cogmen()
    changed = {**published.settings, **settings}
    return replace(
        published,
        name=name,
        summary=summary,
        settings=changed,
        settings_from="ours: otherwise those of cogmen",
        departures=(*(published.departures or ()), f"Not published: {summary}"),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [cogmen(), cogmen_causal(), cogmen_text(), cogmen_text_causal()]
