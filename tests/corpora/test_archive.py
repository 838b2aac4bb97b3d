import io
import tarfile
import zipfile

import pytest

from erc_bench.corpora.archive import extract_checked
from erc_bench.errors import ErcBenchError


def write_zip(path, members, links=()):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
        for name, target in links:
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o120777 << 16
            archive.writestr(info, target)
    return path


def write_tar(path, members, links=(), kind=tarfile.SYMTYPE):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return path


both = pytest.mark.parametrize("write", [write_zip, write_tar])


@both
def test_plain_members_are_unpacked(tmp_path, write):
    archive = write(tmp_path / "archive", [("a/b.txt", b"one"), ("c.txt", b"two")])
    written = extract_checked(archive, tmp_path / "out")
    assert {path.relative_to(tmp_path / "out").as_posix(): path.read_bytes() for path in written} == {
        "a/b.txt": b"one",
        "c.txt": b"two",
    }


@both
@pytest.mark.parametrize(
    "name", ["../evil.txt", "a/../../evil.txt", "/evil.txt", "..\\evil.txt", "C:evil.txt", "a/..", "C:/evil.txt"]
)
def test_a_member_outside_the_folder_stops_everything(tmp_path, write, name):
    archive = write(tmp_path / "archive", [("good.txt", b"one"), (name, b"two")])
    with pytest.raises(ErcBenchError, match="would be written outside its folder") as error:
        extract_checked(archive, tmp_path / "out" / "deep")
    assert repr(name) in error.value.message
    assert [path.name for path in tmp_path.rglob("*")] == ["archive"]


@both
def test_a_link_stops_everything(tmp_path, write):
    archive = write(tmp_path / "archive", [("good.txt", b"one")], links=[("link", "/etc/passwd")])
    with pytest.raises(ErcBenchError, match="'link' is a link or a device"):
        extract_checked(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_hard_link_or_device_stops_everything(tmp_path, kind):
    archive = write_tar(tmp_path / "archive", [], links=[("strange", "good.txt")], kind=kind)
    with pytest.raises(ErcBenchError, match="is a link or a device"):
        extract_checked(archive, tmp_path / "out")


def test_two_members_of_one_name_stop_everything(tmp_path):
    archive = write_tar(tmp_path / "archive", [("a.txt", b"one"), ("./a.txt", b"two")])
    with pytest.raises(ErcBenchError, match="two members have one name"):
        extract_checked(archive, tmp_path / "out")


@both
def test_a_content_that_is_too_large_is_not_unpacked(tmp_path, write):
    archive = write(tmp_path / "archive", [("a.txt", b"x" * 600), ("b.txt", b"x" * 600)])
    with pytest.raises(ErcBenchError, match="1200 bytes in 2 files"):
        extract_checked(archive, tmp_path / "out", largest=1000)
    assert not (tmp_path / "out").exists()


@both
def test_an_archive_that_is_cut_off_is_told(tmp_path, write):
    archive = write(tmp_path / "archive", [("a.txt", bytes(range(256)) * 40)])
    archive.write_bytes(archive.read_bytes()[:-60])
    with pytest.raises(ErcBenchError, match="is not a complete zip or tar archive"):
        extract_checked(archive, tmp_path / "out")


def test_what_is_no_archive_is_told(tmp_path):
    path = tmp_path / "page.zip"
    path.write_text("<html>not found</html>", encoding="utf-8")
    with pytest.raises(ErcBenchError, match="is not a complete zip or tar archive"):
        extract_checked(path, tmp_path / "out")
