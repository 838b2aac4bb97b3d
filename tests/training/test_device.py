"""Where a cell runs and in which precision."""

import pytest
import torch

from erc_bench.errors import ErcBenchError
from erc_bench.training import device
from erc_bench.training.device import choose_device, choose_precision, hardware, peak_memory_mib

CPU = torch.device("cpu")


def test_a_device_that_is_not_there_is_a_sentence():
    for name in ("cuda:99", "warp-drive"):
        with pytest.raises(ErcBenchError, match=f"the device '{name}' cannot be used") as caught:
            choose_device(name)
        assert caught.value.hint == "Try --device cpu."


def test_some_device_is_always_found():
    assert choose_device("auto").type in ("cpu", "cuda", "mps")
    assert choose_device("cpu") == CPU


@pytest.mark.parametrize(
    ("wanted", "safe", "hardware_has_it", "expected"),
    [
        ("auto", True, True, torch.bfloat16),
        ("auto", True, False, torch.float32),
        ("auto", False, True, torch.float32),
        ("float32", True, True, torch.float32),
        ("bfloat16", False, False, torch.bfloat16),
    ],
)
def test_precision(monkeypatch, wanted, safe, hardware_has_it, expected):
    monkeypatch.setattr(device, "computes_bf16", lambda _device: hardware_has_it)
    assert choose_precision(wanted, CPU, safe) == expected


def test_the_machine_is_described():
    described = hardware(CPU)
    assert described["class"] == "cpu"
    assert described["threads"] >= 1
    assert 10 < peak_memory_mib(CPU)["process"] < 1e6
