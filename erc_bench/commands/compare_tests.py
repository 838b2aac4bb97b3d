"""The options of ``compare`` that say which tests are made, and what the stored runs lack for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.numbers import FiniteFloat

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
        help="Corpora, read for --by and --cluster where runs were stored without slices, episodes or sessions.",
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

    Runs that were stored without them get those of the corpus, where it is there and is the same. Only
    the corpora of these datasets and methods are read (none named: all).
    """
    if tests.cluster == "dialogue" and not tests.by_slice:
        return list(cells)
    shown = [
        cell for cell in cells if (not datasets or cell.dataset in datasets) and (not methods or cell.method in methods)
    ]
    lacking = {cell.dataset for cell in shown if cell.status == "done" and "groups" not in cell.record.get("data", {})}
    found = {dataset: _groups(dataset, data_dir) for dataset in sorted(lacking)}
    return [_completed(cell, *found[cell.dataset]) if cell.dataset in found else cell for cell in cells]


def _groups(dataset: str, data_dir: Path | None) -> tuple[str, dict[str, Any]]:
    """Return the fingerprint of a corpus and the groups of its test split; nothing where it cannot be read."""
    from erc_bench.catalogue import Catalogue
    from erc_bench.data.corpus import load_corpus
    from erc_bench.data.groups import groups
    from erc_bench.errors import ErcBenchError

    try:
        reader = Catalogue().get("dataset", dataset)()
        corpus = load_corpus(reader, data_dir)
    except ErcBenchError as error:
        click.echo(f"Note: the corpus is not read for slices and clusters: {error.message}", err=True)
        return "", {}
    return corpus.fingerprint, groups(corpus.splits.test)


def _completed(cell: StoredCell, fingerprint: str, groups: dict[str, Any]) -> StoredCell:
    data = cell.record.get("data", {})
    if "groups" in data or not fingerprint or data.get("fingerprint") != fingerprint:
        return cell
    return replace(cell, record={**cell.record, "data": {**data, "groups": groups}})
