"""Pages run in a folder and an environment of their own, as a reader would run them."""

import importlib.util
import multiprocessing
import os
import re
import runpy
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHILD = str(Path(__file__).with_name("child.py"))
PATIENCE = 300
PRELOADED = (
    "pandas",
    "scipy.stats",
    "torch.optim",
    "transformers.models.auto.modeling_auto",
    "transformers.models.bert.modeling_bert",
    "transformers.models.bert.tokenization_bert",
    "erc_bench.commands.run",
    "erc_bench.commands.compare",
    "erc_bench.running.grid",
    "erc_bench.training.cell",
    "erc_bench.training.saved_models.saved_model",
    "erc_bench_plugins.encoders.prompt",
    "erc_bench_plugins.objectives.eacl",
)


def _beside(name):
    """Load a module that lies beside this file."""
    specification = importlib.util.spec_from_file_location(f"docs_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up by name
    specification.loader.exec_module(module)
    return module


pages = _beside("pages")
output = _beside("output")


@pytest.fixture(scope="session")
def page_blocks():
    return pages


@pytest.fixture(scope="session")
def shown_output():
    return output


@pytest.fixture(scope="session")
def server():
    """Give what forks processes that have the libraries already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context


class Reader:
    """Someone who follows a page: types its commands, saves its files, runs its Python."""

    def __init__(self, context, folder):
        self.context = context
        self.folder = self.top = folder
        self.environment = _environment(folder)
        self.sites = [str(folder.parent / "environment" / "site"), sysconfig.get_paths()["purelib"]]
        self.session = None

    def save(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def type(self, command):
        """Run a command line and return (exit code, what it printed)."""
        if command.startswith("cd "):
            self.folder = (self.folder / command[3:].strip()).resolve()
            assert self.folder.is_dir(), command
            assert self.folder.is_relative_to(self.top), command
            return 0, ""
        if re.fullmatch(r"erc-bench [^|&;<>$`*]*", command):
            return self._fork(shlex.split(command)[1:])
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout

    def run(self, source, name, line):
        """Run a block in the page's Python and return (what it printed, the traceback or nothing)."""
        if self.session is None:
            mine, theirs = self.context.Pipe()
            self.session = self._start(kind="python", pipe=theirs), mine
        pipe = self.session[1]
        pipe.send((source, name, line))
        assert pipe.poll(PATIENCE), f"{name}:{line}: no answer within {PATIENCE} s"
        return pipe.recv()

    def leave(self):
        if self.session is not None:
            process, pipe = self.session
            pipe.send(None)
            process.join(10)
            process.kill()

    def _fork(self, arguments):
        out = self.top.parent / "printed.txt"
        out.write_text("")
        process = self._start(kind="command", arguments=arguments, out=str(out))
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            pytest.fail(f"erc-bench {' '.join(arguments)}: not finished within {PATIENCE} s")
        return process.exitcode, out.read_text(encoding="utf-8")

    def _start(self, **job):
        job |= {"folder": str(self.folder), "environment": self.environment, "sites": self.sites}
        process = self.context.Process(target=runpy.run_path, args=(CHILD, {"job": job}))
        process.start()
        return process


def _environment(folder):
    """Return an environment whose ``pip install`` reaches a folder of this page alone."""
    home = folder.parent / "environment"
    (home / "bin").mkdir(parents=True)
    (home / "site").mkdir()
    sites = [str(home / "site"), sysconfig.get_paths()["purelib"]]
    start = f"import site, sys; [site.addsitedir(folder) for folder in {sites!r}]; "
    scripts = {
        "python": f'exec {shlex.quote(sys.executable)} "$@"',
        "erc-bench": f'exec {shlex.quote(sys.executable)} -c "{start}from erc_bench.cli import main; main()" "$@"',
        "pip": f'exec {shlex.quote(sys.executable)} -m pip --disable-pip-version-check --quiet "$@" '
        f"--no-deps --no-index --no-build-isolation --target {shlex.quote(str(home / 'site'))}",
        "pytest": f'exec {shlex.quote(sys.executable)} -c "{start}import pytest; sys.exit(pytest.console_main())"'
        ' -p no:cacheprovider "$@"',
    }
    for name, script in scripts.items():
        (home / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (home / "bin" / name).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "ERC_BENCH_DATA"))}
    return kept | {
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.fixture
def reader(server, tmp_path_factory):
    """Give somebody who sits in an empty folder beside the repository's ``benchmarks``."""
    folder = tmp_path_factory.mktemp("erc-bench-docs-") / "work"
    folder.mkdir()
    (folder / "benchmarks").symlink_to(ROOT / "benchmarks")
    reader = Reader(server, folder)
    yield reader
    reader.leave()
