"""``erc-bench doctor``: versions, devices, caches and data, for a bug report or a first look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from erc_bench.commands.options import open_catalogue, plugin_option
from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    from erc_bench.plugin_host.catalogue import Catalogue
    from erc_bench.plugin_host.plugin_files import PluginFile


@click.command("doctor")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Corpora. Default: $ERC_BENCH_DATA, else a cache.")
@plugin_option
@click.option("--cache", is_flag=True, help="Show the cache of frozen backbones' features instead.")
@click.option("--prune", type=click.FloatRange(min=0), metavar="DAYS", help="Delete features unused for that long.")
@click.option("--keep", type=click.FloatRange(min=0), metavar="GIB", help="Delete the longest unused until it fits.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
def doctor(
    data_dir: Path | None,
    plugins: tuple[PluginFile, ...],
    cache: bool,
    prune: float | None,
    keep: float | None,
    yes: bool,
) -> None:
    """Show what this installation consists of and what it found."""
    if cache or prune is not None or keep is not None:
        from erc_bench.commands.doctor_cache import show_cache

        show_cache(prune, keep, yes)
        return
    _show_installation(data_dir, open_catalogue(plugins))


def _show_installation(data_dir: Path | None, catalogue: Catalogue) -> None:
    from rich.table import Table
    from rich.text import Text

    from erc_bench.running.terminal_progress import open_console

    console = open_console()
    for title, rows in (
        ("versions", _versions()),
        ("devices", _devices()),
        ("caches", _caches()),
        ("data", _data(data_dir, catalogue)),
        ("plugins", _plugins(catalogue)),
    ):
        table = Table(show_header=False, box=None, title=title, title_justify="left", title_style="bold")
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, found in rows:
            table.add_row(Text(name), Text(found))
        console.print(table)
        console.print()


def _versions() -> Iterator[tuple[str, str]]:
    from erc_bench.plugin_host.provenance import git_state, versions

    yield from versions().items()
    if git_state():
        yield "checkout", f"{git_state()['revision'][:12]}{' with changes' if git_state()['dirty'] else ''}"


def _devices() -> Iterator[tuple[str, str]]:
    import torch

    from erc_bench.training.device import choose_device, computes_bf16, hardware

    chosen = choose_device("auto")
    for name in dict.fromkeys(["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count())), str(chosen)]):
        device = torch.device(name)
        facts = hardware(device)
        precision = "bfloat16" if computes_bf16(device) else "float32"
        chosen_mark = "  (chosen by --device auto)" if device.type == chosen.type else ""
        yield name, f"{facts['name']}, {facts['threads']} threads, computes in {precision}{chosen_mark}"


def _caches() -> Iterator[tuple[str, str]]:
    from huggingface_hub.constants import HF_HUB_CACHE

    from erc_bench.store.feature_files import cache_folder

    features = cache_folder() / "features"
    yield "features of frozen backbones", f"{features} ({_size(features)}; more: erc-bench doctor --cache)"
    remembered = cache_folder() / "systems"
    yield "answers of language models", f"{remembered} ({_size(remembered)})"
    yield "models of the hub", f"{HF_HUB_CACHE} ({_size(Path(HF_HUB_CACHE))})"


def _data(data_dir: Path | None, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    from erc_bench.corpora.folder import data_root, find_layout

    root = data_root(data_dir)
    yield "looked for in", str(root)
    try:
        datasets = catalogue.entries("dataset")
    except ErcBenchError as error:
        yield "datasets", f"at fault: {error}"
        return
    for entry in datasets.values():
        try:
            layout, folder = find_layout(entry.component, root)
            yield entry.name, f"{layout.name} in {folder}" if layout.files else "needs no files"
        except ErcBenchError:
            yield entry.name, f"not found; see erc-bench data status {entry.name}"


def _plugins(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    from erc_bench.plugin_host.catalogue import KINDS

    for kind in KINDS:
        try:
            yield f"{kind}s", ", ".join(catalogue.entries(kind))
        except ErcBenchError as error:
            yield f"{kind}s", f"at fault: {error}"
    for broken in catalogue.broken:
        yield "broken", str(broken)


def _size(folder: Path) -> str:
    if not folder.is_dir():
        return "empty"
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return f"{total / 2**20:.1f} MiB"
