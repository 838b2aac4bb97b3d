"""The options of ``compare`` that say which tests are made, and what the stored runs lack for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.number_types import FiniteFloat

if TYPE_CHECKING:
    from erc_bench.comparison import Tests
    from erc_bench.store.reading import StoredCell

# Written out, so that --help imports nothing that computes; a test holds them to what there is.
TESTS = ("paired-t", "sign-flip", "wilcoxon", "welch", "mann-whitney")
CORRECTIONS = ("holm", "hochberg", "bh", "bonferroni")

_OPTIONS = (
    click.option(
        "--test",
        type=click.Choice(TESTS),
        default="paired-t",
        show_default=True,
        help="The test over seeds behind †; welch and mann-whitney do not pair the seeds.",
    ),
    click.option(
        "--correction",
        type=click.Choice(CORRECTIONS),
        default="holm",
        show_default=True,
        help="Correction for the number of tests; bh (Benjamini-Hochberg) bounds the share of false marks only.",
    ),
    click.option(
        "--unit",
        type=click.Choice(["seed", "dialogue", "both"]),
        default="both",
        show_default=True,
        help="seed: † alone, from the records. dialogue: △, these trained systems on new dialogues. both: † and ‡.",
    ),
    click.option(
        "--cluster",
        type=click.Choice(["dialogue", "episode", "session"]),
        default="dialogue",
        show_default=True,
        help="What tests over dialogues take for independent, where the corpus knows it.",
    ),
    click.option("--all-pairs", is_flag=True, help="Compare each two rows; marks stay those against the baseline."),
    click.option("--letters", is_flag=True, help="Letters in each cell name the rows that it beats (all pairs)."),
    click.option(
        "--margin",
        type=FiniteFloat(0, 100, min_open=True),
        metavar="POINTS",
        help="Also test whether rows are equal within ± so many points (TOST over seeds), marked ≈.",
    ),
    click.option("--ranks", is_flag=True, help="Rank rows over datasets: Friedman's test, Nemenyi's distance."),
    click.option("--force-ranks", is_flag=True, help="Test ranks below five datasets too, where p is far off."),
    click.option("--by", type=click.Choice(["slice"]), help="Add columns for the slices of the test split."),
    click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        help="Corpora, which gold labels are held against, and which know slices, episodes and sessions that runs were"
        " stored without. Default: $ERC_BENCH_DATA, else a cache.",
    ),
)


USUAL_BASELINE = "[default: ce, else supcon, else the first of the methods shown]"

baseline_option = click.option(
    "--baseline", help=f"Method (or METHOD/BACKBONE) that the others are compared with.  {USUAL_BASELINE}"
)


family_option = click.option(
    "--family",
    type=click.Choice(["dataset", "table"]),
    default="dataset",
    show_default=True,
    help="Tests that are corrected together: those of one dataset, or all of them.",
)


def options_of_tests(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def tests_asked_for(asked: dict[str, Any]) -> Tests:
    """Take the options of the tests out of a request."""
    from erc_bench.comparison import Tests

    names = ("test", "correction", "unit", "cluster", "all_pairs", "letters", "margin", "ranks", "force_ranks")
    return Tests(**{name: asked.pop(name) for name in names}, by_slice=asked.pop("by") == "slice")


def with_groups(
    cells: Sequence[StoredCell],
    tests: Tests,
    data_dir: Path | None,
    datasets: Sequence[str] = (),
    methods: Sequence[str] = (),
) -> list[StoredCell]:
    """Return the cells with the slices, episodes and sessions of their test split.

    What the runs lack is read from the corpora of these datasets and methods (none named: all).
    """
    from erc_bench.experiments.comparing import with_groups as with_groups_of_corpora

    return with_groups_of_corpora(cells, tests, data_dir, tell_note, datasets, methods)


def tell_note(sentence: str) -> None:
    """Say something that belongs beside a table."""
    click.echo(f"Note: {sentence}", err=True)
