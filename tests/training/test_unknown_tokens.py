"""The share of tokens that a tokenizer does not know."""

import pytest
from transformers import AutoTokenizer

from erc_bench.contracts.types import Dialogue, Utterance
from erc_bench.training.unknown_tokens import sample, unknown_share


@pytest.fixture(scope="module")
def bert(tiny_bert):
    return AutoTokenizer.from_pretrained(tiny_bert)


def test_the_share_is_that_of_an_obvious_loop(bert):
    texts = ["Hello there!", "汤是凉的。", "I am 我 happy 😀."]
    tokens = [token for text in texts for token in bert.tokenize(text)]
    expected = sum(token == "[UNK]" for token in tokens) / len(tokens)
    assert 0.2 < expected < 0.9
    assert unknown_share(bert, texts) == pytest.approx(expected)


def test_bytes_are_all_known_and_nothing_has_no_share(bert, tiny_roberta):
    assert unknown_share(AutoTokenizer.from_pretrained(tiny_roberta), ["汤是凉的。"]) == 0
    assert unknown_share(bert, []) == unknown_share(bert, [""]) == unknown_share(None, ["汤是凉的。"]) == 0


@pytest.mark.parametrize("turns", [0, 1, 1999, 2000, 2001, 9000])
def test_the_sample_is_of_all_dialogues_and_never_large(turns):
    said = [Utterance("Ann", str(number)) for number in range(turns)]
    texts = sample([Dialogue(str(start), tuple(said[start : start + 7])) for start in range(0, turns, 7)])
    assert len(texts) == turns if turns <= 2000 else 1000 <= len(texts) <= 2000
    assert not turns or int(texts[-1]) > 0.99 * turns - 2
