"""``erc-bench check``: whether a component keeps to the protocol, found out by running it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from erc_bench.commands.check_output import Checked, as_json, counted, print_checked, print_summary
from erc_bench.commands.options import open_catalogue, plugin_option
from erc_bench.commands.output_file import components_aside, print_text
from erc_bench.commands.show import entries_named
from erc_bench.errors import ErcBenchError
from erc_bench.interruption import going_on

if TYPE_CHECKING:
    from erc_bench.plugin_host.catalogue import Catalogue, Entry
    from erc_bench.plugin_host.plugin_files import PluginFile

SOME_FAILED = 1
_KINDS = ("method", "objective", "encoder", "classifier", "backbone", "dataset", "observer")


@click.command("check")
@click.argument("name", required=False, metavar="NAME|PATH.py")
@click.option("--kind", type=click.Choice(_KINDS), help="Of several components of one name, that of this kind.")
@click.option("--all", "everything", is_flag=True, help="Check all that is installed, or all of one --kind.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Corpora. Default: $ERC_BENCH_DATA, else a cache.")
@click.option(
    "--backbone",
    help="What methods and encoders are run with, by name, Hugging Face id or folder. Default: a tiny random one.",
)
@click.option(
    "--feature",
    "features",
    multiple=True,
    metavar="NAME=FILE",
    help="Draw the vectors that an encoder reads from this file; may be repeated. Default: noise, drawn for each turn.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="SLOT.OPTION=VALUE",
    help="Check methods with this setting; may be repeated. Default: their own, with rates for a tiny backbone.",
)
@click.option("--format", "form", type=click.Choice(["rich", "json"]), default="rich", show_default=True)
@plugin_option
def check(
    name: str | None,
    kind: str | None,
    everything: bool,
    data_dir: Path | None,
    backbone: str | None,
    features: tuple[str, ...],
    settings: tuple[str, ...],
    form: str,
    plugins: tuple[PluginFile, ...],
) -> None:
    """Check the component NAME by running it: every kind of that name, or all that a file PATH.py brings.

    Nothing is read of its code but what it imports. A method is trained on a small corpus on disk whose
    test labels, test neighbours and later turns change. Exit code 0: nothing failed; 1: some check failed.
    """
    kinds = (kind,) if kind else _KINDS
    going_on("A check keeps nothing: the same command begins anew.")
    with components_aside():
        catalogue, entries = _asked(name, kinds, everything, plugins)
        for broken in catalogue.broken:
            click.echo(f"Warning: {broken}", err=True)
        _check_backbone(catalogue, backbone)
        _check_features(catalogue, entries, features)
        _check_settings(entries, settings)
        checked = list(_checked(catalogue, entries, _Asked(data_dir, backbone or "", features, settings)))
    _show(checked, form, in_full=not everything)
    if any(each.counts()["failed"] for each in checked):
        sys.exit(SOME_FAILED)


def _asked(
    name: str | None, kinds: Sequence[str], everything: bool, plugins: tuple[PluginFile, ...]
) -> tuple[Catalogue, list[Entry]]:
    if (name is None) != everything:
        raise ErcBenchError(
            "say what to check, or --all" if name is None else f"{name!r} and --all exclude each other",
            "For example: erc-bench check eacl, erc-bench check my_loss.py, erc-bench check --all --kind encoder.",
        )
    if name is not None and _is_path(name):
        return _brought(Path(name), kinds, plugins)
    catalogue = open_catalogue(plugins)
    if name is not None:
        if Path(name).is_dir() and not any(name in catalogue.entries(kind) for kind in kinds):
            raise _is_folder(Path(name))
        return catalogue, entries_named(catalogue, name, kinds)
    return catalogue, [entry for kind in kinds for entry in catalogue.entries(kind).values()]


def _is_path(name: str) -> bool:
    """Whether an argument is a path by its looks: a component may be called as a file or folder here is."""
    separators = [separator for separator in ("/", os.sep, os.altsep) if separator]
    return name.startswith(".") or name.endswith(".py") or any(separator in name for separator in separators)


def _is_folder(path: Path) -> ErcBenchError:
    return ErcBenchError(
        f"{path} is a folder, and check takes a name or a single file",
        f"Install the package (pip install -e {path}), and check its components by name.",
    )


def _brought(path: Path, kinds: Sequence[str], plugins: tuple[PluginFile, ...]) -> tuple[Catalogue, list[Entry]]:
    """Return what a file brings, in a catalogue that holds it, too."""
    from erc_bench.plugin_host.catalogue import FILE
    from erc_bench.plugin_host.plugin_files import load_plugin_file

    if path.is_dir():
        raise _is_folder(path)
    catalogue = open_catalogue(plugins)
    if installed := _installed_from(path, catalogue, kinds):
        return catalogue, installed
    file = load_plugin_file(path)
    files = [each for each in plugins if each.path != file.path]
    catalogue = open_catalogue([file, *files])
    found = [entry for kind in kinds for entry in catalogue.entries(kind).values()]
    own = [entry for entry in found if entry.package == f"{FILE}{file.shown}"]
    if not own:
        raise ErcBenchError(f"{path} brings no {' and no '.join(kinds)}")
    return catalogue, own


def _installed_from(path: Path, catalogue: Catalogue, kinds: Sequence[str]) -> list[Entry]:
    """Return what is installed from this very file: loaded once more, it would be there twice."""
    found = [entry for kind in kinds for entry in catalogue.entries(kind).values()]
    return [entry for entry in found if path.resolve() in _files_of(entry)]


def _files_of(entry: Entry) -> set[Path]:
    names = {entry.module, entry.component.__module__} if isinstance(entry.component, type) else {entry.module}
    files = (getattr(sys.modules.get(name), "__file__", None) for name in names)
    return {Path(file).resolve() for file in files if file}


def _check_backbone(catalogue: Catalogue, name: str | None) -> None:
    """Raise before anything is checked where there is no such backbone."""
    from erc_bench.planning.request import look_up_backbone

    problems: list[str] = []
    if name and look_up_backbone(catalogue, name, problems) is None:
        raise ErcBenchError("; ".join(problems))


def _check_features(catalogue: Catalogue, entries: Sequence[Entry], features: tuple[str, ...]) -> None:
    """Raise before anything is checked where a file is none, or nothing reads it."""
    if not features:
        return
    from erc_bench.planning.given_features import given_features
    from erc_bench.testing.entries import refuse_unread
    from erc_bench.testing.seeded_features import drawing_from

    with drawing_from(features):
        refuse_unread(given_features(features), entries, catalogue)


def _check_settings(entries: Sequence[Entry], settings: tuple[str, ...]) -> None:
    """Raise before anything is checked where a setting is none, or nothing takes it."""
    from erc_bench.planning.settings import parse_override

    for text in settings:
        parse_override(text)
    if settings and not any(entry.kind == "method" for entry in entries):
        raise ErcBenchError("--set changes settings of methods, and none is checked", "Leave it out.")


@dataclass(frozen=True)
class _Asked:
    """How it is checked: folder of corpora, backbone by name, files of features, settings of methods."""

    data_dir: Path | None
    backbone: str
    features: tuple[str, ...]
    settings: tuple[str, ...]


def _checked(catalogue: Catalogue, entries: Sequence[Entry], asked: _Asked) -> Iterator[Checked]:
    from erc_bench.testing.entries import entry_findings

    for number, entry in enumerate(entries, start=1):
        started = time.perf_counter()
        with _told(f"checking {entry.kind} {entry.name} ({number} of {len(entries)})"):
            findings = entry_findings(entry, catalogue, asked.data_dir, asked.backbone, asked.features, asked.settings)
        yield Checked(entry, findings, time.perf_counter() - started)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Say on standard error what goes on: in a terminal for as long as it does."""
    if not sys.stderr.isatty():
        click.echo(what, err=True)
        yield
        return
    from erc_bench.output.terminal import SafeConsole

    with SafeConsole(stderr=True).status(what):
        yield


def _show(checked: Sequence[Checked], form: str, in_full: bool) -> None:
    from erc_bench.running.terminal_progress import open_console

    if form == "json":
        print_text(as_json(checked), form)
        return
    console = open_console()
    if in_full:
        for each in checked:
            print_checked(console, each)
            console.print()
    else:
        print_summary(console, checked)
    console.print(counted(checked), highlight=False)
