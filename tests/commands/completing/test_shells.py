"""Completion in the shells themselves, with the scripts that the command prints."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from erc_bench import cli
from erc_bench.commands import completion
from erc_bench.commands.completing.shells import SHELLS, VARIABLE, script_for

BASH = """
source {script}
COMP_WORDS=({words}); COMP_CWORD={current}
{function} erc-bench
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
compdef() {{ : }}
compadd() {{ if [[ "$*" == *"-S  "* ]]; then print -r -- "${{@[-1]}}"; else print -rl -- $completions; fi }}
_describe() {{ print -rl -- ${{completions_with_descriptions%%:*}} }}
source {script}
words=({words}); CURRENT={current}
{function}
"""


def needs(shell):
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache with the names, as after the first completion."""
    folder = tmp_path_factory.mktemp("cache")
    script = "from erc_bench.commands.completing.cache import installed_names; installed_names()"
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "ERC_BENCH_CACHE": str(folder)}, check=True)
    return folder


@pytest.fixture
def in_shell(tmp_path, cache):
    """Run a script of a shell that knows the program and its completions; return the lines that it prints."""
    programs = tmp_path / "programs"
    programs.mkdir()
    program = programs / "erc-bench"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m erc_bench "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "ERC_BENCH_CACHE": str(cache)}
    environment["HOME"] = str(tmp_path)

    def in_shell(shell, text):
        script = tmp_path / f"completion.{shell}"
        printed = subprocess.run([str(program), "completion", shell], env=environment, capture_output=True, check=True)
        script.write_bytes(printed.stdout)
        command = [shell, *(["--norc"] if shell == "bash" else []), "-c", text.replace("SCRIPT", str(script))]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return [line for line in done.stdout.splitlines() if line]

    return in_shell


def quoted(words):
    return " ".join(f"'{word}'" for word in words)


@pytest.fixture
def bash(in_shell):
    def bash(*words):
        text = BASH.format(
            script="SCRIPT",
            words=quoted(["erc-bench", *words]),
            current=len(words),
            function="_erc_bench_completion",
        )
        return in_shell("bash", text.replace("\ncompopt", "\n"))

    return bash


@needs("bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["co"], ["compare", "completion"]),
        (["run", "--method", "supcon"], ["supcon", "supcon-outside"]),
        (["run", "--dataset", "emo"], ["emorynlp", "emorynlp-subset"]),
        (["compare", "--dataset", "=", "me"], ["meld"]),
        (["run", "--backbone", "mini"], ["minilm"]),
        (["run", "--readout", "centr"], ["centroid"]),
        (["sweep", "--observer", "tens"], ["tensorboard"]),
        (["sweep", "--observer", "tensorboard", ":"], ["folder="]),
        (["tune", "--method", "supcon", "--set", "objective.temp"], ["objective.temperature="]),
        (["run", "--method", "eacl", "--set", "encoder.train"], ["encoder.trainable="]),
        (["run", "--set", "classifier", "=", "cen"], ["centroid"]),
        (["run", "--set", "eacl", ":", "objective.lambda"], ["objective.lambda1=", "objective.lambda2="]),
        (["run", "--set", "eacl", ":", "classifier", "="], None),
        (["data", "status", "me"], ["meld"]),
        (["show", "log"], ["logit-adjusted"]),
        (["list", "obs"], ["observers"]),
        (["rm", "--state", "half"], ["half-written"]),
        (["run", "--observ"], ["--observer"]),
        (["nonsense", "--method", "z"], []),
        (["run", "--set", "no.such", "="], []),
    ],
)
def test_bash(bash, words, expected):
    found = bash(*words)
    if expected is None:
        assert {"head", "anchor", "centroid"} <= set(found)
    else:
        assert found == expected


@needs("zsh")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["co"], ["compare", "completion"]),
        (["run", "--method", "supcon"], ["supcon", "supcon-outside"]),
        (["run", "--dataset=me"], ["meld"]),
        (["run", "--set", "eacl:objective.lambda"], ["eacl:objective.lambda1=", "eacl:objective.lambda2="]),
        (["run", "--set", "classifier=cen"], ["classifier=centroid"]),
    ],
)
def test_zsh(in_shell, words, expected):
    every = ["erc-bench", *words]
    text = ZSH.format(script="SCRIPT", words=quoted(every), current=len(every), function="_erc_bench_completion")
    assert in_shell("zsh", text) == expected


@needs("fish")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("erc-bench co", ["compare", "completion"]),
        ("erc-bench run --method supcon", ["supcon", "supcon-outside"]),
        ("erc-bench run --set eacl:objective.lambda", ["eacl:objective.lambda1=", "eacl:objective.lambda2="]),
        ("erc-bench run --set classifier=cen", ["classifier=centroid"]),
    ],
)
def test_fish(in_shell, line, expected):
    lines = in_shell("fish", f"source SCRIPT; complete -C '{line}'")
    assert [line.partition("\t")[0] for line in lines] == expected


@pytest.mark.parametrize("words", ["erc-bench run --dataset ", "erc-bench run --method e", "erc-bench run --set obj"])
def test_a_key_press_loads_no_torch_and_little_else(cache, words):
    """Loading is what takes time: a third of a second for some 350 modules, two seconds for the 1700 with torch."""
    script = (
        "import atexit, sys; from erc_bench.cli import main\n"
        "atexit.register(lambda: print('torch' in sys.modules, len(sys.modules), file=sys.stderr)); main()"
    )
    environment = {**os.environ, "ERC_BENCH_CACHE": str(cache), VARIABLE: "bash_complete"}
    environment |= {"COMP_WORDS": words, "COMP_CWORD": "3"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    torch, modules = done.stderr.split()
    assert torch == "False"
    assert int(modules) < 600
    assert done.stdout.startswith("plain,")


def test_the_shells_of_the_command_are_those_that_there_are():
    assert completion.SHELLS == SHELLS
    assert cli.COMPLETING == VARIABLE
    for shell in SHELLS:
        assert VARIABLE in script_for(shell)
        # Where there is no such mark, the shell adds a space behind an address.
        assert {"bash": "compopt -o nospace", "zsh": "-S ''", "fish": ""}[shell] in script_for(shell)


def test_a_fault_of_a_completion_is_silent(tmp_path):
    environment = {**os.environ, "ERC_BENCH_CACHE": str(tmp_path / "file"), VARIABLE: "bash_complete"}
    Path(tmp_path / "file").write_text("")
    environment |= {"COMP_WORDS": "erc-bench data status --no-such x", "COMP_CWORD": "4"}
    done = subprocess.run(
        [sys.executable, "-m", "erc_bench"], env=environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
