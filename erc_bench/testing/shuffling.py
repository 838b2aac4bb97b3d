"""Whether training data are shuffled between epochs, as far as that can be seen from outside."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from erc_bench.contracts.types import UtteranceKey
from erc_bench.testing.answer_differences import insist_steady
from erc_bench.testing.corpus import train_reversed
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.method_cells import MethodTrial
from erc_bench.testing.reading_order import PREPARING, Epochs, ReadingOrder


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
    reading = ReadingOrder()
    trial.watch(reading.watched)
    if not reading.looked_into:
        raise NotApplicableError("it does not look into its training data")
    if reading.keeps_changing():
        return f"it read the {reading.dialogues} training dialogues in changing order"
    if not reading.in_passes() and len(reading.looked_into) > PREPARING * reading.dialogues:
        return (
            f"it went from one training dialogue to another {len(reading.looked_into)} times, not one by one: "
            "whether the order changes is not looked at"
        )
    return _order_that_stays(trial, reading)


def _order_that_stays(trial: MethodTrial, reading: ReadingOrder) -> str:
    repeats = reading.repeats()
    times = {0: "in part", 1: "once"}.get(repeats, f"{repeats} times")
    if trial.run().files == trial.run(change=train_reversed).files:
        return f"it read them {times} in one order, and the opposite order on disk gives the same answers"
    insist_steady(trial)
    if repeats <= PREPARING:
        raise NotApplicableError(
            f"it read the training dialogues {times} and then trained on what it kept of them: whether it shuffles "
            "that cannot be seen, and its answers depend on their order"
        )
    if not by_position(trial, reading):
        raise NotApplicableError(
            f"it read the training dialogues {times} in an order that follows from what they hold: a curriculum, or "
            "data that are sorted and never shuffled; which of the two cannot be seen"
        )
    raise AssertionError(
        f"it read the training dialogues {times} in the same order, and the opposite order on disk gives other answers"
    )


def by_position(trial: MethodTrial, reading: ReadingOrder) -> bool:
    """Whether the orders in which a system read hang on where dialogues lie on the disk, and not on which they are."""
    other = ReadingOrder()
    trial.watch(other.watched, train_reversed)
    return reading.places() == other.places()
