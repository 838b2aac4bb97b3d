"""TensorBoard: curves of every run as event files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import erc_bench.api as erc

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

_EVENTS = "events.out.tfevents.*"
_TOTAL = "loss/total"
_CELL_DEPTH = 5
"""Folders that name a cell: dataset, method, backbone, settings hash, seed."""


class TensorBoard(erc.Observer):
    """Writes loss terms, dev metrics and the final test metrics of every run for TensorBoard.

    One log folder for each cell, <folder>/<dataset>/<method>/<backbone>/<settings hash>/seed-<n>: a cell
    that runs again replaces its old curves. The settings stand under HPARAMS. To look at it: tensorboard
    --logdir tensorboard
    """

    name = "tensorboard"
    source = "https://www.tensorflow.org/tensorboard, written by torch.utils.tensorboard"

    @dataclass(frozen=True)
    class Options:
        """Where the logs lie."""

        folder: str = erc.option("tensorboard", "Folder of this machine below which the logs lie.")

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        folder = self.options.folder
        if "://" in folder:
            raise erc.ErcBenchError(
                f"the observer tensorboard writes to a folder of this machine, and {folder!r} is an address",
                "Choose a folder and copy it from there: --observer tensorboard:folder=logs",
            )
        if find_spec("tensorboard") is None:
            raise erc.ErcBenchError(
                "the observer tensorboard needs the package tensorboard, which is not installed",
                "Install it: pip install 'erc-bench[tensorboard]'",
            )
        self._writer: SummaryWriter | None = None
        self._epochs = 0

    def run_started(self, run: erc.ObservedRun) -> None:
        """Remove the cell's earlier curves and open new ones."""
        from torch.utils.tensorboard import SummaryWriter

        folder = self.log_folder(run)
        # Curves of an earlier run of the cell would be drawn as one line with those of this one.
        for earlier in folder.glob(_EVENTS):
            earlier.unlink()
        self._epochs = 0
        self._writer = SummaryWriter(str(folder))

    def epoch_ended(self, run: erc.ObservedRun, epoch: erc.ObservedEpoch) -> None:
        """Draw the epoch."""
        for tag, value in _scalars(epoch).items():
            self._open_writer.add_scalar(tag, value, epoch.epoch)
        # Who watches a run wants to see an epoch when it is there.
        self._open_writer.flush()
        if epoch.stage == "training":
            self._epochs = epoch.epoch

    def run_ended(self, run: erc.ObservedRun, result: erc.ObservedResult) -> None:
        """Draw the scores of the chosen epoch, beside the settings, and close the log."""
        try:
            if result.dev is not None:
                self._write_end(run, result)
        finally:
            self._open_writer.close()
            self._writer = None

    def log_folder(self, run: erc.ObservedRun) -> Path:
        """Return the folder of a cell's log; raise :class:`ErcBenchError` where it lies in the cell itself."""
        folder = Path(self.options.folder).expanduser().resolve()
        folder = folder.joinpath(*run.folder.parts[-_CELL_DEPTH:])
        if folder.is_relative_to(run.folder.resolve()):
            raise erc.ErcBenchError(
                f"its logs would lie among the results, in {folder}",
                "Choose another folder: --observer tensorboard:folder=logs",
            )
        return folder

    @property
    def _open_writer(self) -> SummaryWriter:
        assert self._writer is not None, "a run has started"
        return self._writer

    def _write_end(self, run: erc.ObservedRun, result: erc.ObservedResult) -> None:
        from torch.utils.tensorboard.summary import hparams

        final = {"chosen dev": result.dev or {}, "test": result.test or {}}
        scores = {tag: value for part, metrics in final.items() for tag, value in _points(part, metrics)}
        # HPARAMS shows those metrics beside the settings that are scalars of the same name.
        for summary in hparams(_hyperparameters(run), scores):
            self._open_writer.file_writer.add_summary(summary)  # type: ignore[attr-defined]
        for tag, value in scores.items():
            self._open_writer.add_scalar(tag, value, self._epochs)


def _scalars(epoch: erc.ObservedEpoch) -> dict[str, float]:
    """Return the scalars of an epoch, by tag."""
    if epoch.stage == "readout":
        return dict(_points(f"readout {epoch.classifier}", epoch.dev))
    return {
        **{_loss_tag(term): value for term, value in epoch.terms.items()},
        _TOTAL: sum(epoch.terms.values()),
        **dict(_points("dev", epoch.dev)),
        **{f"learning rate/{group}": rate for group, rate in epoch.learning_rates.items()},
        "seconds/epoch": epoch.seconds,
    }


def _loss_tag(term: str) -> str:
    # A term may be called as the sum is: two values under one tag would be drawn as one jagged line.
    tag = f"loss/{term}"
    return f"{tag} (term)" if tag == _TOTAL else tag


def _points(part: str, metrics: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield tag and value of every metric, those of the classes under a heading of their own."""
    for name, value in metrics.items():
        if isinstance(value, (int, float)):
            yield f"{part}/{name}", float(value)
    for label, value in metrics.get("per_class_f1", {}).items():
        yield f"{part} class f1/{label}", float(value)


def _hyperparameters(run: erc.ObservedRun) -> dict[str, bool | str | float]:
    named = {"dataset": run.dataset, "method": run.method, "backbone": run.backbone, "seed": run.seed}
    settings = {**named, **run.choices, **run.settings}
    plain = (bool, int, float, str)
    return {name: value if isinstance(value, plain) else str(value) for name, value in settings.items()}


@erc.hookimpl
def erc_observers() -> list[type[erc.Observer]]:
    return [TensorBoard]
