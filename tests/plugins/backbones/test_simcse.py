import torch

from erc_bench_plugins.backbones.simcse import SimCSE


def test_loads_the_published_layout(tiny_roberta, training_step):
    loaded = SimCSE(SimCSE.Options(path=str(tiny_roberta))).load()
    assert loaded.tokenizer.mask_token == "<mask>"
    assert loaded.tokenizer.mask_token_id == loaded.tokenizer.convert_tokens_to_ids("<mask>") == 400
    assert loaded.tokenizer.pad_token_id == 1
    assert loaded.maximum_length == 512
    states, finite = training_step(loaded)
    assert states.shape == (2, 32)
    assert states.isfinite().all()
    assert finite


def test_the_pooler_of_the_checkpoint_is_left_out(tiny_roberta):
    from safetensors.torch import load_file

    stored = load_file(tiny_roberta / "model.safetensors")
    model = SimCSE(SimCSE.Options(path=str(tiny_roberta))).load().model
    assert set(stored) - set(model.state_dict()) == {"pooler.dense.weight", "pooler.dense.bias"}
    assert all(torch.equal(tensor, stored[name]) for name, tensor in model.state_dict().items())


def test_the_declared_size_is_that_of_the_architecture():
    from transformers import RobertaConfig, RobertaModel

    config = RobertaConfig(
        vocab_size=50265,
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        max_position_embeddings=514,
        type_vocab_size=1,
    )
    with torch.device("meta"):
        model = RobertaModel(config, add_pooling_layer=False)
    assert SimCSE.parameters == sum(parameter.numel() for parameter in model.parameters())
