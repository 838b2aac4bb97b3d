"""Checks of how a dataset is read: completely, always the same, wherever and by whomever."""

from __future__ import annotations

import base64
import json
import os
import pickle
import subprocess
import sys
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.types import Splits
from erc_bench.corpora.corpus import fingerprint
from erc_bench.corpora.folder import DATA_VARIABLE
from erc_bench.errors import ErcBenchError
from erc_bench.testing.calls_as_bytes import NotHandedOverError, import_path, request
from erc_bench.testing.datasets.read_dataset import DatasetTrial
from erc_bench.testing.findings import Check

_OTHER_PROCESS = """
import base64, json, pickle, sys
sys.path[:] = json.loads(sys.argv[1])
from erc_bench.testing.calls_as_bytes import received
print(received(pickle.loads(base64.b64decode(sys.argv[2])))())
"""
_PATIENCE = 300
_HASH_SEEDS = ("1", "2")


def _loading(trial: DatasetTrial) -> str:
    folder, name = trial.folder, trial.name
    try:
        splits = trial.load(folder)
    except ErcBenchError as error:
        raise AssertionError(str(error)) from error
    assert isinstance(splits, Splits), f"{name}: load returns a {type(splits).__name__} and no Splits"
    told = []
    for split, dialogues in splits.items():
        where = trial.where(split)
        assert dialogues, f"{where}: it has no dialogues"
        for dialogue in dialogues:
            assert dialogue.utterances, f"{where}, dialogue {dialogue.id!r}: it has no utterances"
        scored = sum(len(dialogue.targets()) for dialogue in dialogues)
        assert scored, f"{where}: no utterance is scored"
        told.append(f"{split} {len(dialogues)} dialogues, {scored} scored turns")
    return "; ".join(told)


def _same_again(trial: DatasetTrial) -> str:
    before = trial.splits
    with TemporaryDirectory(prefix="erc-bench-check-", ignore_cleanup_errors=True) as empty:
        with chdir(empty):
            assert trial.load() == before, f"{trial.name}: loading it twice gives different dialogues"
        return _elsewhere(trial, fingerprint(before), Path(empty))


def _elsewhere(trial: DatasetTrial, expected: str, empty: Path) -> str:
    """Load in processes that have another environment; raise ``AssertionError`` where one reads something else."""
    try:
        asked = replace(request(fingerprint_of, trial.component, trial.options, trial.folder), environment=None)
    except NotHandedOverError:
        return "twice in this process; its class is known to no other one"
    call = base64.b64encode(pickle.dumps(asked)).decode()
    command = [sys.executable, "-c", _OTHER_PROCESS, json.dumps(import_path()), call]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = [
        subprocess.Popen(command, cwd=empty, env=_environment(seed), text=True, encoding="utf-8", **pipes)  # type: ignore[call-overload]  # noqa: S603
        for seed in _HASH_SEEDS
    ]
    ended = [(process.communicate(timeout=_PATIENCE), process.returncode) for process in started]
    for (output, errors), code in ended:
        last = errors.strip().splitlines()[-1:] or ["nothing was said"]
        assert code == 0, f"{trial.name}: in another process, folder and locale it cannot be read: {last[0]}"
        same = output.splitlines()[-1:] == [expected]
        assert same, f"{trial.name}: another process reads other dialogues (a set that is iterated, the environment?)"
    left = sorted(path.name for path in empty.iterdir())
    assert not left, f"{trial.name}: reading it writes {left[0]} to the working directory"
    return "twice here, and in two other processes, in another folder and locale, the same dialogues"


def fingerprint_of(component: type[Dataset], options: Any, folder: Path) -> str:
    """Return the digest of a dataset's dialogues, for a comparison with another process."""
    return fingerprint(component(options).load(folder))


def _environment(hash_seed: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in (DATA_VARIABLE, "LANG", "LC_CTYPE")}
    # Python's own remedies for a locale without UTF-8 are switched off: not every machine has them.
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "Asia/Tokyo"}
    return {**kept, **plain, "PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1"}


LOADING_CHECKS: tuple[Check[DatasetTrial], ...] = (
    Check(
        "loading",
        "The corpus is read, and its splits are counted.",
        "An empty split, or one of which nothing is scored, is found out after hours of training.",
        _loading,
    ),
    Check(
        "same dialogues",
        "It is read again, also by processes with another working directory, locale and hash seed.",
        "An order that hangs on a set or on the file system changes every batch, and no seed brings it back.",
        _same_again,
    ),
)
