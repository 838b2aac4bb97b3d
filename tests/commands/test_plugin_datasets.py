"""``--plugin PATH.py`` with a dataset: whatever reads its corpus after the run knows it from the file as well."""

import pytest
from store_fixture import edit_gold  # loaded by the conftest.py above

import erc_bench.api as erc

PLUGIN = '''
import erc_bench.api as erc


class Chat(erc.Dataset):
    """Three friends."""

    name = "chat4"
    source = "invented"
    labels = ("happy", "angry", "neutral")
    layouts = (erc.Layout("csv", tuple(erc.DataFile(f"{split}.csv") for split in ("train", "dev", "test"))),)
    licence = "CC BY 4.0"
    redistributable = True
    obtain = "Ask nobody."

    def load(self, folder):
        return erc.Splits(*(self._split(folder / f"{split}.csv") for split in ("train", "dev", "test")))

    def _split(self, file):
        turns = {}
        for row in erc.read_csv(file, ("dialogue", "speaker", "text", "emotion")):
            turn = erc.Utterance(row["speaker"], row["text"], row["emotion"], scored=True)
            turns.setdefault(row["dialogue"], []).append(turn)
        return tuple(erc.Dialogue(name, tuple(said)) for name, said in turns.items())


class Parrot(erc.System):
    """Answers with what was said, but for the last turn of a dialogue."""

    name = "parrot"
    source = "invented"

    def fit(self, train, dev, context):
        self.labels, self.seed = context.labels, context.seed

    def predict(self, dialogues):
        return {(d.id, i): self._scores(d, i) for d in dialogues for i in d.targets()}

    def _scores(self, dialogue, place):
        hears = place < 3 or dialogue.id[-1] <= str(self.seed)
        return [float(hears and label == dialogue.utterances[place].text) for label in self.labels]


method = erc.Method("parrot", source=Parrot.source, summary="Says it again.", system=Parrot)


@erc.hookimpl
def erc_datasets():
    return [Chat]


@erc.hookimpl
def erc_methods():
    return [method]
'''


@pytest.fixture
def chat(tmp_path, monkeypatch):
    """A file with a dataset and its corpus, in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ERC_BENCH_DATA", raising=False)
    (tmp_path / "chat.py").write_text(PLUGIN, encoding="utf-8")
    folder = tmp_path / "data" / "chat4"
    folder.mkdir(parents=True)
    labels = ("happy", "angry", "neutral")
    for split in ("train", "dev", "test"):
        said = [(f"{split}-{n // 4}", "AB"[n % 2], labels[n % 3]) for n in range(24)]
        lines = [f"{dialogue},{who},{label},{label}" for dialogue, who, label in said]
        (folder / f"{split}.csv").write_text("\n".join(["dialogue,speaker,text,emotion", *lines, ""]), encoding="utf-8")
    return tmp_path


HERE = ("--data-dir", "data", "--plugin", "chat.py")


@pytest.fixture
def runs(command, chat):
    """Return the folder of runs of two methods, three seeds each."""
    asked = ("--dataset", "chat4", "--method", "majority", "--method", "parrot", "--seeds", "3")
    assert command("run", *HERE, *asked).code == 0
    return chat / "runs"


def test_predictions_are_scored(command, runs):
    (file,) = runs.glob("chat4/parrot/*/*/seed-1/predictions.csv")
    told = command("score", file, "--dataset", "chat4", *HERE)
    assert (told.code, told.err) == (0, "")
    assert "weighted F1             8" in told.out
    without = command("score", file, "--dataset", "chat4", "--data-dir", "data")
    assert without.code == 2
    assert "there is no dataset 'chat4'" in without.err


LEFT_OUT = "3 cells of parrot (seeds 1-3) are left out: 2 to 3 of 24 gold labels differ from the corpus"


@pytest.mark.parametrize(
    "asked",
    [
        ("compare", "--format", "markdown"),
        ("compare", "--suite", "suite.toml", "--format", "markdown"),
        ("report", "--no-figures"),
        ("plot", "seeds"),
    ],
    ids=" ".join,
)
def test_gold_labels_are_held_against_the_corpus_of_a_file(command, runs, asked):
    suite = 'methods = ["majority", "parrot"]\ndatasets = ["chat4"]\nbackbones = ["minilm"]\nseeds = 3\n'
    runs.with_name("suite.toml").write_text(suite, encoding="utf-8")
    for folder in runs.glob("chat4/parrot/*/*/seed-*"):
        edit_gold(folder, 5)
    told = command(*asked, *HERE)
    assert told.code == 0
    assert LEFT_OUT in told.out + told.err


def test_power_reads_the_corpus_of_a_file(command, runs):
    pilot = ("power", "--runs", runs, "--method", "parrot", "--baseline", "majority", "--dataset", "chat4")
    assert command(*pilot, *HERE).code == 0
    for folder in runs.glob("chat4/parrot/*/*/seed-*"):
        edit_gold(folder, 5)
    told = command(*pilot, *HERE)
    assert told.code == 2


def test_a_report_shows_what_was_said(command, runs):
    assert command("report", *HERE, "--no-figures", "--output", "with.html").code == 0
    assert "Text of chat4: invented." in runs.with_name("with.html").read_text(encoding="utf-8")
    without = command("report", "--data-dir", "data", "--no-figures")
    assert without.code == 0
    assert "there is no dataset 'chat4'" in without.err


@pytest.mark.parametrize("name", [("chat4",), ()], ids=["named", "all"])
def test_its_files_are_looked_at(command, chat, name):
    assert "chat4     found" in command("data", "status", "chat4", *HERE).out
    told = command("data", "verify", *name, *HERE)
    assert (told.code, told.err) == (0, "")
    assert "chat4: as on record" in told.out
    assert command("data", "status", "chat4").code == 2
    fetched = command("data", "fetch", "chat4", *HERE)
    assert (fetched.code, fetched.err) == (2, "Error: chat4 is not downloaded by erc-bench\nAsk nobody.\n")


def test_python_takes_the_file_or_what_it_holds(runs):
    row = erc.load_runs(runs, method="parrot").iloc[0]
    assert "chat4" in set(erc.components("dataset", plugins="chat.py")["name"])
    said = erc.load_predictions(row, text=True, data_dir="data", plugins="chat.py")
    assert list(said["text"]) == list(said["gold"])
    with pytest.raises(erc.ErcBenchError, match="there is no dataset 'chat4'"):
        erc.load_predictions(row, text=True, data_dir="data")
    for folder in runs.glob("chat4/parrot/*/*/seed-*"):
        edit_gold(folder, 5)
    assert any(LEFT_OUT in note for note in erc.compare(runs, data_dir="data", plugins="chat.py").notes)
    asked = {"methods": ["majority", "parrot"], "datasets": "chat4", "seeds": 3, "plugins": "chat.py"}
    again = erc.run(**asked, runs=runs, data_dir="data", progress=False)
    assert any(LEFT_OUT in note for note in again.comparison.notes)
