"""Folders of runs with everything that a figure can show, all of it invented."""

import csv
import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pytest
import store_fixture  # loaded by the conftest.py above
from safetensors.numpy import save_file

from erc_bench.output.figures import draw
from erc_bench.store.index.all_cells import read_cells

DIM = 5


@dataclass
class Runs:
    """Adds to cells of the store what only figures read."""

    store: object

    def change(self, folder, **changes):
        record = json.loads((folder / "record.json").read_text())
        (folder / "record.json").write_text(json.dumps(record | changes))
        store_fixture.write_status(folder)

    def arrays(self, folder, **arrays):
        named = {name.replace("__", "."): np.asarray(array) for name, array in arrays.items()}
        save_file(named, str(folder / "arrays.safetensors"))
        store_fixture.write_status(folder)

    def scores(self, folder, probabilities):
        """Write these scores (n, classes) into the file of predictions; the best one is the answer."""
        labels = self.store.split.labels
        with (folder / "predictions.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["dialogue_id", "utterance", "gold", "predicted", *labels])
            for (dialogue, turn, gold), row in zip(self.store.split.rows(), probabilities, strict=True):
                writer.writerow([dialogue, turn, gold, labels[int(np.argmax(row))], *(f"{value:.4f}" for value in row)])
        store_fixture.write_status(folder)

    def epochs(self, count, rng, terms=("contrastive", "cross_entropy"), metric="weighted_f1"):
        return [
            {
                "epoch": epoch + 1,
                "terms": {name: float(rng.random()) for name in terms},
                "dev": {metric: float(100 * rng.random())},
            }
            for epoch in range(count)
        ]

    def fill(self, seeds=3, datasets=("meld", "emorynlp")):
        """Write ce, eacl and spcl with epochs; ce and eacl with representations, eacl with anchors of all stages."""
        labels, utterances = self.store.split.labels, len(self.store.split.rows())
        for dataset in datasets:
            for place, method in enumerate(("ce", "eacl", "spcl")):
                for seed in range(1, seeds + 1):
                    rng = np.random.default_rng([seed, place])
                    folder = self.store.add(
                        method,
                        seed,
                        accuracy=0.45 + 0.1 * place + 0.02 * seed,
                        dataset=dataset,
                        epochs=self.epochs(6, rng),
                        audit={"training": [{"weighted_f1": 40.0 + e} for e in range(6)], "readout": []},
                    )
                    arrays = {"anchors__raw": rng.normal(size=(len(labels), DIM))}
                    if method != "spcl":
                        arrays["representations__test"] = rng.normal(size=(utterances, DIM)).astype(np.float16)
                    if method == "eacl":
                        arrays["anchors__stage_one"] = rng.normal(size=(len(labels), DIM))
                        arrays["anchors__stage_two"] = rng.normal(size=(len(labels), DIM))
                    self.arrays(folder, **arrays)
        return self

    def cells(self):
        return read_cells(self.store.runs)

    def draw(self, kind, **options):
        return draw(kind, self.cells(), **options)

    def rows(self, kind, **options):
        """Return the numbers of the only figure as dictionaries."""
        (drawn,) = self.draw(kind, **options)
        return [dict(zip(drawn.numbers.columns, row, strict=True)) for row in drawn.numbers.rows]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    """Return a function that draws a kind of one full folder of runs, each kind once for the tests of a file."""
    runs = Runs(store_fixture.Store(tmp_path_factory.mktemp("gallery") / "runs")).fill(datasets=("meld",))

    @lru_cache
    def gallery(kind):
        return runs.draw(kind)

    gallery.runs = runs
    return gallery


@pytest.fixture
def runs(store):
    """An empty folder of runs, to be filled."""
    return Runs(store)


@pytest.fixture
def filled(runs):
    """Two datasets, three methods, three seeds."""
    return runs.fill()
