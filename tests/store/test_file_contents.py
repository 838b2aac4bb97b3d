"""What a status says of its files, and whether it is so."""

import json

import pytest

from erc_bench.store.file_contents import content_of
from erc_bench.store.reading import read_cell

DIGEST = "0" * 64


def change_status(folder, **changes):
    status = json.loads((folder / "status.json").read_text())
    (folder / "status.json").write_text(json.dumps(status | changes))


def test_a_cell_whose_files_are_what_its_status_says_is_verified(store):
    cell = read_cell(store.add())
    assert (cell.status, cell.verified, cell.error, cell.remedy) == ("done", True, "", "")


@pytest.mark.parametrize(
    "contents",
    [
        None,
        [],
        {},
        {"record.json": {"bytes": 1, "sha256": DIGEST}},
        {name: {"bytes": "1", "sha256": DIGEST} for name in ("record.json", "predictions.csv")},
        {name: {"bytes": True, "sha256": DIGEST} for name in ("record.json", "predictions.csv")},
        {name: {"bytes": 1} for name in ("record.json", "predictions.csv")},
        {name: [1, DIGEST] for name in ("record.json", "predictions.csv")},
        {name: {"bytes": 1, "sha256": None} for name in ("record.json", "predictions.csv")},
    ],
)
def test_a_status_that_does_not_say_it_of_each_file_is_damaged(store, contents):
    folder = store.add()
    change_status(folder, contents=contents)
    cell = read_cell(folder)
    told = "status.json does not give size and sha256 of each of its files"
    assert (cell.status, cell.error, cell.verified) == ("damaged", told, False)


@pytest.mark.parametrize("name", ["../record.json", "/etc/passwd", "model/../../x", "", "a\0b", 3, None])
def test_a_status_that_lists_what_is_no_file_of_a_cell_is_damaged(store, name):
    folder = store.add()
    change_status(folder, files=["record.json", name])
    assert read_cell(folder).error == f"status.json lists {name!r}, which does not belong to a cell"


def test_size_and_content_are_looked_at_and_named(store):
    folder = store.add()
    file = folder / "predictions.csv"
    content = file.read_bytes()
    file.write_bytes(content + b"\n")
    told = f"predictions.csv is damaged: {len(content) + 1:,} bytes of {len(content):,}"
    assert read_cell(folder).error == told
    file.write_bytes(content.replace(b"joy", b"JOY", 1))
    assert read_cell(folder).error == "predictions.csv is damaged: its content is not what was written"
    file.write_bytes(content)
    assert read_cell(folder).verified


def test_a_large_file_is_read_in_parts_and_has_the_same_digest(store):
    folder = store.add()
    data = bytes(range(256)) * 20_000
    (folder / "arrays.safetensors").write_bytes(data)
    status = json.loads((folder / "status.json").read_text())
    contents = status["contents"] | {"arrays.safetensors": content_of(data)}
    change_status(folder, files=list(contents), contents=contents)
    assert read_cell(folder).verified
    (folder / "arrays.safetensors").write_bytes(data[:-1] + b"\0")
    assert read_cell(folder).error.startswith("arrays.safetensors is damaged: its content")
