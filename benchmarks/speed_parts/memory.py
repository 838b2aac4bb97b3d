"""How much memory a computation holds at most: the tensors that are alive, counted at every operation."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def peak_bytes(work: Callable[[], Any], device: torch.device) -> int:
    """Return the most memory that ``work`` holds beyond what is there before it, gradients that it leaves included.

    On a CPU tensors are counted, not what an operator needs for itself while it runs; on CUDA the
    allocator counts both.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        before: int = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        work()
        torch.cuda.synchronize(device)
        peak: int = torch.cuda.max_memory_allocated(device)
        return peak - before
    live = LiveTensors()
    with live:
        work()
    return live.peak


class LiveTensors(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of storages that came into being inside of it and are still referred to."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = 0
        self.peak = 0
        self._known: dict[int, weakref.ref[Any]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operator, and count what it returns."""
        given = {_storage(each)._cdata for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)}
        result = func(*args, **(kwargs or {}))
        for each in tree_leaves(result):
            if isinstance(each, Tensor) and _storage(each)._cdata not in given:
                self._count(_storage(each))
        return result

    def _count(self, storage: Any) -> None:
        name = storage._cdata
        if name in self._known:
            return
        size = storage.nbytes()

        def gone(_reference: Any) -> None:
            self.now -= size
            self._known.pop(name, None)

        self._known[name] = weakref.ref(storage, gone)
        self.now += size
        self.peak = max(self.peak, self.now)


def _storage(tensor: Tensor) -> Any:
    return tensor.untyped_storage()
