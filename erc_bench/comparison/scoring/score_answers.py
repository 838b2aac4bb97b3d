"""From one or two files of answers to scores, intervals and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from erc_bench.comparison.scoring.answer_file import AnswerFile, read_answers
from erc_bench.comparison.scoring.contrast import SplitScorer, contrast
from erc_bench.comparison.scoring.scored_split import Split
from erc_bench.comparison.scoring.scoring_result import Run, Scored, ScoredSystem
from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.types import SplitName
from erc_bench.corpora.corpus import Corpus
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.statistics.dialogues import dialogue_bootstrap, intra_cluster_correlation
from erc_bench.statistics.metrics import METRIC_WORDS, constant_floor, degenerate, score
from erc_bench.statistics.seeds import summarise


def score_files(
    dataset: Dataset,
    corpus: Corpus,
    files: Sequence[Path],
    *,
    split: SplitName = "test",
    metric: str | None = None,
    cluster: str = "dialogue",
    alpha: float = 0.05,
    unknown_as_wrong: bool = False,
    draws: int = 10_000,
) -> Scored:
    """Score one file of predictions, or two and the first against the second.

    ``cluster`` is the independent unit of intervals and tests: ``dialogue``, or ``episode``, ``session`` or
    ``script`` where the corpus knows them. With ``unknown_as_wrong`` an answer that is no label is wrong.
    Raises :class:`ErcBenchError` for files that do not fit the split, a metric that the dataset does
    not have, and two files whose runs cannot be paired.
    """
    layouts = [layout.name for layout in dataset.layouts]
    part = Split(
        dataset.name,
        split,
        dataset.labels,
        dict(corpus.splits.items())[split],
        corpus.layout_name if len(layouts) > 1 else "",
        tuple(name for name in layouts if name != corpus.layout_name),
    )
    headline = _metric(dataset, metric)
    scorer = SplitScorer(part, cluster, headline, dataset.scored_labels)
    answers = [read_answers(file, part, unknown_as_wrong) for file in files]
    gold = list(part.gold().values())
    floor = constant_floor(gold, dataset.labels, dataset.scored_labels, dataset.headline_metric)
    systems = tuple(_system(each, dataset, gold, floor, scorer, alpha, draws) for each in answers)
    counts = corpus.counts[split]
    return Scored(
        dataset=dataset.name,
        split=split,
        fingerprint=corpus.fingerprint,
        dialogues=counts.dialogues,
        utterances=counts.utterances,
        labelled=counts.labelled,
        cluster=cluster,
        clusters=scorer.cluster_count,
        metric=headline,
        alpha=alpha,
        support=systems[0].runs[0].metrics["support"],
        floor=floor,
        systems=systems,
        contrast=contrast(answers[0], answers[1], scorer, alpha, draws) if len(answers) == 2 else None,
        notes=corpus.departures,
    )


def _metric(dataset: Dataset, metric: str | None) -> str:
    known = [name for name in METRIC_WORDS if name != "micro_f1" or dataset.scored_labels]
    if metric is not None and metric not in known:
        raise ErcBenchError(f"{dataset.name} has no metric {metric!r}; {did_you_mean(metric, known)}")
    return metric or dataset.headline_metric


def _system(
    answers: AnswerFile,
    dataset: Dataset,
    gold: Sequence[str],
    floor: Mapping[str, Any],
    scorer: SplitScorer,
    alpha: float,
    draws: int,
) -> ScoredSystem:
    runs = tuple(_run(seed, predicted, dataset, gold, floor) for seed, predicted in answers.runs.items())
    seeds = list(answers.runs)
    names = [name for name in METRIC_WORDS if name in runs[0].metrics]
    return ScoredSystem(
        name=str(answers.file),
        runs=runs,
        summaries={name: summarise([run.metrics[name] for run in runs], alpha) for name in names},
        class_summaries={
            label: summarise([run.metrics["per_class_f1"][label] for run in runs], alpha) for label in dataset.labels
        },
        interval=dialogue_bootstrap(scorer.counts(answers, seeds)[None], scorer.score, alpha, draws),
        shared=intra_cluster_correlation(np.mean(scorer.right(answers, seeds), axis=0), scorer.clusters),
        notes=answers.notes,
        unknown=answers.unknown,
    )


def _run(
    seed: int | None, predicted: Sequence[str], dataset: Dataset, gold: Sequence[str], floor: Mapping[str, Any]
) -> Run:
    metrics = score(gold, predicted, dataset.labels, dataset.scored_labels, unknown_as_wrong=True)
    answers = [answer for answer in predicted if answer in dataset.labels]
    return Run(seed, metrics, degenerate(metrics, answers, floor, dataset.headline_metric))
