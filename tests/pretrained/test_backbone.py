import shutil

import pytest

import erc_bench.api as erc
from erc_bench.pretrained import files


class Some(erc.PretrainedBackbone):
    """A backbone whose weights nobody has."""

    name = "some"
    source = "nowhere"
    default_path = "owner/some"
    parameters = 12


def some(path=None):
    return Some(Some.Options(path=path))


def test_a_folder_is_loaded_by_its_path(tiny_bert):
    loaded = some(str(tiny_bert)).load()
    assert isinstance(loaded, erc.LoadedBackbone)
    assert loaded.maximum_length == 512
    assert loaded.bf16_safe


def test_the_identity_of_a_folder_is_its_content(tiny_bert, tmp_path):
    moved = shutil.copytree(tiny_bert, tmp_path / "elsewhere")
    assert some(str(moved)).identity() == some(str(tiny_bert)).identity()
    assert some(str(moved)).identity() == f"sha256:{files.content_digest(tiny_bert)}"


def test_the_size_is_that_of_the_files_at_hand(tiny_bert):
    assert some(str(tiny_bert)).size() == files.parameter_count(tiny_bert)
    assert some().size() == 12


def test_a_folder_with_missing_files_names_them(tiny_bert, tmp_path):
    folder = shutil.copytree(tiny_bert, tmp_path / "bert")
    (folder / "model.safetensors").unlink()
    for ask in ("load", "identity", "size"):
        with pytest.raises(erc.ErcBenchError, match=r"'some': .*bert lacks weights \(model.safetensors or"):
            getattr(some(str(folder)), ask)()


@pytest.mark.parametrize("path", ["./nowhere", "/nowhere/at/all", "a/b/c"])
def test_a_folder_that_is_not_there_is_no_hub_id(path):
    with pytest.raises(erc.ErcBenchError, match="neither a folder nor a Hugging Face id"):
        some(path).load()


def test_a_file_is_no_folder(tiny_bert):
    with pytest.raises(erc.ErcBenchError, match="neither a folder"):
        some(str(tiny_bert / "model.safetensors")).load()


def test_offline_without_cache_every_road_is_named():
    with pytest.raises(erc.ErcBenchError) as caught:
        some().load()
    assert "owner/some is not in the cache" in caught.value.message
    assert "HF_HUB_OFFLINE forbids the network" in caught.value.message
    assert "--backbone minilm" in caught.value.message
    assert "--set backbone.path=FOLDER keeps the name some" in caught.value.hint
    with pytest.raises(erc.ErcBenchError, match="is not in the cache"):
        some().identity()


def test_adapt_reaches_the_loaded_model(tiny_bert):
    class Marked(Some):
        def adapt(self, model):
            model.marked = True

        def computes_in_bf16(self, tokenizer, model):
            return not model.marked

    loaded = Marked(Marked.Options(path=str(tiny_bert))).load()
    assert loaded.model.marked
    assert not loaded.bf16_safe
