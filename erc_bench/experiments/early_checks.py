"""What is told before the first cell, since every cell would say it again."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING

from erc_bench.contracts.adapters import LORA
from erc_bench.contracts.language_models import MAIN
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.experiments.components import check_importable
from erc_bench.planning.adapters import TRAINABLE
from erc_bench.planning.observers import ChosenObserver
from erc_bench.planning.plan import Plan
from erc_bench.pretrained.adapters import check_installed
from erc_bench.running.worker import GridTask

if TYPE_CHECKING:
    from erc_bench.contracts.backbone import Backbone


_UPSTREAMS = f"upstream.{TRAINABLE}"


def check_folder(runs: Path) -> None:
    """Raise :class:`ErcBenchError` where no folder of this name can be there, because a file is in its way."""
    there = next((path for path in (runs, *runs.parents) if path.exists()), None)
    if there is not None and not there.is_dir():
        below = "" if there == runs else f", so that {str(runs)!r} cannot be made below it"
        raise ErcBenchError(
            f"{str(there)!r} is a file{below}", f"{OptionName('runs')} takes a folder: name another one."
        )


def check_features(plans: Sequence[Plan], task: GridTask) -> None:
    """Hold the files of features against the corpora, before a language model is loaded."""
    if task.features:
        from erc_bench.running import features

        features.check_features(plans, task.features, task.data_dir)


def check_backbones(plans: Sequence[Plan]) -> None:
    """Raise for a backbone that cannot be had, or adapted: every cell of it would say the same, one after the other."""
    if any(plan.resolved.values.get(address) == LORA for plan in plans for address in (TRAINABLE, _UPSTREAMS)):
        check_installed()
    asked: set[str] = set()
    for plan in plans:
        roles = () if plan.backbone is None else (MAIN, *plan.roles_apart())
        for backbone in (plan.backbone_of(role) for role in roles):
            key = f"{type(backbone).__module__} {type(backbone).__qualname__} {backbone.options}"
            if key not in asked:
                asked.add(key)
                _identify(backbone)


def _identify(backbone: Backbone) -> None:
    try:
        backbone.identity()
    except ErcBenchError:
        raise
    except Exception:  # a stranger's fault fails its cells, and is told there with its traceback
        return


def check_sending(plans: Sequence[Plan], send_text: bool) -> None:
    """Raise where a system would send the text of dialogues to another machine and the user has not allowed it."""
    sending = [plan for plan in plans if plan.sends_text]
    if sending and not send_text:
        raise ErcBenchError(
            f"{sending[0].method.name} sends the text of {sending[0].dataset.name} to another machine",
            f"Where the corpus' licence and its speakers allow that, say so: {OptionName('send_text')}.",
        )


def check_processes(plans: Sequence[Plan], observers: Sequence[ChosenObserver]) -> None:
    """Raise where cells cannot run in processes of their own."""
    if parent_process() is not None:
        raise ErcBenchError(
            "run() with several jobs was called by one of its own processes, which reads the script again",
            'Put the call below the line: if __name__ == "__main__":',
        )
    check_importable(plans, observers)
