"""Digests of code, versions, the state of the checkout."""

import importlib.util
import os
import subprocess
import sys

import pytest

from erc_bench import provenance
from erc_bench.provenance import code_digests, git_state, versions


def load(path, name):
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def digest_of(monkeypatch):
    """Give the digest of the class in a file, read afresh as a new process would."""

    def digest(path, name="one_component"):
        monkeypatch.setitem(sys.modules, name, None)
        provenance._content.cache_clear()
        return code_digests({"objective": load(path, name).Own})["objective"]

    return digest


def test_a_change_of_the_file_is_a_change(tmp_path, digest_of):
    file = tmp_path / "one.py"
    file.write_text("class Own:\n    value = 1\n")
    before = digest_of(file)
    assert digest_of(file) == before
    file.write_text("class Own:\n    value = 2\n")
    assert digest_of(file) != before


def test_what_a_class_is_built_from_belongs_to_it(tmp_path, digest_of, monkeypatch):
    base, own = tmp_path / "base_of_own.py", tmp_path / "own.py"
    monkeypatch.syspath_prepend(tmp_path)
    own.write_text("from base_of_own import Base\nclass Own(Base):\n    pass\n")
    found = []
    for value in (1, 2):
        base.write_text(f"class Base:\n    value = {value}\n")
        monkeypatch.delitem(sys.modules, "base_of_own", raising=False)
        found.append(digest_of(own))
    monkeypatch.delitem(sys.modules, "base_of_own")
    assert found[0] != found[1]


PLUGIN = "erc_bench_plugin_own_0123456789ab"
HELPED = "import helper_of_own, {other}\nclass Own:\n    def f(self):\n        from inner.late import x\n"
HELPERS = {
    "helper_of_own.py": "import second_of_own",
    "second_of_own.py": "VALUE = 1",
    "inner/__init__.py": "",
    "inner/late.py": "from . import beside\nx = 1",
    "inner/beside.py": "",
}


@pytest.fixture
def helped(tmp_path, digest_of, monkeypatch):
    """Write a file that imports others and return what gives its digest, as a new process would."""
    monkeypatch.syspath_prepend(tmp_path)
    names = [name.partition(".")[0].partition("/")[0] for name in HELPERS]
    for name, text in {**HELPERS, "own.py": HELPED.format(other="json")}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def digest(name=PLUGIN):
        provenance._read.cache_clear()
        for each in names:
            monkeypatch.delitem(sys.modules, each, raising=False)
        return digest_of(tmp_path / "own.py", name)

    yield digest
    for each in names:
        sys.modules.pop(each, None)
    provenance._read.cache_clear()


@pytest.mark.parametrize("file", HELPERS)
@pytest.mark.parametrize("name", [PLUGIN, "__mp_main__"], ids=["plugin", "script"])
def test_what_a_plugin_file_imports_from_its_folder_belongs_to_it(helped, tmp_path, file, name):
    before = helped(name)
    assert helped(name) == before
    (tmp_path / file).write_text(HELPERS[file] + "\n# changed")
    assert helped(name) != before
    (tmp_path / file).write_text(HELPERS[file])
    assert helped(name) == before


def test_other_files_of_its_folder_and_installed_modules_do_not_belong_to_it(helped, tmp_path):
    before = helped()
    (tmp_path / "unasked.py").write_text("VALUE = 1")
    # The module of this name is the installed one, whatever lies here.
    (tmp_path / "json.py").write_text("VALUE = 1")
    assert helped() == before


def test_an_import_in_a_circle_comes_to_an_end(helped, tmp_path):
    (tmp_path / "second_of_own.py").write_text("import helper_of_own, own")
    assert helped()
    (tmp_path / "second_of_own.py").write_text("this is no Python")
    with pytest.raises(SyntaxError):
        helped()


def test_a_component_that_fills_a_folder_is_all_of_it(tmp_path, digest_of):
    (tmp_path / "inner").mkdir()
    (tmp_path / "__init__.py").write_text("class Own:\n    pass\n")
    (tmp_path / "inner" / "templates.py").write_text("TEXT = 'one'\n")
    before = digest_of(tmp_path / "__init__.py")
    (tmp_path / "inner" / "templates.py").write_text("TEXT = 'two'\n")
    assert digest_of(tmp_path / "__init__.py") != before


def test_a_class_without_a_file_has_a_digest():
    typed = type("Typed", (), {"__module__": "__main__"})
    assert len(code_digests({"objective": typed})["objective"]) == 16


CELL = """
import math
FACTOR = 2.0
def curve(x):
    return FACTOR * math.sqrt(x)
class Base:
    def start(self):
        return {"a", "b"}
class Own(Base):
    '''A sentence.'''
    momentum = 0.9
    class Options:
        gamma: float = 2.0
    @property
    def ready(self):
        return True
    @classmethod
    def words(cls):
        return [word for word in ("one", "two") if curve(len(word))]
    def loss(self, outputs):
        inner = lambda z: z * curve(4)
        return inner(outputs)
"""
"""A cell of a notebook, whose source stands in no file."""


def typed(source):
    """Return the class of a cell, as a new session would have it."""
    module = {"__name__": "__main__"}
    exec(compile(source, "<ipython-input-3-0123456789ab>", "exec"), module)
    return module["Own"]


@pytest.fixture
def notebook(monkeypatch):
    """Make the main program one that has no file."""
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)


@pytest.mark.usefixtures("notebook")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FACTOR = 2.0", "FACTOR = 3.0"),
        ("math.sqrt(x)", "math.exp(x)"),
        ('{"a", "b"}', '{"a", "c"}'),
        ("momentum = 0.9", "momentum = 0.8"),
        ("gamma: float = 2.0", "gamma: float = 3.0"),
        ("return True", "return False"),
        ('"two")', '"three")'),
        ("curve(4)", "curve(5)"),
    ],
)
def test_what_was_typed_into_a_notebook_is_covered(old, new):
    assert CELL.count(old) == 1
    changed = typed(CELL.replace(old, new))
    assert code_digests({"objective": changed}) != code_digests({"objective": typed(CELL)})


@pytest.mark.usefixtures("notebook")
def test_a_notebook_that_is_run_again_has_the_same_code():
    moved = "# A comment, and further lines.\n\n" + CELL.replace("    def loss", "    # the loss\n\n    def loss")
    assert code_digests({"objective": typed(moved)}) == code_digests({"objective": typed(CELL)})


def test_another_process_finds_the_same_code():
    """The order of a set of words differs from process to process."""
    program = (
        f"CELL = {CELL!r}\nmodule = {{'__name__': '__main__'}}\nexec(compile(CELL, '<cell>', 'exec'), module)\n"
        "from erc_bench.provenance import code_digests\nprint(code_digests({'objective': module['Own']}))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
    assert "objective" in found.pop()


@pytest.mark.usefixtures("notebook")
def test_a_value_that_changes_later_is_seen():
    own = typed(CELL)
    before = code_digests({"objective": own})
    own.loss.__globals__["FACTOR"] = 5.0
    assert code_digests({"objective": own}) != before


def test_versions_of_what_decides_a_result():
    found = versions()
    assert found.keys() == {
        "python",
        "erc-bench",
        "torch",
        "transformers",
        "tokenizers",
        "numpy",
        "pluggy",
        "safetensors",
    }
    assert found["python"].startswith("3.")


class TestGit:
    @pytest.fixture
    def repository(self, tmp_path, monkeypatch):
        package = tmp_path / "erc_bench"
        package.mkdir()
        (package / "__init__.py").write_text("")
        monkeypatch.setattr(provenance.erc_bench, "__file__", str(package / "__init__.py"))
        self.git(tmp_path, "init", "--quiet")
        git_state.cache_clear()
        yield tmp_path
        git_state.cache_clear()

    @staticmethod
    def git(folder, *arguments):
        settings = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *settings, "-C", str(folder), *arguments], check=True, capture_output=True)

    def state(self):
        git_state.cache_clear()
        return git_state()

    def test_a_checkout(self, repository):
        self.git(repository, "add", ".")
        assert self.state() == {}
        self.git(repository, "commit", "--quiet", "-m", "first")
        state = self.state()
        assert len(state["revision"]) == 40
        assert state["dirty"] is False
        (repository / "erc_bench" / "__init__.py").write_text("changed = True\n")
        assert self.state()["dirty"] is True

    def test_an_environment_inside_somebody_s_repository(self, repository):
        (repository / "theirs.txt").write_text("")
        self.git(repository, "add", "theirs.txt")
        self.git(repository, "commit", "--quiet", "-m", "first")
        assert self.state() == {}
