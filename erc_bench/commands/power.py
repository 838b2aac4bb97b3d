"""``erc-bench power``: what a number of seeds could detect, before they are run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from erc_bench.commands.compare_tests import USUAL_BASELINE
from erc_bench.commands.number_types import FiniteFloat, alpha_option
from erc_bench.commands.standard_output import components_aside

if TYPE_CHECKING:
    from erc_bench.comparison.power import Spread

FORMATS = ("rich", "markdown", "json")


@click.command()
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    help="A folder with pilot runs of both methods; with --method, --baseline and --dataset.",
)
@click.option("--method", help="The method whose pilot runs are read.")
@click.option("--baseline", help=f"What it is compared with: a method, or METHOD/BACKBONE.  {USUAL_BASELINE}")
@click.option("--dataset", help="The dataset of the pilot runs, or of the reported numbers.")
@click.option(
    "--reported",
    multiple=True,
    metavar="NAME[/TABLE]",
    help="Instead: the largest sd at which what a printed table claims is significant, as eacl2024/table-2.",
)
@click.option(
    "--sd",
    type=FiniteFloat(0, 100, min_open=True),
    help="In place of a pilot: the standard deviation over seeds of either method's scores, in points.",
)
@click.option(
    "--correlation",
    type=FiniteFloat(-1, 1, max_open=True),
    help="With --sd: correlation of the two methods' scores over seeds.  [default: 0]",
)
@click.option(
    "--comparisons",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many comparisons are corrected together: the level is alpha divided by them.",
)
@click.option(
    "--difference",
    "differences",
    type=FiniteFloat(0, 100, min_open=True),
    multiple=True,
    help=("Seeds needed for this true difference in points; may be repeated.  [default: 0.5, 1, 2]"),
)
@click.option(
    "--power",
    "wanted",
    type=FiniteFloat(0, 1, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    help="The probability with which a difference is to be found.",
)
@alpha_option()
@click.option("--format", "form", type=click.Choice(FORMATS), default="rich", show_default=True, help="Output format.")
def power(
    comparisons: int,
    differences: tuple[float, ...],
    wanted: float,
    alpha: float,
    form: str,
    reported: tuple[str, ...],
    **asked: Any,
) -> None:
    """Say what 2 to 20 seeds could detect, and how many seeds a difference needs.

    The spread over seeds comes from pilot runs (--runs DIR --method A --baseline B --dataset D), or
    from --sd. Pilot runs also say what the test over seeds and dialogues (‡) could detect. --reported
    asks the other way round how small the spread behind a printed table must have been.
    """
    if reported:
        _check_reported_alone(click.get_current_context())
        click.echo(_claims(reported, asked["dataset"], alpha, form), nl=False)
        return
    from erc_bench.commands.power_output import render
    from erc_bench.comparison.power import DIFFERENCES, power_of

    spread = _spread(alpha, **asked)
    result = power_of(spread, alpha, comparisons, wanted, differences or DIFFERENCES)
    click.echo(render(result, form), nl=False)


_WITH_REPORTED = {"reported", "dataset", "alpha", "form"}


def _check_reported_alone(context: click.Context) -> None:
    from erc_bench.errors import ErcBenchError

    for parameter in context.command.params:
        name = parameter.name or ""
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE and name not in _WITH_REPORTED:
            raise ErcBenchError(
                f"{parameter.opts[0]} does not go with --reported, which reads printed numbers alone",
                "Only --dataset, --alpha and --format go with it.",
            )


def _claims(reported: tuple[str, ...], dataset: str | None, alpha: float, form: str) -> str:
    from erc_bench.commands.power_output import render_claims
    from erc_bench.comparison.against_reported import printed_table_of

    return render_claims(printed_table_of(reported, [dataset] if dataset else [], alpha), form)


def _spread(
    alpha: float,
    runs: Path | None,
    method: str | None,
    baseline: str | None,
    dataset: str | None,
    sd: float | None,
    correlation: float | None,
) -> Spread:
    from erc_bench.comparison.power import spread_of_sd
    from erc_bench.errors import ErcBenchError

    pilot = {"--runs": runs, "--method": method, "--baseline": baseline, "--dataset": dataset}
    typed = [option for option, value in pilot.items() if value is not None]
    if sd is not None:
        if typed:
            raise ErcBenchError(f"--sd stands in place of a pilot; {typed[0]} is one too many", "Leave one of them.")
        return spread_of_sd(sd, correlation or 0.0)
    if correlation is not None:
        raise ErcBenchError("--correlation belongs to --sd; a pilot brings its own", "Leave it, or give --sd.")
    lacking = [option for option in ("--runs", "--method", "--dataset") if pilot[option] is None]
    if runs is None or method is None or dataset is None:
        raise ErcBenchError(
            f"the spread over seeds is not known: {' and '.join(lacking)} missing",
            "Name a pilot with --runs DIR --method A --baseline B --dataset D, or give --sd POINTS.",
        )
    return _pilot(alpha, runs, method, baseline, dataset)


def _pilot(alpha: float, runs: Path, method: str, baseline: str | None, dataset: str) -> Spread:
    from erc_bench.comparison import compare
    from erc_bench.comparison.power import spread_of_pilot
    from erc_bench.experiments.comparing import corpus_gold
    from erc_bench.store.reading import read_cells

    cells = read_cells(runs)
    methods = [method] if baseline else []
    with components_aside():
        comparison = compare(
            cells,
            datasets=[dataset],
            methods=methods,
            baseline=baseline,
            alpha=alpha,
            gold_of=corpus_gold(None),
        )
    return spread_of_pilot(comparison, method)
