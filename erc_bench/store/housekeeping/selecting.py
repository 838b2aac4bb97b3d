"""Choose cells by their names, by their state, by their age."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.store.housekeeping.found_cells import CellFolder, ForeignEntry, FoundCells
from erc_bench.store.layout import folder_name

DAY = 86_400.0
PARTIAL, STALE = "partial", "stale"
"""What a cell may be beside its status: run on a part of the corpus (``--limit``); of other data or code than now."""


@dataclass(frozen=True)
class CellSelection:
    """A choice of cells by name and state; all named kinds must hold, one of several values of a kind suffices.

    ``older_than`` is in days, ``settings`` are first digits of settings hashes.
    """

    datasets: Sequence[str] = ()
    methods: Sequence[str] = ()
    backbones: Sequence[str] = ()
    seeds: Sequence[int] = ()
    settings: Sequence[str] = ()
    states: Sequence[str] = ()
    older_than: float | None = None

    def check_names(self, found: FoundCells) -> None:
        """Raise :class:`ErcBenchError` for a name that nothing bears here: it may be misspelt."""
        every = [cell.parts for cell in found.cells] + [foreign_entry.parts for foreign_entry in found.foreign_entries]
        asked = {"dataset": self.datasets, "method": self.methods, "backbone": self.backbones}
        for level, (kind, names) in enumerate(asked.items()):
            known = {parts[level] for parts in every if len(parts) > level}
            for name in names:
                if folder_name(name) not in known:
                    raise ErcBenchError(f"no cell here has the {kind} {name!r}; {did_you_mean(name, known)}")
        for digits in self.settings:
            if not any(parts[3].startswith(digits) for parts in every if len(parts) > 3):
                raise ErcBenchError(f"no cell here has settings whose hash begins with {digits!r}")


class _Admitted:
    """Whether a selection admits the content of a folder, by the names in the records that are found there.

    Two names may share a folder (``x/y``, ``x--y``). A cell without a record is called as its neighbours in the folder
    are, and by the folder where they have none either. A folder's own name will do where nothing is called so.
    """

    def __init__(self, selection: CellSelection, found: FoundCells) -> None:
        self._asked = (selection.datasets, selection.methods, selection.backbones)
        self._settings, self._seeds = tuple(selection.settings), {f"seed-{seed}" for seed in selection.seeds}
        self._known: dict[tuple[int, str], set[str]] = {}
        for cell in found.cells:
            for level, name in enumerate(cell.names):
                self._known.setdefault((level, cell.parts[level]), set()).add(name)

    def __call__(self, parts: Sequence[str], names: Sequence[str] = ()) -> bool:
        """``parts`` is a path, which may be cut off; ``names`` are those of its record."""
        named, (settings, seed) = parts[:3], (*parts[3:], "", "")[:2]
        return (
            all(self._is_called(level, part, names) for level, part in enumerate(named))
            and (not self._settings or not settings or settings.startswith(self._settings))
            and (not self._seeds or not seed or seed in self._seeds)
        )

    def _is_called(self, level: int, part: str, names: Sequence[str]) -> bool:
        asked = self._asked[level]
        own = {names[level]} if names else self._known.get((level, part), set())
        if not asked or not own.isdisjoint(asked):
            return True
        if not own:
            return part in map(folder_name, asked)
        return part in asked and not any(part in known for (at, _), known in self._known.items() if at == level)


@dataclass(frozen=True)
class Chosen:
    """The chosen cells, the foreign folders among them, and why a cell is stale, by its path."""

    cells: list[CellFolder]
    foreign_entries: list[ForeignEntry]
    stale: Mapping[Path, str]

    def why(self, cell: CellFolder) -> str:
        """Describe a cell in one line."""
        limited = f"the first {cell.limit} dialogues of each split" if cell.limit is not None else ""
        return "; ".join(filter(None, (cell.why, self.stale.get(cell.path, ""), limited)))

    def states(self, cell: CellFolder) -> list[str]:
        """Name all that a cell is."""
        return _states(cell, self.stale)


Staleness = Callable[[Sequence[CellFolder]], Mapping[Path, str]]
"""Says of cells that are done why they are stale, by their paths; the others are left out."""


def choose(found: FoundCells, selection: CellSelection, now: float, staleness: Staleness) -> Chosen:
    """Return the chosen cells. ``staleness`` is asked only where the answer matters."""
    selection.check_names(found)
    admits = _Admitted(selection, found)
    cells = [each for each in found.cells if admits(each.parts, each.names) and _old_enough(each, selection, now)]
    stale = staleness([cell for cell in cells if cell.status == "done"]) if STALE in selection.states else {}
    wanted = set(selection.states)
    cells = [cell for cell in cells if not wanted or wanted & set(_states(cell, stale))]
    return Chosen(cells, [each for each in found.foreign_entries if admits(each.parts)], stale)


def _states(cell: CellFolder, stale: Mapping[Path, str]) -> list[str]:
    further = [PARTIAL] * (cell.limit is not None) + [STALE] * (cell.path in stale)
    return [cell.status, *further]


def _old_enough(cell: CellFolder, selection: CellSelection, now: float) -> bool:
    return selection.older_than is None or cell.moment < now - selection.older_than * DAY
