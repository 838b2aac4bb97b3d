"""Check foreign input against a typed schema: msgspec finds mistakes, this module words them with their place."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec

from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean

_LACKS = re.compile(r"Object missing required field `(\w+)`")


def json_object(data: bytes, name: str) -> dict[str, Any]:
    """Return the object that a JSON document holds; ``name`` is what messages call it.

    msgspec takes a quarter of the time of Python's own parser. That one also reads ``NaN`` and half of a
    character, and names line and column of a mistake. Raises :class:`ErcBenchError`.
    """
    try:
        try:
            value = msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError):
            value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ErcBenchError(f"{name} cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise ErcBenchError(f"{name} does not hold an object")
    return value


def place_of(error: ValueError) -> str:
    """Return the place of a value that msgspec refused, such as ``metrics.test.*.f1``; empty for all of the document.

    ``*`` stands for any member of a list or of an object whose names are free.
    """
    before, _, path = str(error).rpartition("`$")
    path = re.sub(r"\[[^]]*\]", ".*", path.rstrip("`")) if before else ""
    lacking = _LACKS.match(str(error))
    return ".".join(filter(None, (path.strip("."), lacking and lacking[1])))


def load_toml(file: Path, what: str, hint: str = "") -> dict[str, Any]:
    """Return the content of a file; ``what`` names such a file in a message.

    Raises :class:`ErcBenchError` where there is none or it is not TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ErcBenchError(f"there is no {what} {file}", hint) from None
    except OSError as error:
        raise ErcBenchError(f"{file} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise ErcBenchError(f"{file} is no TOML file: {error}") from None


def refuse(file: Path, problems: Sequence[str], hint: str = "") -> None:
    """Raise :class:`ErcBenchError` that lists all problems of a file, if there are any."""
    if problems:
        many = f"{len(problems)} things are wrong:\n  " if len(problems) > 1 else ""
        raise ErcBenchError(f"{file}: {many}" + "\n  ".join(problems), hint)


def table_problems(table: Mapping[str, Any], schema: type[msgspec.Struct], where: str) -> list[str]:
    """Return all problems of a table: keys that are missing or unknown, and values that are not as described.

    ``where`` is its address in the file. A sentence quotes the description that the type in the schema bears.
    """
    known = {field.name: field for field in msgspec.structs.fields(schema)}
    lacking = [f"{where}: {key} is missing" for key, field in known.items() if field.required and key not in table]
    unknown = [f"{where}.{key}: there is no such key; {did_you_mean(key, known)}" for key in table if key not in known]
    wrong = [
        f"{where}.{key}: it must be {_described(field.type)}"
        for key, field in known.items()
        if key in table and not fits(table[key], field.type)
    ]
    return lacking + unknown + wrong


def fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a type, as strictly as msgspec takes it: true is not a number."""
    try:
        msgspec.convert(value, kind)
    except ValueError:
        return False
    return True


def _described(kind: Any) -> str:
    """Return the description of a type itself, else the first that a part of it bears: ``Count | None``."""
    parts = sorted(get_args(kind), key=lambda part: not isinstance(part, msgspec.Meta))
    found = (part.description if isinstance(part, msgspec.Meta) else _described(part) for part in parts)
    return next(filter(None, found), "")
