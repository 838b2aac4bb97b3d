"""A folder of runs with an invented corpus whose names and utterances try to break out of the page."""

from pathlib import Path

import pytest
import store_fixture  # loaded by the conftest.py above

import erc_bench.api as erc
from erc_bench.corpora.corpus import fingerprint
from erc_bench.output.report import ReportRequest, collect, render
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.store.index.all_cells import read_cells

EVIL = (
    "</script><script>document.title = 'broken'</script><img src=x onerror=\"document.title='broken'\"> & \"so\" <!--"
)
EVIL_METHOD = "eacl<b>&</b>"


def talk_of(split):
    """Return the dataset class ``talk``, whose test split is that of the stored runs."""
    turns = {}
    for dialogue, turn, gold in split.rows():
        text = EVIL if (dialogue, turn) == ("0", 0) else f"Turn {turn} of {dialogue}, said in {gold}."
        turns.setdefault(dialogue, []).append(erc.Utterance(("Ann", "Bob")[turn % 2], text, gold, scored=True))
    dialogues = tuple(erc.Dialogue(name, tuple(said)) for name, said in turns.items())

    class Talk(erc.Dataset):
        """Invented."""

        name = "talk"
        source = "invented for tests"
        labels = split.labels
        licence = "do as you like"
        obtain = "Nothing to get."
        redistributable = True

        def load(self, folder):
            return erc.Splits(dialogues, dialogues, dialogues)

    return Talk


class Plugin:
    """What an installed package with one dataset brings."""

    def __init__(self, dataset):
        self.dataset = dataset

    @erc.hookimpl
    def erc_datasets(self):
        return [self.dataset]


def data_of(talk):
    """Return what the record of a run on ``talk`` says of its data."""
    counts = {"dialogues": 12, "utterances": 96, "labelled": 96}
    splits = dict.fromkeys(("train", "dev", "test"), counts)
    return {"fingerprint": fingerprint(talk().load(Path())), "layout": "", "counts": splits, "departures": []}


def fill(store, talk):
    """Write four methods with three seeds on two datasets, and a run that failed."""
    accuracies = {
        "ce": (0.5, 0.52, 0.48),
        EVIL_METHOD: (0.8, 0.82, 0.81),
        "kcl": (0.55, 0.57, 0.56),
        "supcon": (0.6, 0.62, 0.63),
    }
    trajectory = {"training": [{"weighted_f1": 30.0}, {"weighted_f1": 90.0}], "chosen_from": "training"}
    for dataset, data in (("talk", data_of(talk)), ("meld", {**data_of(talk), "fingerprint": "f00dfeedcafe"})):
        for method, values in accuracies.items():
            store.add_seeds(
                method,
                values,
                dataset=dataset,
                backbone="tiny" if method == "supcon" else "minilm",
                data=data,
                audit=trajectory,
                origins={"training.epochs": "default (frozen)", "objective.temperature": "paper"},
                timings={"train": 12.0, "load": 1.0},
            )
    store.fail("ce", 9, "out of memory", dataset="talk")
    return store


@pytest.fixture(scope="session")
def talk():
    return talk_of(store_fixture.TestSplit())


@pytest.fixture(scope="session")
def catalogue(talk):
    """A catalogue in which the dataset ``talk`` alone is installed."""
    catalogue = Catalogue(points=[])
    catalogue.register(Plugin(talk), "a-package")
    return catalogue


@pytest.fixture(scope="session")
def cells(talk, tmp_path_factory):
    """The stored cells of :func:`fill`."""
    store = fill(store_fixture.Store(tmp_path_factory.mktemp("report") / "runs"), talk)
    return read_cells(store.runs)


@pytest.fixture(scope="session")
def found(cells, catalogue):
    """The report of these cells, with one figure."""
    return collect(cells, ReportRequest(figures=("seeds",)), catalogue)


@pytest.fixture(scope="session")
def page(found):
    """The same as a page."""
    return render(found)
