"""What cells ask of the machines that they run on: ``--executor-option NAME=VALUE``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from erc_bench.contracts.options import parse_value, specs
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean

Options = TypeVar("Options")


def read_options(kind: type[Options], texts: Sequence[str]) -> Options:
    """Read ``NAME=VALUE``; raise :class:`ErcBenchError` for what is no option or no value of one."""
    declared = specs(kind)
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        named = f"{OptionName('executor_options')} {text}"
        if not equals or name not in declared:
            raise ErcBenchError(f"{named}: {did_you_mean(name, declared)}", f"It has {', '.join(declared)}.")
        try:
            found[name] = declared[name].convert(parse_value(value))
        except ValueError as error:
            raise ErcBenchError(f"{named}: {error}") from None
    return kind(**found)
