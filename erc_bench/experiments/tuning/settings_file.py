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
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from erc_bench.contracts.options import format_value
from erc_bench.errors import ErcBenchError
from erc_bench.experiments.tuning.space_file import flat, load_toml, refuse
from erc_bench.names import did_you_mean
from erc_bench.planning.tuned import CombinationName, Tuned

FORMAT = 1
_WHAT, _HINT = "file of settings", "erc-bench tune writes one."
_HEAD = "# The best settings on dev, by erc-bench tune. To train with them: erc-bench run --settings {name} …"
_NAME = ("dataset", "method", "backbone")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_seeds(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_count, value))


_Check = tuple[Callable[[Any], bool], str]
_TEXT: _Check = (_is_text, "a text")
_COUNT: _Check = (_is_count, "a whole number")
_NUMBER: _Check = (_is_number, "a number")
_REQUIRED: Mapping[str, _Check] = {
    **dict.fromkeys(_NAME, _TEXT),
    "trials": _COUNT,
    "tuning_seeds": (_is_seeds, "a list of seeds"),
    "data_fingerprint": _TEXT,
    "settings": (lambda value: isinstance(value, dict), "a table"),
}
_KNOWN: Mapping[str, _Check] = {
    **_REQUIRED,
    **dict.fromkeys(("metric", "erc_bench"), _TEXT),
    **dict.fromkeys(("failed", "trials_asked", "best_trial", "points", "limit"), _COUNT),
    **dict.fromkeys(("dev_score", "own_dev_score"), _NUMBER),
}


def read_settings(files: Iterable[Path]) -> dict[CombinationName, Tuned]:
    """Return the settings of all files by combination.

    Raises :class:`ErcBenchError` for a file that does not hold settings, with everything that is wrong
    with it, and where two files have settings for one combination.
    """
    found: dict[CombinationName, Tuned] = {}
    for file in files:
        for entry in read_entries(file):
            tuned = _tuned(entry, str(file))
            if tuned.combination in found:
                raise ErcBenchError(
                    f"both {found[tuned.combination].file} and {file} have settings for {label(tuned.combination)}",
                    "Name one file, or remove the entry from the other.",
                )
            found[tuned.combination] = tuned
    return found


def label(combination: CombinationName) -> str:
    """Name a combination in one line, as its cells are named."""
    return " · ".join(combination)


def read_entries(file: Path) -> list[dict[str, Any]]:
    """Return the entries of a file as they stand there, checked."""
    content = load_toml(file, _WHAT, _HINT)
    if content.get("format") != FORMAT:
        raise ErcBenchError(f"{file} is no {_WHAT} of this version: it does not say format = {FORMAT}", _HINT)
    entries = content.get("tuned", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ErcBenchError(f"{file}: entries must be written [[tuned]]", _HINT)
    unknown = [f"{key}: there is no such key; did you mean tuned?" for key in content if key not in ("format", "tuned")]
    refuse(file, [*unknown, *(p for n, entry in enumerate(entries, start=1) for p in _problems(entry, f"tuned[{n}]"))])
    names = [tuple(entry[key] for key in _NAME) for entry in entries]
    twice = [label(name) for name in dict.fromkeys(names) if names.count(name) > 1]
    refuse(file, [f"there are two entries for {name}" for name in twice])
    return entries


def _problems(entry: Mapping[str, Any], where: str) -> list[str]:
    lacking = [f"{where}: {key} is missing" for key in _REQUIRED if key not in entry]
    strangers = [key for key in entry if key not in _KNOWN]
    unknown = [f"{where}.{key}: there is no such key; {did_you_mean(key, _KNOWN)}" for key in strangers]
    wrong = [
        f"{where}.{key}: it must be {words}"
        for key, (holds, words) in _KNOWN.items()
        if key in entry and not holds(entry[key])
    ]
    return lacking + unknown + wrong


def _tuned(entry: Mapping[str, Any], file: str) -> Tuned:
    return Tuned(
        entry["dataset"],
        entry["method"],
        entry["backbone"],
        dict(flat(entry["settings"])),
        entry["trials"],
        tuple(entry["tuning_seeds"]),
        entry["data_fingerprint"],
        entry.get("limit"),
        file,
    )


def write_entries(file: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Write the entries beside those that the file has for other combinations, as a whole or not at all.

    Raises :class:`ErcBenchError` where the file is none of ours or cannot be written.
    """
    known = read_entries(file) if file.exists() else []
    merged: dict[CombinationName, Mapping[str, Any]] = {_named(entry): entry for entry in [*known, *entries]}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _replace(file, _document(file, [merged[name] for name in sorted(merged)]))
    except OSError as error:
        raise ErcBenchError(f"{file} cannot be written: {error.strerror or error}") from None


def _named(entry: Mapping[str, Any]) -> CombinationName:
    return entry["dataset"], entry["method"], entry["backbone"]


def _replace(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.part")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _document(file: Path, entries: Sequence[Mapping[str, Any]]) -> str:
    lines = [_HEAD.format(name=file.name), f"format = {FORMAT}"]
    for entry in entries:
        lines += ["", "[[tuned]]", *(_line(key, value) for key, value in entry.items() if key != "settings")]
        lines += ["[tuned.settings]", *(_line(_toml(key), value) for key, value in entry["settings"].items())]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any) -> str:
    return f"{key} = {_toml(value)}"


def _toml(value: Any) -> str:
    # Inside a list a text is quoted. TOML has no word for nothing; options read `none`.
    return format_value(["none" if value is None else value])[1:-1]
