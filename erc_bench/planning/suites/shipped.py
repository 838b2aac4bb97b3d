"""Suites by name: those of ``benchmarks/suites``, which a clone of the repository has."""

from __future__ import annotations

from pathlib import Path

from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks" / "suites"
_ENDING = ".toml"


def suite_file(asked: str | Path) -> Path:
    """Return the file of a suite that was named by its path, or by its name in ``benchmarks/suites``.

    Raises :class:`ErcBenchError` with the nearest name where there is neither.
    """
    file = Path(asked)
    shipped = {each.stem: each for each in sorted(FOLDER.glob(f"*{_ENDING}"))}
    if file.exists() or file.suffix == _ENDING or len(file.parts) != 1:
        return file
    if str(asked) not in shipped:
        near = f"; {did_you_mean(str(asked), shipped)}" if shipped else ""
        raise ErcBenchError(
            f"there is no suite {str(asked)!r}{near}",
            "A suite is a TOML file, see docs/suites.md and benchmarks/suites.",
        )
    return shipped[str(asked)]
