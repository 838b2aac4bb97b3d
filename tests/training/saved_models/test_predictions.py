"""A model that was saved and loaded answers as the trained one did, to the last digit that is stored."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from safetensors.torch import load_file

import erc_bench.api as erc
from erc_bench.corpora.corpus import load_corpus
from erc_bench.training import process_state
from erc_bench.training.saved_models import loading
from erc_bench_plugins.datasets.meld import Meld

FROZEN = ("encoder.trainable=none",)
TOP_LAYER = ("encoder.trainable=1",)
CELLS = (
    ("ce", FROZEN, ("probe", "tau-norm", "logit-adjusted")),
    ("ce", (), ()),
    ("ce", TOP_LAYER, ("centroid",)),
    ("eacl", FROZEN, ("nearest-anchor", "head")),
    ("eacl", (), ()),
    ("supcon", (), ()),
    ("spcl", FROZEN, ("nearest-anchor",)),
    ("spcl", (), ()),
    ("tsc", (), ("nearest-anchor",)),
    ("majority", (), ()),
)


def stored(file):
    """Return the rows of a file of predictions: (dialogue, position) → predicted and the scores as they stand there."""
    with file.open(newline="") as stream:
        return {
            (row["dialogue_id"], int(row["utterance"])): (row["predicted"], *list(row.values())[4:])
            for row in csv.DictReader(stream)
        }


def answered(model, dialogues):
    predictions = model.predict(dialogues)
    return {
        (dialogue.id, position): (each.emotion, *(f"{score:.4f}" for score in each.scores.values()))
        for dialogue, own in zip(dialogues, predictions, strict=True)
        for position, each in enumerate(own)
    }


@pytest.mark.parametrize(("method", "settings", "readouts"), CELLS)
def test_the_answers_on_test_are_those_of_the_cell(grid, corpus, method, settings, readouts):
    settings = () if method == "majority" else (*settings, "training.epochs=2", "training.class_weights=balanced")
    outcome = grid.run(method, settings=settings, readouts=readouts, save_model=True)
    assert not outcome.failed
    (folder,) = grid.folders()
    test = load_corpus(Meld(), corpus).splits.test
    assert answered(erc.load_model(folder), test) == stored(folder / "predictions.csv")
    for readout in readouts:
        assert answered(erc.load_model(folder, readout=readout), test) == stored(folder / f"predictions.{readout}.csv")


def test_new_texts_are_normalised_as_those_of_the_corpus_were(cell):
    model = erc.load_model(cell)
    plain, raw = [("Ada", "It's I, Ben.")], [('A"da', 'It\N{RIGHT SINGLE QUOTATION MARK}s "I", Ben.')]
    (answer,), (again,) = model.predict(plain), model.predict(raw)
    assert again.scores == answer.scores
    assert (again.speaker, again.text) == raw[0]


def test_a_saved_model_changes_no_answer_and_stands_among_the_files_of_its_cell(grid, tmp_path):
    grid.run("eacl", settings=FROZEN)
    other = tmp_path / "kept"
    grid.run("eacl", settings=FROZEN, runs=other, save_model=True)
    (plain,), (kept,) = grid.folders(), grid.folders(other)
    assert plain.name == kept.name
    assert (plain / "predictions.csv").read_bytes() == (kept / "predictions.csv").read_bytes()
    files = {path.relative_to(kept).as_posix() for path in (kept / "model").rglob("*") if path.is_file()}
    told = json.loads((kept / "status.json").read_text())["files"]
    assert files < set(told)
    assert {path.rpartition(".")[2] for path in files} <= {"json", "safetensors", "txt"}
    assert not list(kept.glob(".model*"))
    readable = (kept / "record.json").stat().st_mode
    assert {(kept / name).stat().st_mode for name in files} == {readable}


def test_the_chance_of_a_training_and_what_waits_in_it_are_no_part_of_its_model(grid):
    assert grid.run("spcl", settings=(*FROZEN, "training.epochs=1"), save_model=True).ran
    (folder,) = grid.folders()
    weights = load_file(folder / "model" / "weights.safetensors")
    kept = {name.removeprefix("objective.") for name in weights if name.startswith("objective.")}
    # As before objectives kept streams of chance: a model of that time is loaded today.
    buffers = {"queues", "sizes", "present", "centres", "prototypes"}
    assert kept == {*buffers, "projection.weight", "projection.bias"}
    assert not json.loads((folder / "model" / "model.json").read_text())["extra_state"]


def test_a_cell_without_a_model_is_missing_where_one_is_asked_for_and_not_the_other_way_round(grid):
    assert len(grid.run("majority").ran) == 1
    assert len(grid.run("majority", save_model=True).ran) == 1
    assert len(grid.run("majority", save_model=True).skipped) == 1
    assert len(grid.run("majority").skipped) == 1
    (folder,) = grid.folders()
    assert len(grid.run("majority", overwrite="always").ran) == 1
    assert not (folder / "model").exists()


def test_a_cell_that_lost_a_file_of_its_model_is_missing(grid):
    grid.run("majority", save_model=True)
    (folder,) = grid.folders()
    (folder / "model" / "system" / "shares.json").unlink()
    assert len(grid.run("majority", save_model=True).ran) == 1
    assert erc.load_model(folder).predict(["Hello."])


def test_a_model_is_loaded_from_wherever_it_was_moved_to(saved_ce, tmp_path, tiny_bert, monkeypatch):
    moved = tmp_path / "far away"
    (folder,) = saved_ce.glob("*/*/*/*/seed-*")
    moved.mkdir()
    for path in (folder / "model").rglob("*"):
        target = moved / path.relative_to(folder / "model")
        target.mkdir() if path.is_dir() else target.write_bytes(path.read_bytes())
    before = erc.load_model(folder).predict(["Hello."])
    assert erc.load_model(moved).predict(["Hello."]) == before
    # Neither the corpus nor the backbone that it began with is asked for.
    text = (moved / "model.json").read_text()
    (moved / "model.json").write_text(text.replace(str(tiny_bert), "/nowhere"))
    assert str(tiny_bert) in text
    monkeypatch.setenv("ERC_BENCH_DATA", str(tmp_path / "nothing"))
    assert erc.load_model(moved).predict(["Hello."]) == before


def test_every_shape_of_a_conversation_gives_the_same_answers(saved_ce):
    model = erc.load_model(saved_ce)
    turns = [("Ann", "I am so happy."), ("Bob", "Why?"), ("Ann", "I leave.")]
    first = model.predict(turns)
    dialogue = erc.Dialogue("d", tuple(erc.Utterance(*turn) for turn in turns))
    objects = [{"speaker": speaker, "text": text} for speaker, text in turns]
    assert first == model.predict(dialogue) == model.predict(objects) == model.predict({"utterances": objects})
    # Rows are encoded in other company: the last bits of a float32 sum may differ.
    for again in model.predict([dialogue, dialogue]):
        assert [each.emotion for each in again] == [each.emotion for each in first]
        assert [list(each.scores.values()) for each in again] == [
            pytest.approx(list(each.scores.values()), abs=1e-6) for each in first
        ]
    assert [(each.speaker, each.text) for each in first] == turns
    for each in first:
        assert each.emotion in model.labels
        assert sum(each.scores.values()) == pytest.approx(1, abs=1e-5)
        assert each.score == max(each.scores.values()) == each.scores[each.emotion]
    assert model.predict([]) == []
    assert [each.speaker for each in model.predict(["Hello.", "Hi."])] == ["", ""]


def test_the_past_is_the_context_of_an_utterance_and_the_future_is_not(saved_ce):
    model = erc.load_model(saved_ce)
    turns = ["I am happy.", "Why?", "I leave."]
    assert not model.sees_future
    short, whole = model.predict(turns[:2]), model.predict(turns)
    for before, after in zip(short, whole, strict=False):
        assert before.scores == pytest.approx(after.scores, abs=1e-5)
    assert model.predict(["Why?"])[0].scores != pytest.approx(whole[1].scores, abs=1e-5)


@pytest.mark.parametrize("given", ["Hello.", 7, b"Hello.", [("Ann", "Hello.", "now")], [3], [{"words": "Hello."}], {}])
def test_what_is_no_conversation_is_told_in_a_sentence(saved_ce, given):
    with pytest.raises(erc.ErcBenchError):
        erc.load_model(saved_ce).predict(given)


def test_what_is_to_be_known_of_the_answers_is_said(grid):
    grid.run("majority", save_model=True, limit=2)
    model = erc.load_model(grid.runs)
    assert any("--limit 2" in caveat for caveat in model.caveats)
    assert any("degenerate" in caveat for caveat in model.caveats)
    assert all(caveat.endswith(".") for caveat in model.caveats)


def test_a_readout_that_did_not_read_the_training_is_refused(saved_ce):
    with pytest.raises(erc.ErcBenchError, match="not read by 'prob'; known: head"):
        erc.load_model(saved_ce, readout="prob")


def test_loading_and_answering_have_the_process_to_themselves(cell, monkeypatch):
    taken = []
    with ThreadPoolExecutor(1) as pool:

        def watched(work):
            return lambda *given: taken.append(pool.submit(process_state._taken).result()) or work(*given)

        for name in ("rebuild", "scores_of"):
            monkeypatch.setattr(loading, name, watched(getattr(loading, name)))
        erc.load_model(cell).predict(["Hello."])
        assert taken == [True, True]
        assert not pool.submit(process_state._taken).result()
