import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from erc_bench.commands.compare import FORMATS, compare
from erc_bench.commands.plot import plot
from erc_bench.commands.power import power
from erc_bench.commands.report import report
from erc_bench.corpora.corpus import load_corpus
from erc_bench.errors import ErcBenchError
from erc_bench.output.tables import RENDERERS
from erc_bench_plugins.datasets.meld import Meld


@pytest.fixture
def filled(store):
    store.add_seeds("ce", [0.5, 0.52, 0.48])
    store.add_seeds("eacl", [0.8, 0.81, 0.83])
    store.add_seeds("eacl", [0.8, 0.81, 0.83], dataset="emorynlp")
    return store


def run(store, *arguments):
    return CliRunner().invoke(compare, ["--runs", str(store.runs), *arguments])


def test_the_default_is_a_plain_table_in_a_pipe(filled, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = run(filled)
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert "eacl - ce" in result.output


def test_datasets_methods_baseline_and_metric_choose(filled):
    arguments = (
        "--dataset",
        "meld",
        "--method",
        "ce",
        "--method",
        "eacl",
        "--baseline",
        "eacl",
        "--metric",
        "macro_f1",
    )
    content = json.loads(run(filled, *arguments, "--format", "json").output)
    assert [column["dataset"] for column in content["columns"]] == ["meld"]
    assert content["columns"][0]["metric"] == "macro_f1"
    assert content["baseline"] == "eacl"
    assert [row["label"] for row in content["rows"]] == ["ce", "eacl"]


@pytest.mark.parametrize("form", sorted(RENDERERS))
def test_a_file_is_written_in_every_format(filled, tmp_path, form):
    file = tmp_path / "new/folder/table"
    result = run(filled, "--format", form, "--output", str(file))
    assert result.exit_code == 0
    assert "eacl" not in result.output
    assert "eacl" in file.read_text(encoding="utf-8")


def test_formats_of_the_command_are_those_that_can_be_rendered():
    assert (*RENDERERS, "xlsx") == FORMATS


@pytest.mark.parametrize("there", [True, False])
def test_an_empty_or_missing_folder_of_runs_is_one_sentence_and_a_hint(store, there):
    if there:
        store.runs.mkdir()
    error = run(store).exception
    assert isinstance(error, ErcBenchError)
    assert str(store.runs) in error.message
    assert "erc-bench run" in error.hint


def test_an_unknown_name_is_a_mistake_of_the_user(filled):
    assert isinstance(run(filled, "--method", "eaclx").exception, ErcBenchError)
    assert run(filled, "--format", "pdf").exit_code == 2


def test_classes_and_reported_numbers(filled):
    arguments = ("--dataset", "meld", "--per-class", "--reported", "eacl2024/table-3", "--format", "json")
    content = json.loads(run(filled, *arguments).output)
    assert [column["class_name"] for column in content["columns"]] == ["anger", "joy", "neutral", "", ""]
    assert [row["system"] for row in content["reported"]] == ["SPCL+CL", "EACL"]
    assert "did you mean eacl2024" in run(filled, "--reported", "eacl2042").exception.message
    assert "one too many" in run(filled, "--per-class", "--metric", "accuracy").exception.message


def test_scores_that_cannot_be_believed_are_named(filled):
    notes = json.loads(run(filled, "--dataset", "meld", "--format", "json").output)["notes"]
    assert any("suspect that test labels leak" in note and "eacl" in note for note in notes)


def test_output_that_cannot_be_written_is_named(filled, tmp_path):
    (tmp_path / "file").write_text("")
    error = run(filled, "--format", "csv", "--output", str(tmp_path / "file/table.csv")).exception
    assert isinstance(error, ErcBenchError)
    assert "cannot be written" in error.message


def test_comparing_imports_no_library_that_takes_long(filled):
    program = (
        "import sys\n"
        "from erc_bench.commands.compare import compare\n"
        "compare(standalone_mode=False)\n"
        "heavy = {'torch', 'transformers', 'pandas', 'scipy.stats', 'erc_bench_plugins.objectives'}\n"
        "print(sorted(heavy & sys.modules.keys()), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", program, "--runs", str(filled.runs)]
    environment = {**os.environ, "PYTHONUTF8": "1"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8", env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "[]"
    assert "eacl - ce" in done.stdout


SUITE = """
title = "A trial"
text = "It tells [nothing]."
methods = ["ce", "eacl", "spcl"]
datasets = ["meld", "emorynlp"]

[[table]]
title = "Main: what & how"
datasets = ["meld"]
metric = "macro_f1"

[[table]]
per_class = true
"""


@pytest.fixture
def suite(tmp_path):
    file = tmp_path / "trial.toml"
    file.write_text(SUITE, encoding="utf-8")
    return file


def test_the_tables_of_a_suite_are_files_that_name_themselves(filled, suite, tmp_path):
    folder = tmp_path / "tables"
    result = run(filled, "--suite", str(suite), "--format", "markdown", "--output", str(folder))
    assert result.exit_code == 0
    assert sorted(file.name for file in folder.iterdir()) == ["1-main-what-how.md", "2-a-trial.md"]
    main = (folder / "1-main-what-how.md").read_text(encoding="utf-8")
    assert main.startswith("# Main: what & how\n\nIt tells [nothing].\n\n| method | meld |\n")
    assert "Macro F1" in main
    assert "anger" in (folder / "2-a-trial.md").read_text(encoding="utf-8")


def test_the_tables_of_a_suite_come_one_after_the_other(filled, suite):
    output = run(filled, "--suite", str(suite)).output
    assert output.index("Main: what & how") < output.index("A trial")


def test_a_suite_says_itself_what_its_tables_show(filled, suite):
    error = run(filled, "--suite", str(suite), "--baseline", "ce").exception
    assert isinstance(error, ErcBenchError)
    assert error.message == "--baseline does not go with --suite, which says itself what its tables show"


def test_a_table_of_a_suite_chooses_its_tests(filled, tmp_path):
    file = tmp_path / "tests.toml"
    words = 'test = "welch"\ncorrection = "bonferroni"\nunit = "seed"\nletters = true\nalpha = 0.01\n'
    file.write_text(f'methods = ["ce", "eacl"]\ndatasets = ["meld"]\n[[table]]\n{words}', encoding="utf-8")
    content = json.loads(run(filled, "--suite", str(file), "--format", "json").output)
    options = ("--test", "welch", "--correction", "bonferroni", "--unit", "seed", "--letters", "--alpha", "0.01")
    typed = run(filled, "--dataset", "meld", "--method", "ce", "--method", "eacl", *options, "--format", "json").output
    assert content.pop("declared")
    (declared,) = (sentence for sentence in content["caption"] if "suite tests" in sentence)
    content["caption"].remove(declared)
    assert content == {name: value for name, value in json.loads(typed).items() if name != "declared"}


def test_a_table_that_stored_runs_cannot_fill_is_named(filled, tmp_path):
    file = tmp_path / "other.toml"
    file.write_text('methods = ["spcl"]\ndatasets = ["meld"]\n', encoding="utf-8")
    error = run(filled, "--suite", str(file)).exception
    assert isinstance(error, ErcBenchError)
    assert error.message == f"table 1 of {file}, 'other': none of its methods is stored"


def test_the_options_of_the_tests_reach_the_table(filled):
    arguments = ("--test", "welch", "--correction", "bh", "--unit", "seed", "--letters", "--format", "json")
    content = json.loads(run(filled, "--dataset", "meld", *arguments).output)
    asked = {name: content["tests"][name] for name in ("test", "correction", "unit", "all_pairs", "letters")}
    assert asked == {
        "test": "welch",
        "correction": "benjamini-hochberg",
        "unit": "seed",
        "all_pairs": True,
        "letters": True,
    }
    assert [row["letter"] for row in content["rows"]] == ["a", "b"]


def add_of_corpus(store, folder, content):
    """Write a corpus whose splits are all the same, and runs on it that know no groups of its dialogues."""
    for name in ("train", "dev", "test"):
        file = folder / "data/meld" / f"{name}_sent_emo.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    fingerprint = load_corpus(Meld(), folder / "data").fingerprint
    for method, accuracies in (("ce", [0.5, 0.52, 0.48]), ("eacl", [0.8, 0.81, 0.83])):
        store.add_seeds(method, accuracies, data={"fingerprint": fingerprint, "counts": {}})


def test_who_speaks_is_read_from_the_corpus(store, tmp_path):
    header = "Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID,Season,Episode\n"
    rows = store.split.rows()
    lines = [f"Hello {d} {u}.,{('Ada', 'Ben')[int(u) % 2]},{gold},{d},{u},1,1\n" for d, u, gold in rows]
    add_of_corpus(store, tmp_path, header + "".join(lines))
    here = ("--by", "speaker", "--data-dir", str(tmp_path / "data"))
    content = json.loads(run(store, *here, "--format", "json").output)
    assert [column["slice_name"] for column in content["columns"]] == ["", "Ada", "Ben"]
    assert [column["utterances"] for column in content["columns"][1:]] == [48, 48]
    suite = tmp_path / "trial.toml"
    suite.write_text('methods = ["ce", "eacl"]\ndatasets = ["meld"]\n[[table]]\nby = "speaker"\n', encoding="utf-8")
    assert "meld Ben, test split: 12 dialogues" in run(store, "--suite", str(suite), *here[2:]).output
    elsewhere = run(store, *here[:3], str(tmp_path / "nothing"))
    assert elsewhere.exception.message == "of no stored run it is known who speaks"


def test_runs_without_episodes_get_those_of_the_same_corpus(store, tmp_path):
    header = "Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID,Season,Episode\n"
    lines = [f"Hello {d} {u}.,Ada,{gold},{d},{u},1,{int(d) // 4}\n" for d, u, gold in store.split.rows()]
    add_of_corpus(store, tmp_path, header + "".join(lines))
    arguments = ("--cluster", "episode", "--data-dir", str(tmp_path / "data"))
    assert "joint test over seeds and episodes" in " ".join(run(store, *arguments).output.split())
    suite = tmp_path / "trial.toml"
    suite.write_text(
        'methods = ["ce", "eacl"]\ndatasets = ["meld"]\n[[table]]\ncluster = "episode"\n', encoding="utf-8"
    )
    arguments = ("--suite", str(suite), "--data-dir", str(tmp_path / "data"))
    assert "joint test over seeds and episodes" in " ".join(run(store, *arguments).output.split())
    elsewhere = run(store, "--cluster", "episode", "--data-dir", str(tmp_path / "nothing"))
    assert "does not say of which episode its dialogues are" in elsewhere.exception.message


def test_only_the_corpora_of_what_is_shown_are_looked_for(filled, tmp_path):
    nothing = ("--data-dir", str(tmp_path / "nothing"), "--cluster", "episode")
    told = run(filled, "--dataset", "meld", *nothing).stderr
    assert told.count("the corpus is not read") == 1
    assert "emorynlp" not in told
    told = run(filled, "--method", "ce", "--baseline", "ce", *nothing).stderr
    assert "emorynlp" not in told
    both = run(filled, *nothing).stderr
    assert both.count("the corpus is not read") == 2


@pytest.mark.parametrize("command", [compare, plot, report, power])
def test_the_help_says_which_baseline_is_taken_unasked(command):
    text = " ".join(CliRunner().invoke(command, ["--help"]).output.split())
    assert "[default: ce, else supcon, else the first of the methods shown]" in text


def test_options_that_would_change_nothing_are_refused(filled):
    for arguments in (
        ("--unit", "dialogue", "--test", "wilcoxon"),
        ("--unit", "seed", "--cluster", "episode"),
        ("--per-class", "--test", "wilcoxon", "--alpha", ".01"),
    ):
        assert isinstance(run(filled, *arguments).exception, ErcBenchError)
