"""Where a cell runs and in which precision."""

from __future__ import annotations

import platform
import resource
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

from erc_bench.errors import ErcBenchError, OptionName


def choose_device(name: str) -> torch.device:
    """Return the device of a name; ``auto`` is CUDA, then Apple's GPU, then the CPU."""
    if name == "auto":
        available = [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available()), ("cpu", True)]
        name = next(kind for kind, there in available if there)
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise ErcBenchError(
            f"the device {name!r} cannot be used: {reason}", f"Try {OptionName('device'):cpu}."
        ) from error
    return device


def choose_precision(wanted: str, device: torch.device, bf16_safe: bool, frozen: bool) -> torch.dtype:
    """Return the precision of the backbone.

    ``auto`` is bfloat16 where the hardware computes in it and the backbone trains. States of a frozen backbone are
    computed once, and float32 moves them a thousand times less from one machine to the next.
    """
    if wanted == "float64" and device.type == "mps":
        remedy = f"Set training.precision=float32, or {OptionName('device'):cpu}."
        raise ErcBenchError("Apple's GPU does not compute in float64", remedy)
    if wanted != "auto":
        return getattr(torch, wanted)  # type: ignore[no-any-return]
    return torch.bfloat16 if not frozen and bf16_safe and computes_bf16(device) else torch.float32


def head_precision(device: torch.device, frozen: bool) -> torch.dtype:
    """Return the precision of everything beside the backbone: float64 where that is frozen.

    Thousands of small steps amplify rounding: in float32 the last bit of a processor's sums may decide labels and the
    chosen epoch. In float64 most methods then give the same labels (docs/another-machine.md), and it costs little.
    """
    return torch.float64 if frozen and device.type != "mps" else torch.float32


def computes_bf16(device: torch.device) -> bool:
    """Whether matrix products in bfloat16 run on the device's own units."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        # Private names that may go: without them float32 is slower and never wrong.
        checks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
        return any(check is not None and check() for check in checks)
    return False


_CORES = torch.get_num_threads()
"""The threads that torch was given at first."""


def one_core_each(device: torch.device) -> None:
    """Keep this process to one core of a CPU: others of the same grid have the others."""
    if device.type == "cpu":
        torch.set_num_threads(1)


@contextmanager
def _threads(device: torch.device, number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def all_threads(device: torch.device) -> AbstractContextManager[None]:
    """Compute on all cores for a while, so that the other processes of a grid wait."""
    return _threads(device, _CORES)


def one_thread(device: torch.device) -> AbstractContextManager[None]:
    """Compute on one core of a CPU for a while.

    A batch of frozen states is too small to share: waking the other cores takes longer than the step.
    Results also cease to depend on the number of cores.
    """
    return _threads(device, 1)


def hardware(device: torch.device) -> dict[str, Any]:
    """Describe the machine for the record; ``class`` and ``instructions`` decide whether results are comparable."""
    on_cpu = device.type != "cuda"
    return {
        "class": device.type,
        "name": _processor() if on_cpu else torch.cuda.get_device_name(device),
        # The instructions that torch uses, which an environment variable may lower.
        "instructions": torch.backends.cpu.get_cpu_capability() if on_cpu else "",
        "platform": platform.platform(),
        "threads": torch.get_num_threads(),
    }


def _processor() -> str:
    """Return the name of the processor as Linux knows it, else as Python does."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def peak_memory_mib(device: torch.device) -> dict[str, float]:
    """Return the largest resident memory of this process so far, and of the device."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = {"process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20}
    if device.type == "cuda":
        peak["device"] = torch.cuda.max_memory_allocated(device) / 2**20
    return peak
