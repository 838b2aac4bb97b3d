"""Files of features as they are asked for: texts or a mapping, each checked, each with its digest."""

import numpy as np
import pytest

from erc_bench.corpora.features.feature_file import Features, sha256_of
from erc_bench.errors import ErcBenchError, python_words, speaking
from erc_bench.planning.features import GivenFeature
from erc_bench.planning.given_features import given_features


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "audio.safetensors"
    file.write_bytes(Features("audio", {"train/0/0": np.ones(2, np.float32)}).content())
    return file


def test_texts_and_a_mapping_say_the_same(file):
    wanted = {"audio": GivenFeature(file, sha256_of(file)), "meld:audio": GivenFeature(file, sha256_of(file))}
    assert given_features([f"audio={file}", f"meld:audio={file}"]) == wanted
    assert given_features({"audio": file, "meld:audio": str(file)}) == wanted
    assert given_features(f"audio={file}").keys() == {"audio"}
    assert given_features({"audio": file.name}, beside=file.parent) == {"audio": wanted["audio"]}
    assert given_features(()) == {}


def test_a_file_of_another_feature_is_refused_with_its_name(file):
    with pytest.raises(ErcBenchError) as error:
        given_features([f"meld:visual={file}"])
    assert error.value.message == f"{file} holds the feature 'audio', and not 'visual'"
    assert error.value.hint == f"Say --feature meld:audio={file}."


@pytest.mark.parametrize("text", ["audio", "=file", "audio=", ""])
def test_another_form_is_refused(text):
    with pytest.raises(ErcBenchError, match="is not of the form NAME=FILE"):
        given_features([text])


def test_what_is_no_file_is_refused(file):
    with pytest.raises(ErcBenchError, match="cannot be read"):
        given_features({"audio": file.with_name("none.safetensors")})
    with speaking(python_words), pytest.raises(ErcBenchError, match="the file of features audio must be a path"):
        given_features({"audio": 3})
    file.write_bytes(Features("audio", {"train/0/0": np.array([np.nan], np.float32)}).content())
    with pytest.raises(ErcBenchError, match=r"train/0/0.* is nan at position 0"):
        given_features([f"audio={file}"])
