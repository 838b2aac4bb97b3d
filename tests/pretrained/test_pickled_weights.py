"""Weights that are no weights: said in our own words, with no advice to run the code in them."""

import pytest
import torch

from erc_bench.errors import ErcBenchError
from erc_bench.pretrained.loading import load_folder


@pytest.fixture
def folder(write_checkpoint, tmp_path):
    return write_checkpoint.write_deberta(tmp_path)


def refused(folder):
    with pytest.raises(ErcBenchError) as error:
        load_folder(folder, ("eager",))
    assert "weights_only" not in str(error.value)
    assert "\x1b" not in str(error.value)
    return str(error.value)


def test_a_pickled_model(folder):
    torch.save(torch.nn.Linear(2, 2), folder / "pytorch_model.bin")
    message = refused(folder)
    assert "holds a pickled object, not weights" in message
    assert "safetensors" in message


def test_a_damaged_pickle(folder):
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02no weights at all" * 10)
    assert "its pickle of weights is damaged" in refused(folder)
