"""What came of checks: a table for one component, a line for each of many, or JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from erc_bench.plugin_host.catalogue import Entry
    from erc_bench.testing.findings import Finding

_STYLES = {"passed": "green", "failed": "bold red", "skipped": "yellow"}
_ALIKE = 3
"""From so many checks on that were skipped for one reason, they share a row."""


@dataclass(frozen=True)
class Checked:
    """A component, what came of its checks, and how long they took."""

    entry: Entry
    findings: Sequence[Finding]
    seconds: float

    @property
    def title(self) -> str:
        """Kind and name."""
        return f"{self.entry.kind} {self.entry.name}"

    def counts(self) -> Counter[str]:
        """Count the outcomes."""
        return Counter(finding.outcome for finding in self.findings)


def print_checked(console: Console, checked: Checked) -> None:
    """Print every check of a component, those that failed first: what was tried and measured, and why it matters."""
    console.print(f"{checked.title}  ({checked.entry.package})", style="bold", markup=False, highlight=False)
    _print_rows(console, list(_rows(sorted(checked.findings, key=lambda finding: finding.outcome != "failed"))))


def print_summary(console: Console, everything: Sequence[Checked]) -> None:
    """Print a line for each component, those with a failure first, then what failed in full."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim")
    table.add_column("component")
    for outcome in _STYLES:
        table.add_column(outcome, justify="right")
    table.add_column("seconds", justify="right")
    for checked in sorted(everything, key=lambda checked: not checked.counts()["failed"]):
        counts = checked.counts()
        style = _STYLES["failed" if counts["failed"] else "passed"]
        numbers = [Text(str(counts[outcome]), _STYLES[outcome] if counts[outcome] else "dim") for outcome in _STYLES]
        table.add_row(Text(checked.title, style), *numbers, f"{checked.seconds:.1f}")
    console.print(table)
    for checked in everything:
        failed = [finding for finding in checked.findings if finding.outcome == "failed"]
        if failed:
            console.print()
            console.print(checked.title, style="bold", markup=False, highlight=False)
            _print_rows(console, list(_rows(failed)))


def counted(everything: Sequence[Checked]) -> str:
    """Return the last line: how many checks passed, failed and were skipped."""
    counts = sum((checked.counts() for checked in everything), Counter[str]())
    of = f"{len(everything)} components" if len(everything) > 1 else everything[0].title
    parts = ", ".join(f"{counts[outcome]} {outcome}" for outcome in _STYLES)
    return f"{sum(counts.values())} checks of {of}: {parts}"


def as_json(everything: Sequence[Checked]) -> str:
    """Return all findings as JSON, ending in a newline."""
    counts = sum((checked.counts() for checked in everything), Counter[str]())
    content = {
        "passed": not counts["failed"],
        "counts": {outcome: counts[outcome] for outcome in _STYLES},
        "components": [_component(checked) for checked in everything],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _component(checked: Checked) -> dict[str, Any]:
    return {
        "kind": checked.entry.kind,
        "name": checked.entry.name,
        "package": checked.entry.package,
        "seconds": round(checked.seconds, 3),
        "checks": [asdict(finding) for finding in checked.findings],
    }


def _print_rows(console: Console, rows: Sequence[tuple[str, str, Text]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(max_width=18)
    table.add_column()
    for outcome, name, told in rows:
        table.add_row(Text(outcome, _STYLES[outcome]), Text(name), told)
    console.print(table)


def _rows(findings: Sequence[Finding]) -> Iterator[tuple[str, str, Text]]:
    """Yield outcome, name, and what is told; many checks that one reason kept from running share a row."""
    skipped: dict[str, list[str]] = {}
    for finding in findings:
        if finding.outcome == "skipped":
            skipped.setdefault(finding.measured, []).append(finding.name)
    for finding in findings:
        alike = skipped.get(finding.measured, []) if finding.outcome == "skipped" else []
        if len(alike) < _ALIKE:
            yield finding.outcome, finding.name, _told(finding)
        elif finding.name == alike[0]:
            yield finding.outcome, f"{len(alike)} checks", _together(alike, finding.measured)


def _told(finding: Finding) -> Text:
    from rich.text import Text

    text = Text.assemble((finding.tried, "dim"), "\n", finding.measured)
    return text.append(f"\nWhy it matters: {finding.why}", "italic") if finding.outcome == "failed" else text


def _together(names: Sequence[str], reason: str) -> Text:
    from rich.text import Text

    return Text.assemble((", ".join(names), "dim"), "\n", reason)
