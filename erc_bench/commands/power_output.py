"""What ``erc-bench power`` prints: the same words and figures as text, Markdown or JSON."""

from __future__ import annotations

from collections.abc import Iterator

from erc_bench.commands import text_sections
from erc_bench.commands.text_sections import Section
from erc_bench.comparison.against_reported import PrintedTable
from erc_bench.comparison.power import Needed, Power
from erc_bench.output.tables.against_reported import claims_notes, claims_table
from erc_bench.output.tables.table_cells import figure
from erc_bench.statistics.wording import number


def render(power: Power, form: str) -> str:
    """Return the answer as ``rich`` (plain text), ``markdown`` or ``json``, ending in a newline."""
    return text_sections.render(power, [_detectable(power), _needed(power)], form)


def render_claims(printed: PrintedTable, form: str) -> str:
    """Return what printed tables claim, in the same formats."""
    table = claims_table(printed.claims, printed.rows, printed.columns)
    assert table is not None  # without claims there is no printed table
    rows = tuple((f"{dataset}: {pair}", *figures) for dataset, pair, *figures in table.rows)
    notes = tuple(claims_notes(printed.claims, printed.rows, printed.alpha))
    return text_sections.render(printed, [Section(("printed", *table.titles[2:]), rows, notes)], form)


def _detectable(power: Power) -> Section:
    spread, joint = power.spread, power.joint_floor is not None
    titles = ["seeds", "detectable (†)"]
    titles += ["at the largest sd"] if spread.high is not None else []
    titles += ["joint test (‡)"] if joint else []
    rows = []
    for each in power.detectable:
        row = [str(each.seeds), figure(each.difference, ".2f")]
        row += [figure(each.at_high_sd, ".2f")] if spread.high is not None else []
        row += [figure(each.joint, ".2f")] if joint else []
        rows.append(tuple(row))
    return Section(tuple(titles), tuple(rows), tuple(_facts(power)))


def _facts(power: Power) -> Iterator[str]:
    spread = power.spread
    interval = ""
    if spread.low is not None and spread.high is not None:
        interval = f", {100 * (1 - power.alpha):g} % interval [{spread.low:.2f}, {spread.high:.2f}]"
    yield f"Standard deviation of the seed-wise differences: {spread.sd:.2f} points{interval} ({spread.source})."
    yield (
        "Smallest true difference, in points, that a two-sided test finds with probability"
        f" {number(power.power)} at the level {number(power.level)}"
        + (f" ({number(power.alpha)} divided by {power.comparisons} comparisons)" if power.comparisons > 1 else "")
        + ": † paired t-test over seeds, for this test set."
    )
    if power.joint_floor is not None:
        yield (
            f"‡ joint test, also for new dialogues: with the {spread.clusters} dialogues of this test split more seeds"
            f" cannot help below about {power.joint_floor:.2f} points (estimated from the pilot). ‡ stands beside †"
            " alone, so its column is never below that of †."
        )
    elif spread.n is None:
        yield "What the test over seeds and dialogues (‡) could detect takes a pilot: --runs."


def _needed(power: Power) -> Section:
    joint = power.joint_floor is not None
    titles = ("true difference", "seeds needed (†)", *(("joint test (‡)",) if joint else ()))
    return Section(titles, tuple(_row(each, joint) for each in power.needed))


def _row(needed: Needed, joint: bool) -> tuple[str, ...]:
    over_seeds = needed.over_seeds
    seeds = str(over_seeds.n) if over_seeds.n is not None else over_seeds.reason
    both = (str(needed.joint) if needed.joint is not None else needed.joint_reason,) if joint else ()
    return f"{needed.difference:g}", seeds, *both
