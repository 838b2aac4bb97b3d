"""What a user sets beside a method's own settings: ``slot.option=value``, ``method:slot=name``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from erc_bench.contracts.options import parse_value
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean


@dataclass(frozen=True)
class Override:
    """One setting from outside the method.

    ``method`` is empty when it speaks to all methods. ``address`` is ``slot.option`` or a slot.
    """

    address: str
    value: Any
    method: str = ""
    origin: str = "--set"

    @property
    def slot(self) -> str:
        """The slot that the setting is about."""
        return self.address.partition(".")[0]

    def speaks_to(self, method: str) -> bool:
        """Whether the setting is meant for a method."""
        return self.method in ("", method)


def parse_override(text: str) -> Override:
    """Read ``[method:]slot.option=value``; raise :class:`ErcBenchError` when it has no such form."""
    left, equals, right = text.partition("=")
    method, colon, address = left.strip().rpartition(":")
    if not equals or not address or (colon and not method):
        said = OptionName("settings")
        raise ErcBenchError(
            f"{said} {text!r} is not of the form slot.option=value",
            f"For example {said} objective.temperature=0.1 or {said} eacl:classifier=head.",
        )
    return Override(address, parse_value(right.strip()), method)


def from_mapping(settings: Mapping[str, Any], origin: str) -> list[Override]:
    """Turn a mapping ``address`` → value into overrides of one origin."""
    return [Override(address, value, origin=origin) for address, value in settings.items()]


def unknown_methods(overrides: Iterable[Override], methods: Iterable[str]) -> list[str]:
    """Return a sentence for each override that speaks to a method that is not selected."""
    selected = set(methods)
    return [
        f"{item.origin} {item.method}:{item.address} speaks to the method {item.method!r}, which is not selected; "
        f"{did_you_mean(item.method, selected)}"
        for item in overrides
        if item.method and item.method not in selected
    ]
