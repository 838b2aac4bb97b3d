"""Against a hub that listens on this machine, in fresh processes: the client reads its settings once."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from erc_bench.pretrained.hub import Revision, looks_like_hub_id

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PROGRAM = """
import json, sys, time
slept = []
time.sleep = slept.append
from erc_bench.errors import ErcBenchError
from erc_bench.pretrained.backbone import PretrainedBackbone

class Some(PretrainedBackbone):
    name = "some"
    default_path = "owner/some"
    parameters = 355_000_000

backbone = Some(Some.Options(**json.loads(sys.argv[2])))
try:
    answer = str(getattr(backbone, sys.argv[1])())
except ErcBenchError as error:
    answer = f"error: {error}"
print(json.dumps([answer, "torch" in sys.modules, slept]))
"""


class Hub(BaseHTTPRequestHandler):
    """Serves one folder as owner/some at one commit."""

    def do_GET(self):
        self._answer(body=True)

    def do_HEAD(self):
        self._answer(body=False)

    def _answer(self, body):
        path = self.path.partition("?")[0]
        self.server.requests.append(f"{self.command} {path}")
        if path.startswith("/api/models/owner/some/revision/main"):
            files = [{"rfilename": f.name, "size": f.stat().st_size} for f in sorted(self.server.folder.iterdir())]
            description = {"id": "owner/some", "modelId": "owner/some", "sha": COMMIT, "siblings": files}
            return self._send(200, json.dumps(description).encode(), body)
        file = self.server.folder / path.rpartition("/")[2]
        if path.startswith("/owner/some/resolve/") and file.is_file():
            return self._send(200, file.read_bytes(), body, ETag=f'"{file.name}"')
        code = "RevisionNotFound" if path.startswith("/api/models/owner/some/") else "RepoNotFound"
        return self._send(404, b"{}", body, **{"X-Error-Code": code})

    def _send(self, status, content, body, **headers):
        self.send_response(status)
        for name, value in {"X-Repo-Commit": COMMIT, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_):
        """Keep the test's output clean."""


@contextmanager
def hub_of(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.folder, server.requests = folder, []
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(question, cache, port, offline="0", **options):
    environment = {**os.environ, "HF_HOME": str(cache), "HF_HUB_OFFLINE": offline}
    environment["HF_ENDPOINT"] = f"http://127.0.0.1:{port}"
    environment.pop("HF_HUB_CACHE", None)
    command = [sys.executable, "-c", PROGRAM, question, json.dumps(options)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=True)
    assert done.stderr == ""
    answer, imported_torch, slept = json.loads(done.stdout.splitlines()[-1])
    assert not imported_torch
    # The client waits before it tries again; nobody is kept waiting.
    assert slept == []
    return answer


def test_fetched_once_then_read_from_the_cache_without_network(tiny_promcse, tmp_path):
    with hub_of(tiny_promcse) as server:
        port = server.server_port
        assert ask("identity", tmp_path, port) == f"owner/some@{COMMIT}"
        assert not [request for request in server.requests if "/resolve/" in request]  # nothing was downloaded
        folder = ask("folder", tmp_path, port)
        fetched = {request.rpartition("/")[2] for request in server.requests if "/resolve/" in request}
        assert fetched == {path.name for path in tiny_promcse.iterdir()}
    assert ask("folder", tmp_path, port) == folder
    assert ask("folder", tmp_path, port, offline="1") == folder
    assert ask("identity", tmp_path, port, offline="1") == f"owner/some@{COMMIT}"
    stored = (tiny_promcse / "pytorch_model.bin").stat().st_size // 4
    assert ask("size", tmp_path, port, offline="1") == str(stored)


@pytest.mark.parametrize("offline", ["0", "1"])
def test_without_network_and_cache_the_answer_is_quick_and_complete(tmp_path, offline):
    answer = ask("folder", tmp_path, port=1, offline=offline)
    reason = "HF_HUB_OFFLINE forbids the network" if offline == "1" else "huggingface.co cannot be reached"
    wanted = ["'some'", "owner/some", f"cache {tmp_path}", reason, "config.json", "vocab.json with merges.txt"]
    wanted += ["model.safetensors or pytorch_model.bin, about 1.4 GB", "--backbone FOLDER", "--backbone minilm"]
    assert [part for part in wanted if part not in answer] == []
    assert ask("size", tmp_path, port=1, offline=offline) == "355000000"


def test_an_unknown_model_or_revision_is_named(tiny_bert, tmp_path):
    with hub_of(tiny_bert) as server:
        answer = ask("folder", tmp_path, server.server_port, path="owner/smoe")
        assert "there is no model 'owner/smoe' on the Hugging Face hub" in answer
        assert "owner/some has no revision 'v9'" in ask("identity", tmp_path, server.server_port, revision="v9")


def test_a_model_without_weights_is_refused(tiny_bert, tmp_path):
    (tmp_path / "model").mkdir()
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / "model" / name).write_bytes((tiny_bert / name).read_bytes())
    with hub_of(tmp_path / "model") as server:
        answer = ask("folder", tmp_path / "cache", server.server_port)
    assert "owner/some has no weights (model.safetensors or pytorch_model.bin)" in answer


def revision(*names, **sizes):
    return Revision("owner/some", COMMIT, {**dict.fromkeys(names, 8), **sizes}, None)


def test_safetensors_are_preferred_and_nothing_needless_is_fetched():
    version = revision("config.json", "vocab.txt", "README.md", "model.safetensors", "pytorch_model.bin", "tf_model.h5")
    assert version.wanted_files() == ["config.json", "vocab.txt", "model.safetensors"]
    assert version.parameter_count() == 2


def test_all_shards_are_fetched():
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    version = revision("config.json", "model.safetensors.index.json", *shards, "pytorch_model.bin")
    assert version.wanted_files() == ["config.json", "model.safetensors.index.json", *shards]
    assert version.parameter_count() == 4


def test_the_count_of_the_hub_is_believed():
    assert Revision("owner/some", COMMIT, {"model.safetensors": 8}, 1_000).parameter_count() == 1_000
    assert revision("config.json").parameter_count() is None


@pytest.mark.parametrize("reference", ["bert-base-uncased", "owner/model", "owner/model.v1_2"])
def test_forms_of_a_hub_id(reference):
    assert looks_like_hub_id(reference)


@pytest.mark.parametrize("reference", ["", "./folder", "/folder", "../x", "a/b/c", "~/x", "owner/", "C:\\x", "a b"])
def test_what_is_no_hub_id(reference):
    assert not looks_like_hub_id(reference)
