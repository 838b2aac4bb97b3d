"""Which model a folder means."""

import shutil

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.saved_models.finding import find_model


def test_a_model_is_found_from_every_folder_above_it(saved_ce):
    (model,) = saved_ce.rglob("model.json")
    folder = model.parent
    for above in (folder, *folder.parents[:7]):
        if above != saved_ce.parent.parent:
            assert find_model(above) == folder
        if above == saved_ce:
            break


def test_several_models_are_listed_to_choose_from(cell, tmp_path):
    other = cell.with_name("seed-2")
    shutil.copytree(cell, other)
    with pytest.raises(ErcBenchError, match="holds 2 saved models") as caught:
        find_model(cell.parent)
    assert str(cell) in caught.value.hint
    assert str(other) in caught.value.hint
    assert find_model(cell) == cell / "model"


def test_where_there_is_none_the_way_to_one_is_named(tmp_path):
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(ErcBenchError) as caught:
            find_model(folder)
        assert "--save-model" in caught.value.hint


def test_what_is_hidden_or_half_written_is_no_model(cell):
    (cell / "model").rename(cell / ".model.part")
    with pytest.raises(ErcBenchError, match="there is no saved model"):
        find_model(cell)


def test_the_model_of_a_cell_that_did_not_end_is_refused(cell):
    (cell / "status.json").unlink()
    with pytest.raises(ErcBenchError, match="half-written"):
        find_model(cell)
