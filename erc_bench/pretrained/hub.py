"""The Hugging Face hub: its cache on this machine first, the network second, and quick to give up.

``huggingface_hub`` retries a download for over twenty seconds when there is no network. One plain
request with a short limit comes first here and decides whether a download is tried at all.
"""

from __future__ import annotations

import fnmatch
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from erc_bench.errors import ErcBenchError
from erc_bench.pretrained import files

_SECONDS_TO_ANSWER = 5.0
_HUB_ID = re.compile(r"[\w][\w.-]*(/[\w][\w.-]*)?")
_SHARDS = {"model.safetensors.index.json": "model-*.safetensors", "pytorch_model.bin.index.json": "pytorch_model-*.bin"}
_WEIGHTS = {".safetensors", ".bin"}


class HubUnreachableError(Exception):
    """The hub did not answer, or may not be asked; the text says which."""


@dataclass(frozen=True)
class Revision:
    """One version of a model on the hub: its commit, its files and their sizes in bytes."""

    hub_id: str
    commit: str
    sizes: dict[str, int]
    parameters: int | None

    def wanted_files(self) -> list[str]:
        """Return configuration, tokenizer and the preferred weight files; a pickle only without safetensors."""
        ours = (files.CONFIG_FILE, files.POOLING_FILE, *files.tokenizer_file_names())
        small = [name for name in ours if name in self.sizes]
        weights = [name for name in files.WEIGHT_FILES if name in self.sizes][:1]
        shards = fnmatch.filter(self.sizes, _SHARDS.get("".join(weights), ""))
        return small + weights + shards

    def parameter_count(self) -> int | None:
        """Return the number of parameters as the hub counts it, else by the size of the weights."""
        if self.parameters is not None:
            return self.parameters
        size = sum(self.sizes[name] for name in self.wanted_files() if Path(name).suffix in _WEIGHTS)
        return size // 4 or None


def looks_like_hub_id(reference: str) -> bool:
    """Whether a reference has the form ``name`` or ``owner/name``."""
    return _HUB_ID.fullmatch(reference) is not None


def cache_folder() -> Path:
    """Return the folder of the hub's cache on this machine."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def cached_snapshot(hub_id: str, revision: str) -> Path | None:
    """Return the folder of a complete version in the cache, without any network.

    The folder's name is the commit.
    """
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(hub_id, files.CONFIG_FILE, revision=revision)
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    return None if files.missing_files(folder) else folder


def look_up(hub_id: str, revision: str) -> Revision:
    """Ask the hub for a version, in one request.

    Raises :class:`HubUnreachableError`, or :class:`ErcBenchError` when the hub answers that there is no
    such model or revision, or that it is closed.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        found = HfApi().model_info(hub_id, revision=revision, timeout=_SECONDS_TO_ANSWER, files_metadata=True)
    except GatedRepoError as error:
        raise ErcBenchError(f"{hub_id} asks for an agreement first", f"See https://huggingface.co/{hub_id}") from error
    except RevisionNotFoundError as error:
        raise ErcBenchError(f"{hub_id} has no revision {revision!r}", "Set backbone.revision=main.") from error
    except RepositoryNotFoundError as error:
        raise ErcBenchError(f"there is no model {hub_id!r} on the Hugging Face hub", "Check its spelling.") from error
    except Exception as error:  # which library reports a lost connection, and how, differs between versions
        raise HubUnreachableError(_reason(error)) from error
    sizes = {file.rfilename: file.size or 0 for file in found.siblings or []}
    return Revision(hub_id, str(found.sha), sizes, getattr(found.safetensors, "total", None))


def download(version: Revision, revision: str) -> Path:
    """Fetch the wanted files of a version into the cache and return their folder.

    Raises :class:`ErcBenchError` when the version lacks files, :class:`HubUnreachableError` when the
    connection is lost.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    lacking = files.missing_parts(version.sizes)
    if lacking:
        raise ErcBenchError(f"{version.hub_id} has no {', no '.join(lacking)}", "Choose another model.")
    quiet = not sys.stderr.isatty() and not are_progress_bars_disabled()
    if quiet:
        disable_progress_bars()
    try:
        fetched = [hf_hub_download(version.hub_id, name, revision=revision) for name in version.wanted_files()]
    except Exception as error:  # as above
        raise HubUnreachableError(_reason(error)) from error
    finally:
        if quiet:
            enable_progress_bars()
    return Path(fetched[0]).parent


def _reason(error: Exception) -> str:
    if type(error).__name__ == "OfflineModeIsEnabled":
        return "HF_HUB_OFFLINE forbids the network"
    text = " ".join(str(error).split())
    return f"huggingface.co cannot be reached ({text[:120] or type(error).__name__})"
