import json
import os
import shutil

import pytest
import torch

from erc_bench.errors import ErcBenchError
from erc_bench.pretrained.loading import load_folder, maximum_length

ATTENTION = ("sdpa", "eager")


def copy_with_weights(folder, target, change):
    """Copy a checkpoint and let ``change`` edit its weights (safetensors or pickle)."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, target)
    safe, pickled = target / "model.safetensors", target / "pytorch_model.bin"
    weights = load_file(safe) if safe.is_file() else torch.load(pickled, weights_only=True)
    change(weights)
    if safe.is_file():
        save_file(weights, safe)
    else:
        torch.save(weights, pickled)
    return target


def edit_json(path, **changes):
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, **changes}), encoding="utf-8")


def test_the_model_is_float32_in_evaluation_mode_without_pooler(tiny_bert):
    tokenizer, model = load_folder(tiny_bert, ATTENTION)
    assert tokenizer.is_fast
    assert not model.training
    assert {(p.dtype, p.device.type) for p in model.parameters()} == {(torch.float32, "cpu")}
    assert not [name for name, _ in model.named_parameters() if "pooler" in name]


def test_weights_are_those_of_the_file(tiny_deberta):
    _, model = load_folder(tiny_deberta, ATTENTION)
    stored = torch.load(tiny_deberta / "pytorch_model.bin", weights_only=True)
    assert all(torch.equal(tensor, stored[f"deberta.{name}"]) for name, tensor in model.state_dict().items())


def test_half_precision_files_become_float32(tiny_bert, tmp_path):
    def halve(weights):
        weights.update({name: tensor.half() for name, tensor in weights.items()})

    folder = copy_with_weights(tiny_bert, tmp_path / "half", halve)
    edit_json(folder / "config.json", dtype="float16")
    _, model = load_folder(folder, ATTENTION)
    assert model.dtype == torch.float32


def test_the_first_attention_on_offer_is_taken(tiny_bert, tiny_deberta):
    assert load_folder(tiny_bert, ("sdpa", "eager"))[1].config._attn_implementation == "sdpa"
    assert load_folder(tiny_bert, ("eager",))[1].config._attn_implementation == "eager"
    assert load_folder(tiny_deberta, ("sdpa",))[1].config._attn_implementation == "eager"


def test_loading_is_silent(tiny_promcse, capfd):
    load_folder(tiny_promcse, ATTENTION)
    assert capfd.readouterr() == ("", "")


def test_loading_restores_the_verbosity_of_transformers(tiny_bert):
    from transformers.utils import logging

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    load_folder(tiny_bert, ATTENTION)
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def test_missing_body_weights_are_an_error(tiny_bert, tmp_path):
    lost = "encoder.layer.1.attention.self.query.weight"
    folder = copy_with_weights(tiny_bert, tmp_path / "bert", lambda weights: weights.pop(lost))
    with pytest.raises(ErcBenchError, match=f"lacks weights.*{lost}"):
        load_folder(folder, ATTENTION)


def test_many_missing_weights_are_counted(tiny_deberta, tmp_path):
    def rename(weights):
        for name in list(weights):
            weights[f"other.{name}"] = weights.pop(name)

    folder = copy_with_weights(tiny_deberta, tmp_path / "deberta", rename)
    with pytest.raises(ErcBenchError, match=r"embeddings.* and \d+ more"):
        load_folder(folder, ATTENTION)


def test_a_missing_pooler_is_no_error(tiny_bert, tmp_path):
    def drop(weights):
        for name in [name for name in weights if name.startswith("pooler.")]:
            del weights[name]

    load_folder(copy_with_weights(tiny_bert, tmp_path / "bert", drop), ATTENTION)


def test_surplus_layers_are_an_error(tiny_roberta, tmp_path):
    folder = shutil.copytree(tiny_roberta, tmp_path / "roberta")
    edit_json(folder / "config.json", num_hidden_layers=1)
    with pytest.raises(ErcBenchError, match=r"more layers than the 1 .*encoder\.layer\.1\."):
        load_folder(folder, ATTENTION)


def test_weights_of_another_shape_are_an_error(tiny_bert, tmp_path, capfd):
    folder = shutil.copytree(tiny_bert, tmp_path / "bert")
    edit_json(folder / "config.json", intermediate_size=48)
    with pytest.raises(ErcBenchError, match="cannot be loaded"):
        load_folder(folder, ATTENTION)
    assert capfd.readouterr() == ("", "")


class _Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_runs_no_code(tiny_deberta, tmp_path):
    folder = shutil.copytree(tiny_deberta, tmp_path / "deberta")
    torch.save(
        {"deberta.embeddings.word_embeddings.weight": _Malicious(tmp_path / "run")}, folder / "pytorch_model.bin"
    )
    with pytest.raises(ErcBenchError, match="holds a pickled object, not weights"):
        load_folder(folder, ATTENTION)
    assert not (tmp_path / "run").exists()
    torch.load(folder / "pytorch_model.bin", weights_only=False)  # the file is what it claims to be
    assert (tmp_path / "run").exists()


def test_code_of_the_checkpoint_is_not_run(tiny_bert, tmp_path):
    folder = shutil.copytree(tiny_bert, tmp_path / "bert")
    run = f"import pathlib\npathlib.Path({str(tmp_path / 'run')!r}).mkdir()\n"
    (folder / "own.py").write_text(run, encoding="utf-8")
    edit_json(folder / "config.json", model_type="own", auto_map={"AutoConfig": "own.C", "AutoModel": "own.M"})
    with pytest.raises(ErcBenchError, match="cannot be loaded"):
        load_folder(folder, ATTENTION)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [b"<html>404</html>", b"{", b"\x00" * 100])
def test_damaged_files_are_an_error_not_a_traceback(tiny_bert, tmp_path, name, content):
    folder = shutil.copytree(tiny_bert, tmp_path / "bert")
    (folder / name).write_bytes(content)
    with pytest.raises(ErcBenchError, match="cannot be loaded"):
        load_folder(folder, ATTENTION)


def test_truncated_weights_are_an_error(tiny_bert, tmp_path):
    folder = shutil.copytree(tiny_bert, tmp_path / "bert")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(ErcBenchError, match="cannot be loaded"):
        load_folder(folder, ATTENTION)


def test_a_tokenizer_of_another_model_is_an_error(tiny_roberta, tmp_path):
    folder = shutil.copytree(tiny_roberta, tmp_path / "roberta")
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    (folder / "vocab.json").write_text(json.dumps({**vocabulary, "extra": len(vocabulary)}), encoding="utf-8")
    with pytest.raises(ErcBenchError, match=r"402 tokens, the model only 401"):
        load_folder(folder, ATTENTION)


def test_a_tokenizer_without_padding_is_an_error(tiny_bert, tmp_path):
    folder = shutil.copytree(tiny_bert, tmp_path / "bert")
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "mask_token": "[MASK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(ErcBenchError, match="no padding token"):
        load_folder(folder, ATTENTION)


def test_the_mask_takes_the_space_before_it(tiny_roberta, tiny_deberta, tiny_bert, tmp_path):
    bare = shutil.copytree(tiny_roberta, tmp_path / "bare")
    (bare / "special_tokens_map.json").unlink()
    for folder in (tiny_roberta, bare, tiny_deberta, tiny_bert):
        tokenizer, _ = load_folder(folder, ATTENTION)
        words = tokenizer("Ann feels", add_special_tokens=False)["input_ids"]
        prompt = tokenizer(f"Ann feels {tokenizer.mask_token}", add_special_tokens=False)["input_ids"]
        assert prompt == [*words, tokenizer.mask_token_id]


def test_a_stored_truncation_does_not_reach_the_rows(tiny_bert):
    tokenizer, _ = load_folder(tiny_bert, ATTENTION)
    assert len(tokenizer("happy " * 300)["input_ids"]) == 302


def test_usable_length(tiny_roberta, tiny_promcse, tiny_deberta, tiny_bert):
    folders = (tiny_roberta, tiny_promcse, tiny_deberta, tiny_bert)
    assert [maximum_length(*load_folder(folder, ATTENTION)) for folder in folders] == [512, 512, 512, 512]


@pytest.mark.parametrize("name", ["tiny_roberta", "tiny_deberta", "tiny_bert"])
def test_a_row_of_the_usable_length_runs(name, request):
    tokenizer, model = load_folder(request.getfixturevalue(name), ATTENTION)
    longest = maximum_length(tokenizer, model)
    ids = torch.full((1, longest), tokenizer.mask_token_id)
    with torch.no_grad():
        assert model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.isfinite().all()


def test_usable_length_without_a_limit_in_the_tokenizer(tiny_roberta, tmp_path):
    folder = shutil.copytree(tiny_roberta, tmp_path / "roberta")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "RobertaTokenizer"}', encoding="utf-8")
    tokenizer, model = load_folder(folder, ATTENTION)
    assert tokenizer.model_max_length > 10**6
    assert maximum_length(tokenizer, model) == 512
