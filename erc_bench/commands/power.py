"""``erc-bench power``: what a number of seeds could detect, before they are run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from erc_bench.commands.options import takes, typed_beside
from erc_bench.commands.output_file import components_aside, print_text
from erc_bench.commands.text_sections import format_option
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.asked import folder_of
from erc_bench.planning.table_requests import PowerRequest

if TYPE_CHECKING:
    from erc_bench.comparison.power import Spread


@click.command()
@takes(PowerRequest)
@format_option
def power(request: PowerRequest, form: str) -> None:
    """Say what 2 to 20 seeds could detect, and how many seeds a difference needs.

    The spread over seeds comes from pilot runs (--runs DIR --method A --baseline B --dataset D), or
    from --sd. Pilot runs also say what the test over seeds and dialogues (‡) could detect. --reported
    asks the other way round how small the spread behind a printed table must have been.
    """
    if request.reported:
        if odd := typed_beside(_WITH_REPORTED):
            raise ErcBenchError(
                f"{odd} does not go with --reported, which reads printed numbers alone",
                "Only --dataset, --alpha and --format go with it.",
            )
        print_text(_claims(request, form), form)
        return
    from erc_bench.commands.power_output import render
    from erc_bench.comparison.power import DIFFERENCES, power_of

    differences = request.differences or DIFFERENCES
    result = power_of(_spread(request), request.alpha, request.comparisons, request.power, differences)
    print_text(render(result, form), form)


_WITH_REPORTED = {"reported", "dataset", "alpha", "form"}


def _claims(request: PowerRequest, form: str) -> str:
    from erc_bench.commands.power_output import render_claims
    from erc_bench.comparison.against_reported import printed_table_of

    datasets = [request.dataset] if request.dataset else []
    return render_claims(printed_table_of(tuple(request.reported), datasets, request.alpha), form)


def _spread(request: PowerRequest) -> Spread:
    from erc_bench.comparison.power import spread_of_sd

    pilot = {name: getattr(request, name) for name in ("runs", "method", "baseline", "dataset")}
    typed = [OptionName(name).flag for name, value in pilot.items() if value is not None]
    if request.sd is not None:
        if typed:
            raise ErcBenchError(f"--sd stands in place of a pilot; {typed[0]} is one too many", "Leave one of them.")
        return spread_of_sd(request.sd, request.correlation or 0.0)
    if request.correlation is not None:
        raise ErcBenchError("--correlation belongs to --sd; a pilot brings its own", "Leave it, or give --sd.")
    lacking = [OptionName(name).flag for name in ("runs", "method", "dataset") if pilot[name] is None]
    if lacking:
        raise ErcBenchError(
            f"the spread over seeds is not known: {' and '.join(lacking)} missing",
            "Name a pilot with --runs DIR --method A --baseline B --dataset D, or give --sd POINTS.",
        )
    return _pilot(request)


def _pilot(request: PowerRequest) -> Spread:
    from erc_bench.comparison import compare
    from erc_bench.comparison.power import spread_of_pilot
    from erc_bench.experiments.compare import corpus_gold
    from erc_bench.store.index.all_cells import read_cells

    method, dataset = str(request.method), str(request.dataset)
    cells = read_cells(Path(str(request.runs)))
    with components_aside():
        comparison = compare(
            cells,
            datasets=[dataset],
            methods=[method] if request.baseline else [],
            baseline=request.baseline,
            alpha=request.alpha,
            gold_of=corpus_gold(folder_of(request.data_dir), request.plugins),
        )
    return spread_of_pilot(comparison, method)
