"""A record out of the index: each field is unpacked when it is asked for, and what many cells share is there once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from erc_bench.store.file_contents import Content, check_content, content_of
from erc_bench.store.layout import RECORD_FILE
from erc_bench.store.record import Record
from erc_bench.store.regular_files import read_regular
from erc_bench.validation import json_object

_SHARED = frozenset(
    {
        *("labels", "scored_labels", "readouts", "settings", "settings_from", "choices", "overrides", "origins"),
        *("inputs", "data", "floor", "selection"),
    }
)
"""Fields that the cells of a row have alike: each value is stored once."""
_IN_THE_FILE = frozenset({"epochs", "readouts_epochs"})
"""Fields that are large and seldom read: they stay in the record's file."""
Share = Callable[[bytes], bytes]
"""Stores a packed value that others may have as well, and returns its digest."""
_TYPES = {field.name: field.type for field in msgspec.structs.fields(Record)}


Made = TypeVar("Made")


class PackedRecord(msgspec.Struct, frozen=True, array_like=True):
    """The fields of one record: their names in order, those of its own, digests of those it shares.

    ``file`` is size and digest of the record's file, where the remaining fields are.
    """

    order: bytes
    own: bytes
    shared: dict[str, bytes]
    file: Content


def _keys(packed: bytes) -> dict[str, None]:
    return dict.fromkeys(msgspec.msgpack.decode(packed, type=list[str]))


class SharedValues:
    """Packed values by their digest, each unpacked once; ``look_up`` fetches one that is not here yet."""

    def __init__(self, look_up: Callable[[bytes], bytes]) -> None:
        self.look_up = look_up
        self._plain: dict[bytes, Any] = {}
        self._typed: dict[tuple[bytes, str], Any] = {}
        self._made: dict[bytes, Any] = {}

    def plain(self, digest: bytes) -> Any:
        """Return the value as it was in the file."""
        if digest not in self._plain:
            self._plain[digest] = msgspec.msgpack.decode(self.look_up(digest))
        return self._plain[digest]

    def made(self, digest: bytes, make: Callable[[bytes], Made]) -> Made:
        """Return what is made of a packed value, made once; there is one way to make something of it."""
        if digest not in self._made:
            self._made[digest] = make(self.look_up(digest))
        found: Made = self._made[digest]
        return found

    def typed(self, digest: bytes, field: str) -> Any:
        """Return the value by the record's schema."""
        key = digest, field
        if key not in self._typed:
            self._typed[key] = msgspec.convert(self.plain(digest), _TYPES[field])
        return self._typed[key]


def pack(record: Mapping[str, Any], file: Content, share: Share) -> PackedRecord:
    """Pack a record that was read from ``file``; ``share`` stores a value and returns its digest.

    Raises ``ValueError`` or ``OverflowError`` for what JSON can say and the index cannot, such as a number of a
    hundred digits.
    """
    encode = msgspec.msgpack.encode
    own = {name: value for name, value in record.items() if name not in _SHARED | _IN_THE_FILE}
    shared = {name: share(encode(value)) for name, value in record.items() if name in _SHARED}
    return PackedRecord(share(encode(list(record))), encode(own), shared, file)


class IndexedRecord(Mapping[str, Any]):
    """The record of one cell, read from the index but for the fields that stay in its file."""

    def __init__(self, packed: PackedRecord, values: SharedValues, folder: Path) -> None:
        self._packed, self._values, self._folder = packed, values, folder
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name in self._packed.shared:
            return self._values.plain(self._packed.shared[name])
        if name not in self._found:
            if name not in self._names:
                raise KeyError(name)
            self._found[name] = self._from_file[name] if name in _IN_THE_FILE else self._own(name)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self, **other}

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        # Who copies or sends it wants the record, not a place in a file.
        return dict, (dict(self),)

    def typed(self) -> Record:
        """Return the record by its schema; cells share what is alike."""
        own = msgspec.msgpack.decode(self._packed.own, type=dict[str, msgspec.Raw])
        fields = {
            name: self._values.typed(digest, name) for name, digest in self._packed.shared.items() if name in _TYPES
        }
        for name in own.keys() & _TYPES.keys():
            fields[name] = msgspec.msgpack.decode(own[name], type=_TYPES[name])
        return Record(**fields)

    @property
    def _names(self) -> Mapping[str, None]:
        return self._values.made(self._packed.order, _keys)

    def _own(self, name: str) -> Any:
        return msgspec.msgpack.decode(msgspec.msgpack.decode(self._packed.own, type=dict[str, msgspec.Raw])[name])

    @cached_property
    def _from_file(self) -> dict[str, Any]:
        data = read_regular(self._folder / RECORD_FILE)
        check_content(RECORD_FILE, content_of(data), self._packed.file)
        record = json_object(data, RECORD_FILE)
        return {name: record[name] for name in _IN_THE_FILE & record.keys()}
