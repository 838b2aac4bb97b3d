"""Settings files: what ``erc-bench tune`` found, as ``erc-bench run --settings FILE`` reads it.

::

    format = 1

    [[tuned]]
    dataset = "meld"
    method = "eacl"
    backbone = "minilm"
    trials = 20
    tuning_seeds = [101, 102]
    …
    [tuned.settings]
    "objective.temperature" = 0.3

Of a search that took a suite, the same stands at the end of that suite: ``erc-bench sweep`` reads both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct, convert

from erc_bench.contracts.options import format_value
from erc_bench.errors import ErcBenchError, naming
from erc_bench.experiments.tuning.space import flat
from erc_bench.planning.tuned import CombinationName, Tuned
from erc_bench.store.regular_files import write_whole
from erc_bench.validation import load_toml, refuse, table_problems

FORMAT = 1
_WHAT, _HINT = "file of settings", "erc-bench tune writes one."
_HEAD = "# The best settings on dev, by erc-bench tune. To train with them: erc-bench run --settings {name} …"

_SUITE_HEAD = (
    "# A suite with the best settings on dev of all its rows, by erc-bench tune. To run it: erc-bench sweep {name}"
)

Text = Annotated[str, Meta(min_length=1, description="a text")]
Count = Annotated[int, Meta(ge=0, description="a whole number")]
Number = Annotated[float, Meta(description="a number")]


class TunedEntry(Struct):
    """What a search found best for one combination, as ``[[tuned]]`` has it."""

    dataset: Text
    method: Text
    backbone: Text
    trials: Count
    tuning_seeds: Annotated[list[Count], Meta(min_length=1, description="a list of seeds")]
    data_fingerprint: Text
    settings: Annotated[dict[str, Any], Meta(description="a table")]
    metric: Text = ""
    erc_bench: Text = ""
    failed: Count = 0
    trials_asked: Count = 0
    best_trial: Count = 0
    points: Count = 0
    limit: Count | None = None
    dev_score: Number = 0.0
    own_dev_score: Number = 0.0

    def tuned(self, file: str) -> Tuned:
        """Return it as a request carries it."""
        seeds, settings = tuple(self.tuning_seeds), dict(flat(self.settings))
        named = self.dataset, self.method, self.backbone
        return Tuned(*named, settings, self.trials, seeds, self.data_fingerprint, self.limit, file, self.trials_asked)


def read_settings(files: Iterable[Path]) -> dict[CombinationName, Tuned]:
    """Return the settings of all files by combination.

    Raises :class:`ErcBenchError` for a file that does not hold settings, with everything that is wrong
    with it, and where two files have settings for one combination.
    """
    found: dict[CombinationName, Tuned] = {}
    for file in files:
        for entry in read_entries(file):
            tuned = convert(entry, TunedEntry).tuned(str(file))
            if tuned.combination in found:
                both = f"both {found[tuned.combination].file} and {file} have settings for"
                remedy = "Name one file, or remove the entry from the other."
                raise ErcBenchError(f"{both} {' · '.join(tuned.combination)}", remedy)
            found[tuned.combination] = tuned
    return found


def read_entries(file: Path) -> list[dict[str, Any]]:
    """Return the entries of a file as they stand there, checked."""
    content = load_toml(file, _WHAT, _HINT)
    if content.get("format") != FORMAT:
        raise ErcBenchError(f"{file} is no {_WHAT} of this version: it does not say format = {FORMAT}", _HINT)
    entries = content.get("tuned", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ErcBenchError(f"{file}: entries must be written [[tuned]]", _HINT)
    problems = (
        []
        if _is_suite(content)
        else [f"{key}: there is no such key; did you mean tuned?" for key in content if key not in ("format", "tuned")]
    )
    for number, entry in enumerate(entries, start=1):
        problems += table_problems(entry, TunedEntry, f"tuned[{number}]")
    refuse(file, problems)
    names = [_named(entry) for entry in entries]
    twice = [" · ".join(name) for name in dict.fromkeys(names) if names.count(name) > 1]
    refuse(file, [f"there are two entries for {name}" for name in twice])
    return entries


def _is_suite(content: Mapping[str, Any]) -> bool:
    # What else may stand in a suite is told by who reads it as one.
    return "methods" in content


def check_output(file: Path, suite: Path | None) -> None:
    """Raise :class:`ErcBenchError` where what is found may not be written to a file, because of what it holds."""
    if suite is not None and file.resolve() == suite.resolve():
        raise ErcBenchError(f"{file} is the suite itself, which is read again for every row", _OTHER_OUTPUT)
    if not file.exists():
        return
    read_entries(file)
    there, ours = (load_toml(each, _WHAT, _HINT) if each else {} for each in (file, suite))
    if {**there, **_NOTHING} != {**ours, **_NOTHING}:
        kind = f"the suite {suite} as it is" if suite else "single methods"
        raise ErcBenchError(
            f"{file} holds what was found for something else than {kind}",
            _OTHER_OUTPUT,
        )


_OTHER_OUTPUT = "Name another file with --output, or another folder with --study."
_NOTHING: Mapping[str, Any] = {"format": FORMAT, "tuned": []}


def write_entries(file: Path, entries: Iterable[Mapping[str, Any]], suite: Path | None = None) -> None:
    """Write the entries beside those that the file has for other combinations, as a whole or not at all.

    They are written to the end of the ``suite`` that was searched, if one was. Raises :class:`ErcBenchError` where the
    file is none of ours or cannot be written.
    """
    known = read_entries(file) if file.exists() else []
    merged: dict[CombinationName, Mapping[str, Any]] = {_named(entry): entry for entry in [*known, *entries]}
    with naming(f"{file} cannot be written"):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, _document(file, [merged[name] for name in sorted(merged)], suite).encode())


def _named(entry: Mapping[str, Any]) -> CombinationName:
    return entry["dataset"], entry["method"], entry["backbone"]


def _document(file: Path, entries: Sequence[Mapping[str, Any]], suite: Path | None = None) -> str:
    lines = [(_HEAD if suite is None else _SUITE_HEAD).format(name=file.name), f"format = {FORMAT}"]
    lines += [] if suite is None else ["", suite.read_text(encoding="utf-8").rstrip()]
    for entry in entries:
        lines += ["", "[[tuned]]", *(_line(key, value) for key, value in entry.items() if key != "settings")]
        lines += ["[tuned.settings]", *(_line(_toml(key), value) for key, value in entry["settings"].items())]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any) -> str:
    return f"{key} = {_toml(value)}"


def _toml(value: Any) -> str:
    # Inside a list a text is quoted. TOML has no word for nothing; options read `none`.
    return format_value(["none" if value is None else value])[1:-1]
