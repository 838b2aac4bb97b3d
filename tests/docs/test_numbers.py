"""Numbers that a page repeats are those of the file that they come from."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(r"\**0?(\.\d+)\**")


def rows(path):
    """Return the cells of every line of the tables of a page, by the first cell."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 1:
            found.setdefault(first, []).append(cells)
    return found


def test_false_positive_rates_are_those_that_were_simulated():
    """Each cell of the page is the range of nine rates: three sizes of test set, three correlations."""
    measured = rows(ROOT / "benchmarks" / "false_positive_rate.md")
    shown = rows(ROOT / "docs" / "statistics.md")
    tests = [name for name, tables in measured.items() if len(tables) == 3 and NUMBER.fullmatch(tables[0][0])]
    assert len(tests) == 11
    for test in tests:
        (cells,) = shown[test]
        for place, cell in enumerate(cells):
            rates = [rate for table in measured[test] for rate in table[3 * place : 3 * place + 3]]
            assert parts(cell) == expected(rates), (test, place)


def expected(rates):
    """Return the ranges of the rates under the test's own null hypothesis, in bold, and of the others."""
    own = [rate for rate in rates if rate.startswith("**")]
    return [span(group) for group in (own, [rate for rate in rates if rate not in own]) if group]


def span(rates):
    values = sorted(NUMBER.fullmatch(rate)[1] for rate in rates)
    return values[0], values[-1]


def parts(cell):
    """Read ``**.041 to .048** (correlation 0), else .103 to .428``."""
    found = [re.findall(r"\.\d+", part) for part in cell.split(", else ")]
    return [(values[0], values[-1]) for values in found]


def test_times_are_those_of_the_benchmark():
    measured = (ROOT / "benchmarks" / "SPEED.md").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    sentences = {
        "2443 MiB": r"128 examples at once 2443 MiB",
        "463 MiB": r"8 at a time 463 MiB",
        "131 s": r"takes 131 s",
        "2.3e-6": r"2\.3e-6",
        "| 2.1 s |": r"2\.1 s with `--unit seed`",
        "| 2.2 s |": r"2\.2 s with the tests",
    }
    for shown, source in sentences.items():
        assert shown in page, shown
        assert re.search(source, measured), source
