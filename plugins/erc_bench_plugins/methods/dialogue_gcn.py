"""DialogueGCN (Ghosal et al. 2019, arXiv:1908.11540) as recipes: as published, and with the past alone."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc


def dialogue_gcn() -> erc.Method:
    """DialogueGCN with ten turns before and after.

    The README's command has the final attention on; the implementation beside it that chooses on dev has none, and with
    one the network does not even learn twenty dialogues by heart (``encoder.attention``).
    """
    return erc.Method(
        "dialogue-gcn",
        source="Ghosal et al. 2019, arXiv:1908.11540; official code declare-lab/conv-emotion",
        summary="An LSTM over the dialogue, then a graph of speakers and time over ten turns before and after.",
        choices={"encoder": "dialogue-gcn", "objective": "cross-entropy", "classifier": "head"},
        settings={
            "training.schedule": "constant",
            "training.clip": 0.0,
            "training.weight_decay": 0.0,
            "training.batch_size": 32,
            "training.epochs": 60,
            "training.head_lr": 3e-4,
            "training.head_dropout": 0.4,
            "encoder.speakers": 9,
        },
        per_dataset={"iemocap": {"encoder.speakers": 2, "training.class_weights": "balanced"}},
        settings_from="official: the command of the authors' README, which is for IEMOCAP, but for its final attention",
        upstream="utterance-ce",
        departures=(
            "Utterances are read through the run's own language model, fine-tuned on single utterances and "
            "standardised on train; published states are of RoBERTa-large or GloVe.",
            "AdamW's decay, biases exempt, in place of L2 in the gradient of Adam.",
            "The epoch is chosen on dev; the published code chooses on test.",
            "Two speakers on IEMOCAP, nine elsewhere; the code has two.",
        ),
    )


def dialogue_gcn_causal() -> erc.Method:
    """DialogueGCN with ten turns before, an LSTM of one direction."""
    published = dialogue_gcn()
    return replace(
        published,
        name="dialogue-gcn-causal",
        summary="DialogueGCN that reads the past alone: an LSTM of one direction, no later neighbour.",
        settings={**published.settings, "encoder.direction": "past"},
        settings_from="ours: those of dialogue-gcn",
        departures=(*(published.departures or ()), "Not published: the past alone is read."),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [dialogue_gcn(), dialogue_gcn_causal()]
