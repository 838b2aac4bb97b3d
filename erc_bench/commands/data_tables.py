"""What ``erc-bench data`` prints: tables that are plain text in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from erc_bench.contracts.dataset import SplitCounts
from erc_bench.corpora.verify import Overlap, SplitCheck, Verification
from erc_bench.output.terminal import SafeConsole

_PIPE_WIDTH = 160


def console_for_output() -> Console:
    """Return the terminal; to a pipe a fixed width, no colour and no markup."""
    if sys.stdout.isatty():
        return SafeConsole(highlight=False, markup=False)
    return SafeConsole(highlight=False, markup=False, width=_PIPE_WIDTH, force_terminal=False, color_system=None)


def plain_table(*columns: str, numbers_from: int | None = None) -> Table:
    """Return an empty table; columns from ``numbers_from`` on are aligned on the right."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(columns):
        right = numbers_from is not None and position >= numbers_from
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    return table


def print_verification(verification: Verification) -> None:
    """Print what was verified about one corpus."""
    console = console_for_output()
    where = f"layout {verification.layout} in {verification.folder}" if verification.folder else "generated"
    console.print(f"{verification.dataset}: {where}", soft_wrap=True)
    console.print(f"fingerprint {verification.fingerprint}", soft_wrap=True)
    if verification.files:
        console.print(_files_table(verification))
    console.print(_counts_table(verification.splits))
    console.print(_classes_table(verification.splits))
    console.print(_overlap_table(verification.overlaps))
    for line in _remarks(verification):
        console.print(line, soft_wrap=True)
    for warning in verification.warnings:
        console.print(f"Warning: {warning}", soft_wrap=True)
    console.print(f"{verification.dataset}: {'as on record' if verification.passed else 'NOT as on record'}\n")


def _files_table(verification: Verification) -> Table:
    table = plain_table("file", "state", "digest found")
    for file in verification.files:
        table.add_row(file.path, file.state, file.found)
    return table


def _counts_table(splits: Iterable[SplitCheck]) -> Table:
    table = plain_table("split", "state", "dialogues", "utterances", "labelled", "expected", numbers_from=2)
    for split in splits:
        state = "ok" if split.as_expected else "differs"
        expected = "none on record" if split.expected is None else " / ".join(_numbers(split.expected))
        table.add_row(split.split, state if split.expected else "", *_numbers(split.found), expected)
    return table


def _numbers(counts: SplitCounts) -> tuple[str, str, str]:
    return str(counts.dialogues), str(counts.utterances), str(counts.labelled)


def _classes_table(splits: Iterable[SplitCheck]) -> Table:
    splits = list(splits)
    table = plain_table("class", *(split.split for split in splits), numbers_from=1)
    for label in splits[0].classes:
        table.add_row(label, *(str(split.classes[label]) for split in splits))
    return table


def _overlap_table(overlaps: Iterable[Overlap]) -> Table:
    table = plain_table(
        "also in the earlier split", "slice", "dialogues", "utterances", "of 6+ words", "4-grams", numbers_from=2
    )
    for overlap in overlaps:
        table.add_row(
            f"{overlap.later} in {overlap.earlier}",
            overlap.slice or "all",
            str(overlap.dialogues),
            str(overlap.utterances),
            _share(overlap.long_utterances, overlap.all_long_utterances),
            _share(overlap.four_grams, overlap.all_four_grams),
        )
    return table


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "none"


def _remarks(verification: Verification) -> Iterator[str]:
    for split in verification.splits:
        if split.repeats.dialogues or split.repeats.long_utterances:
            yield (
                f"{split.split}: {split.repeats.dialogues} dialogues and {split.repeats.long_utterances} utterances "
                "of 6+ words occurred before in the same split"
            )
        if split.empty:
            yield f"{split.split}: {len(split.empty)} utterances have no text and are kept, the first: {split.empty[0]}"
    for file in verification.files:
        if file.state == "differs":
            yield f"{file.path} is not the published file, which has {file.expected}{_same_dialogues(verification)}"
    if verification.content != "not on record":
        yield f"content: {verification.content}"


def _same_dialogues(verification: Verification) -> str:
    same = verification.content == "as published"
    return "; it differs in form alone, the dialogues are the published ones" if same else ""
