"""Vectors of other code: read in four forms, refused with file and key, written as one file, held against a corpus."""

import json
import pickle
import sys
import zipfile
from hashlib import sha256

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from erc_bench.contracts.types import Dialogue, Splits, Utterance
from erc_bench.corpora.features.feature_file import read_features, read_vectors
from erc_bench.corpora.features.forms import FORMS
from erc_bench.errors import ErcBenchError
from erc_bench.experiments.features import import_features

VECTORS = {
    "train/a/0": [1.5, -2.0, 0.1],
    "train/a/1": [0.0, 3.0, 1e-30],
    "dev/scene/7/0": [4.0, 5.0, 6.0],  # an id may hold a slash
    "test/12/10": [7.0, 8.0, 9.0],
}


def nested(vectors):
    found = {}
    for key, vector in vectors.items():
        split, rest = key.split("/", 1)
        dialogue, index = rest.rsplit("/", 1)
        found.setdefault(split, {}).setdefault(dialogue, {})[index] = vector
    return found


def write_parquet(path, rows, **columns):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    names = ("split", "dialogue", "utterance", "features")
    table = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) | columns
    parquet.write_table(arrow.table({name: column for name, column in table.items() if column is not None}), path)


def rows(vectors):
    return [(s, d, int(i), v) for s, ds in nested(vectors).items() for d, ts in ds.items() for i, v in ts.items()]


def write(path, vectors):
    """Write vectors in the form that the ending of the name says."""
    if path.suffix == ".safetensors":
        save_file({key: np.array(vector) for key, vector in vectors.items()}, path)
    elif path.suffix == ".npz":
        np.savez(path, **vectors)
    elif path.suffix == ".json":
        path.write_text(json.dumps(nested(vectors)), encoding="utf-8")
    else:
        write_parquet(path, rows(vectors))
    return path


@pytest.mark.parametrize("suffix", FORMS)
def test_every_form_gives_the_same_file(tmp_path, suffix):
    imported = import_features("commonsense", write(tmp_path / f"given{suffix}", VECTORS), tmp_path / "out.safetensors")
    stored = load_file(tmp_path / "out.safetensors")
    assert {key: vector.dtype for key, vector in stored.items()} == dict.fromkeys(VECTORS, np.float32)
    for key, vector in VECTORS.items():
        np.testing.assert_array_equal(stored[key], np.array(vector, np.float32))
    with safe_open(tmp_path / "out.safetensors", framework="numpy") as file:
        assert file.metadata() == {"feature": "commonsense"}
    assert (imported.name, imported.dim, len(imported.vectors)) == ("commonsense", 3, 4)
    # Neither the form nor the order of what was given is seen in the bytes.
    import_features(
        "commonsense", write(tmp_path / "b.npz", dict(reversed(VECTORS.items()))), tmp_path / "b.safetensors"
    )
    digests = {sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("out.safetensors", "b.safetensors")}
    assert len(digests) == 1
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int8, np.uint64])
@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_numbers_of_any_kind_become_float32(tmp_path, kind, suffix):
    vectors = read_vectors(write(tmp_path / f"given{suffix}", {"dev/1/0": np.array([1, 2], kind)}))
    assert vectors["dev/1/0"].dtype == np.float32
    assert vectors["dev/1/0"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("suffix", FORMS)
@pytest.mark.parametrize(
    ("key", "vector", "said"),
    [
        ("valid/a/0", [1.0, 2.0, 3.0], "'valid/a/0' is no key of an utterance"),
        ("train/b/0", [1.0, 2.0], "'train/b/0' has 2 numbers where "),
        ("train/b/0", [1.0, float("nan"), 3.0], "'train/b/0' is nan at position 1"),
        ("train/b/0", [1.0, 2.0, -1e39], "'train/b/0' is -1e+39 at position 2"),
        ("train/b/0", [float("inf"), 2.0, 3.0], "'train/b/0' is inf at position 0"),
        ("train/b/0", [], "'train/b/0' is no vector of numbers"),
    ],
)
def test_a_wrong_vector_is_named_in_every_form(tmp_path, suffix, key, vector, said):
    path = write(tmp_path / f"given{suffix}", {**VECTORS, key: vector})
    with pytest.raises(ErcBenchError) as refused:
        import_features("audio", path, tmp_path / "out.safetensors")
    if "where" in said and suffix == ".safetensors":
        assert f"{path}: " in refused.value.message  # sorted: another key comes first
        assert " numbers where " in refused.value.message
    else:
        assert refused.value.message.startswith(f"{path}: {said}")
    assert refused.value.hint
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize(
    "key", ["train/a/00", "train/a/-1", "train/a/1.0", "train//0", "train/a", "a/0", "train/a/٣", ""]
)
def test_a_key_has_one_spelling(tmp_path, key):
    save_file({key: np.ones(2, np.float32)}, tmp_path / "given.safetensors")
    with pytest.raises(ErcBenchError, match="is no key of an utterance"):
        read_vectors(tmp_path / "given.safetensors")


@pytest.mark.parametrize(
    "value", [np.ones((2, 2)), np.float32(1), np.array(["1"]), np.array([True]), np.array([1j])], ids=repr
)
def test_what_is_no_vector_of_numbers_is_refused(tmp_path, value):
    np.savez(tmp_path / "given.npz", **{"train/a/0": value})
    with pytest.raises(ErcBenchError, match="'train/a/0' is no vector of numbers, but"):
        read_vectors(tmp_path / "given.npz")


class Planted:
    """Sets a mark where it is unpickled."""

    found = False

    def __reduce__(self):
        return setattr, (Planted, "found", True)


def test_nothing_is_ever_unpickled(tmp_path):
    np.savez(tmp_path / "array.npz", **{"train/a/0": np.array([Planted()], dtype=object)})
    (tmp_path / "whole.npz").write_bytes(pickle.dumps(Planted()))
    (tmp_path / "features.pkl").write_bytes(pickle.dumps(Planted()))
    for name, said in {
        "array.npz": "'train/a/0' cannot be read: Object arrays cannot be loaded",
        "whole.npz": "cannot be read as npz",
        "features.pkl": "is none of .safetensors, .npz, .parquet, .json",
    }.items():
        with pytest.raises(ErcBenchError, match=said):
            read_vectors(tmp_path / name)
    assert not Planted.found


@pytest.mark.parametrize("suffix", FORMS)
@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY", b"PK\x03\x04 and no more", b"[" * 99_999], ids=["empty", "a", "b", "c"]
)
def test_a_damaged_file_is_a_mistake(tmp_path, suffix, content):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    (tmp_path / f"given{suffix}").write_bytes(content)
    with pytest.raises(ErcBenchError, match=f"cannot be read as {suffix[1:]}"):
        read_vectors(tmp_path / f"given{suffix}")


@pytest.mark.parametrize("suffix", FORMS)
def test_no_file_is_a_mistake(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    with pytest.raises(ErcBenchError, match=r"nowhere.* cannot be read: No such file"):
        read_vectors(tmp_path / f"nowhere{suffix}")


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".json"])
def test_a_file_without_vectors_is_a_mistake(tmp_path, suffix):
    with pytest.raises(ErcBenchError, match="holds no vector"):
        read_vectors(write(tmp_path / f"given{suffix}", {}))


def test_duplicates_are_found(tmp_path):
    np.save(tmp_path / "one.npy", np.ones(2))
    with zipfile.ZipFile(tmp_path / "given.npz", "w") as archive:
        archive.write(tmp_path / "one.npy", "train/a/0.npy")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.write(tmp_path / "one.npy", "train/a/0.npy")
    with pytest.raises(ErcBenchError, match="'train/a/0' occurs twice"):
        read_vectors(tmp_path / "given.npz")
    (tmp_path / "given.json").write_text('{"train": {"a": {"0": [1], "0": [2]}}}')
    with pytest.raises(ErcBenchError, match="'0' occurs twice in one object"):
        read_vectors(tmp_path / "given.json")


def test_a_row_that_occurs_twice_is_found(tmp_path):
    write_parquet(tmp_path / "given.parquet", [("train", "a", 0, [1.0]), ("train", "a", 0, [2.0])])
    with pytest.raises(ErcBenchError, match="'train/a/0' occurs twice"):
        read_vectors(tmp_path / "given.parquet")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]", r"given\.json holds no object"),
        ('{"train": [[1]]}', "'train' holds no object"),
        ('{"train": {"a": [1]}}', "'train/a' holds no object"),
        ('{"train": {"a": {"0": [[1], [2, 3]]}}}', "'train/a/0' is no vector"),
        ('{"train": {"a": {"0": ["1"]}}}', "'train/a/0' is no vector"),
        ('{"train": {"a": {"0": [null]}}}', "'train/a/0' is no vector"),
    ],
)
def test_json_of_another_shape_is_refused(tmp_path, text, said):
    (tmp_path / "given.json").write_text(text)
    with pytest.raises(ErcBenchError, match=said):
        read_vectors(tmp_path / "given.json")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"utterance": None}, "lacks the column 'utterance'"),
        ({"features": [1.0]}, "the column 'features' holds double"),
        ({"features": [None]}, "the column 'features' holds null"),
        ({"features": [["x"]]}, "'train/a/0' is no vector of numbers"),
        ({"features": [[1.0, None]]}, "'train/a/0' is nan at position 1"),
        ({"dialogue": [None], "split": [None]}, "'None/None/0' is no key"),
    ],
)
def test_parquet_of_another_shape_is_refused(tmp_path, columns, said):
    write_parquet(tmp_path / "given.parquet", [("train", "a", 0, [1.0, 2.0])], **columns)
    with pytest.raises(ErcBenchError, match=said):
        read_vectors(tmp_path / "given.parquet")


def test_parquet_without_its_library_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ErcBenchError, match="reading parquet needs pyarrow") as refused:
        read_vectors(tmp_path / "given.parquet")
    assert refused.value.hint == "Install it: pip install 'erc-bench[parquet]'"


def test_bfloat16_is_named(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_tensors

    save_tensors({"train/a/0": torch.ones(2, dtype=torch.bfloat16)}, tmp_path / "given.safetensors")
    with pytest.raises(ErcBenchError, match="'train/a/0' holds BF16"):
        read_vectors(tmp_path / "given.safetensors")


def test_an_array_without_keys_is_refused(tmp_path):
    with (tmp_path / "given.npz").open("wb") as file:
        np.save(file, np.ones(2))
    with pytest.raises(ErcBenchError, match="holds one array without keys"):
        read_vectors(tmp_path / "given.npz")


@pytest.mark.parametrize("name", ["", "Audio", "a_b", "a" * 31, "../x"])
def test_a_name_is_a_name(tmp_path, name):
    given = write(tmp_path / "given.npz", VECTORS)
    with pytest.raises(ErcBenchError, match="is no name for a feature"):
        import_features(name, given, tmp_path / "out.safetensors")


def test_only_safetensors_are_written(tmp_path):
    with pytest.raises(ErcBenchError, match=r"out\.npz does not end in \.safetensors"):
        import_features("audio", write(tmp_path / "given.npz", VECTORS), tmp_path / "out.npz")


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_a_file_that_was_not_imported_says_no_name(tmp_path, suffix):
    with pytest.raises(ErcBenchError, match="does not say which feature it holds"):
        read_features(write(tmp_path / f"given{suffix}", VECTORS))


def test_coverage_counts_every_turn_scored_or_not(tmp_path):
    def dialogue(name, turns):
        return Dialogue(name, tuple(Utterance("x", "y", "joy", scored=i == 0) for i in range(turns)))

    splits = Splits((dialogue("a", 3),), (dialogue("scene/7", 1),), (dialogue("12", 1),))
    import_features("audio", write(tmp_path / "given.json", VECTORS), tmp_path / "out.safetensors")
    train, dev, test = read_features(tmp_path / "out.safetensors").coverage(splits)
    assert (train.split, train.turns, train.missing, train.surplus) == ("train", 3, ("train/a/2",), ())
    assert (dev.split, dev.turns, dev.missing, dev.surplus) == ("dev", 1, (), ())
    assert (test.turns, test.missing, test.surplus) == (1, ("test/12/0",), ("test/12/10",))
