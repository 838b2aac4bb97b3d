"""KET (Zhong et al. 2019) as recipes: as published, and without its knowledge."""

from __future__ import annotations

from dataclasses import replace

import erc_bench.api as erc


def ket() -> erc.Method:
    """KET with concepts and affect, of files that the user has: ``encoder.knowledge`` and ``encoder.affect``.

    The authors weigh the classes by the label distribution of the split that is evaluated, test included; here train
    alone decides.
    """
    return erc.Method(
        "ket",
        source="Zhong et al. 2019, https://aclanthology.org/D19-1016; "
        "official code zhongpeixiang/KET, which was not run",
        summary="Words with their concepts attend to those of six turns before (KET).",
        choices={"encoder": "ket", "objective": "cross-entropy", "classifier": "head"},
        settings={
            "encoder.concepts": True,
            "encoder.trainable": "all",
            "training.schedule": "constant",
            "training.clip": 0.0,
            "training.weight_decay": 0.0,
            "training.batch_size": 64,
            "training.epochs": 10,
            "training.encoder_lr": 1e-4,
            "training.head_lr": 1e-4,
            "training.head_dropout": 0.0,
            "training.class_weights": "balanced",
        },
        settings_from="official: what is known of the authors' code, with class weights of train in the place of "
        "those of the evaluated split; dropout is ours",
        departures=(
            "Class weights are balanced, of train alone; the code divides the label distribution of the split that "
            "is evaluated, test included.",
            "The epoch is the best on dev and train is train; the code merges train and dev and takes the last epoch.",
        ),
    )


def ket_no_knowledge() -> erc.Method:
    """KET without concepts and affect: for corpora without its files, and what they have to beat."""
    published = ket()
    settings = {address: value for address, value in published.settings.items() if address != "encoder.concepts"}
    return replace(
        published,
        name="ket-no-knowledge",
        summary="Words attend to those of six turns before; KET without concepts and affect.",
        settings=settings,
        departures=(
            *(published.departures or ()),
            "Without knowledge: neither concepts of ConceptNet nor affect (NRC-VAD) are read, as the name says.",
        ),
    )


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [ket(), ket_no_knowledge()]
