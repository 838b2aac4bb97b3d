"""Write the golden numbers anew, or compare with them.

    python benchmarks/golden_numbers                 compare; exit code 1 where a number moved
    python benchmarks/golden_numbers --write         write them anew

Numbers that moved are written only where a part of the core has another version than in the file
(``erc_bench/training/core_versions.py``), or a plugin computes something else on purpose: ``--plugins-changed``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from erc_bench.training.core_versions import CORE_VERSIONS
from golden_numbers.cases import CASES
from golden_numbers.recording import TOLERANCE, Numbers, differences, read_numbers, record

FILE = Path(__file__).with_name("numbers.json")


def main() -> int:
    """Compare or write; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="Write the numbers of the code as it is.")
    parser.add_argument("--plugins-changed", action="store_true", help="Accept moved numbers without a new version.")
    parser.add_argument("--cases", nargs="*", help="Only these cases; nothing is written of the others.")
    parser.add_argument("--file", type=Path, default=FILE, help="The file of the numbers.")
    asked = parser.parse_args()
    cases = [case for case in CASES if not asked.cases or case.name in asked.cases]
    measured = {precision: {case.name: record(case, precision) for case in cases} for precision in TOLERANCE}
    known = read_numbers(asked.file) if asked.file.is_file() else {"versions": {}, "float64": {}, "float32": {}}
    moved = _moved(measured, known)
    sys.stdout.write("".join(f"{line}\n" for line in moved) or "no number moved\n")
    if not asked.write:
        return int(bool(moved))
    if moved and known["versions"] == CORE_VERSIONS and not asked.plugins_changed:
        sys.stdout.write(
            "Not written: raise the version of the part that changed in erc_bench/training/core_versions.py.\n"
        )
        return 1
    kept = {precision: known[precision] if asked.cases else {} for precision in measured}
    content = {"versions": dict(CORE_VERSIONS), **{name: kept[name] | measured[name] for name in measured}}
    asked.file.write_text(json.dumps(content, indent=0).replace(",\n", ",") + "\n", encoding="utf-8")
    return 0


def _moved(measured: dict[str, dict[str, Numbers]], known: dict[str, dict[str, Numbers]]) -> list[str]:
    return [
        f"{precision}, {name}: {'; '.join(found)}"
        for precision, cases in measured.items()
        for name, numbers in cases.items()
        if name in known[precision] and (found := differences(numbers, known[precision][name], precision))
    ]


if __name__ == "__main__":
    sys.exit(main())
