"""Where the numbers come from, as tables of words: runs, software, machines, data, settings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from erc_bench.comparison.grouping import shown_value
from erc_bench.output.figures.selected_rows import seed_words
from erc_bench.output.report.report_data import ReportRow
from erc_bench.output.tables.table_cells import NOTHING, TextTable
from erc_bench.statistics.wording import seed_list

__all__ = ["data_table", "hardware_table", "runs_table", "settings_table", "software_table"]

_POINTS = re.compile(r"\d+\.\d+")


def runs_table(shown: Sequence[ReportRow]) -> TextTable:
    """Return one line for each row on each dataset: the run, the choice of its epoch, its cost."""
    titles = ("dataset", "row", "seeds", "settings", "settings from", "epoch chosen", "degenerate", "device", "seconds")
    return TextTable(titles, tuple(_run(each) for each in shown))


def _run(shown: ReportRow) -> tuple[str, ...]:
    score = shown.score
    records = [shown.cells[seed].record for seed in score.seeds]
    devices = dict.fromkeys(_device(record) for record in records)
    return (
        shown.column.title,
        shown.row.label,
        seed_list(score.seeds),
        score.settings_hash,
        score.settings_from or NOTHING,
        _epochs(records, score.selection),
        _degenerate(score.degenerate) or NOTHING,
        "; ".join(devices),
        f"{sum(sum((record.get('timings') or {}).values()) for record in records) / len(records):.0f}",
    )


def _degenerate(reasons: Mapping[int, str]) -> str:
    """Return every reason once, behind the seeds that it holds for; numbers that differ as their range."""
    alike: dict[str, dict[int, str]] = {}
    for seed, reason in reasons.items():
        alike.setdefault(_POINTS.sub("", reason), {})[seed] = reason
    return "; ".join(f"{seed_words(own)}: {_in_one(list(own.values()))}" for own in alike.values())


def _in_one(reasons: Sequence[str]) -> str:
    """Return sentences that differ only in numbers as one of them, with the range of each number."""
    numbers = zip(*(_POINTS.findall(reason) for reason in reasons), strict=True)
    ranges = (sorted(set(found), key=float) for found in numbers)
    written = (found[0] if len(found) == 1 else f"{found[0]} to {found[-1]}" for found in ranges)
    return _POINTS.sub(lambda _: next(written), reasons[0])


def _epochs(records: Sequence[Mapping[str, Any]], rule: str) -> str:
    """Return the epochs in the order of the seeds, behind the rule that chose them."""
    chosen = [(record.get("selection") or {}).get("epoch") for record in records]
    known = ", ".join(NOTHING if epoch is None else str(epoch) for epoch in chosen)
    return f"{rule}: {known}" if any(epoch is not None for epoch in chosen) else NOTHING


def _device(record: Mapping[str, Any]) -> str:
    provenance = record.get("provenance") or {}
    parts = (provenance.get("device"), provenance.get("precision"))
    return ", ".join(str(part) for part in parts if part) or "unknown"


def software_table(shown: Sequence[ReportRow]) -> TextTable:
    """Return the revisions and versions that the cells were run with, and how many cells with each."""
    return _counted(("revision", "versions"), (_software(record) for record in _records(shown)))


def hardware_table(shown: Sequence[ReportRow]) -> TextTable:
    """Return the machines that the cells were run on, and how many cells on each."""
    titles = ("class", "machine", "instructions", "platform", "threads")
    return _counted(titles, (_machine(record) for record in _records(shown)))


def _counted(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> TextTable:
    # Cells before numbers: the words of a table stand first.
    return TextTable((*titles, "cells"), tuple((*row, str(count)) for row, count in Counter(rows).most_common()))


def _records(shown: Sequence[ReportRow]) -> list[Mapping[str, Any]]:
    """Return the record of every cell once, however many classifiers read it."""
    return list({cell.folder: cell.record for each in shown for cell in each.cells.values()}.values())


def _software(record: Mapping[str, Any]) -> tuple[str, str]:
    provenance = record.get("provenance") or {}
    git, versions = provenance.get("git") or {}, provenance.get("versions") or {}
    dirty = " with uncommitted changes" if git.get("dirty") else ""
    revision = f"{str(git['revision'])[:12]}{dirty}" if git.get("revision") else "not recorded"
    return revision, ", ".join(f"{name} {version}" for name, version in versions.items()) or "not recorded"


def _machine(record: Mapping[str, Any]) -> tuple[str, ...]:
    hardware = (record.get("provenance") or {}).get("hardware") or {}
    return tuple(str(hardware.get(key, NOTHING)) for key in ("class", "name", "instructions", "platform", "threads"))


def data_table(shown: Sequence[ReportRow]) -> TextTable:
    """Return the corpora as the runs saw them: fingerprint, layout, counts, departures from the published one."""
    records = {each.column.title: each.record for each in reversed(shown)}
    titles = ("dataset", "fingerprint", "layout", "dialogues", "labelled utterances", "not as published")
    return TextTable(titles, tuple((title, *_data(record)) for title, record in reversed(records.items())))


def _data(record: Mapping[str, Any]) -> tuple[str, ...]:
    data = record.get("data") or {}
    counts = data.get("counts") or {}
    splits = [split for split in ("train", "dev", "test") if split in counts]
    return (
        str(data.get("fingerprint") or "not recorded"),
        str(data.get("layout") or NOTHING),
        *(", ".join(f"{split} {counts[split].get(key)}" for split in splits) for key in ("dialogues", "labelled")),
        "; ".join(map(str, data.get("departures") or [])) or NOTHING,
    )


def settings_table(shown: ReportRow) -> TextTable:
    """Return the settings of one row on one dataset, each with its origin."""
    record = shown.record
    origins = record.get("origins") or {}
    choices = [(slot, str(name), "choice") for slot, name in (record.get("choices") or {}).items()]
    settings = [
        (address, shown_value(value), str(origins.get(address, "not recorded")))
        for address, value in (record.get("settings") or {}).items()
    ]
    return TextTable(("setting", "value", "from"), tuple(choices + settings))
