"""SACL (Hu et al. 2023, arXiv:2306.01505) as recipes: as published, and with the past alone."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc


def sacl() -> erc.Method:
    """SACL's network and training; of the cells of the authors' grids those that their scripts have as defaults."""
    return erc.Method(
        "sacl",
        source="Hu et al. 2023, arXiv:2306.01505; official code zerohd4869/SACL",
        summary="LSTMs over the dialogue and each speaker, contrasted by label on clean and on adversarial weights.",
        choices={"encoder": "dialogue-crn", "objective": "sacl", "classifier": "head"},
        settings={
            "encoder.situation_turns": 0,
            "encoder.speaker_turns": 0,
            "encoder.least_turns": 2,
            "training.schedule": "constant",
            "training.clip": 0.0,
            "training.weight_decay": 2e-4,
            "training.batch_size": 16,
            "training.accumulation": 2,
            "training.epochs": 100,
            "training.patience": 20,
            "training.head_lr": 1e-4,
            "training.head_dropout": 0.2,
        },
        per_dataset={
            "iemocap": {
                "encoder.layers": 2,
                "objective.contrast": "hidden",
                "objective.focus": 0.0,
                "objective.contrastive_weight": 0.05,
                "objective.adversarial_contrastive_weight": 0.5,
                "objective.situation_alone": 0.0,
                "training.batch_size": 2,
                "training.accumulation": 16,
                "training.class_weights": "balanced",
            },
            "emorynlp": {
                "objective.rarity": True,
                "objective.contrastive_weight": 0.05,
                "objective.adversarial_contrastive_weight": 0.1,
                "objective.radius": 0.5,
                "objective.adversarial_rate": 0.1,
                "objective.situation_alone": 0.9,
                "training.head_lr": 5e-5,
            },
        },
        settings_from="official: the authors' scripts; of their grids, which name no winner, τ .1",
        search={"objective.temperature": (0.1, 1.0)},
        search_from="official: the grid of the authors' scripts",
        upstream="utterance-ce",
        departures=(
            "Utterances are read through the run's own language model, fine-tuned on single utterances and "
            "standardised on train; published states are of RoBERTa-large or GloVe.",
            "AdamW's decay, biases exempt, in place of L2 in the gradient of Adam.",
            "τ is .1, of the authors' grid, which names no winner.",
        ),
    )


def sacl_causal() -> erc.Method:
    """SACL with LSTMs of one direction."""
    published = sacl()
    return replace(
        published,
        name="sacl-causal",
        summary="SACL that reads the past alone: LSTMs of one direction.",
        settings={**published.settings, "encoder.direction": "past"},
        settings_from="ours: those of sacl",
        departures=(*(published.departures or ()), "Not published: the past alone is read."),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [sacl(), sacl_causal()]
