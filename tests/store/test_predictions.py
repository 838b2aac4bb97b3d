"""Scores read at once are those that the parser of CSV reads, and nothing wrong gets through."""

import numpy as np
import pytest
import store_fixture

from erc_bench.errors import ErcBenchError
from erc_bench.store.predictions import read_answers, read_coded, read_scored
from erc_bench.store.reading import read_cell

LABELS = ("anger", "joy", "neutral")


def scored(store, change=lambda text: text, labels=LABELS):
    """Return a cell whose file of answers has scores, with its text changed."""
    folder = store.add("ce", 1)
    file = folder / "predictions.csv"
    keys = [",".join(line.split(",")[:4]) for line in file.read_text().splitlines()]
    rng = np.random.default_rng(4)
    lines = [",".join([keys[0], *labels])]
    lines += [",".join([key, *(f"{value:.4f}" for value in rng.random(len(labels)))]) for key in keys[1:]]
    file.write_bytes(change("\n".join(lines) + "\n").encode())
    store_fixture.write_status(folder)
    return read_cell(folder)


@pytest.mark.parametrize(
    "change",
    [
        str,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace(",joy\n", ',"joy"\n'),
        lambda text: text.replace("anger,joy,neutral", '"anger",joy,neutral'),
    ],
)
def test_scores_are_those_of_the_parser(store, change):
    cell = scored(store, change)
    found, expected = read_scored(cell), read_answers(cell, with_scores=True)
    assert found.scores.tolist() == expected.scores
    assert found.answers.score_labels == expected.score_labels
    assert [cell.record["labels"][place] for place in found.answers.predicted] == expected.predicted


def test_a_file_without_scores_has_none(store):
    found = read_scored(scored(store, labels=()))
    assert found.scores.shape == (96, 0)


@pytest.mark.parametrize("wrong", ["much", "", "0.5;0.5"])
def test_what_is_no_number_is_named_with_its_line(store, wrong):
    def change(text):
        lines = text.split("\n")
        lines[7] = ",".join([*lines[7].split(",")[:-1], wrong])
        return "\n".join(lines)

    with pytest.raises(ErcBenchError, match=r"predictions\.csv, line 8: the position or a score is not a number"):
        read_scored(scored(store, change))


@pytest.mark.parametrize("change", [str, lambda text: text.replace(",joy\n", ',"joy"\n')])
def test_an_empty_answer_is_none(store, change):
    answers = ["", *store.split.answers(0.6, 1)[1:]]
    folder = store.add("llm", 1, predicted=answers)
    file = folder / "predictions.csv"
    file.write_text(change(file.read_text()))
    store_fixture.write_status(folder)
    cell = read_cell(folder)
    labels = [*cell.record["labels"], ""]
    assert read_answers(cell).predicted == answers
    assert [labels[place] for place in read_coded(cell).predicted] == answers


def test_an_empty_gold_label_is_not_read(store):
    folder = store.add("llm", 1)
    file = folder / "predictions.csv"
    lines = file.read_text().splitlines()
    dialogue, turn, _, *rest = lines[1].split(",")
    file.write_text("\n".join([lines[0], ",".join([dialogue, turn, "", *rest]), *lines[2:]]) + "\n")
    store_fixture.write_status(folder)
    with pytest.raises(ErcBenchError, match=r"line 2: '' is not a label"):
        read_coded(read_cell(folder))
