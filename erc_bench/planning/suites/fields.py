"""Read the keys of a TOML table one by one; what is wrong is gathered, so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

from msgspec import Meta

from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.planning.asked import Field
from erc_bench.planning.run_requests import MOST_SEEDS, seeds_of
from erc_bench.validation import fits

_Name = Annotated[str, Meta(min_length=1)]
_Scalar = str | bool | int | float


class Fields:
    """The keys of one table. ``where`` is its address in the file, ``problems`` are shared by all tables."""

    def __init__(self, content: Mapping[str, Any], where: str, problems: list[str]) -> None:
        self._content = content
        self._where = where
        self._problems = problems

    def wrong(self, key: str, sentence: str) -> None:
        """Note a problem of a key."""
        self._problems.append(f"{self.address(key)}: {sentence}")

    def address(self, key: str) -> str:
        """Return the address of a key in the file."""
        return f"{self._where}.{key}" if self._where else key

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def only(self, known: Collection[str], remedies: Mapping[str, str] | None = None) -> None:
        """Note every key that is not known, with its remedy, else with the nearest that is known."""
        for key in self._content:
            if key not in known:
                self.wrong(key, f"there is no such key; {(remedies or {}).get(key) or did_you_mean(key, known)}")

    def _get(self, key: str, kind: Any, default: Any, expected: str) -> Any:
        """Return a value of a type; the default where there is none, or another, which is noted."""
        value = self._content.get(key, default)
        if fits(value, kind):
            return value
        self.wrong(key, f"it must be {expected}")
        return default

    def text(self, key: str) -> str:
        """Return a string; empty where there is none."""
        return str(self._get(key, str, "", "a string")).strip()

    def flag(self, key: str) -> bool:
        """Return a truth value; false where there is none."""
        return bool(self._get(key, bool, False, "true or false"))

    def asked(self, field: Field, known: Collection[str] | None = None) -> Any:
        """Return the value of a field of a request, else its default; ``known`` restricts a list of names."""
        value = self._content.get(field.name, field.spec.default)
        if field.is_list:
            return self.names(field.name, known)
        try:
            return field.converted(value.strip() or None if isinstance(value, str) else value)
        except ValueError:
            is_text = isinstance(value, str) or not (field.choices or field.item is str)
            self.wrong(field.name, field.fault(value, "it") if is_text else "it must be a string")
            return field.spec.default

    def names(
        self, key: str, known: Collection[str] | None = None, expected: str = "a list of names"
    ) -> tuple[str, ...]:
        """Return a list of different names, where they are restricted all of them known."""
        value = self._get(key, list[_Name], [], expected)
        if self._content.get(key) == []:
            self.wrong(key, "it must not be empty; leave it out")
        for name in dict.fromkeys(value):
            if value.count(name) > 1:
                self.wrong(key, f"{name!r} stands there {value.count(name)} times")
            if known is not None and name not in known:
                self.wrong(key, f"the suite has no {name!r}; {did_you_mean(name, known)}")
        return tuple(dict.fromkeys(value))

    def required_names(self, key: str) -> tuple[str, ...]:
        """Return a list of different names that must be there."""
        if key not in self._content:
            self.wrong(key, "a suite must name them")
        return self.names(key)

    def seeds(self, key: str) -> tuple[int, ...]:
        """Return seeds: a number n stands for seeds 1 to n, a list and a text such as ``"1-5"`` for themselves."""
        try:
            return seeds_of(self._content.get(key, 5))
        except ErcBenchError:
            self.wrong(key, f"it must be a number of seeds or a list of different seeds, {MOST_SEEDS} at most")
            return ()

    def table(self, key: str) -> Fields:
        """Return the table of a key; an empty one where there is none."""
        value = self._get(key, dict[str, Any], {}, f"a table, [{self.address(key)}]")
        return Fields(value, self.address(key), self._problems)

    def tables(self, key: str) -> list[Fields]:
        """Return the tables of a key that may stand there several times."""
        value = self._get(key, list[dict[str, Any]], [], f"written [[{self.address(key)}]]")
        return [Fields(each, f"{self.address(key)}[{n}]", self._problems) for n, each in enumerate(value, start=1)]

    def setting(self, key: str) -> Any:
        """Return the value of a setting: a scalar or a list of scalars."""
        return self._get(key, _Scalar | list[_Scalar], "", "a string, a number, true, false or a list of these")

    def values(self, key: str) -> tuple[Any, ...]:
        """Return the values of an axis: several different ones."""
        value = self._content[key]
        if not fits(value, Annotated[list[Any], Meta(min_length=2)]) or any(value.count(each) > 1 for each in value):
            self.wrong(key, "an axis must be a list of at least two different values")
            return ()
        return tuple(value)
