"""An encoder with a decoder reads a row as transformers would, and its generation loss is that of each token alone."""

import pytest
import torch
from torch.nn import functional as F
from transformers import AutoConfig, AutoModel

from erc_bench.contracts.decoders import decoder_inputs, generation_loss, has_decoder
from erc_bench.pretrained.loading import load_folder

PAD = 1
ASKED = [[0, 7, 8, 9, 2], [0, 11, 2], [0, 12, 13, 14, 15, 16, 2]]
ANSWERS = [[0, 21, 2], [0, 22, 23, 24, 25, 2], [0, 26, 27, 2]]


@pytest.fixture(scope="module")
def bart(tiny_bart):
    _, model = load_folder(tiny_bart, ("sdpa", "eager"))
    return model.double()


@pytest.fixture(scope="module")
def t5():
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "vocab_size": 40}
    torch.manual_seed(0)
    return AutoModel.from_config(AutoConfig.for_model("t5", **sizes, decoder_start_token_id=0)).double().eval()


def test_only_a_model_with_a_decoder_is_given_more(tiny_bert, bart, t5):
    _, bert = load_folder(tiny_bert, ("sdpa",))
    assert decoder_inputs(bert.config, torch.tensor(ASKED[:1])) == {}
    assert [has_decoder(each.config) for each in (bert, bart, t5)] == [False, True, True]


def test_the_decoder_reads_the_row_one_place_later(bart, t5):
    ids = torch.tensor(ASKED[:1])
    for model, start in ((bart, 2), (t5, 0)):
        assert decoder_inputs(model.config, ids)["decoder_input_ids"].tolist() == [[start, 0, 7, 8, 9]]
    # BART does so by itself where it is told nothing.
    mask = torch.ones_like(ids)
    told = bart(input_ids=ids, attention_mask=mask, **decoder_inputs(bart.config, ids)).last_hidden_state
    torch.testing.assert_close(told, bart(input_ids=ids, attention_mask=mask).last_hidden_state, rtol=0, atol=0)


def slowly(model, asked, answers):
    """Write each token of each answer alone, the ones before it shown to the decoder."""
    table = model.get_input_embeddings().weight
    losses = []
    for question, answer in zip(asked, answers, strict=True):
        ids = torch.tensor([question])
        for place, token in enumerate(answer):
            shown = torch.tensor([[model.config.decoder_start_token_id, *answer[:place]]])
            mask = torch.ones_like(ids)
            states = model(input_ids=ids, attention_mask=mask, decoder_input_ids=shown).last_hidden_state
            losses.append(F.cross_entropy((states[0, -1] @ table.T)[None], torch.tensor([token])))
    return torch.stack(losses).mean()


@pytest.mark.parametrize("kind", ["bart", "t5"])
def test_the_generation_loss_is_the_mean_over_tokens_written_one_by_one(kind, request):
    model = request.getfixturevalue(kind)
    fast, slow = generation_loss(model, ASKED, ANSWERS, PAD), slowly(model, ASKED, ANSWERS)
    torch.testing.assert_close(fast, slow, rtol=0, atol=1e-6 if kind == "t5" else 1e-10)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    pairs = zip(*(torch.autograd.grad(loss, trained, allow_unused=True) for loss in (fast, slow)), strict=True)
    reached = 0
    for one, other in pairs:
        assert (one is None) == (other is None)
        if one is not None:
            # T5 takes the softmax of its attention in float32.
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6 if kind == "t5" else 1e-10)
            reached += bool(one.abs().max() > 0)
    assert reached > 20


def test_a_longer_row_beside_changes_nothing_of_a_rows_loss(bart):
    alone = generation_loss(bart, ASKED[:1], ANSWERS[:1], PAD)
    beside = generation_loss(bart, [ASKED[0], ASKED[2]], [ANSWERS[0], ANSWERS[1]], PAD)
    other = generation_loss(bart, ASKED[2:], ANSWERS[1:2], PAD)
    lengths = len(ANSWERS[0]), len(ANSWERS[1])
    expected = (alone * lengths[0] + other * lengths[1]) / sum(lengths)
    torch.testing.assert_close(beside, expected, rtol=0, atol=1e-12)
