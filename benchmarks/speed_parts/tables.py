"""The tables that the benchmark prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from rich.table import Table
from speed_parts.epoch import EVALUATE, TRAIN, Epoch, Side


def rows_table(title: str, rows: Sequence[Any]) -> Table:
    """Return dataclass objects of one kind as a table, a column for each field."""
    table = Table(title=title, title_justify="left")
    names = [field.name for field in fields(rows[0])]
    for name in names:
        numeric = all(isinstance(getattr(row, name), int | float | None) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(_shown(getattr(row, name)) for name in names))
    return table


def epoch_tables(epoch: Epoch, epochs: int) -> Iterator[Table]:
    """Yield the seconds by phase, and what was computed in them."""
    yield _phases(epoch, epochs)
    yield _work(epoch)
    yield _losses(epoch)


def _phases(epoch: Epoch, epochs: int) -> Table:
    table = Table(title="One fine-tuned epoch: seconds", title_justify="left")
    for name in ("phase", *(side.name for side in epoch.sides), "ratio"):
        table.add_column(name, justify="left" if name == "phase" else "right")

    def add(name: str, published: float, ours: float) -> None:
        table.add_row(name, f"{published:.2f}", f"{ours:.2f}", f"{published / ours:.1f}")

    published, ours = epoch.sides
    add("training, a batch of 64", published.per_batch(TRAIN), ours.per_batch(TRAIN))
    add("evaluation, a batch of 64", published.per_batch(EVALUATE), ours.per_batch(EVALUATE))
    for phase, name in ((TRAIN, "training"), (EVALUATE, "evaluations")):
        seconds = [side.epoch_batches[phase] * side.per_batch(phase) for side in epoch.sides]
        counts = " and ".join(str(side.epoch_batches[phase]) for side in epoch.sides)
        add(f"{name} of an epoch ({counts} batches)", *seconds)
    add("epoch with its evaluations", published.epoch(), ours.epoch())
    add(f"run: {epochs} epochs, stage two's representations, test", published.run(epochs), ours.run(epochs))
    return table


def _work(epoch: Epoch) -> Table:
    table = Table(title="Training steps", title_justify="left")
    for name in ("", *(side.name for side in epoch.sides)):
        table.add_column(name, justify="right" if name else "left")
    lines = {
        "tokens per second": lambda side: f"{side.tokens_per_second():,.0f}",
        "padding share": lambda side: f"{side.padding:.1%}",
        "GFLOP per token, padding counted": lambda side: f"{side.flops_per_token / 1e9:.4f}",
        "matrix-product peak, GFLOP/s": lambda side: f"{side.peak / 1e9:.0f}",
        "share of that peak": lambda side: f"{side.share_of_peak():.0%}",
        "turns, seconds a batch": _turns,
    }
    for name, shown in lines.items():
        table.add_row(name, *(shown(side) for side in epoch.sides))
    for name, mib in epoch.memory.items():
        table.add_row(f"peak memory of the {name}, MiB", f"{mib:,.0f} (both)", "")
    return table


def _turns(side: Side) -> str:
    return " ".join(f"{seconds:.2f}" for seconds in side.seconds[TRAIN])


def _losses(epoch: Epoch) -> Table:
    table = Table(title="Loss of the same batch, without dropout", title_justify="left")
    for name in ("published", "erc-bench, float32", "erc-bench, as it trains"):
        table.add_column(name, justify="right")
    table.add_row(*(f"{loss:.6f}" for loss in epoch.losses))
    return table


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)
