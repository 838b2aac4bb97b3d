import hashlib
import os
import zipfile
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

import erc_bench.api as erc
from erc_bench.corpora import fetch as fetching
from erc_bench.corpora.fetch import download, fetch
from erc_bench.corpora.folder import git_blob, sha256
from erc_bench.errors import ErcBenchError

TRAIN, DEV = b"Utterance,Speaker\nHello,Ada\n", b"Utterance,Speaker\nBye,Ben\n"


class Site(BaseHTTPRequestHandler):
    """Answers from a dict of path → (status, headers, content) and remembers what was asked."""

    def __init__(self, pages, asked, *arguments):
        self.pages, self.asked = pages, asked
        super().__init__(*arguments)

    def do_GET(self):
        self.asked.append(self.path)
        status, headers, content = self.pages.get(self.path, (404, {}, b"no such page"))
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


class Server:
    def __init__(self):
        self.pages, self.asked = {}, []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, self.pages, self.asked))
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def put(self, path, content, status=200, **headers):
        self.pages[path] = (status, headers, content)
        return self.address + path

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


def corpus(*files, folder=""):
    class Served(erc.Dataset):
        """Made up."""

        name = "served"
        labels = ("calm",)
        licence = "none needed"
        obtain = "Ask its author."
        layouts = (erc.Layout("csv", tuple(files), folder=folder),)

    return Served


def digest(content):
    return hashlib.sha256(content).hexdigest()


def blob(content):
    return hashlib.sha1(b"blob " + str(len(content)).encode() + b"\0" + content).hexdigest()


def files_below(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_digests_of_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(TRAIN)
    assert sha256(path) == digest(TRAIN)
    assert git_blob(path) == blob(TRAIN)
    path.write_bytes(b"")
    assert git_blob(path) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"  # git's well-known empty blob


def test_files_are_fetched_checked_and_placed(server, tmp_path):
    dataset = corpus(
        erc.DataFile("train.csv", sha256=digest(TRAIN), url=server.put("/train.csv", TRAIN)),
        erc.DataFile("sub/dev.csv", git_blob=blob(DEV), url=server.put("/dev.csv", DEV)),
        folder="csv",
    )
    said = []
    fetched = fetch(dataset, tmp_path, say=said.append)
    assert files_below(tmp_path) == {"served/csv/train.csv": TRAIN, "served/csv/sub/dev.csv": DEV}
    assert fetched.written == ("train.csv", "sub/dev.csv")
    assert fetched.present == ()
    assert [line.partition(" ")[0] for line in said] == ["train.csv", "sub/dev.csv"]


def test_what_is_there_and_right_is_not_fetched_again(server, tmp_path):
    dataset = corpus(erc.DataFile("train.csv", sha256=digest(TRAIN), url=server.put("/train.csv", TRAIN)))
    fetch(dataset, tmp_path)
    again = fetch(dataset, tmp_path)
    assert (again.written, again.present) == ((), ("train.csv",))
    assert server.asked == ["/train.csv"]


def test_what_is_there_and_differs_is_never_overwritten(server, tmp_path):
    dataset = corpus(erc.DataFile("train.csv", sha256=digest(TRAIN), url=server.put("/train.csv", TRAIN)))
    (tmp_path / "served").mkdir()
    (tmp_path / "served/train.csv").write_bytes(b"my own edit")
    with pytest.raises(ErcBenchError, match=r"train\.csv is there already and differs"):
        fetch(dataset, tmp_path)
    assert files_below(tmp_path) == {"served/train.csv": b"my own edit"}
    assert server.asked == []


@pytest.mark.parametrize("file", [{"sha256": digest(TRAIN)}, {"git_blob": blob(TRAIN)}])
def test_what_is_not_the_published_file_is_thrown_away(server, tmp_path, file):
    dataset = corpus(erc.DataFile("train.csv", url=server.put("/train.csv", TRAIN + b" "), **file))
    with pytest.raises(ErcBenchError, match="is not the published file"):
        fetch(dataset, tmp_path)
    assert files_below(tmp_path) == {}


def test_a_download_that_is_cut_off_is_thrown_away(server, tmp_path):
    address = server.put("/train.csv", TRAIN, **{"Content-Length": str(len(TRAIN) + 9)})
    with pytest.raises(ErcBenchError, match="cannot be downloaded"):
        fetch(corpus(erc.DataFile("train.csv", sha256=digest(TRAIN), url=address)), tmp_path)
    assert files_below(tmp_path) == {}


def test_a_missing_page_is_told(server, tmp_path):
    dataset = corpus(erc.DataFile("train.csv", sha256=digest(TRAIN), url=f"{server.address}/gone.csv"))
    with pytest.raises(ErcBenchError, match=r"gone\.csv cannot be downloaded: the server answered 404") as error:
        fetch(dataset, tmp_path)
    assert "by hand" in error.value.hint
    assert files_below(tmp_path) == {}


def test_a_server_that_does_not_answer_is_told(server, tmp_path):
    address = server.put("/train.csv", TRAIN)
    server._server.server_close()
    with pytest.raises(ErcBenchError, match="cannot be downloaded"):
        download(address, tmp_path / "file")


def test_a_download_has_a_largest_size(server, tmp_path):
    dataset = corpus(erc.DataFile("train.csv", sha256=digest(TRAIN), url=server.put("/train.csv", TRAIN)))
    with pytest.raises(ErcBenchError, match="is larger than 10 bytes"):
        fetch(dataset, tmp_path, largest=10)
    assert files_below(tmp_path) == {}


@pytest.mark.parametrize(
    "address",
    ["http://example.org/a", "ftp://127.0.0.1/a", "file:///etc/passwd", "http://127.0.0.1.example.org/a", "a"],
)
def test_only_https_is_fetched(tmp_path, address):
    with pytest.raises(ErcBenchError, match="only https is"):
        download(address, tmp_path / "file")
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("target", ["http://example.org/a", "file:///etc/passwd", "ftp://127.0.0.1/a"])
def test_a_redirection_is_checked_like_an_address(server, tmp_path, target):
    address = server.put("/train.csv", b"", status=302, Location=target)
    with pytest.raises(ErcBenchError, match=r"only https is|is not allowed"):
        download(address, tmp_path / "file")


def test_an_allowed_redirection_is_followed(server, tmp_path):
    address = server.put("/old.csv", b"", status=302, Location=server.put("/new.csv", TRAIN))
    download(address, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == TRAIN


def test_a_proxy_is_not_asked_about_this_machine(server, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    download(server.put("/train.csv", TRAIN), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == TRAIN


def test_members_of_an_archive_are_fetched_once_and_checked(server, tmp_path):
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("data/train.csv", TRAIN)
        archive.writestr("data/dev.csv", DEV)
    address = server.put("/packed.zip", packed.read_bytes())
    dataset = corpus(
        erc.DataFile("train.csv", sha256=digest(TRAIN), url=f"{address}#data/train.csv"),
        erc.DataFile("dev.csv", sha256=digest(DEV), url=f"{address}#data/dev.csv"),
    )
    fetch(dataset, tmp_path / "root")
    assert files_below(tmp_path / "root") == {"served/train.csv": TRAIN, "served/dev.csv": DEV}
    assert server.asked == ["/packed.zip"]


def test_an_archive_that_reaches_outside_is_refused(server, tmp_path):
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("train.csv", TRAIN)
        archive.writestr("../../evil.csv", DEV)
    address = server.put("/packed.zip", packed.read_bytes())
    dataset = corpus(erc.DataFile("train.csv", sha256=digest(TRAIN), url=f"{address}#train.csv"))
    with pytest.raises(ErcBenchError, match=r"'\.\./\.\./evil\.csv' would be written outside"):
        fetch(dataset, tmp_path / "root")
    assert files_below(tmp_path / "root") == {}


def test_a_member_that_an_archive_does_not_have_is_named(server, tmp_path):
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("train.csv", TRAIN)
    address = server.put("/packed.zip", packed.read_bytes())
    dataset = corpus(erc.DataFile("dev.csv", sha256=digest(DEV), url=f"{address}#dev.csv"))
    with pytest.raises(ErcBenchError, match=r"has no member 'dev\.csv'"):
        fetch(dataset, tmp_path / "root")


def test_a_full_disk_leaves_nothing_behind(server, tmp_path, monkeypatch):
    def full(_response, stream, *_):
        stream.write(b"half of ")
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(fetching, "_copy", full)
    dataset = corpus(erc.DataFile("train.csv", sha256=digest(TRAIN), url=server.put("/train.csv", TRAIN)))
    with pytest.raises(ErcBenchError, match=r"train\.csv cannot be written: No space left") as error:
        fetch(dataset, tmp_path)
    assert "--data-dir" in error.value.hint
    assert files_below(tmp_path) == {}


def test_an_interruption_leaves_nothing_behind(server, tmp_path, monkeypatch):
    def interrupted(_response, stream, *_):
        stream.write(b"half of ")
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching, "_copy", interrupted)
    dataset = corpus(erc.DataFile("train.csv", sha256=digest(TRAIN), url=server.put("/train.csv", TRAIN)))
    with pytest.raises(KeyboardInterrupt):
        fetch(dataset, tmp_path)
    assert files_below(tmp_path) == {}


def test_a_file_in_place_of_a_folder_is_told(server, tmp_path):
    (tmp_path / "served").write_text("a file", encoding="utf-8")
    dataset = corpus(erc.DataFile("train.csv", sha256=digest(TRAIN), url=server.put("/train.csv", TRAIN)))
    with pytest.raises(ErcBenchError, match="cannot be written"):
        fetch(dataset, tmp_path)


def test_a_file_has_its_name_only_when_it_is_whole(server, tmp_path, monkeypatch):
    seen = []
    check = fetching._check_digest

    def watch(file, path):
        seen.append((path.name, (tmp_path / "served/train.csv").exists()))
        check(file, path)

    monkeypatch.setattr(fetching, "_check_digest", watch)
    fetch(corpus(erc.DataFile("train.csv", sha256=digest(TRAIN), url=server.put("/train.csv", TRAIN))), tmp_path)
    ((name, there),) = seen
    assert name != "train.csv"
    assert not there
    assert Path(tmp_path, "served/train.csv").read_bytes() == TRAIN


def test_a_corpus_that_is_not_to_be_downloaded_says_where_to_ask(tmp_path):
    with pytest.raises(ErcBenchError, match="served is not downloaded") as error:
        fetch(corpus(erc.DataFile("train.csv", sha256=digest(TRAIN))), tmp_path)
    assert error.value.hint == "Ask its author."


def test_a_file_without_digest_is_not_downloaded(server, tmp_path):
    with pytest.raises(ErcBenchError, match="is not downloaded"):
        fetch(corpus(erc.DataFile("train.csv", url=server.put("/train.csv", TRAIN))), tmp_path)
    assert server.asked == []
