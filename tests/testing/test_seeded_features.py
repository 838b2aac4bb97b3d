"""Vectors for checks: noise, or those of files; in this process and, alike, in another one."""

import numpy as np
import pytest
import torch

from erc_bench.contracts.types import Dialogue, Utterance
from erc_bench.corpora.features.feature_file import Features
from erc_bench.errors import ErcBenchError
from erc_bench.testing.fresh_process import call_afresh
from erc_bench.testing.seeded_features import WIDTH, by_place, drawing_alike, drawing_from, others, spoken, width_of

TALK = Dialogue("d", tuple(Utterance(speaker, f"turn {place}") for place, speaker in enumerate("ABABAB")))
RENAMED = Dialogue("another id", TALK.utterances)
LATER = Dialogue("d", (*TALK.utterances[:-1], Utterance("B", "something else")))


@pytest.fixture
def file(tmp_path):
    vectors = np.random.default_rng(0).normal(50, 9, (40, 3)).astype(np.float32)
    file = tmp_path / "audio.safetensors"
    file.write_bytes(Features("audio", {f"test/x/{place}": own for place, own in enumerate(vectors)}).content())
    return file, {tuple(own) for own in vectors.tolist()}


def drawn(name):
    return [draw(name, TALK).tolist() for draw in (spoken, by_place, others)]


def test_vectors_are_those_of_the_file_and_follow_what_is_said_alone(file):
    path, known = file
    with drawing_from({"audio": path}):
        assert (width_of("audio"), width_of("visual")) == (3, WIDTH)
        first = spoken("audio", TALK)
        assert {tuple(vector) for vector in first.tolist()} <= known
        assert len({tuple(vector) for vector in first.tolist()}) > 2
        assert torch.equal(spoken("audio", RENAMED), first)
        changed = (spoken("audio", LATER) != first).any(1).tolist()
        assert changed == [False] * 5 + [True]
        assert torch.equal(by_place("audio", LATER), by_place("audio", TALK))
        assert not torch.equal(others("audio", TALK), first)
        assert spoken("visual", TALK).shape == (6, WIDTH)
    assert width_of("audio") == WIDTH
    assert spoken("audio", TALK).shape == (6, WIDTH)


def test_another_process_draws_alike(file):
    with drawing_from([f"audio={file[0]}"]):
        here, alike = drawn("audio"), drawing_alike(drawn)
    assert call_afresh(alike, "audio", hash_seed=2) == here
    assert call_afresh(drawing_alike(drawn), "audio", hash_seed=2) == drawn("audio") != here


def test_a_file_that_cannot_serve_is_refused(file, tmp_path):
    path, _ = file
    with pytest.raises(ErcBenchError, match="know no dataset") as error, drawing_from({"meld:audio": path}):
        pass
    assert error.value.hint == f"Say --feature audio={path}."
    same = tmp_path / "same.safetensors"
    same.write_bytes(Features("audio", {f"test/x/{place}": np.ones(2, np.float32) for place in range(3)}).content())
    with pytest.raises(ErcBenchError, match=r"all vectors of .* are the same"), drawing_from({"audio": same}):
        pass
    assert width_of("audio") == WIDTH
