import pytest
import torch

from erc_bench.errors import ErcBenchError
from erc_bench.pretrained.tensors import read_tensors

WEIGHTS = {"body.a": torch.ones(2), "extra.b.weight": torch.arange(3).half(), "extra.c": torch.zeros(1)}


@pytest.fixture(params=["safetensors", "zip", "before zip"])
def folder(request, tmp_path):
    from safetensors.torch import save_file

    if request.param == "safetensors":
        save_file(WEIGHTS, tmp_path / "model.safetensors")
    else:
        path = tmp_path / "pytorch_model.bin"
        torch.save(WEIGHTS, path, _use_new_zipfile_serialization=request.param == "zip")
    return tmp_path


def test_tensors_are_read_by_the_start_of_their_names(folder):
    found = read_tensors(folder, "extra.")
    assert set(found) == {"b.weight", "c"}
    assert torch.equal(found["b.weight"], torch.arange(3).float())
    assert read_tensors(folder, "nothing.") == {}


def test_shards_are_read_as_one(tmp_path):
    from safetensors.torch import save_file

    save_file({"x.a": torch.ones(1)}, tmp_path / "one.safetensors")
    save_file({"x.b": torch.zeros(1)}, tmp_path / "two.safetensors")
    index = '{"weight_map": {"x.a": "one.safetensors", "x.b": "two.safetensors"}}'
    (tmp_path / "model.safetensors.index.json").write_text(index, encoding="utf-8")
    assert set(read_tensors(tmp_path, "x.")) == {"a", "b"}


def test_what_is_no_checkpoint_is_named(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"not a checkpoint")
    with pytest.raises(ErcBenchError, match=r"pytorch_model.bin cannot be read"):
        read_tensors(tmp_path, "x.")


def test_a_pickle_runs_no_code(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (open, (str(tmp_path / "written"), "w"))

    torch.save({"x.a": Harmful()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ErcBenchError, match=r"pytorch_model.bin cannot be read"):
        read_tensors(tmp_path, "x.")
    assert not (tmp_path / "written").exists()
