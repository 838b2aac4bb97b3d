"""Versions of libraries, and the state of the checkout."""

import subprocess

import pytest

from erc_bench.plugin_host import provenance
from erc_bench.plugin_host.provenance import git_state, versions


def test_versions_of_what_decides_a_result():
    found = versions()
    assert found.keys() == {
        "python",
        "erc-bench",
        "torch",
        "transformers",
        "tokenizers",
        "numpy",
        "pluggy",
        "safetensors",
    }
    assert found["python"].startswith("3.")


class TestGit:
    @pytest.fixture
    def repository(self, tmp_path, monkeypatch):
        package = tmp_path / "erc_bench"
        package.mkdir()
        (package / "__init__.py").write_text("")
        monkeypatch.setattr(provenance.erc_bench, "__file__", str(package / "__init__.py"))
        self.git(tmp_path, "init", "--quiet")
        git_state.cache_clear()
        yield tmp_path
        git_state.cache_clear()

    @staticmethod
    def git(folder, *arguments):
        settings = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *settings, "-C", str(folder), *arguments], check=True, capture_output=True)

    def state(self):
        git_state.cache_clear()
        return git_state()

    def test_a_checkout(self, repository):
        self.git(repository, "add", ".")
        assert self.state() == {}
        self.git(repository, "commit", "--quiet", "-m", "first")
        state = self.state()
        assert len(state["revision"]) == 40
        assert state["dirty"] is False
        (repository / "erc_bench" / "__init__.py").write_text("changed = True\n")
        assert self.state()["dirty"] is True

    def test_an_environment_inside_somebody_s_repository(self, repository):
        (repository / "theirs.txt").write_text("")
        self.git(repository, "add", "theirs.txt")
        self.git(repository, "commit", "--quiet", "-m", "first")
        assert self.state() == {}
