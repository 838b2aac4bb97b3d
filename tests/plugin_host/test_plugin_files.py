"""Plugins of a single file: what they bring, what is wrong with them, and the same classes in another process."""

import hashlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.plugin_host.plugin_files import (
    PluginFile,
    add_plugin_files,
    brought,
    file_of_module,
    load_again,
    load_plugin_file,
)

CLASS = """
import erc_bench.api as erc

class Base(erc.Dataset):
    folder = "somewhere"

class Corpus(Base):
    \"\"\"A corpus.\"\"\"
    name = "corpus"

again = Corpus
"""
SYSTEM = """
import erc_bench.api as erc

class Guess(erc.System):
    name = "guess"

method = erc.Method("guess", source="here", summary="Guesses.", system=Guess)
"""
HOOKS = """
import erc_bench.api as erc

class Hidden(erc.Dataset):
    name = "hidden"

class Shown(erc.Dataset):
    name = "shown"

@erc.hookimpl
def erc_datasets():
    return [Shown]
"""


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file and returns its path."""

    def write(source, name="mine.py"):
        path = tmp_path / name
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        return path

    return write


def catalogue_with(*paths):
    files = [load_plugin_file(path) for path in paths]
    catalogue = Catalogue([])
    add_plugin_files(catalogue, files)
    return catalogue, files


def test_a_class_is_enough(write):
    path = write(CLASS)
    catalogue, (file,) = catalogue_with(path)
    (entry,) = catalogue.entries("dataset").values()
    assert (entry.name, entry.package) == ("corpus", f"file {path}")
    assert brought(catalogue, file) == ["dataset corpus"]


def test_a_system_comes_as_the_method_that_it_is(write):
    catalogue, (file,) = catalogue_with(write(SYSTEM))
    assert brought(catalogue, file) == ["method guess"]
    assert catalogue.get("method", "guess").system is file.module.Guess


def test_hooks_say_what_is_brought(write):
    catalogue, (file,) = catalogue_with(write(HOOKS))
    assert brought(catalogue, file) == ["dataset shown"]


def test_what_a_file_imports_is_not_its_own(write):
    catalogue, (file,) = catalogue_with(write("from erc_bench_plugins.datasets.demo import Demo\n" + CLASS))
    assert brought(catalogue, file) == ["dataset corpus"]


def test_a_file_runs_once_until_it_changes(write):
    path = write(CLASS)
    first = load_plugin_file(path)
    assert load_plugin_file(path).module is first.module
    changed = load_plugin_file(write(CLASS + "VALUE = 1\n"))
    assert changed.module is not first.module
    assert changed.module.VALUE == 1
    assert first.module_name != changed.module_name
    assert not list(path.parent.rglob("__pycache__"))


def test_files_of_one_name_are_two(write, tmp_path):
    (tmp_path / "other").mkdir()
    one, two = load_plugin_file(write(CLASS)), load_plugin_file(write(CLASS, "other/mine.py"))
    assert one.module is not two.module
    assert {Path(file.module.__file__) for file in (one, two)} == {one.path, two.path}


def test_a_file_named_twice_is_no_duplicate(write, monkeypatch, tmp_path):
    path = write(CLASS)
    monkeypatch.chdir(tmp_path)
    catalogue, _ = catalogue_with(path, Path("mine.py"))
    assert list(catalogue.entries("dataset")) == ["corpus"]


def test_the_record_holds_name_and_digest_of_what_ran(write):
    file = load_plugin_file(write(CLASS))
    assert file.record() == {"file": "mine.py", "sha256": hashlib.sha256(CLASS.encode()).hexdigest()}


OTHER_PROCESS = """
import pickle, sys
from erc_bench.plugin_host.plugin_files import load_again
files, pickled = pickle.load(sys.stdin.buffer)
load_again(files)
print(pickle.loads(pickled).name)
"""


def test_another_process_knows_the_classes_once_it_has_loaded_the_file(write):
    file = load_plugin_file(write(CLASS, "my-own plugin.v2.py"))
    message = pickle.dumps(([file], pickle.dumps(file.module.Corpus)))
    command = [sys.executable, "-c", OTHER_PROCESS]
    assert subprocess.run(command, input=message, capture_output=True, check=True).stdout == b"corpus\n"


def test_a_file_that_changed_is_not_loaded_in_the_place_of_the_other(write):
    file = load_plugin_file(write(CLASS))
    write(CLASS + "VALUE = 1\n")
    with pytest.raises(ErcBenchError, match=r"mine\.py changed since this run has started"):
        load_again([file])


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1\ndef f(:\n", "line 2: SyntaxError: invalid syntax"),
        ("def f():\n    raise ValueError('no\\nway')\n\nf()\n", "line 2: ValueError: no way"),
        ("\nimport nothing_here_at_all\n", "line 2: ModuleNotFoundError: No module named 'nothing_here_at_all'"),
        ("import json\njson.loads('{')\n", "line 2: JSONDecodeError: Expecting property name"),
        ("import sys\nsys.exit(3)\n", "line 2: SystemExit: 3"),
        (b"x = '\xff'\n", "SyntaxError: (unicode error) 'utf-8' codec can't decode byte 0xff"),
        ("a\0b", "source code string cannot contain null bytes"),
    ],
)
def test_what_the_code_raises_is_a_sentence_with_the_line(write, source, sentence):
    path = write(source)
    with pytest.raises(ErcBenchError) as error:
        load_plugin_file(path)
    assert error.value.message.startswith(str(path))
    assert sentence in error.value.message
    assert "\n" not in error.value.message
    assert not [name for name in sys.modules if name.startswith("erc_bench_plugin_mine_") and _is_of(name, path)]


def _is_of(name, path):
    return sys.modules[name].__file__ == str(path)


def test_ctrl_c_while_a_file_runs_is_no_mistake_of_its_author(write):
    with pytest.raises(KeyboardInterrupt):
        load_plugin_file(write("raise KeyboardInterrupt\n"))


IMPORT = "import erc_bench.api as erc\n"
HOOK = f"{IMPORT}@erc.hookimpl\n"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "brings nothing: no hook, no component of its own and no method"),
        ("from erc_bench_plugins.datasets.demo import Demo\n", "brings nothing"),
        ("def erc_datasets():\n    return []\n", "erc_datasets is not marked as a hook"),
        ("def erc_datasetz():\n    return []\n", "erc_datasetz is not a hook; did you mean erc_datasets"),
        (f"{HOOK}def erc_datasetz():\n    return []\n", "the hook 'erc_datasetz', which does not exist; did you mean"),
        (f"{HOOK}def erc_datasets(x):\n    return []\n", "has a hook with the wrong arguments"),
        (f"{IMPORT}class A(erc.Dataset):\n    pass\n", "the class A has no name"),
        (f'{IMPORT}class A(erc.System):\n    name = "a"\n', "the system A belongs to no method"),
    ],
)
def test_a_file_that_brings_nothing_is_an_error(write, source, sentence):
    path = write(source)
    with pytest.raises(ErcBenchError) as error:
        catalogue_with(path)
    assert str(path) in error.value.message
    assert sentence in error.value.message
    assert error.value.hint
    assert "ERC_BENCH_BLOCK" not in error.value.hint


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (f"{HOOK}def erc_datasets():\n    return 1 / 0\n", "erc_datasets: ZeroDivisionError: division by zero"),
        (f"{HOOK}def erc_datasets():\n    return 3\n", "erc_datasets: it returns 3 and not a list"),
        (f"{HOOK}def erc_datasets():\n    return [3]\n", "erc_datasets: it returns 3, which is not a subclass"),
        (f'{CLASS}class B(erc.Dataset):\n    name = "corpus"\n', "brings two components of the kind dataset"),
    ],
)
def test_what_was_asked_for_is_never_left_out(write, source, sentence):
    path = write(source)
    catalogue, _ = catalogue_with(path)
    with pytest.raises(ErcBenchError) as error:
        catalogue.entries("dataset")
    assert str(path) in error.value.message
    assert sentence in error.value.message
    assert error.value.hint == "Correct the file."


def test_the_name_of_a_shipped_component_is_taken(write):
    path = write(CLASS.replace('"corpus"', '"demo"'))
    catalogue = Catalogue()
    add_plugin_files(catalogue, [load_plugin_file(path)])
    with pytest.raises(ErcBenchError) as error:
        catalogue.entries("dataset")
    assert error.value.message == f"two plugins bring the dataset 'demo': erc-bench and file {path}"
    assert error.value.hint == f"Give the one in {path} a name of its own."


@pytest.mark.parametrize("file_first", [True, False])
def test_the_name_of_another_package_s_component_is_taken(write, file_first):
    path, other = write(CLASS), load_plugin_file(write(HOOKS.replace('"shown"', '"corpus"'), "other.py"))
    catalogue = Catalogue([])
    steps = [
        lambda: add_plugin_files(catalogue, [load_plugin_file(path)]),
        lambda: catalogue.register(other.module, "their-package"),
    ]
    for step in steps if file_first else reversed(steps):
        step()
    with pytest.raises(ErcBenchError) as error:
        catalogue.entries("dataset")
    assert error.value.message.endswith(f"their-package and file {path}")
    assert "or set ERC_BENCH_BLOCK=their-package to leave the other out" in error.value.hint


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.py", "cannot be read: No such file or directory"),
        ("notes.txt", "is not a Python file: its name does not end in .py"),
        ("folder.py", "is a folder, and --plugin loads a single file"),
    ],
)
def test_what_is_no_file_of_python(tmp_path, name, sentence):
    (tmp_path / "notes.txt").write_text("x = 1\n")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(ErcBenchError) as error:
        load_plugin_file(tmp_path / name)
    assert str(tmp_path / name) in error.value.message
    assert sentence in error.value.message


def test_a_path_with_a_colon_is_one_package():
    assert PluginFile(Path("/x/C:mine.py"), "0" * 64, "C:mine.py").module_name.startswith("erc_bench_plugin_C_mine_")


def test_the_name_of_a_module_leads_back_to_its_file(tmp_path):
    for name in ("my_loss.py", "a.py", "my_2nd_0123456789ab.py"):
        file = PluginFile(tmp_path / name, "0", name)
        assert file_of_module(file.module_name) == name
        assert file_of_module(f"{file.module_name}.Loss") == name
    assert file_of_module("erc_bench_plugins.objectives.eacl.Eacl") == ""
    assert file_of_module("erc_bench_plugin_mine.Loss") == ""
