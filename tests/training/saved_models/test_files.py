"""Which model a folder means."""

import shutil

import pytest
import torch
from safetensors.torch import save_file

from erc_bench.errors import ErcBenchError
from erc_bench.store.housekeeping.found_cells import find_cells
from erc_bench.store.housekeeping.packing import pack
from erc_bench.store.reading import read_cell
from erc_bench.training.saved_models.files import find_model, refuse_other_types


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


def changed_in_place(file):
    """Turn the last bit of a file; its size stays."""
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors", "backbone/model.safetensors"])
def test_the_digests_of_a_model_are_taken_where_it_is_loaded_or_packed(cell, tmp_path, name):
    changed_in_place(cell / "model" / name)
    assert read_cell(cell).status == "done"
    for asked in (cell, cell / "model"):
        with pytest.raises(ErcBenchError, match=rf"is damaged: model/{name} is damaged: its content is not"):
            find_model(asked)
    runs = cell.parents[4]
    packed = pack(find_cells(runs).cells, tmp_path / "cells.tar.gz")
    ((_, why),) = packed.left
    assert why.startswith(f"it is damaged: model/{name} is damaged: its content is not what was written. Run the cell")


def test_the_sizes_of_a_model_are_looked_at_whenever_its_cell_is_read(cell):
    file = cell / "model" / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    assert read_cell(cell).error.startswith("model/weights.safetensors is damaged: ")


@pytest.mark.parametrize("name", ["model", "model/backbone", "model/weights.safetensors"])
def test_a_link_in_the_place_of_a_model_or_a_part_of_it_is_damage(cell, tmp_path, name):
    (cell / name).rename(tmp_path / "copy")
    (cell / name).symlink_to(tmp_path / "copy")
    assert read_cell(cell).error.startswith(f"{name} is a link, not a ")
    assert find_cells(cell.parents[4]).foreign_entries == []
    with pytest.raises(ErcBenchError, match="is a link"):
        find_model(cell)


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("a.weight", torch.float16, "a.weight is F16"),
        ("a.weight", torch.int8, "a.weight is I8"),
        ("table", torch.bfloat16, "table is BF16"),
        ("a.weight", torch.float32, ""),
        ("a.weight", torch.float64, ""),
        ("position_ids", torch.int64, ""),
    ],
)
def test_weights_of_another_type_are_refused_before_they_are_read(tmp_path, name, kind, told):
    file = tmp_path / "model.safetensors"
    save_file({name: torch.zeros(2, dtype=kind)}, file)
    if not told:
        refuse_other_types(file)
        return
    with pytest.raises(ErcBenchError, match=f"{told}, and models are saved in float32"):
        refuse_other_types(file)
