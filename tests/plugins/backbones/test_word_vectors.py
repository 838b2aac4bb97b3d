"""Word vectors as a backbone: files that are untrusted, words, the unknown one, and what is saved."""

import numpy as np
import pytest
import torch

import erc_bench.api as erc
from erc_bench.testing.backbones import check_backbone
from erc_bench.training.row_states import RowEncoder
from erc_bench_plugins.backbones.word_vectors import WordVectors
from erc_bench_plugins.backbones.word_vectors.vector_file import read_vectors

LINES = ("happy 1 2 3", "sad -1 0 .5", "! 0 0 1e-2")


@pytest.fixture
def write(tmp_path):
    """Return a function that writes lines into a file; what is bytes stays as it is."""

    def write(*lines, end="\n"):
        file = tmp_path / "vectors.txt"
        written = (each if isinstance(each, bytes) else each.encode() for each in lines)
        file.write_bytes(b"".join(each + end.encode() for each in written))
        return file

    return write


def loaded(file):
    return WordVectors(WordVectors.Options(path=str(file))).load()


def test_every_word_has_its_vector(write):
    words, vectors = read_vectors(write(*LINES))
    assert words == ["happy", "sad", "!"]
    np.testing.assert_array_equal(vectors, np.array([[1, 2, 3], [-1, 0, 0.5], [0, 0, 0.01]], np.float32))


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n"])
def test_word2vecs_first_line_of_counts_is_passed_over(write, end):
    assert read_vectors(write("3 3", *LINES, end=end))[0] == ["happy", "sad", "!"]


def test_a_word_may_hold_spaces_as_in_gloves_largest_file(write):
    assert read_vectors(write(*LINES, ". . . 1 2 3"))[0][-1] == ". . ."


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("glad 1 2", "line 4: 2 numbers follow the word, 3 in the lines before"),
        ("sad 1 2 3", "line 4: the word 'sad' was in line 2 already"),
        ("glad 1 2 x", "line 4: what follows the word are no numbers"),
        ("glad 1 nan 3", "line 4: a number is not finite in float32"),
        ("glad 1 1e99 3", "line 4: a number is not finite in float32"),
        (b"gl\xff 1 2 3", "line 4: it is no UTF-8"),
        ("", "line 4: 0 numbers follow the word"),
    ],
)
def test_a_line_that_is_none_is_named(write, line, told):
    with pytest.raises(erc.ErcBenchError) as refused:
        read_vectors(write(*LINES, line))
    assert told in refused.value.message
    assert "vectors.txt" in refused.value.message
    assert refused.value.hint


def test_an_empty_file_and_none_are_told(write, tmp_path):
    for told, path in (("holds no word vectors", write()), ("there is no file", tmp_path / "other.txt")):
        with pytest.raises(erc.ErcBenchError, match=told):
            loaded(path)
    with pytest.raises(erc.ErcBenchError, match="needs a file of word vectors") as refused:
        WordVectors().load()
    assert "--set backbone.path=FILE" in refused.value.hint


def test_texts_are_lower_cased_words_and_unknown_ones_share_the_mean(write):
    backbone = loaded(write(*LINES))
    ids = backbone.tokenizer("Happy,happy sad! Joy")["input_ids"]
    rows = RowEncoder(backbone.model, backbone.tokenizer.pad_token_id, torch.device("cpu"), torch.float32)
    states = rows.encode([erc.TokenRow(ids, range(len(ids)), pool="each")])
    happy, sad, mark = (torch.tensor(own) for own in ([1.0, 2, 3], [-1.0, 0, 0.5], [0, 0, 0.01]))
    mean = (happy + sad + mark) / 3
    torch.testing.assert_close(states, torch.stack([happy, mean, happy, sad, mark, mean]))


def test_a_word_does_not_depend_on_its_neighbours_and_trains(write):
    backbone = loaded(write(*LINES))
    rows = RowEncoder(backbone.model, backbone.tokenizer.pad_token_id, torch.device("cpu"), torch.float32)
    rows.encode([erc.TokenRow([2, 3], (0,)), erc.TokenRow([2, 4, 4], (0,))]).sum().backward()
    assert backbone.model.table.weight.grad.any(1).tolist() == [False, False, True, False, False]


def test_words_named_like_special_tokens_stay_apart(write):
    backbone = loaded(write("<pad> 1 1 1", "<unknown> 9 9 9", *LINES))
    assert len(backbone.tokenizer) == 5
    assert not backbone.model.table.weight[0].any()


def test_its_identity_is_the_content_of_the_file(write, tmp_path):
    first, elsewhere = write(*LINES), tmp_path / "elsewhere.txt"
    one = WordVectors(WordVectors.Options(path=str(first))).identity()
    first.rename(elsewhere)
    assert WordVectors(WordVectors.Options(path=str(elsewhere))).identity() == one
    assert WordVectors(WordVectors.Options(path=str(write(*LINES[:2])))).identity() != one


def test_it_conforms(write):
    check_backbone(WordVectors, WordVectors.Options(path=str(write(*LINES, "so 1 1 1", "you 2 2 0"))))
