"""``erc-bench new``: what it writes where, what it says, and what it refuses."""

from pathlib import Path

import pytest

from erc_bench.plugin_host.scaffold import KINDS


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def files():
    return sorted(path.as_posix() for path in Path().rglob("*") if path.is_file())


def test_it_names_what_it_wrote_and_what_to_type_next(command):
    outcome = command("new", "method", "my-method")
    assert (outcome.code, outcome.err) == (0, "")
    written, _, following = outcome.out.partition("\nWhat to type next:\n")
    assert sorted(line.removeprefix("wrote ") for line in written.splitlines()) == files()
    assert files() == [
        "erc-bench-my-method/.gitignore",
        "erc-bench-my-method/README.md",
        "erc-bench-my-method/erc_bench_my_method.py",
        "erc-bench-my-method/pyproject.toml",
        "erc-bench-my-method/tests/test_erc_bench_my_method.py",
    ]
    assert following.splitlines() == [
        '  pip install -e "./erc-bench-my-method[test]"',
        "  erc-bench check my-method",
        "  erc-bench run --method my-method --method eacl --dataset demo --backbone minilm",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_written_where_it_is_wanted(command, kind):
    outcome = command("new", kind, "mine", "--output", Path("some", "where"))
    assert outcome.code == 0
    assert '  pip install -e "./some/where[test]"\n' in outcome.out
    assert {"some/where/erc_bench_mine.py", "some/where/pyproject.toml"} <= set(files())


def test_a_corpus_comes_with_a_sample_and_is_run_on_it(command):
    outcome = command("new", "dataset", "talks")
    sample = "erc-bench-talks/tests/sample"
    assert {f"{sample}/talks/{split}.csv" for split in ("train", "dev", "test")} <= set(files())
    assert f"--dataset talks --data-dir ./{sample} " in outcome.out


def test_an_empty_folder_is_filled(command):
    Path("mine").mkdir()
    assert command("new", "objective", "mine", "--output", "mine").code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("objective", "MyLoss"), "'MyLoss' is no name for a component"),
        (("objective", "none"), "'none' is a word that means something else"),
        (("method", "eacl"), "the method 'eacl' exists already, in erc-bench"),
        (("method", "cross-entropy"), "the objective 'cross-entropy' exists already, in erc-bench"),
        (("dataset", "meld"), "the dataset 'meld' exists already, in erc-bench"),
        (("dataset", "mine", "--output", "full"), "full is not empty, and nothing in it is written over"),
        (("dataset", "mine", "--output", "file.txt"), "file.txt is a file"),
        (("dataset", "mine", "--output", "file.txt/below"), "file.txt/below cannot be written: Not a directory"),
        (("dataset", "plugins"), "there is a Python module erc_bench_plugins already"),
        (("loss", "mine"), "Invalid value for '{method|objective|encoder|dataset|classifier|backbone}'"),
        (("dataset",), "Missing argument 'NAME'"),
    ],
)
def test_what_is_refused_writes_nothing(command, arguments, sentence):
    Path("full").mkdir()
    Path("full", "note").write_text("mine")
    Path("file.txt").write_text("mine")
    before = files()
    outcome = command("new", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert sentence in outcome.err
    assert files() == before
