"""Chunks on several cores give what they give one after the other."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import erc_bench.api as erc
from erc_bench.training import side_by_side
from erc_bench.training.assembly import quicken
from erc_bench.training.row_states import ChunkSize, RowEncoder, freeze
from erc_bench.training.side_by_side import dealt, encode_side_by_side
from erc_bench_plugins.backbones.huggingface import HuggingFace

CPU = torch.device("cpu")


@given(st.lists(st.integers(), max_size=40), st.integers(1, 9))
def test_every_item_is_dealt_once_and_hands_differ_by_one(items, hands):
    given_out = dealt(items, hands)
    assert sorted(item for hand in given_out for item in hand) == sorted(items)
    assert len(given_out) == min(hands, len(items))
    sizes = [len(hand) for hand in given_out]
    assert not sizes or max(sizes) - min(sizes) <= 1


class TestGradients:
    """Against one graph over all chunks: a product of what is read with a weight that trains."""

    @pytest.fixture
    def parts(self):
        torch.manual_seed(0)
        weight = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
        unused = torch.randn(4, requires_grad=True)
        frozen = torch.randn(2, dtype=torch.float64)
        read = [torch.randn(rows, 3, dtype=torch.float64, requires_grad=True) for rows in (4, 3, 2, 2, 1)]
        return weight, unused, frozen, read

    @staticmethod
    def encode(weight, frozen):
        return lambda numbers, read: [(read[i] @ weight).tanh() * (i + 1) + frozen for i in numbers]

    @pytest.mark.parametrize("cores", [2, 3, 5, 8])
    def test_are_those_of_one_graph(self, parts, cores):
        weight, unused, frozen, read = parts
        encode = self.encode(weight, frozen)
        ours = encode_side_by_side(encode, read, [weight, unused, frozen], cores)
        expected = encode_side_by_side(encode, read, [weight, unused, frozen], 1)
        for one, other in zip(ours, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0)
        found = torch.autograd.grad(torch.cat(ours).pow(2).sum(), [weight, *read])
        for one, other in zip(
            found, torch.autograd.grad(torch.cat(expected).pow(2).sum(), [weight, *read]), strict=True
        ):
            torch.testing.assert_close(one, other)

    def test_are_there_where_only_the_parameters_have_any(self, parts):
        weight = parts[0]
        read = torch.randn(6, 3, dtype=torch.float64)

        def encode(numbers, _nothing):
            return [read[2 * i : 2 * i + 2] @ weight for i in numbers]

        found = torch.autograd.grad(torch.cat(encode_side_by_side(encode, [None] * 3, [weight], 2)).sum(), weight)
        torch.testing.assert_close(found[0], torch.autograd.grad((read @ weight).sum(), weight)[0])

    def test_are_not_kept_where_none_are_wanted(self, parts):
        weight, unused, frozen, read = parts
        with torch.no_grad():
            states = encode_side_by_side(self.encode(weight, frozen), read, [weight, unused], 2)
        assert not any(each.requires_grad for each in states)

    def test_a_failure_on_one_core_is_the_callers(self):
        def encode(numbers, _read):
            raise torch.OutOfMemoryError(f"no room for {list(numbers)}")

        with pytest.raises(torch.OutOfMemoryError, match="no room"):
            encode_side_by_side(encode, [None, None], [], 2)


def test_a_thread_keeps_to_its_core_when_another_number_is_set_later():
    before = torch.get_num_threads()
    side_by_side._pool.cache_clear()
    try:
        pool = side_by_side._pool(1)
        pool.submit(int).result()
        torch.set_num_threads(3)
        assert pool.submit(torch.get_num_threads).result() == 1
    finally:
        torch.set_num_threads(before)
        side_by_side._pool.cache_clear()


class TestRows:
    """A quickened language model, with one core and with three."""

    @pytest.fixture(params=["tiny_bert", "tiny_roberta"])
    def encoder(self, request):
        folder = request.getfixturevalue(request.param)
        backbone = HuggingFace(HuggingFace.Options(path=str(folder))).load()
        quicken(backbone.model, CPU)
        encoder = RowEncoder(backbone.model, backbone.tokenizer.pad_token_id, CPU, torch.float32)
        encoder.chunk = ChunkSize(2, 1000)
        return encoder

    @pytest.fixture
    def rows(self):
        return [erc.TokenRow([5 + (n * k) % 90 for k in range(3 + n)], (n % 3,)) for n in range(9)]

    @pytest.fixture
    def cores(self):
        before = torch.get_num_threads()
        yield torch.set_num_threads
        torch.set_num_threads(before)

    @staticmethod
    def step(encoder, rows, seed=0):
        encoder.model.zero_grad()
        torch.manual_seed(seed)
        states = encoder.encode(rows)
        states.pow(3).sum().backward()
        return states.detach(), [p.grad.clone() for p in encoder.model.parameters() if p.grad is not None]

    def test_dropout_without_gradients_is_the_same(self, encoder, rows, cores):
        encoder.model.train()
        states = []
        for count in (1, 3, 3):
            cores(count)
            torch.manual_seed(0)
            with torch.no_grad():
                states.append(encoder.encode(rows))
        torch.testing.assert_close(states[1], states[0])
        assert torch.equal(states[2], states[1])

    @pytest.mark.parametrize("trainable", ["all", 1])
    def test_dropout_and_gradients_are_the_same(self, encoder, rows, cores, trainable):
        freeze(encoder.model, trainable)
        encoder.model.train()
        cores(1)
        alone, expected = self.step(encoder, rows)
        cores(3)
        together, found = self.step(encoder, rows)
        torch.testing.assert_close(together, alone)
        assert len(found) == len(expected) > 0
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
        assert not torch.equal(self.step(encoder, rows, seed=1)[0], alone)

    def test_the_same_cores_give_the_same_bits(self, encoder, rows, cores):
        encoder.model.train()
        cores(3)
        first, again = self.step(encoder, rows), self.step(encoder, rows)
        assert torch.equal(first[0], again[0])
        assert all(torch.equal(one, other) for one, other in zip(first[1], again[1], strict=True))

    def test_evaluation_draws_nothing(self, encoder, rows, cores):
        encoder.model.eval()
        cores(3)
        torch.manual_seed(0)
        before = torch.get_rng_state()
        with torch.no_grad():
            encoder.encode(rows)
        assert torch.equal(torch.get_rng_state(), before)
        assert torch.get_num_threads() == 3

    def test_every_chunk_is_told_of(self, encoder, rows, cores):
        cores(3)
        told = []
        encoder.encode(rows, lambda: told.append(1))
        assert len(told) == 5
