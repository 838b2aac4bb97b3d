"""What the training of one cell needs besides its splits: the plan, and the files that it names."""

from __future__ import annotations

import atexit
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from erc_bench import __version__
from erc_bench.errors import ErcBenchError, naming
from erc_bench.planning.plan import Plan, from_json, to_json
from erc_bench.plugin_host.plugin_files import PluginFile, load_shipped


class ShippedPlugin(msgspec.Struct, frozen=True):
    """A plugin file: where it lies with who sent it, the digest of its source, how the user named it, the source."""

    path: str
    sha256: str
    shown: str
    source: bytes


class Assignment(msgspec.Struct, frozen=True):
    """One cell to be trained; ``plan`` is its JSON, ``files`` are contents by the path that the plan names.

    ``inputs`` are the code, the versions and the backbone that its record will name.
    """

    version: str
    plan: str
    fingerprint: str
    inputs: dict[str, Any]
    device: str
    micro_batch: int | None
    plugins: tuple[ShippedPlugin, ...]
    files: dict[str, bytes]


def ship_plugins(files: Iterable[PluginFile]) -> tuple[ShippedPlugin, ...]:
    """Return plugin files with their source.

    Raises :class:`ErcBenchError` for one that cannot be read, or has changed since it was loaded.
    """
    shipped = [ShippedPlugin(str(each.path), each.sha256, each.shown, _content(each.path)) for each in files]
    for each in shipped:
        if hashlib.sha256(each.source).hexdigest() != each.sha256:
            raise ErcBenchError(f"{each.shown} changed since this run has started", "Start the run again.")
    return tuple(shipped)


def pack_assignment(
    plan: Plan,
    fingerprint: str,
    inputs: Mapping[str, Any],
    device: str,
    micro_batch: int | None,
    plugins: tuple[ShippedPlugin, ...],
) -> bytes:
    """Gather what the training of a cell needs; raise :class:`ErcBenchError` for a file that cannot be read."""
    files = {path: _content(Path(path)) for path in _paths(plan)}
    return msgspec.msgpack.encode(
        Assignment(__version__, to_json(plan), fingerprint, dict(inputs), device, micro_batch, plugins, files)
    )


def read_assignment(data: bytes) -> Assignment:
    """Read what :func:`pack_assignment` wrote; raise :class:`ErcBenchError` where another version wrote it."""
    found = msgspec.msgpack.decode(data, type=Assignment)
    if found.version != __version__:
        raise ErcBenchError(
            f"the cell comes from erc-bench {found.version}, and {__version__} is installed here",
            "Install the same version everywhere.",
        )
    return found


def unpack_plan(assignment: Assignment, folder: Path) -> Plan:
    """Return the plan, after its plugin files; files that options name are written into ``folder``.

    Raises :class:`ErcBenchError` for what is not installed here, and for errors in a plugin file.
    """
    for each in assignment.plugins:
        place = _home() / each.sha256 / Path(each.path).name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(each.source)
        load_shipped(PluginFile(Path(each.path), each.sha256, each.shown), place)
    places = {}
    for number, (path, content) in enumerate(sorted(assignment.files.items())):
        places[path] = folder / f"file-{number}" / Path(path).name
        places[path].parent.mkdir(exist_ok=True)
        places[path].write_bytes(content)
    return from_json(json.dumps(_moved(json.loads(assignment.plan), places.__getitem__)))


@cache
def _home() -> Path:
    """Return the folder of plugin files: the code of a module is looked at as long as the process lasts."""
    folder = tempfile.TemporaryDirectory(prefix="erc-bench-plugins-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _moved(described: Mapping[str, Any], place_of: Callable[[str], Path]) -> dict[str, Any]:
    upstream = described["upstream"]
    files = {address: str(place_of(path)) for address, path in described["option_files"].items()}
    return {**described, "option_files": files, "upstream": upstream and _moved(upstream, place_of)}


def _paths(plan: Plan) -> Iterator[str]:
    yield from plan.option_files.values()
    if plan.upstream is not None:
        yield from _paths(plan.upstream)


def _content(file: Path) -> bytes:
    with naming(f"{file} cannot be read"):
        return file.read_bytes()
