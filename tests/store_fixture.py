"""Cell folders as `run` leaves them, with invented answers: what the reading half is tested on."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from erc_bench.statistics.metrics import constant_floor, degenerate, score
from erc_bench.store.file_contents import content_of
from erc_bench.store.layout import CellAddress, readout_file

LABELS = ("anger", "joy", "neutral")


def write_status(folder: Path, files: Sequence[str] | None = None) -> None:
    """Write, or bring up to date, the status of a done cell that holds what lies there now: some files, or all."""
    file = folder / "status.json"
    status = {"status": "done", "finished": "2025-01-01T00:00:00"}
    if file.is_file():
        status = json.loads(file.read_text(encoding="utf-8"))
    if files is None:
        found = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
        files = [name for name in found if not name.startswith(".") and name != "status.json"]
    contents = {name: content_of((folder / name).read_bytes()) for name in files}
    file.write_text(json.dumps({**status, "files": list(files), "contents": contents}), encoding="utf-8")


def without_contents(folder: Path) -> None:
    """Make the status of a cell one of the time when it did not say what its files hold."""
    status = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    status.pop("contents", None)
    (folder / "status.json").write_text(json.dumps(status), encoding="utf-8")


def edit_gold(folder: Path, labels: int, readout: str = "") -> None:
    """Make the first wrong answers of a finished cell right by their gold labels, and score its record anew.

    ``labels`` is how many gold labels are changed. With ``readout`` the file and scores of that classifier are edited.
    """
    file = folder / (readout_file(readout) if readout else "predictions.csv")
    packed = file.with_name(f"{file.name}.gz")
    content = gzip.decompress(packed.read_bytes()) if packed.is_file() else file.read_bytes()
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    for row in [row for row in rows if row[2] != row[3]][:labels]:
        row[2] = row[3]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    if packed.is_file():
        packed.write_bytes(gzip.compress(text.getvalue().encode()))
    else:
        file.write_bytes(text.getvalue().encode())
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    scored = score([row[2] for row in rows], [row[3] for row in rows], record["labels"], record["scored_labels"])
    metrics = record["readouts_metrics"][readout] if readout else record["metrics"]
    metrics["test"] = scored
    (folder / "record.json").write_text(json.dumps(record), encoding="utf-8")
    write_status(folder)


@dataclass(frozen=True)
class TestSplit:
    """Invented gold labels: ``dialogues`` dialogues of ``length`` turns."""

    __test__ = False
    dialogues: int = 12
    length: int = 8
    labels: tuple[str, ...] = LABELS

    def rows(self) -> list[tuple[str, int, str]]:
        rng = np.random.default_rng(20)
        weights = np.arange(1, len(self.labels) + 1) / sum(range(1, len(self.labels) + 1))
        return [
            (str(dialogue), turn, str(rng.choice(self.labels, p=weights)))
            for dialogue in range(self.dialogues)
            for turn in range(self.length)
        ]

    def answers(self, accuracy: float, seed: int) -> list[str]:
        """Answer right with this probability, else with any label."""
        rng = np.random.default_rng([seed, int(accuracy * 1000)])
        return [gold if rng.random() < accuracy else str(rng.choice(self.labels)) for _, _, gold in self.rows()]


@dataclass
class Store:
    """A folder of runs that tests fill."""

    runs: Path
    split: TestSplit = field(default_factory=TestSplit)

    def add(
        self,
        method: str = "ce",
        seed: int = 1,
        *,
        accuracy: float = 0.6,
        predicted: Sequence[str] | None = None,
        readouts: Mapping[str, Sequence[str]] | None = None,
        dataset: str = "meld",
        backbone: str = "minilm",
        settings_hash: str = "aaaaaaaaaaaa",
        **changes: Any,
    ) -> Path:
        """Write one finished cell; ``changes`` replace entries of its record."""
        folder = CellAddress(dataset, method, backbone, settings_hash, seed).folder(self.runs)
        folder.mkdir(parents=True)
        predicted = self.split.answers(accuracy, seed) if predicted is None else predicted
        record = self.record(predicted, readouts or {}, changes.get("scored_labels", []))
        names = {
            "method": method,
            "dataset": dataset,
            "backbone": backbone,
            "seed": seed,
            "settings_hash": settings_hash,
        }
        record |= names | changes
        files = ["record.json"]
        if not record["dev_only"]:
            files += self._write_answers(folder, predicted, readouts or {})
        else:
            record["metrics"]["test"] = None
        (folder / "record.json").write_text(json.dumps(record), encoding="utf-8")
        write_status(folder, files)
        return folder

    def add_seeds(self, method: str, accuracies: Sequence[float], **changes: Any) -> list[Path]:
        """Write seeds 1, 2, ... with these accuracies."""
        return [self.add(method, seed, accuracy=value, **changes) for seed, value in enumerate(accuracies, start=1)]

    def fail(self, method: str, seed: int, error: str, status: str = "failed", dataset: str = "meld") -> Path:
        """Write a cell that did not finish."""
        folder = CellAddress(dataset, method, "minilm", "aaaaaaaaaaaa", seed).folder(self.runs)
        folder.mkdir(parents=True)
        (folder / "status.json").write_text(json.dumps({"status": status, "error": error, "files": []}))
        return folder

    def record(
        self, predicted: Sequence[str], readouts: Mapping[str, Sequence[str]], scored_labels: Sequence[str]
    ) -> dict[str, Any]:
        gold = [row[2] for row in self.split.rows()]
        floor = constant_floor(gold, self.split.labels, scored_labels)

        def scored(answers: Sequence[str]) -> dict[str, Any]:
            return score(gold, answers, self.split.labels, scored_labels, unknown_as_wrong=True)

        counts = {"dialogues": self.split.dialogues, "utterances": len(gold) + 3, "labelled": len(gold)}
        return {
            "format": 1,
            "choices": {"encoder": "prompt", "objective": "cross-entropy", "classifier": "head"},
            "readouts": list(readouts),
            "settings": {"training.epochs": 8, "objective.temperature": 0.1},
            "origins": {},
            "overrides": {},
            "settings_from": "default",
            "regime": "small",
            "limit": None,
            "dev_only": False,
            "labels": list(self.split.labels),
            "headline_metric": "weighted_f1",
            "scored_labels": [],
            "sees_future": False,
            "selection": {"rule": "dev", "epoch": 5},
            "data": {"fingerprint": "f00dfeedcafe", "counts": {"test": counts, "dev": counts, "train": counts}},
            "provenance": {
                "device": "cpu",
                "precision": "float32",
                "hardware": {"class": "cpu", "name": "Some CPU", "platform": "Linux", "threads": 2},
            },
            "inputs": {"data": "f00dfeedcafe", "backbone": "minilm@1", "code": {"objective": "0123"}},
            "timings": {},
            "epochs": [],
            "metrics": {"dev": scored(predicted), "test": scored(predicted)},
            "floor": floor,
            "degenerate": degenerate(scored(predicted), predicted, floor),
            "readouts_metrics": {
                name: {"dev": scored(a), "test": scored(a), "degenerate": degenerate(scored(a), a, floor)}
                for name, a in readouts.items()
            },
        }

    def _write_answers(
        self, folder: Path, predicted: Sequence[str], readouts: Mapping[str, Sequence[str]]
    ) -> list[str]:
        files = {"predictions.csv": predicted} | {readout_file(name): answers for name, answers in readouts.items()}
        for name, answers in files.items():
            with (folder / name).open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(["dialogue_id", "utterance", "gold", "predicted", *self.split.labels])
                for (dialogue, turn, gold), answer in zip(self.split.rows(), answers, strict=True):
                    scores = ["1.0000" if label == answer else "0.0000" for label in self.split.labels]
                    writer.writerow([dialogue, turn, gold, answer, *scores])
        return list(files)
