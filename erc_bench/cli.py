"""The command line. Each command lives in its own file and is imported when it is called."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from erc_bench import __version__
from erc_bench.errors import ErcBenchError
from erc_bench.interruption import INTERRUPTED, end_promptly, going_on, interrupted, leave, leave_interrupted
from erc_bench.names import did_you_mean
from erc_bench.shown_text import STANDARD_OUTPUT, show_everywhere
from erc_bench.system_faults import closed_streams, drop_output, refusal

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "run": "Train and test a grid of methods, datasets, backbones and seeds; end with the table.",
    "sweep": "The same from a suite file, which also names the tables to end with.",
    "status": "Say how far grids are that were handed to a cluster.",
    "stop": "End jobs that were handed to a cluster.",
    "run-cell": "Run cells that another process ordered; for jobs of a cluster.",
    "tune": "Search settings on dev, with the same number of trials for every method.",
    "compare": "Make a table with significance tests from stored runs.",
    "score": "Score predictions of any other code, or test two such files against each other.",
    "power": "Say what a number of seeds could detect, and how many a difference needs.",
    "plot": "Draw figures of stored runs, and write the numbers behind them.",
    "report": "Make one page of stored runs: tables, figures, and the utterances behind the numbers.",
    "errors": "List the utterances that stored runs got wrong, with what was said before them.",
    "predict": "Label new conversations with a model that `run --save-model` saved.",
    "rm": "Remove stored runs that failed, are old or are stale; shows them and asks first.",
    "archive": "Pack stored runs into a file or copy them elsewhere, and put them back.",
    "merge": "Make one folder of runs of several, as of several machines.",
    "list": "List what is installed: datasets, backbones, encoders, objectives, classifiers, methods, observers.",
    "new": "Write an installable package for a component of your own, which works as it is.",
    "check": "Check a component by running it: does it keep to the protocol?",
    "show": "Show one component or method: paper, options with defaults and whence they come.",
    "data": "See, fetch and verify the corpora.",
    "split": "Split a corpus in one file into train, dev and test, or into folds.",
    "features": "Import vectors of utterances that other code computed, and verify that they cover a corpus.",
    "doctor": "Show versions, devices, caches and the data that were found.",
    "completion": "Print the script with which bash, zsh or fish completes commands and names.",
}
SOME_FAILED = 1
MISTAKE = 2
COMPLETING = "_ERC_BENCH_COMPLETE"
"""Set by the script of a shell that asks for completions."""


class _Commands(click.Group):
    """Knows all commands by name; imports the one that is called."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        # `list` is a word of Python's own, so its file and function have other names.
        named = name.replace("-", "_")
        file, function = ("listing", "list_components") if name == "list" else (named, named)
        command: click.Command = getattr(import_module(f"erc_bench.commands.{file}"), function)
        # A command line that is still being typed is only read to find out what may stand next.
        if context.resilient_parsing:
            from erc_bench.commands.completing.parameters import teach

            return teach(command)
        return command

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        own = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return own + click.Command.shell_complete(self, context, incomplete)

    def resolve_command(self, context: click.Context, arguments: list[str]) -> Any:
        known = context.resilient_parsing or not arguments or arguments[0].startswith("-") or arguments[0] in COMMANDS
        if not known:
            raise ErcBenchError(f"there is no command {arguments[0]!r}; {did_you_mean(arguments[0], COMMANDS)}")
        return super().resolve_command(context, arguments)

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        # The sentences above stand in for the commands' own, so that --help imports none of them.
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="erc-bench")
def root() -> None:
    """One honest protocol for emotion recognition in conversation."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command of the process, or the one given; a user's mistake is a sentence and a hint, and exit code 2."""
    try:
        _begin(of_process=arguments is None)
        root.main(arguments, prog_name="erc-bench", standalone_mode=False)
        sys.stdout.flush()
    except ErcBenchError as error:
        click.echo(f"Error: {error.message}", err=True)
        if error.hint:
            click.echo(error.hint, err=True)
        sys.exit(MISTAKE)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(MISTAKE)
    except OSError as error:
        _end_refused(error)
    except (click.Abort, KeyboardInterrupt):
        _end_interrupted(of_process=arguments is None)


def _end_refused(error: OSError) -> NoReturn:
    """End with the sentence for what the system refused; raise the error where it may be a defect."""
    if error.filename == STANDARD_OUTPUT:
        drop_output()
        if isinstance(error, BrokenPipeError):
            # Who read it has enough, as with `erc-bench list | head`.
            sys.exit(SOME_FAILED)
    if not (told := refusal(error)):
        raise error
    click.echo(f"Error: {told}", err=True)
    sys.exit(MISTAKE)


def _begin(of_process: bool) -> None:
    for closed in closed_streams():
        click.echo(f"Note: {closed} is closed, so what would stand there is not printed", err=True)
    if COMPLETING in os.environ:
        from erc_bench.commands.completing.shells import add_shells

        add_shells()
    show_everywhere()
    going_on("")
    # Where a shell lets its jobs ignore Ctrl-C, this one does so as well.
    if of_process and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        end_promptly(signal.SIGINT, leave_interrupted)


def _end_interrupted(of_process: bool) -> NoReturn:
    click.echo(interrupted(), err=True)
    if of_process:
        # The interpreter would wait for threads that compute.
        leave(INTERRUPTED)
    sys.exit(INTERRUPTED)
