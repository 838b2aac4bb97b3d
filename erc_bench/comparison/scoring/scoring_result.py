"""The data of scored predictions: plain numbers and sentences. Renderings read nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from erc_bench.statistics import results


@dataclass(frozen=True)
class Run:
    """One run of a system: its metrics, in points, and why it cannot be taken for a trained system, or ``""``."""

    seed: int | None
    metrics: Mapping[str, Any]
    degenerate: str


@dataclass(frozen=True)
class ScoredSystem:
    """The runs of one file, and the numbers that they share.

    ``summaries`` are over runs, by metric and by class. ``interval`` is the headline metric's over further dialogues
    for the systems as they are trained, ``shared`` the correlation of the answers of one dialogue (or cluster).
    ``unknown`` counts, by their text, the answers that are no label and count as wrong.
    """

    name: str
    runs: tuple[Run, ...]
    summaries: Mapping[str, results.Summary]
    class_summaries: Mapping[str, results.Summary]
    interval: results.BootstrapInterval
    shared: results.ClusterEffect
    notes: tuple[str, ...] = ()
    unknown: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SeedTests:
    """The tests that read several seeds of both systems: those of ``compare``."""

    paired_t: results.PairedT
    sign_flip: results.SignFlip
    effect: results.Estimate
    detectable: results.Estimate
    correlation: results.Estimate
    joint: results.JointTest
    two_level: results.BootstrapInterval


@dataclass(frozen=True)
class Contrast:
    """The first system less the second on the headline metric, over ``seeds`` that both have.

    ``mcnemar`` has one test for each shared seed. ``seed_tests`` needs two shared seeds.
    """

    seeds: tuple[int | None, ...]
    interval: results.BootstrapInterval
    test: results.DialogueSignFlip
    shared: results.ClusterEffect
    mcnemar: tuple[results.McNemar, ...]
    seed_tests: SeedTests | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scored:
    """One or two systems on one split of a dataset.

    ``cluster`` is the independent unit of the tests, ``clusters`` their number; ``support``
    counts the gold labels by class.
    """

    dataset: str
    split: str
    fingerprint: str
    dialogues: int
    utterances: int
    labelled: int
    cluster: str
    clusters: int
    metric: str
    alpha: float
    support: Mapping[str, int]
    floor: Mapping[str, Any]
    systems: tuple[ScoredSystem, ...]
    contrast: Contrast | None = None
    notes: tuple[str, ...] = ()
