"""Utterances to which a system had no answer: wrong in every score and test, and said below the table."""

import pytest

from erc_bench.comparison import compare, requested_tests
from erc_bench.comparison.outcomes import read_outcome
from erc_bench.experiments.cells import load_predictions
from erc_bench.output.figures import confusion as confusion_figure
from erc_bench.statistics.metrics import score
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.reading import read_cell


@pytest.fixture
def answers(store):
    """Answers of which every eighth is none."""
    found = store.split.answers(0.7, 3)
    return ["" if place % 8 == 0 else answer for place, answer in enumerate(found)]


def test_they_are_wrong_whatever_was_right(store, answers):
    outcome = read_outcome(read_cell(store.add("llm", 1, predicted=answers)), "weighted_f1")
    gold = [row[2] for row in store.split.rows()]
    # Said by a class of its own, which nobody is.
    apart = [answer or "nobody" for answer in answers]
    told = score(gold, apart, [*store.split.labels, "nobody"])
    assert outcome.value == pytest.approx(told["weighted_f1"])
    assert outcome.total.shape == (len(store.split.labels), len(store.split.labels) + 1)
    assert outcome.total[:, -1].sum() == answers.count("")


def test_a_row_with_some_is_tested_against_one_without(store, answers):
    store.add_seeds("ce", [0.5, 0.52, 0.51])
    for seed in (1, 2, 3):
        store.add("llm", seed, predicted=answers)
    for unit in ("seed", "dialogue", "both"):
        (column,) = compare(read_cells(store.runs), baseline="ce", tests=requested_tests.Tests(unit=unit)).columns
        (pair,) = column.pairs
        ours, theirs = (next(score for score in column.scores if score.row == row) for row in (pair.row, pair.baseline))
        assert pair.difference == pytest.approx(ours.summary.mean - theirs.summary.mean)
        if unit == "dialogue":
            assert pair.over_dialogues.interval.estimate == pytest.approx(pair.difference)


def test_the_caption_says_how_many(store, answers):
    store.add_seeds("ce", [0.5, 0.52])
    for seed in (1, 2):
        store.add("llm", seed, predicted=answers)
    share = 100 * answers.count("") / len(answers)
    caption = " ".join(compare(read_cells(store.runs), baseline="ce", short_caption=True).caption)
    assert f"Answers that are no label count as wrong: llm on meld {share:.1f} %." in caption
    assert "no label" not in " ".join(compare(read_cells(store.runs), methods=["ce"]).caption)


def test_two_models_of_a_method_are_told_apart(store, answers):
    more = ["" if place % 2 else answer for place, answer in enumerate(answers)]
    for backbone, said in (("small", more), ("large", answers), ("whole", store.split.answers(0.7, 3))):
        store.add("llm", 1, predicted=said, backbone=backbone)
    shares = {name: 100 * said.count("") / len(said) for name, said in (("small", more), ("large", answers))}
    comparison = compare(read_cells(store.runs), baseline="llm/whole")
    (told,) = (sentence for sentence in comparison.caption if "no label" in sentence)
    labels = {row.key.backbone: row.label for row in comparison.rows}
    assert len(set(labels.values())) == 3
    for name, share in shares.items():
        assert f"{labels[name]} on meld {share:.1f} %" in told
    assert labels["whole"] not in told


def test_frames_hold_an_empty_text(store, answers):
    folder = store.add("llm", 1, predicted=answers)
    assert list(load_predictions(folder)["predicted"]) == answers


def test_the_rest_of_a_row_of_the_matrix_is_unanswered(store, answers):
    gold = [row[2] for row in store.split.rows()]
    cell = read_cell(store.add("llm", 1, predicted=answers))
    shown = type("Shown", (), {"cells": {1: cell}, "key": type("Key", (), {"readout": ""})})
    found = confusion_figure._mean(shown, [1], store.split.labels)
    for row, label in enumerate(store.split.labels):
        unanswered = [answer for right, answer in zip(gold, answers, strict=True) if right == label]
        assert found[row].sum() == pytest.approx(100 - 100 * unanswered.count("") / len(unanswered))


def test_a_system_that_answers_nothing_is_degenerate(store):
    cell = read_cell(store.add("llm", 1, predicted=[""] * len(store.split.rows())))
    assert read_outcome(cell, "weighted_f1").degenerate
