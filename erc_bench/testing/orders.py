"""Whether training data are shuffled between epochs, as far as that can be seen from outside."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from erc_bench.testing.corpus import train_reversed
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.trial import MethodTrial
from erc_bench.testing.watching import Epochs, Reading
from erc_bench.types import UtteranceKey

_PREPARING = 3
"""Passes in one order that a system may need before it trains: words, features, labels."""


def training_order(trial: MethodTrial) -> str:
    """Return how the order changed; raise ``AssertionError`` where training sees one order, epoch after epoch."""
    _ = trial.plain
    return _order_of_system(trial) if trial.is_system else _order_of_composition(trial)


def _order_of_composition(trial: MethodTrial) -> str:
    epochs = Epochs()
    trial.watch(epochs.watched)
    seen = [keys for keys in epochs.keys if keys]
    assert len(seen) > 1, f"only {len(seen)} of {len(epochs.keys)} epochs trained on anything"
    for number, (before, after) in enumerate(pairwise(seen), start=1):
        same = _in_common(before, after)
        # Nothing in common: a curriculum may go from some examples to others.
        assert len(same) < 2 or same != _in_common(after, before), (
            f"epochs {number} and {number + 1} train on their {len(same)} common utterances in the same order"
        )
    sizes = sorted({len(keys) for keys in seen})
    size = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    return f"{len(seen)} epochs of {size} utterances, no two in a row in the same order"


def _in_common(keys: Sequence[UtteranceKey], others: Sequence[UtteranceKey]) -> list[UtteranceKey]:
    known = set(others)
    return [key for key in keys if key in known]


def _order_of_system(trial: MethodTrial) -> str:
    reading = Reading()
    trial.watch(reading.watched)
    if not reading.looked_into:
        raise NotApplicableError("it does not look into its training data")
    if shuffles(reading):
        return f"it read the {reading.dialogues} training dialogues in changing order"
    if not reading.in_passes() and len(reading.looked_into) > _PREPARING * reading.dialogues:
        return f"it went from one training dialogue to another {len(reading.looked_into)} times, in no order of its own"
    times = _times(reading.repeats())
    if trial.run().files == trial.run(change=train_reversed).files:
        return f"it read them {times} in one order, and the opposite order on disk gives the same answers"
    assert reading.repeats() <= _PREPARING, (
        f"it read the training dialogues {times} in the same order, and the opposite order on disk gives other answers"
    )
    raise NotApplicableError(
        f"it read the training dialogues {times} and then trained on what it kept of them: whether it shuffles that "
        "cannot be seen, and its answers depend on their order"
    )


def shuffles(reading: Reading) -> bool:
    """Whether a system was seen to read its training data in one order after the other."""
    return len(set(reading.passes())) > 1 and reading.repeats() <= _PREPARING


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
