"""Regular files alone are opened: what else lies in their place is named, and nothing waits for it."""

import os
import socket

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.store.regular_files import (
    inside_of,
    is_regular,
    kind_of,
    open_descriptor,
    read_regular,
    remove_irregular,
)


@pytest.fixture
def places(tmp_path, monkeypatch):
    """One of each kind, by its kind."""
    (tmp_path / "file").write_text("content")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    # The path of a socket may not be long.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    return tmp_path


KINDS = {
    "folder": "a folder",
    "link": "a link",
    "lost": "a link",
    "pipe": "a pipe",
    "socket": "a socket",
}


def test_a_file_is_read(places):
    assert read_regular(places / "file") == b"content"
    assert is_regular(places / "file")


@pytest.mark.parametrize("name", KINDS)
def test_anything_else_is_named_and_not_read(places, name):
    assert kind_of(places / name) == KINDS[name]
    assert not is_regular(places / name)
    with pytest.raises(ErcBenchError, match=f"{name} is {KINDS[name]}, not a file"):
        read_regular(places / name)


def test_what_took_the_place_of_a_file_since_it_was_seen_is_neither_followed_nor_waited_for(places):
    with pytest.raises(ErcBenchError, match="record is a pipe, not a file"):
        open_descriptor(str(places / "pipe"), "record")
    with pytest.raises(OSError, match="symbolic links"):
        open_descriptor(str(places / "link"), "record")


def test_what_is_not_there_has_no_kind_and_cannot_be_read(places):
    assert kind_of(places / "nothing") == kind_of(places / "file" / "nothing") == ""
    with pytest.raises(ErcBenchError, match="nothing cannot be read: No such file or directory"):
        read_regular(places / "nothing")


@pytest.mark.parametrize("name", KINDS)
def test_room_is_made_for_a_file(places, name):
    remove_irregular(places / name)
    assert kind_of(places / name) == ""
    assert read_regular(places / "file") == b"content"


def test_a_file_and_a_folder_that_holds_something_stay(places):
    remove_irregular(places / "file")
    remove_irregular(places / "nothing")
    assert is_regular(places / "file")
    (places / "folder" / "mine").write_text("")
    assert inside_of(places / "folder") == "mine"
    with pytest.raises(ErcBenchError, match="is a folder that holds mine"):
        remove_irregular(places / "folder")
