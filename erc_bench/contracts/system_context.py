"""What a system is told of the cell that it is fitted or loaded for."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field

from erc_bench.contracts.backbone import LoadedBackbone, Precision
from erc_bench.errors import ErcBenchError


def _none(precision: Precision) -> LoadedBackbone:
    raise ErcBenchError(
        "this system has no language model", "Let it say needs_backbone = True, and name one with --backbone."
    )


def _silent(name: str, steps: int) -> Callable[[], None]:
    return lambda: None


def _accuracy(gold: Sequence[str], predicted: Sequence[str]) -> float:
    return 100 * sum(one == other for one, other in zip(gold, predicted, strict=True)) / max(1, len(gold))


@dataclass(frozen=True)
class SystemContext:
    """Labels, seed and machine of a cell.

    ``labels`` are the dataset's, in the order of the scores; ``label_words`` are the words that say them.
    ``metric(gold, predicted)`` is the dataset's headline metric of two lists of labels, in points: what to choose by on
    dev. ``device`` is where to compute (``cpu``, ``cuda:0``). ``language_model(precision)`` loads the backbone of a
    system that ``needs_backbone``, with its output layer, on the CPU, in evaluation mode. ``phase(name, steps)`` shows
    a part of the work as progress; call what it returns after each of the steps. ``memory`` keeps bytes by name for
    later cells of the same code, language model and kind of machine, also after a kill: for what is expensive and
    always the same. That of a system that ``sends_text`` is the folder of runs' own, whatever the code: what others
    answered stays. ``send_text``: whether the user allows to send the text of dialogues to another machine.
    """

    labels: Sequence[str]
    label_words: Sequence[str] = ()
    seed: int = 0
    metric: Callable[[Sequence[str], Sequence[str]], float] = _accuracy
    device: str = "cpu"
    language_model: Callable[[Precision], LoadedBackbone] = _none
    phase: Callable[[str, int], Callable[[], None]] = _silent
    memory: MutableMapping[str, bytes] = field(default_factory=dict)
    send_text: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "label_words", tuple(self.label_words or self.labels))
