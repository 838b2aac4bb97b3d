import csv
import io
import json
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpora(tmp_path_factory):
    """Give a data directory with the real corpora and the invented IEMOCAP fixture, each under its own name."""
    variable = os.environ.get("ERC_BENCH_DATA")
    if not variable:
        pytest.skip("ERC_BENCH_DATA is not set")
    root = tmp_path_factory.mktemp("corpora")
    for name, origin in (("meld", "meld"), ("emorynlp", "emorynlp"), ("dailydialog", "dailydialog")):
        (root / name).symlink_to(Path(variable, origin).resolve())
    (root / "iemocap").symlink_to(Path(variable, "iemocap_fixture").resolve())
    return root


class Files:
    """Writes small invented corpora in the formats of the published ones."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def text(self, name, text):
        self.path(name).write_text(text, encoding="utf-8", newline="")

    def raw(self, name, content):
        self.path(name).write_bytes(content)

    def json(self, name, content):
        self.text(name, json.dumps(content))

    def csv(self, name, header, rows, line_end="\r\n"):
        stream = io.StringIO(newline="")
        csv.writer(stream, lineterminator=line_end).writerows([header, *rows])
        self.text(name, stream.getvalue())


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


@pytest.fixture
def class_counts():
    """Count the labels of a split, in the order of the dataset's labels."""

    def count(dataset, dialogues):
        labels = [turn.label for dialogue in dialogues for turn in dialogue.utterances if turn.scored]
        return [labels.count(label) for label in dataset.labels]

    return count
