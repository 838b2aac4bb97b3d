"""``erc-bench data``: see which corpora are there, fetch what may be fetched, verify what was found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.options import open_catalogue, plugin_option
from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    from rich.table import Table

    from erc_bench.contracts.dataset import Dataset
    from erc_bench.plugin_host.plugin_files import PluginFile

SOME_FAILED = 1

_data_dir = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Corpora. Default: $ERC_BENCH_DATA, else a cache."
)


@click.group("data")
def data() -> None:
    """See, fetch and verify the corpora."""


@data.command("status")
@click.argument("name", required=False)
@_data_dir
@plugin_option
def status(name: str | None, data_dir: Path | None, plugins: Sequence[PluginFile]) -> None:
    """Show licence, source, and what is there or missing and how to get it, for the corpus NAME or for all."""
    from erc_bench.commands.data_tables import console_for_output
    from erc_bench.corpora.folder import data_root

    console, root = console_for_output(), data_root(data_dir)
    datasets = {name: _dataset(name, plugins)} if name else _datasets(plugins)
    problems = {name: _problem(dataset, root) for name, dataset in datasets.items()}
    console.print(f"Data directory: {root}", soft_wrap=True)
    console.print(_status_table(datasets, problems, root))
    for dataset in datasets.values():
        lines = _paragraph(dataset, problems[dataset.name], in_full=name is not None)
        console.print("\n".join(lines) + "\n", soft_wrap=True)


@data.command("fetch")
@click.argument("name", required=False)
@_data_dir
@plugin_option
def fetch(name: str | None, data_dir: Path | None, plugins: Sequence[PluginFile]) -> None:
    """Download the corpus NAME, or all that may be downloaded; every file is checked before it is used."""
    from erc_bench.corpora.folder import data_root, fetchable_layout

    root = data_root(data_dir)
    if name:
        _fetch(_dataset(name, plugins), root)
        return
    fetchable = [dataset for dataset in _datasets(plugins).values() if fetchable_layout(dataset)]
    if [dataset for dataset in fetchable if not _done_or_told(_fetch, dataset, root)]:
        sys.exit(SOME_FAILED)


@data.command("verify")
@click.argument("name", required=False)
@_data_dir
@plugin_option
def verify(name: str | None, data_dir: Path | None, plugins: Sequence[PluginFile]) -> None:
    """Check the corpus NAME, or all that are there: digests, counts, classes, overlap between splits."""
    from erc_bench.corpora.folder import data_root

    root = data_root(data_dir)
    if name:
        failed = [] if _verify(_dataset(name, plugins), root) else [name]
    else:
        there = [dataset for dataset in _datasets(plugins).values() if _is_there(dataset, root)]
        if not there:
            raise ErcBenchError(f"there is no corpus in {root}", "erc-bench data status says how to get them.")
        failed = [dataset.name for dataset in there if not _done_or_told(_verify, dataset, root)]
    if failed:
        sys.exit(SOME_FAILED)


def _datasets(plugins: Sequence[PluginFile]) -> dict[str, type[Dataset]]:
    catalogue = open_catalogue(plugins)
    entries = catalogue.entries("dataset")
    for broken in catalogue.broken:
        click.echo(f"Warning: {broken}", err=True)
    return {name: entry.component for name, entry in entries.items()}


def _dataset(name: str, plugins: Sequence[PluginFile]) -> type[Dataset]:
    dataset: type[Dataset] = open_catalogue(plugins).get("dataset", name)
    return dataset


def _problem(dataset: type[Dataset], root: Path) -> ErcBenchError | None:
    from erc_bench.corpora.folder import find_layout

    try:
        find_layout(dataset, root)
    except ErcBenchError as error:
        return error
    return None


def _is_there(dataset: type[Dataset], root: Path) -> bool:
    return bool(dataset.layouts) and _problem(dataset, root) is None


def _status_table(datasets: Mapping[str, type[Dataset]], problems: Mapping[str, Any], root: Path) -> Table:
    from erc_bench.commands.data_tables import plain_table
    from erc_bench.corpora.folder import find_layout

    table = plain_table("dataset", "state", "layout", "folder")
    for name, dataset in datasets.items():
        if problems[name] is not None:
            table.add_row(name, "missing", "", "")
        elif not dataset.layouts:
            table.add_row(name, "generated", "", "")
        else:
            layout, folder = find_layout(dataset, root)
            table.add_row(name, "found", layout.name, str(folder))
    return table


def _paragraph(dataset: type[Dataset], problem: ErcBenchError | None, in_full: bool) -> Iterator[str]:
    yield dataset.name
    yield f"  source: {dataset.source}"
    if problem is not None:
        yield from (f"  {line}" for line in str(problem).splitlines())
    else:
        yield f"  licence: {dataset.licence}"
    if problem is not None or in_full:
        yield from _where_files_go(dataset)
    if in_full:
        yield f"  obtain: {dataset.obtain}"
        if dataset.layouts and problem is None:
            yield f"  files: not read; erc-bench data verify {dataset.name} reads and checks them"
        yield from _expected(dataset)


def _where_files_go(dataset: type[Dataset]) -> Iterator[str]:
    for layout in dataset.layouts:
        folder = "/".join(part for part in (dataset.folder_name(), layout.folder) if part)
        yield f"  Layout {layout.name}, in {folder}/: {', '.join(file.path for file in layout.files)}"


def _expected(dataset: type[Dataset]) -> Iterator[str]:
    """Yield what is on record of the corpus, nothing of it found: counts, and the files with digest and address."""
    from erc_bench.corpora.folder import digest_on_record

    if dataset.counts or dataset.layouts:
        yield "  expected:"
    for split, counts in dataset.counts.items():
        yield f"    {split}: {counts.dialogues} dialogues, {counts.utterances} utterances, {counts.labelled} labelled"
    for layout in dataset.layouts:
        for file in layout.files:
            yield f"    {file.path}: {digest_on_record(file) or 'no digest on record'} {file.url}".rstrip()


def _fetch(dataset: type[Dataset], root: Path) -> bool:
    from erc_bench.corpora.fetch import fetch as fetch_corpus

    click.echo(f"{dataset.name}: licence {dataset.licence}")
    fetched = fetch_corpus(dataset, root, say=lambda line: click.echo(f"  {line}"))
    click.echo(f"  {len(fetched.written)} files fetched, {len(fetched.present)} already there: {fetched.folder}")
    return True


def _done_or_told(task: Callable[[type[Dataset], Path], bool], dataset: type[Dataset], root: Path) -> bool:
    """Do one corpus of several: a mistake is told, and the others go on."""
    try:
        return task(dataset, root)
    except ErcBenchError as error:
        click.echo(f"Error: {error}", err=True)
        return False


def _verify(dataset: type[Dataset], root: Path) -> bool:
    from erc_bench.commands.data_tables import print_verification
    from erc_bench.corpora.verify import verify as verify_corpus

    verification = verify_corpus(dataset, root)
    print_verification(verification)
    return verification.passed
