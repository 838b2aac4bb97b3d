"""Cells of checks run in processes that remember nothing, harm nothing and outlive nobody."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

import erc_bench.api as erc
from erc_bench.planning.request import Combination
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.testing.calls_as_bytes import NotHandedOverError, received, request
from erc_bench.testing.cell_runs import run_cells
from erc_bench.testing.corpus import SmallCorpus
from erc_bench.testing.method_cells import MethodTrial
from erc_bench.testing.random_backbone import TinyBackbone

FORKS = hasattr(os, "fork")
CATALOGUE = Catalogue()


class Counts(erc.System):
    """Answers with how often it was trained in this process."""

    name = "own"
    source = "this test"
    trainings = 0

    def fit(self, train, dev, context):
        Counts.trainings += 1

    def predict(self, dialogues):
        return {(d.id, i): [self.score(), 0, 0, 0] for d in dialogues for i in d.targets()}

    def score(self):
        return Counts.trainings


class TellsHash(Counts):
    """Answers with hash() of a word."""

    def score(self):
        return hash("word") % 1000


class TellsProcess(Counts):
    """Answers with the process that it runs in."""

    def score(self):
        return os.getpid()


class Prints(Counts):
    """Prints, and reads from the keyboard."""

    def fit(self, train, dev, context):
        sys.stdout.write(f"training {sys.stdin.read()}")
        os.write(1, b"more")
        super().fit(train, dev, context)


class Leaves(Counts):
    """Ends its process."""

    def fit(self, train, dev, context):
        os._exit(3)


class IsKilled(Counts):
    """Is ended from outside."""

    def fit(self, train, dev, context):
        os.kill(os.getpid(), signal.SIGKILL)


def trial_of(system, folder):
    method = erc.Method("own", "this test", "A method of this test.", system=system)
    return MethodTrial(Combination(method, SmallCorpus, TinyBackbone, "tiny"), CATALOGUE, folder)


def score(answers):
    (given,) = set(answers.scores.values())
    return given[0]


def test_each_cell_has_a_process_of_its_own(tmp_path):
    trial, before = trial_of(Counts, tmp_path), Counts.trainings
    assert [score(trial.run(time=time)) for time in ("first", "again", "elsewhere")] == [1, 1, 1]
    first, second = trial.behind_another
    assert (score(first), score(second)) == (1, 2)
    assert not trial.shared
    # Other tests train in this process, before this one or after it.
    assert Counts.trainings == before


def test_only_elsewhere_has_hash_another_seed(tmp_path):
    trial = trial_of(TellsHash, tmp_path)
    first, again, elsewhere = (score(trial.run(time=time)) for time in ("first", "again", "elsewhere"))
    assert first == again
    assert first != elsewhere


def test_no_cell_finds_what_another_left_behind(tmp_path):
    trial = trial_of(Counts, tmp_path)
    trial.run()
    left = tmp_path / "work" / "left"
    left.mkdir()
    (tmp_path / "work" / "note.txt").write_text("seen", encoding="utf-8")
    trial.run(time="again")
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["data"]


def test_what_a_component_prints_is_no_output_of_a_check(tmp_path, capfd):
    assert score(trial_of(Prints, tmp_path).plain) == 1
    assert capfd.readouterr().out == ""


@pytest.mark.skipif(not FORKS, reason="signals are those of POSIX")
@pytest.mark.parametrize(("system", "how"), [(Leaves, "exit code 3"), (IsKilled, "killed by signal 9")])
def test_a_component_that_ends_its_process_costs_its_cell_alone(system, how, tmp_path):
    with pytest.raises(AssertionError, match=rf"its process ended in the middle of it \({how}\)"):
        trial_of(system, tmp_path / "one").run()
    assert score(trial_of(Counts, tmp_path / "other").run()) == 1


@pytest.fixture(autouse=True)
def _folders(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()


def test_a_class_that_one_process_has_is_run_there_and_that_is_said(tmp_path):
    class Local(TellsProcess):
        """Belongs to this function."""

    trial = trial_of(Local, tmp_path)
    assert score(trial.run()) == os.getpid()
    assert "no fresh process" in trial.caveat
    assert "Local" in trial.caveat
    assert trial_of(TellsProcess, tmp_path).caveat == ""


def test_a_script_cannot_be_imported_by_another_process(tmp_path, monkeypatch):
    monkeypatch.setattr(Counts, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "Counts", Counts, raising=False)
    with pytest.raises(NotHandedOverError, match="a script or a notebook"):
        request(run_cells, tmp_path, (trial_of(Counts, tmp_path).plan(),))


def test_a_module_that_cannot_be_loaded_is_told(tmp_path, monkeypatch):
    asked = request(run_cells, tmp_path, (trial_of(Counts, tmp_path).plan(),))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, Counts.__module__)
    gone = tmp_path / "gone.py"
    modules = tuple((name, str(gone) if name == Counts.__module__ else file) for name, file in asked.modules)
    with pytest.raises(NotHandedOverError, match="FileNotFoundError"):
        received(replace(asked, modules=modules))


def test_cells_run_where_they_are_asked_for_too(tmp_path):
    (tmp_path / "data").mkdir()
    (reason,) = run_cells(tmp_path, [trial_of(Counts, tmp_path).plan()])
    assert "data" in reason


_WAITS = '''
import os, pathlib, threading
import erc_bench.api as erc

class Waits(erc.System):
    """Opens a pipe, and waits."""
    name = "waits"
    source = "a test"
    def fit(self, train, dev, context):
        self.pipe = open(os.environ["PIPE_OF_A_TEST"], "wb", buffering=0)
        self.pipe.write(b"x")
        if os.fork() == 0:
            threading.Event().wait()
        threading.Event().wait()
    def predict(self, dialogues):
        return {}
'''


@pytest.mark.skipif(not FORKS, reason="named pipes and signals are those of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_check_that_is_stopped_leaves_no_process(number, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "waiting.py").write_text(_WAITS, encoding="utf-8")
    # A shell's background jobs ignore the key, and so would their children.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    check = "from waiting import Waits; from erc_bench.testing.methods import check_system; check_system(Waits)"
    script = f"{listen}; {check}"
    environment = {**os.environ, "PIPE_OF_A_TEST": str(pipe), "PYTHONPATH": str(tmp_path), "TMPDIR": str(tmp_path)}
    check = subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE)
    try:
        with pipe.open("rb", buffering=0) as stream:
            assert stream.read(1) == b"x"
            check.send_signal(number)
            # Closed by the last process that had it: the cell, and what the cell has started.
            assert stream.read() == b""
        error = check.communicate(timeout=300)[1].decode()
    finally:
        check.kill()
        check.communicate()
    assert check.returncode == -number
    assert ("KeyboardInterrupt" in error) == (number == signal.SIGINT)
