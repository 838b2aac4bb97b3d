import hashlib
import os
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner

import erc_bench.api as erc
from erc_bench.commands import data as command
from erc_bench.contracts.types import Dialogue, Splits, Utterance
from erc_bench.errors import ErcBenchError

HEADER = "Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID\n"


@pytest.fixture
def call():
    """Run ``erc-bench data`` in this process; a user's mistake is raised, as it is towards ``main``."""

    def invoke(*arguments):
        result = CliRunner().invoke(command.data, [str(argument) for argument in arguments])
        if isinstance(result.exception, ErcBenchError):
            raise result.exception
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def meld_in(root, text="Hello"):
    (root / "meld").mkdir()
    for split in ("train", "dev", "test"):
        path = root / "meld" / f"{split}_sent_emo.csv"
        path.write_text(f"{HEADER}{text},Ada,joy,0,0\nNo,Ben,anger,0,1\n", encoding="utf-8")


def test_status_says_what_is_there_and_how_to_get_the_rest(call, tmp_path):
    meld_in(tmp_path)
    result = call("status", "--data-dir", tmp_path)
    assert result.exit_code == 0
    states = {line.split()[0]: line.split()[1] for line in result.stdout.splitlines() if len(line.split()) > 1}
    assert states["meld"] == "found"
    assert states["iemocap"] == "missing"
    assert states["demo"] == "generated"
    for expected in (
        "GPL-3.0",
        "CC BY-NC-SA 4.0",
        "Ask USC SAIL",
        "erc-bench data fetch emorynlp",
        "Layout detokenized, in dailydialog/detokenized/: train/dialogues_train.txt",
        str(tmp_path),
    ):
        assert expected in result.stdout
    assert "erc-bench data fetch iemocap" not in result.stdout


def test_status_of_one_corpus_lists_files_digests_addresses_and_counts(call, tmp_path):
    result = call("status", "meld", "--data-dir", tmp_path)
    assert "train: 1038 dialogues, 9989 utterances, 9989 labelled" in result.stdout
    assert "sha256:d2fa2d6529cf03cac2989efec05c9b27d8fd2f4c8fc5974c7ae88aa537fa02db" in result.stdout
    assert (
        "https://raw.githubusercontent.com/declare-lab/MELD/2d2011b409d3ca2d7e94460cd007d434b1d0a102" in result.stdout
    )
    assert "iemocap" not in result.stdout


def test_status_tells_what_is_expected_from_what_was_read(call, tmp_path):
    unread = "files: not read; erc-bench data verify meld reads and checks them"
    assert unread not in call("status", "meld", "--data-dir", tmp_path).stdout
    meld_in(tmp_path)
    lines = [line.rstrip() for line in call("status", "meld", "--data-dir", tmp_path).stdout.splitlines()]
    start = lines.index("  expected:")
    assert f"  {unread}" in lines[:start]
    assert lines[start + 1].startswith("    train: 1038 dialogues")
    assert all(line.startswith("    ") for line in lines[start + 1 :] if line)
    assert len([line for line in lines[start + 1 :] if line]) == 6
    assert not [line for line in lines[:start] if "1038" in line]


def test_status_expects_nothing_of_a_generated_corpus(call, tmp_path):
    generated = call("status", "demo", "--data-dir", tmp_path).stdout
    assert "expected" not in generated
    assert "not read" not in generated


@pytest.mark.parametrize("subcommand", ["status", "fetch", "verify"])
def test_an_unknown_corpus_is_answered_with_a_near_match(call, tmp_path, subcommand):
    with pytest.raises(ErcBenchError, match="there is no dataset 'melt'; did you mean meld"):
        call(subcommand, "melt", "--data-dir", tmp_path)


@pytest.mark.parametrize("arguments", [["--help"], ["data", "status"], ["data", "verify", "demo"], ["data", "--help"]])
def test_torch_is_not_imported(tmp_path, arguments):
    program = (
        "import sys\n"
        "from erc_bench.cli import root\n"
        "try:\n"
        f"    root.main({arguments!r})\n"
        "finally:\n"
        "    assert 'torch' not in sys.modules and 'transformers' not in sys.modules\n"
    )
    environment = os.environ | {"ERC_BENCH_DATA": str(tmp_path), "FORCE_COLOR": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert "\x1b" not in done.stdout


def test_verify_prints_counts_classes_overlap_and_what_differs(call, tmp_path):
    meld_in(tmp_path, text="")
    result = call("verify", "meld", "--data-dir", tmp_path)
    assert result.exit_code == 1
    assert "NOT as on record" in result.stdout
    assert "1038 / 9989 / 9989" in result.stdout
    assert "train_sent_emo.csv is not the published file, which has sha256:d2fa2d65" in result.stdout
    assert "content: changed" in result.stdout
    assert "Warning: train and test hold the same dialogues" in result.stdout
    assert "train: 1 utterances have no text and are kept, the first: 0, utterance 0" in result.stdout
    assert "test in train" in result.stdout
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["joy", "1", "1", "1"] in rows
    assert ["disgust", "0", "0", "0"] in rows


def test_verify_goes_on_after_a_damaged_corpus(call, tmp_path):
    meld_in(tmp_path)
    subset = tmp_path / "emorynlp"
    subset.mkdir()
    for split in ("train", "dev", "test"):
        (subset / f"emorynlp_{split}_final.csv").write_bytes(b"")
    result = call("verify", "--data-dir", tmp_path)
    assert result.exit_code == 1
    assert "emorynlp_train_final.csv is empty (0 bytes)" in result.stderr
    assert "meld: NOT as on record" in result.stdout


def test_verify_of_a_missing_corpus_is_a_mistake(call, tmp_path):
    with pytest.raises(ErcBenchError, match="meld: 3 of 3 files are missing"):
        call("verify", "meld", "--data-dir", tmp_path)
    with pytest.raises(ErcBenchError, match="there is no corpus in"):
        call("verify", "--data-dir", tmp_path)


def test_verify_of_what_is_as_on_record(call, tmp_path):
    result = call("verify", "demo", "--data-dir", tmp_path)
    assert result.exit_code == 0
    assert "demo: as on record" in result.stdout


@pytest.mark.parametrize("name", ["iemocap", "dailydialog"])
def test_what_is_not_downloaded_says_where_to_get_it(call, tmp_path, name):
    with pytest.raises(ErcBenchError, match=f"{name} is not downloaded") as error:
        call("fetch", name, "--data-dir", tmp_path)
    assert error.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Put two corpora in place of the installed ones, one of which is served as promised."""
    content = b"hello"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "all.txt").write_bytes(content)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "site")
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/all.txt"
    corpora = {
        "good": corpus("good", erc.DataFile("all.txt", sha256=hashlib.sha256(content).hexdigest(), url=url)),
        "bad": corpus("bad", erc.DataFile("all.txt", sha256="0" * 64, url=url)),
        "by-hand": corpus("by-hand", erc.DataFile("all.txt")),
    }
    monkeypatch.setattr(command, "_datasets", lambda _plugins: corpora)
    monkeypatch.setattr(command, "_dataset", lambda name, _plugins: corpora[name])
    yield tmp_path / "root"
    server.shutdown()
    server.server_close()
    thread.join()


def corpus(called, *files):
    class Served(erc.Dataset):
        """Made up."""

        name = called
        source = "invented"
        labels = ("calm",)
        licence = "none needed"
        obtain = "Ask its author."
        layouts = (erc.Layout("text", files),)

        def load(self, folder):
            text = erc.read_text(folder / "all.txt")
            return Splits(*((Dialogue("0", (Utterance("A", text, "calm", True),)),) for _ in range(3)))

    return Served


def test_fetch_prints_licence_and_address_and_places_the_file(call, served):
    result = call("fetch", "good", "--data-dir", served)
    assert result.exit_code == 0
    assert "licence none needed" in result.stdout
    assert "all.txt from http://127.0.0.1" in result.stdout
    assert (served / "good" / "all.txt").read_bytes() == b"hello"
    assert "0 files fetched, 1 already there" in call("fetch", "good", "--data-dir", served).stdout
    assert call("verify", "good", "--data-dir", served).exit_code == 0


def test_fetch_of_all_goes_on_after_a_failure_and_says_so(call, served):
    result = call("fetch", "--data-dir", served)
    assert result.exit_code == 1
    assert "is not the published file" in result.stderr
    assert [path.name for path in served.rglob("*") if path.is_file()] == ["all.txt"]
    assert "by-hand" not in result.stdout


def test_fetch_of_what_is_not_the_published_file_is_a_mistake(call, served):
    with pytest.raises(ErcBenchError, match="is not the published file"):
        call("fetch", "bad", "--data-dir", served)
