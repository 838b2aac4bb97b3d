"""Methods: ready recipes, a choice for every slot and the settings that go with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from erc_bench.contracts.system import System


@dataclass(frozen=True)
class Method:
    """A named recipe, one row of a table.

    ``choices`` fills the slots ``encoder``, ``objective`` and ``classifier``; slots left out are
    the prompt encoder, cross-entropy and the head. ``settings`` and ``per_dataset`` map
    ``slot.option`` to values. ``settings_from`` says where these values come from and is shown
    with every result. ``readouts`` names further classifiers that read the same training.
    ``system`` replaces the composition of slots altogether. ``upstream`` names the method whose language model,
    trained with the run's own seed, becomes this one's backbone: most dialogue-level systems read utterances through
    a model that was fine-tuned on single utterances. ``search`` maps ``slot.option`` to the
    values among which ``erc-bench tune`` looks for better ones, beside a learning rate, and
    ``search_from`` says where that grid comes from. ``departures`` says, a sentence each, where the recipe departs from
    its source, beside what its components say of themselves; ``()``: none is known, ``None``: nobody says.
    """

    kind: ClassVar[str] = "method"

    name: str
    source: str
    summary: str
    choices: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    per_dataset: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings_from: str = "default"
    readouts: tuple[str, ...] = ()
    system: type[System] | None = None
    search: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    search_from: str = ""
    upstream: str = ""
    departures: tuple[str, ...] | None = None

    def settings_on(self, names: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
        """Return the settings for a dataset with the name that they stand under, the first of ``names`` that has some.

        ``names`` are those of :meth:`Dataset.recipe_names`; without any settings the first of them is returned.
        """
        return next(((name, self.per_dataset[name]) for name in names if name in self.per_dataset), (names[0], {}))
