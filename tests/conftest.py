"""No network, no caches of the user, and tiny checkpoints that every test may load."""

import importlib.util
import os
import random
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import socket_allow_hosts

# The same examples every time, and none too slow for a machine that does other things. ERC_BENCH_NEW_EXAMPLES=1 looks
# for examples that nobody has tried yet.
settings.register_profile(
    "erc-bench",
    deadline=None,
    derandomize=os.environ.get("ERC_BENCH_NEW_EXAMPLES") != "1",
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
settings.load_profile("erc-bench")


def _checkpoints():
    """Load ``checkpoints.py`` beside this file: test modules cannot import one another."""
    specification = importlib.util.spec_from_file_location("checkpoints", Path(__file__).with_name("checkpoints.py"))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


checkpoints = _checkpoints()


def pytest_configure(config):
    """Point every cache to a folder of this test run, before any library reads its variable."""
    folder = tempfile.TemporaryDirectory(prefix="erc-bench-tests-")
    config.add_cleanup(folder.cleanup)
    os.environ["HF_HOME"] = str(Path(folder.name, "huggingface"))
    os.environ["HF_HUB_OFFLINE"] = "1"
    # The tests run side by side (pytest-xdist): more threads than cores would only wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["ERC_BENCH_CACHE"] = str(_cache(Path(folder.name, "erc-bench")))
    # Older transformers (5.17 to 5.20 at least) script functions of DeBERTa on import, which torch deprecates.
    config.addinivalue_line("filterwarnings", r"ignore:.torch\.jit\.script. is:DeprecationWarning")
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_ENDPOINT", "ERC_BENCH_BLOCK"):
        os.environ.pop(variable, None)


def _cache(folder):
    """Make the cache of this process; what frozen backbones encode lies in a folder that all processes share."""
    folder.mkdir()
    features = folder / "features"
    if "PYTEST_XDIST_WORKER" in os.environ:
        features.symlink_to(os.environ["ERC_BENCH_TESTS_FEATURES"], target_is_directory=True)
    else:
        features.mkdir()
        os.environ["ERC_BENCH_TESTS_FEATURES"] = str(features)
    return folder


def pytest_sessionstart():
    """Forget what a terminal or a CI service says of colours and sizes: what is printed must not hang on it."""
    for variable in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        os.environ.pop(variable, None)


def pytest_collection_modifyitems(items):
    """Begin with what takes longest, so that no process works on it alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True)
def _no_network():
    socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _chance_begins_anew():
    """Let what a test draws not hang on what ran before it in this process."""
    random.seed(0)
    # Neither is loaded for this: both read the number of threads when they are, which `pytest_configure` sets.
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory):
    """Folder of a RoBERTa as SimCSE publishes it: BPE files with <mask>, safetensors with a pooler."""
    return checkpoints.write_roberta(tmp_path_factory.mktemp("roberta"))


@pytest.fixture(scope="session")
def tiny_promcse(tmp_path_factory):
    """Folder of a PromCSE checkpoint: body under roberta.*, prefix table, sentence MLP."""
    return checkpoints.write_promcse(tmp_path_factory.mktemp("promcse"))


@pytest.fixture(scope="session")
def tiny_deberta(tmp_path_factory):
    """Folder of a DeBERTa v1: GPT-2 BPE files and pytorch_model.bin, no safetensors."""
    return checkpoints.write_deberta(tmp_path_factory.mktemp("deberta"))


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """Folder of a BERT as MiniLM ships it: WordPiece tokenizer.json and safetensors."""
    return checkpoints.write_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="session")
def tiny_bart(tmp_path_factory):
    """Folder of a BART: an encoder with a decoder, safetensors."""
    from erc_bench.testing.random_checkpoint import write_random_checkpoint

    return write_random_checkpoint(tmp_path_factory.mktemp("bart"), {"model_type": "bart"})


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory):
    """Folder of a Llama with two heads of keys for four of queries, and words to spare: it writes text, safetensors."""
    from erc_bench.testing.random_checkpoint import LLAMA, write_random_checkpoint

    return write_random_checkpoint(
        tmp_path_factory.mktemp("llama"), {**LLAMA, "num_key_value_heads": 2, "vocab_size": 400}
    )


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory, tiny_llama):
    """The same Llama as one GGUF file."""
    return checkpoints.write_gguf(tiny_llama, tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="session")
def write_checkpoint():
    """Give the module of checkpoint writers, for a test that needs a checkpoint of its own."""
    return checkpoints


def _beside(name):
    """Load a module of builders that lies beside this file."""
    specification = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses look their module up by name
    specification.loader.exec_module(module)
    return module


chat_server_module = _beside("chat_server")
ray_cluster_module = _beside("ray_cluster")
slurm_cluster = _beside("slurm_cluster")
run_folders = _beside("run_folders")
store_fixture = _beside("store_fixture")


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """Start a real Slurm with two nodes on this machine, where Debian's packages can be had."""
    if not slurm_cluster.can_be_started():
        pytest.skip("a cluster of one's own wants root and apt")
    cluster = slurm_cluster.Cluster(tmp_path_factory.mktemp("slurm"))
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def ray_cluster():
    """Start a real Ray cluster of three nodes on this machine."""
    cluster = ray_cluster_module.Cluster()
    yield cluster
    cluster.close()


@pytest.fixture
def chat_server():
    """Start a server that speaks OpenAI's protocol for chats."""
    server = chat_server_module.ChatServer()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def store(tmp_path):
    """Give an empty folder of runs, to be filled with finished and unfinished cells."""
    return store_fixture.Store(tmp_path / "runs")
