"""Where a cell runs and in which precision."""

import pytest
import torch

from erc_bench.errors import ErcBenchError
from erc_bench.training import device
from erc_bench.training.device import choose_device, choose_precision, hardware, head_precision, peak_memory_mib

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
    ("wanted", "safe", "hardware_has_it", "frozen", "expected"),
    [
        ("auto", True, True, False, torch.bfloat16),
        ("auto", True, True, True, torch.float32),
        ("auto", True, False, False, torch.float32),
        ("auto", False, True, False, torch.float32),
        ("float32", True, True, False, torch.float32),
        ("bfloat16", False, False, True, torch.bfloat16),
        ("float64", True, True, True, torch.float64),
    ],
)
def test_precision(monkeypatch, wanted, safe, hardware_has_it, frozen, expected):
    monkeypatch.setattr(device, "computes_bf16", lambda _device: hardware_has_it)
    assert choose_precision(wanted, CPU, safe, frozen) == expected


def test_what_stands_beside_a_frozen_backbone_computes_in_float64_where_the_device_can():
    assert head_precision(CPU, frozen=True) == torch.float64
    assert head_precision(CPU, frozen=False) == torch.float32
    assert head_precision(torch.device("mps"), frozen=True) == torch.float32
    with pytest.raises(ErcBenchError, match="does not compute in float64"):
        choose_precision("float64", torch.device("mps"), True, True)


def test_the_machine_is_described():
    described = hardware(CPU)
    assert described["class"] == "cpu"
    assert described["threads"] >= 1
    assert 10 < peak_memory_mib(CPU)["process"] < 1e6
