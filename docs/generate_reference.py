"""Writes the reference from what it refers to: ``python docs/generate_reference.py``.

Commands come from the command line itself, checks from those that run, the Python pages from the names
of ``erc_bench.api``; what stands below each name is read from its docstring when the site is built. A
test compares the pages under ``reference`` with what this writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path
from textwrap import dedent

import click

from erc_bench import api
from erc_bench.cli import COMMANDS, root
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.testing.backbones import BACKBONE_CHECKS
from erc_bench.testing.classifiers import CLASSIFIER_CHECKS
from erc_bench.testing.datasets import DATASET_CHECKS
from erc_bench.testing.encoders import ENCODER_CHECKS
from erc_bench.testing.methods import METHOD_CHECKS
from erc_bench.testing.objectives import OBJECTIVE_CHECKS
from erc_bench.testing.observers import OBSERVER_CHECKS

FOLDER = Path(__file__).with_name("reference")
_PROGRAM = "erc-bench"


@dataclass(frozen=True)
class Group:
    """Names of ``erc_bench.api`` that stand on one page: those from these modules."""

    page: str
    title: str
    about: str
    homes: tuple[str, ...]


_GROUPS = (
    Group(
        "experiments",
        "Runs and tables",
        "What the command line does, from Python. [From Python](../../from-python.md) shows it at work.",
        ("experiments", "training"),
    ),
    Group(
        "contracts",
        "Contracts",
        "What a component must have, and what it may have. `hookimpl` marks the functions through which a plugin "
        "hands its components over, `option` declares an option.",
        ("contracts", "errors"),
    ),
    Group(
        "data",
        "Dialogues and files",
        "What flows between the parts, and how files are read.",
        ("contracts.types", "corpora"),
    ),
    Group(
        "losses",
        "Losses and memories",
        "What losses share, since plugins do not import each other. Everything is a pure function of tensors, "
        "but for the modules that keep something between passes: queues, batches that wait, streams of chance.",
        ("contracts.losses",),
    ),
    Group("pretrained", "Checkpoints", "What backbones share.", ("pretrained",)),
)


_HANDED_OUT = frozenset({"ComparisonView", "Experiment", "SavedModel"})
"""Classes that functions return: nobody calls their constructors, so that these are not shown."""

_CHECKS = {
    "method": METHOD_CHECKS,
    "objective": OBJECTIVE_CHECKS,
    "encoder": ENCODER_CHECKS,
    "classifier": CLASSIFIER_CHECKS,
    "dataset": DATASET_CHECKS,
    "backbone": BACKBONE_CHECKS,
    "observer": OBSERVER_CHECKS,
}


def pages() -> dict[str, str]:
    """Return the text of every page by its path below the folder."""
    commands = {f"commands/{name}": text for name, text in _command_pages().items()}
    python = {f"api/{name}": text for name, text in _api_pages().items()}
    return commands | python | {"checks.md": "\n\n".join(_checks()) + "\n"}


def _checks() -> Iterator[str]:
    """Yield the paragraphs about what ``erc-bench check`` tries, kind by kind."""
    yield "# Checks"
    yield "What [`erc-bench check`](../check.md) tries, and what goes wrong where it does not hold."
    for kind, checks in _CHECKS.items():
        yield f"## {kind.capitalize()}"
        for check in checks:
            yield f"#### {check.name} {{#{kind}-{check.name.replace(' ', '-')}}}"
            yield f"{_escaped(check.tried)}\n{{: .tried }}"
            yield _escaped(check.why)


def _api_pages() -> dict[str, str]:
    homes = api._HOME
    lines = ["# Python", "`import erc_bench.api as erc` gives every name on these pages; plugins import nothing else."]
    written = {}
    for group in _GROUPS:
        names = sorted((name for name, home in homes.items() if _group_of(home) is group), key=str.lower)
        written[f"{group.page}.md"] = "\n\n".join(
            [f"# {group.title}", group.about, *(_shown(homes[name], name) for name in names)]
        )
        links = ", ".join(f"[`{name}`]({group.page}.md#erc_bench.{homes[name]}.{name})" for name in names)
        lines.append(f"[{group.title}]({group.page}.md)\n:   {links}")
    unplaced = set(homes) - {
        name for text in written.values() for name in re.findall(r"^::: .*\.(\w+)$", text, re.MULTILINE)
    }
    if unplaced:
        raise SystemExit(f"no group of the reference takes {', '.join(sorted(unplaced))}")
    return {name: f"{text}\n" for name, text in (written | {"index.md": "\n\n".join(lines)}).items()}


def _group_of(home: str) -> Group | None:
    """Return the group that names the module, or else its room."""
    return next((group for place in (home, home.split(".")[0]) for group in _GROUPS if place in group.homes), None)


def _shown(home: str, name: str) -> str:
    """Return what puts a name and its docstring on a page, with the constructor of what a reader constructs."""
    alone = "\n    options:\n      merge_init_into_class: false" if name in _HANDED_OUT else ""
    return f"::: erc_bench.{home}.{name}{alone}"


def _command_pages() -> dict[str, str]:
    context = click.Context(root, info_name=_PROGRAM)
    commands = {name: root.get_command(context, name) for name in COMMANDS}
    return {"index.md": _index()} | {
        f"{name}.md": "\n\n".join(_command(command, context, name)) + "\n"
        for name, command in commands.items()
        if command
    }


def _index() -> str:
    lines = [
        "# Commands",
        "Every command says the same with `--help`. A mistake is one sentence and a hint, with exit code 2; "
        "a cell that failed or a check that did not hold gives exit code 1; an interrupted command 130.",
        *(f"[`{name}`]({name}.md)\n:   {_escaped(summary)}" for name, summary in COMMANDS.items()),
    ]
    return "\n\n".join(lines) + "\n"


def _command(command: click.Command, parent: click.Context, name: str, level: int = 1) -> Iterator[str]:
    """Yield the paragraphs about a command, then those about its subcommands."""
    context = click.Context(command, info_name=name, parent=parent)
    yield f"{'#' * level} {context.command_path}"
    yield f"```text\n{_usage(context)}\n```"
    yield from _help(command)
    if options := list(_options(command, context)):
        yield "**Options**"
        yield from options
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            if subcommand := command.get_command(context, below):
                yield from _command(subcommand, context, below, level + 1)


def _usage(context: click.Context) -> str:
    pieces = context.command.collect_usage_pieces(context)
    return " ".join([context.command_path, *pieces])


def _help(command: click.Command) -> Iterator[str]:
    """Yield the paragraphs of a command's help; what click leaves unwrapped keeps its lines."""
    for paragraph in cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b\n"):
            yield f"```text\n{dedent(paragraph.removeprefix(chr(8) + chr(10)))}\n```"
        elif paragraph.strip():
            yield _PAGE.sub(r"[docs/\1.md](../../\1.md)", _escaped(" ".join(paragraph.split())))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record and record[1] and "--help" not in parameter.opts:
            names, explanation = record
            yield f"`{names}`\n:   {_escaped(' '.join(explanation.split()))}"


_PAGE = re.compile(r"\bdocs/([\w-]+)\.md")
_CODE = re.compile(r"`[^`]+`|\$[A-Z_]+|(?<![\w-])--[a-z][\w-]*|(?<!\w)[a-z]\w*\.[a-z]\w*=\S+")


def _escaped(text: str) -> str:
    """Return help text as Markdown that shows the same; options, settings and variables become code."""
    pieces, at = [], 0
    for found in _CODE.finditer(text):
        pieces += [re.sub(r"([\\*_<>\[\]|`])", r"\\\1", text[at : found.start()]), f"`{found[0].strip('`')}`"]
        at = found.end()
    return "".join(pieces) + re.sub(r"([\\*_<>\[\]|`])", r"\\\1", text[at:])


_WITH_DEPARTURES = ("method", "objective", "encoder", "classifier", "backbone")


def departures() -> str:
    """Return the page of where components and methods depart from their sources."""
    return "\n\n".join(_departures()) + "\n"


def _departures() -> Iterator[str]:
    yield "# Departures from the papers"
    yield (
        "Where what is shipped differs from its source, by what each component and method says of itself; `erc-bench "
        "show NAME` prints the same, for a method with that of its components. A plugin of your own says it by "
        '`departures = ("...",)` in its class, or `erc.Method(..., departures=(...))`; `()` says that none is known. '
        "It counts in no digest: a sentence more makes no run stale. [Dialogue-level systems](dialogue-systems.md) "
        "sets some beside the published code in a table."
    )
    catalogue = Catalogue()
    for kind in _WITH_DEPARTURES:
        yield f"## {kind.capitalize()}s"
        named: dict[tuple[str, tuple[str, ...] | None], list[str]] = {}
        for name, entry in catalogue.entries(kind).items():
            named.setdefault((entry.component.source, entry.component.departures), []).append(f"`{name}`")
        for (source, sentences), names in named.items():
            if sentences:
                yield f"### {', '.join(names)}"
                yield _escaped(source)
                yield "\n".join(f"- {_escaped(sentence)}" for sentence in sentences)
        for words, which in (("None known", ()), ("Not said", None)):
            alike = [name for (_, sentences), names in named.items() if sentences == which for name in names]
            if alike:
                yield f"{words}: {', '.join(alike)}."


def main() -> None:
    """Write all pages, and delete those of what is gone."""
    FOLDER.with_name("departures.md").write_text(departures(), encoding="utf-8")
    written = pages()
    for path in FOLDER.rglob("*.md"):
        if path.relative_to(FOLDER).as_posix() not in written:
            path.unlink()
    for name, text in written.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
