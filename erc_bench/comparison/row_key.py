"""The identity of a row of a comparison."""

from __future__ import annotations

from dataclasses import dataclass, field

NO_BACKBONE = "none"
"""The backbone's name in the record of a system that has none."""

Settings = tuple[tuple[str, str], ...]
FREEZING: Settings = (("upstream", "none"), ("encoder.trainable", "none"))
"""What takes the fine-tuned language model away from a recipe that has one: an override departs from its recipe."""


@dataclass(frozen=True)
class RowKey:
    """The identity of a row: method, backbone and overrides.

    ``readout`` names a further classifier that read the same training. ``variant`` tells apart
    cells whose settings differ although the same overrides were asked for (a default changed).
    ``tuned``: utterances are read by a language model that was trained on the corpus, here or as an upstream.
    ``frozen``: they are not, although the method's recipe says so (:data:`FREEZING`).
    """

    method: str
    backbone: str
    overrides: Settings = ()
    readout: str = ""
    variant: Settings = ()
    tuned: bool = field(default=False, compare=False)
    frozen: bool = field(default=False, compare=False)
