import json
import os
import shutil

import pytest
import torch

from erc_bench.errors import ErcBenchError
from erc_bench.pretrained import files
from erc_bench.pretrained.files import read_tensors


@pytest.fixture
def bert_copy(tiny_bert, tmp_path):
    return shutil.copytree(tiny_bert, tmp_path / "bert")


def shard(folder):
    """Split model.safetensors into two shards with an index."""
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    names = sorted(weights)
    halves = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, part in halves.items():
        save_file({name: weights[name] for name in part}, folder / file)
    weight_map = {name: file for file, part in halves.items() for name in part}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}), encoding="utf-8")
    (folder / "model.safetensors").unlink()
    return folder


def test_complete_folders_miss_nothing(tiny_bert, tiny_roberta, tiny_deberta, tiny_promcse):
    assert [files.missing_files(f) for f in (tiny_bert, tiny_roberta, tiny_deberta, tiny_promcse)] == [[]] * 4


def test_an_empty_folder_misses_three_things(tmp_path):
    missing = files.missing_files(tmp_path)
    assert len(missing) == 3
    assert missing[0] == "config.json"
    assert "vocab.json with merges.txt" in missing[1]
    assert "model.safetensors" in missing[2]


def test_half_a_tokenizer_is_missing(tiny_deberta, tmp_path):
    folder = shutil.copytree(tiny_deberta, tmp_path / "copy")
    (folder / "merges.txt").unlink()
    assert "tokenizer" in files.missing_files(folder)[0]


def test_shards_are_found_through_their_index(bert_copy):
    whole = files.parameter_count(bert_copy)
    shard(bert_copy)
    assert files.missing_files(bert_copy) == []
    assert len(files.weight_files(bert_copy)) == 2
    assert files.parameter_count(bert_copy) == whole
    (bert_copy / "model-00002-of-00002.safetensors").unlink()
    assert files.missing_files(bert_copy) == ["model-00002-of-00002.safetensors"]
    assert files.parameter_count(bert_copy) is None


@pytest.mark.parametrize("name", ["../other/model.safetensors", "/etc/passwd", 3])
def test_an_index_may_not_name_files_elsewhere(bert_copy, name):
    shard(bert_copy)
    index = bert_copy / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"x": name}}), encoding="utf-8")
    with pytest.raises(ErcBenchError, match="outside its folder"):
        files.missing_files(bert_copy)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"weight_map": 3}', "<html>"])
def test_a_broken_index_is_named(bert_copy, content):
    shard(bert_copy)
    (bert_copy / "model.safetensors.index.json").write_text(content, encoding="utf-8")
    with pytest.raises(ErcBenchError, match=r"index\.json is not an index"):
        files.weight_files(bert_copy)


def test_parameters_are_counted_without_loading(tiny_bert, tiny_deberta):
    import torch
    from safetensors.torch import load_file

    exact = sum(tensor.numel() for tensor in load_file(tiny_bert / "model.safetensors").values())
    assert files.parameter_count(tiny_bert) == exact
    pickled = torch.load(tiny_deberta / "pytorch_model.bin", weights_only=True)
    rough = sum(tensor.numel() for tensor in pickled.values())
    assert files.parameter_count(tiny_deberta) == pytest.approx(rough, rel=0.2)  # a small file is part bookkeeping


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 4, b"\xff" * 64, b"\x05" + b"\x00" * 7 + b"[1,2]", b"<html></html>"]
)
def test_an_unreadable_header_counts_nothing(bert_copy, content):
    (bert_copy / "model.safetensors").write_bytes(content)
    assert files.parameter_count(bert_copy) is None


def test_the_digest_follows_the_content(bert_copy, tiny_bert):
    before = files.content_digest(tiny_bert)
    assert files.content_digest(bert_copy) == before
    (bert_copy / "README.md").write_text("no part of the model", encoding="utf-8")
    assert files.content_digest(bert_copy) == before
    weights = bert_copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    os.utime(weights, ns=(1, 1))
    changed = files.content_digest(bert_copy)
    assert changed != before
    (bert_copy / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    assert files.content_digest(bert_copy) not in (before, changed)


def test_a_pointer_or_an_empty_file_is_not_content(bert_copy):
    files.check_content(bert_copy)
    weights = bert_copy / "model.safetensors"
    weights.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    with pytest.raises(ErcBenchError, match=r"model\.safetensors is a Git LFS pointer"):
        files.check_content(bert_copy)
    weights.write_bytes(b"")
    with pytest.raises(ErcBenchError, match=r"model\.safetensors is empty"):
        files.check_content(bert_copy)


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
    with pytest.raises(ErcBenchError, match="holds a pickled object, not weights"):
        read_tensors(tmp_path, "x.")
    assert not (tmp_path / "written").exists()
