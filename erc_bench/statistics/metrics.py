"""Metrics over labelled utterances, all of them read from counts of (gold, predicted) pairs.

Every score is in points, 0 to 100, unrounded. A class that is neither in the gold labels nor
predicted has F1 0 (scikit-learn's ``zero_division=0``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from erc_bench.errors import ErcBenchError

Counts = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]

NO_ANSWER = ""
"""What stands for the answer of a method that had none: it is wrong, whatever was right."""
METRIC_WORDS = {
    "weighted_f1": "weighted F1",
    "macro_f1": "macro F1",
    "accuracy": "accuracy",
    "micro_f1": "micro F1 over the scored labels",
}


def label_indices(values: Sequence[str], labels: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the class index of each of n labels, (n,).

    Raises :class:`ErcBenchError` naming the first value that is not a label.
    """
    index = {label: position for position, label in enumerate(labels)}
    try:
        return np.array([index[value] for value in values], dtype=np.intp)
    except KeyError as error:
        raise ErcBenchError(f"{error.args[0]!r} is not a label", f"The labels are {', '.join(labels)}.") from None


def answer_indices(values: Sequence[str], labels: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the class index of each of n answers, (n,), and one behind the last for answers that are no label."""
    index = {label: position for position, label in enumerate(labels)}
    return np.array([index.get(value, len(labels)) for value in values], dtype=np.intp)


def best_labels(scores: Scores, labels: Sequence[str]) -> list[str]:
    """scores: (n, classes) → the label with the highest score in each row; :data:`NO_ANSWER` for a row of nan."""
    answers = [*labels, NO_ANSWER]
    best = np.where(np.isnan(scores).any(-1), len(labels), np.nan_to_num(scores).argmax(-1))
    return [answers[place] for place in best.tolist()]


def confusion(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> Counts:
    """gold, predicted: n labels → (classes, classes) counts, gold in rows, predicted in columns."""
    return grouped_confusion(label_indices(gold, labels), label_indices(predicted, labels), len(labels))


def grouped_confusion(
    gold: npt.NDArray[np.intp],
    predicted: npt.NDArray[np.integer[Any]],
    classes: int,
    groups: npt.NDArray[np.intp] | None = None,
    group_count: int = 1,
    answers: int | None = None,
) -> Counts:
    """gold, predicted: (n,) class indices; groups: (n,) → (groups, classes, classes) counts.

    Without ``groups`` the result is (classes, classes). ``answers`` is the number of columns where there are more of
    them than classes: what stands in the further ones is wrong, whatever was right (:func:`answer_indices`).
    """
    columns = classes if answers is None else answers
    if gold.shape != predicted.shape:
        raise ErcBenchError(f"there are {len(gold)} gold labels and {len(predicted)} predictions")
    pairs = gold * columns + predicted
    if groups is None:
        return np.bincount(pairs, minlength=classes * columns).reshape(classes, columns)
    flat = np.bincount(groups * classes * columns + pairs, minlength=group_count * classes * columns)
    return flat.reshape(group_count, classes, columns)


def _ratio(numerator: Any, denominator: Any) -> Scores:
    # Nothing found and nothing to find counts as 0, as in scikit-learn with zero_division=0.
    return np.asarray(100.0 * numerator / np.maximum(denominator, 1), dtype=np.float64)


def class_f1(counts: Counts) -> Scores:
    """counts: (..., classes, classes) → (..., classes), the F1 of each class.

    Further columns, of answers that are no class, count in no class but in the misses of every one.
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    return _ratio(2.0 * hits, _gold(counts) + _answered(counts))


def _gold(counts: Counts) -> Any:
    """counts: (..., classes, answers) → (..., classes): how often each class was right."""
    return np.einsum("...ga->...g", counts)  # a quarter of the time of a sum over so short an axis


def _answered(counts: Counts) -> Any:
    """counts: (..., classes, answers) → (..., classes): how often each class was answered."""
    return np.einsum("...ga->...a", counts)[..., : counts.shape[-2]]


def weighted_f1(counts: Counts, scored: Sequence[int] = ()) -> Scores:
    """counts: (..., classes, classes) → (...): class F1s weighted with their number of gold labels."""
    support = _gold(counts)
    return np.asarray((class_f1(counts) * support).sum(-1) / np.maximum(support.sum(-1), 1))


def macro_f1(counts: Counts, scored: Sequence[int] = ()) -> Scores:
    """counts: (..., classes, classes) → (...): the plain mean of F1 over all labels of the dataset."""
    return np.asarray(class_f1(counts).mean(-1))


def accuracy(counts: Counts, scored: Sequence[int] = ()) -> Scores:
    """counts: (..., classes, classes) → (...): the share of right predictions."""
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1).sum(-1), counts.sum((-2, -1)))


def micro_f1(counts: Counts, scored: Sequence[int]) -> Scores:
    """counts: (..., classes, classes) → (...): F1 of the pooled decisions for the classes ``scored``.

    Equals scikit-learn's ``f1_score(labels=scored, average="micro")``: predicting a class that is
    not scored, where one that is was right, still costs recall.
    """
    columns = list(scored)
    hits = np.diagonal(counts, axis1=-2, axis2=-1)[..., columns].sum(-1)
    return _ratio(2.0 * hits, counts.sum(-1)[..., columns].sum(-1) + counts.sum(-2)[..., columns].sum(-1))


_METRICS: Mapping[str, Callable[[Counts, Sequence[int]], Scores]] = {
    "weighted_f1": weighted_f1,
    "macro_f1": macro_f1,
    "accuracy": accuracy,
    "micro_f1": micro_f1,
}


def from_counts(counts: Counts, metric: str, scored: Sequence[int] = ()) -> Scores:
    """counts: (..., classes, classes) → (...), the named metric; ``scored`` are class indices."""
    return _METRICS[metric](counts, scored)


def with_answers(counts: Counts, answers: int) -> Counts:
    """counts: (..., classes, fewer answers) → (..., classes, answers): further columns in which nothing stands."""
    further = [(0, 0)] * (counts.ndim - 1) + [(0, answers - counts.shape[-1])]
    return np.pad(counts, further)


def leave_one_out(counts: Counts, metric: str, scored: Sequence[int] = ()) -> Scores:
    """counts: (..., groups, classes, classes) → (..., groups), the metric without each group in turn."""
    return from_counts(counts.sum(-3, keepdims=True) - counts, metric, scored)


def score(
    gold: Sequence[str],
    predicted: Sequence[str],
    labels: Sequence[str],
    scored_labels: Sequence[str] = (),
    unknown_as_wrong: bool = False,
) -> dict[str, Any]:
    """Score n predictions: ``weighted_f1``, ``macro_f1``, ``accuracy``, F1 and support by class.

    ``micro_f1`` over ``scored_labels`` is added when these are given. With ``unknown_as_wrong`` an answer that is no
    label is wrong: it costs recall of the right class, and no class precision; ``unanswered`` counts those that are
    :data:`NO_ANSWER`, where there are any. Raises
    :class:`ErcBenchError` for an unknown label otherwise, unequal lengths, or nothing to score.
    """
    if not len(gold):
        raise ErcBenchError("there is no labelled utterance to score")
    if unknown_as_wrong:
        answered = answer_indices(predicted, labels)
        counts = grouped_confusion(label_indices(gold, labels), answered, len(labels), answers=len(labels) + 1)
    else:
        counts = confusion(gold, predicted, labels)
    names = ("weighted_f1", "macro_f1", "accuracy")
    metrics: dict[str, Any] = {name: float(_METRICS[name](counts, ())) for name in names}
    if scored_labels:
        metrics["micro_f1"] = float(micro_f1(counts, label_indices(scored_labels, labels).tolist()))
    metrics["per_class_f1"] = dict(zip(labels, class_f1(counts).tolist(), strict=True))
    metrics["support"] = dict(zip(labels, counts.sum(-1).tolist(), strict=True))
    if unanswered := sum(answer == NO_ANSWER for answer in predicted):
        metrics["unanswered"] = unanswered
    return metrics


def best_constant(gold: npt.ArrayLike, metric: str, scored: Sequence[int] = ()) -> tuple[int, float]:
    """gold: (classes,) counts → the class that is best to answer everywhere, and its score; of equal ones the first."""
    support = np.asarray(gold, dtype=np.int64)
    places = np.arange(len(support))
    counts = np.zeros((len(support),) * 3, dtype=np.int64)
    counts[places, :, places] = support
    scores = np.atleast_1d(from_counts(counts, metric, scored))
    return int(scores.argmax()), float(scores.max())


def constant_floor(
    gold: Sequence[str], labels: Sequence[str], scored_labels: Sequence[str] = (), headline_metric: str = "weighted_f1"
) -> dict[str, Any]:
    """Score the best constant answer, which any method has to rise above.

    ``gold`` is that of the split which is scored. Keys: each metric, with what the constant answer that is best by it
    scores, and ``label``, the answer that is best by the headline metric: where only some classes are scored it is the
    most frequent one of these.
    """
    support = np.bincount(label_indices(gold, labels), minlength=len(labels))
    scored = label_indices(scored_labels, labels).tolist()
    names = [name for name in METRIC_WORDS if name != "micro_f1" or scored_labels]
    best = {name: best_constant(support, name, scored) for name in names}
    return {"label": labels[best[headline_metric][0]]} | {name: floor for name, (_, floor) in best.items()}


def degenerate(
    metrics: Mapping[str, Any], predicted: Sequence[str], floor: Mapping[str, Any], headline_metric: str = "weighted_f1"
) -> str:
    """Return why a result cannot be taken for a trained system, or ``""``.

    A result is degenerate at or below the floor (:func:`constant_floor`) in weighted F1 or in the headline metric,
    or when it predicts at most two classes (at most one where there are only two). ``predicted`` are its answers that
    are labels.
    """
    for name in dict.fromkeys(("weighted_f1", headline_metric)):
        if name in floor and name in metrics and metrics[name] <= floor[name] + 1e-9:
            words = f"{METRIC_WORDS[name]} {metrics[name]:.2f}"
            return f"{words} is not above {floor[name]:.2f}, which one answer everywhere scores"
    seen = sorted(set(predicted))
    if len(seen) <= min(2, len(metrics["support"]) - 1):
        return f"predicts only {' and '.join(seen)}" if seen else "predicts no label"
    return ""
