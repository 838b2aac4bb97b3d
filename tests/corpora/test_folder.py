from pathlib import Path

import platformdirs
import pytest

import erc_bench.api as erc
from erc_bench.corpora.folder import (
    data_root,
    fetchable_layout,
    find_layout,
    layout_in,
    matching_files,
    missing_files,
    nearest_layout,
)
from erc_bench.errors import ErcBenchError


def test_the_data_directory_is_the_argument_then_the_variable_then_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("ERC_BENCH_DATA", str(tmp_path / "variable"))
    assert data_root(tmp_path / "argument") == tmp_path / "argument"
    assert data_root(None) == tmp_path / "variable"
    monkeypatch.setenv("ERC_BENCH_DATA", "")
    assert data_root(None) == Path(platformdirs.user_cache_dir("erc-bench", appauthor=False), "data")


def test_a_home_folder_is_written_out():
    assert data_root(Path("~/corpora")) == Path.home() / "corpora"


@pytest.mark.parametrize("folder", ["chatter/tidy", "chatter"])
def test_a_layout_is_found_in_its_own_folder_and_in_that_of_the_corpus(chatter, write_chatter, folder):
    root = write_chatter(folder)
    layout, place = find_layout(chatter, root)
    assert (layout.name, place) == ("tidy", root / folder)


def test_the_own_folder_of_a_layout_is_looked_at_first(chatter, write_chatter):
    root = write_chatter("chatter/tidy")
    for name in ("train", "dev", "test"):
        (root / "chatter" / f"{name}.txt").write_text("A:calm:other", encoding="utf-8")
    assert find_layout(chatter, root)[1] == root / "chatter" / "tidy"


def test_an_incomplete_layout_is_passed_over_for_a_complete_one(chatter, write_chatter):
    root = write_chatter()
    (root / "chatter/tidy/dev.txt").unlink()
    (root / "chatter/old").mkdir()
    (root / "chatter/old/all.txt").write_text("x", encoding="utf-8")
    assert find_layout(chatter, root)[0].name == "old"


def test_a_folder_takes_the_layout_of_its_name_where_layouts_share_file_names(tmp_path):
    files = (erc.DataFile("text.txt"),)
    layouts = (erc.Layout("one", files, folder="one"), erc.Layout("two", files, folder="two"))
    place = tmp_path / "two"
    place.mkdir()
    (place / "text.txt").write_text("x", encoding="utf-8")
    assert layout_in(layouts, place).name == "two"
    assert layout_in(layouts, tmp_path) is None


def test_what_is_missing_is_listed_with_its_place_and_how_to_get_it(chatter, write_chatter):
    root = write_chatter()
    (root / "chatter/tidy/dev.txt").unlink()
    (root / "chatter/tidy/test.txt").unlink()
    with pytest.raises(ErcBenchError) as error:
        find_layout(chatter, root)
    assert error.value.message == f"chatter: 2 of 3 files are missing in {root / 'chatter/tidy'}: dev.txt, test.txt"
    for expected in ("Write it yourself.", "none needed", "old", "--data-dir", "$ERC_BENCH_DATA"):
        assert expected in error.value.hint
    assert "data fetch" not in error.value.hint


@pytest.mark.parametrize("where", ["", "Chatter", "clones/Chatter/data"])
def test_misplaced_files_are_found_and_named(chatter, write_chatter, where):
    root = write_chatter(where)
    with pytest.raises(ErcBenchError) as error:
        find_layout(chatter, root)
    place = root / where
    assert f"lie in {place}; if they are chatter's, move them to {root / 'chatter/tidy'}" in error.value.hint


def test_a_data_directory_one_level_too_deep_is_noticed(chatter, write_chatter):
    root = write_chatter("chatter")
    (root / "chatter" / "deeper").mkdir()
    with pytest.raises(ErcBenchError) as error:
        find_layout(chatter, root / "chatter" / "deeper")
    assert f"lie in {(root / 'chatter').resolve()}" in error.value.hint


def test_a_folder_in_place_of_a_file_does_not_count(chatter, write_chatter):
    root = write_chatter()
    (root / "chatter/tidy/dev.txt").unlink()
    (root / "chatter/tidy/dev.txt").mkdir()
    with pytest.raises(ErcBenchError, match=r"1 of 3 files are missing.*dev\.txt"):
        find_layout(chatter, root)


def test_a_corpus_without_layouts_is_not_looked_for(tmp_path):
    class Generated(erc.Dataset):
        """Made up."""

        name = "generated"

    layout, folder = find_layout(Generated, tmp_path / "absent")
    assert layout.files == ()
    assert folder == tmp_path / "absent" / "generated"


def test_a_layout_can_be_downloaded_if_every_file_has_an_address_and_a_digest():
    whole = erc.DataFile("a", sha256="0" * 64, url="https://example.org/a")
    by_git = erc.DataFile("b", git_blob="0" * 40, url="https://example.org/b")
    unchecked = erc.DataFile("c", url="https://example.org/c")
    by_hand = erc.DataFile("d", sha256="0" * 64)

    class Mixed(erc.Dataset):
        """Made up."""

        name = "mixed"
        layouts = (
            erc.Layout("unchecked", (whole, unchecked), folder="u"),
            erc.Layout("by hand", (whole, by_hand), folder="h"),
            erc.Layout("checked", (whole, by_git), folder="c"),
        )

    assert fetchable_layout(Mixed).name == "checked"
    assert nearest_layout(Mixed, Path("absent"))[0].name == "checked"
    with pytest.raises(ErcBenchError, match="mixed: 2 of 2 files") as error:
        find_layout(Mixed, Path("absent"))
    assert "erc-bench data fetch mixed" in error.value.hint


def test_a_pattern_stands_for_all_files_that_match_but_hidden_ones(tmp_path):
    names = ["b1/text/x.txt", "a1/text/z.txt", "a1/text/y.txt"]
    others = ["a1/text/._y.txt", "a1/text/deeper/x.txt", "a1/x.txt", ".a1/text/x.txt", "a1/text/y.csv"]
    for name in (*names, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "a1/text/folder.txt").mkdir()
    found = matching_files(erc.DataFile("*1/text/*.txt"), tmp_path)
    assert found == [tmp_path / name for name in sorted(names)]
    layout = erc.Layout("tree", (erc.DataFile("*1/text/*.txt"), erc.DataFile("*2/*.txt"), erc.DataFile("a1/x.txt")))
    assert missing_files(layout, tmp_path) == ["*2/*.txt"]
