"""Downloading a corpus: pinned addresses, checked before use, and whole or not at all.

A file is written beside its place under a temporary name, its digest compared with the one on
record, and only then given its name by an atomic rename.
"""

from __future__ import annotations

import http.client
import os
import shutil
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any
from urllib.parse import urldefrag, urlsplit

from erc_bench.contracts.dataset import DataFile, Dataset
from erc_bench.corpora.archive import extract_checked
from erc_bench.corpora.folder import digest_found, digest_on_record, fetchable_layout
from erc_bench.errors import ErcBenchError, OptionName, naming

LARGEST_DOWNLOAD = 256 << 20
_TIMEOUT_SECONDS = 30
_BLOCK = 1 << 16
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Fetched:
    """The result of a download: the folder, the files that were written, and those that were there already."""

    folder: Path
    written: tuple[str, ...]
    present: tuple[str, ...]


def fetch(
    dataset_class: type[Dataset], root: Path, say: Say = lambda _: None, largest: int = LARGEST_DOWNLOAD
) -> Fetched:
    """Download the first layout of which every file has an address and a digest.

    Files that are there and right are kept; a file that is there and differs is never overwritten.
    Raises :class:`ErcBenchError` when the corpus is not to be downloaded, when an address cannot be
    reached, and when a download differs from the digest on record.
    """
    layout = fetchable_layout(dataset_class)
    if layout is None:
        raise _not_downloadable(dataset_class)
    folder = root / dataset_class.folder_name() / layout.folder
    present = [file for file in layout.files if _present(file, folder / file.path)]
    missing = [file for file in layout.files if file not in present]
    with ExitStack() as resources:

        @cache
        def unpacked(address: str) -> Path:
            """Return the content of an archive, fetched and unpacked once and gone at the end."""
            place = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="erc-bench-")))
            download(address, place / "archive", largest)
            extract_checked(place / "archive", place / "content", largest)
            return place / "content"

        for file in missing:
            say(f"{file.path} from {file.url}")
            _fetch_file(file, folder / file.path, unpacked, largest)
    return Fetched(folder, tuple(file.path for file in missing), tuple(file.path for file in present))


def _not_downloadable(dataset_class: type[Dataset]) -> ErcBenchError:
    if not dataset_class.layouts:
        return ErcBenchError(f"{dataset_class.name} needs no files, there is nothing to fetch", dataset_class.obtain)
    return ErcBenchError(f"{dataset_class.name} is not downloaded by erc-bench", dataset_class.obtain)


def _present(file: DataFile, path: Path) -> bool:
    if not path.exists():
        return False
    if digest_found(file, path) == digest_on_record(file):
        return True
    raise ErcBenchError(
        f"{path} is there already and differs from the published file, so it was left as it is",
        "Move it away if it is not wanted, then fetch again.",
    )


def _fetch_file(file: DataFile, path: Path, unpacked: Callable[[str], Path], largest: int) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    address, member = urldefrag(file.url)
    try:
        with naming(f"{path} cannot be written", f"Free space or choose {OptionName('data_dir')}."):
            path.parent.mkdir(parents=True, exist_ok=True)
            if not member:
                download(address, temporary, largest)
            elif (content := unpacked(address) / member).is_file():
                shutil.copyfile(content, temporary)
            else:
                missing = f"the archive {address} has no member {member!r}"
                raise ErcBenchError(missing, "The address on record is wrong.")
            _check_digest(file, temporary)
            temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def _check_digest(file: DataFile, path: Path) -> None:
    expected, found = digest_on_record(file), digest_found(file, path)
    if found != expected:
        raise ErcBenchError(
            f"{file.path}: what was downloaded is not the published file (expected {expected}, found {found})",
            f"It was thrown away. Try again; if it stays so, the address is wrong: {file.url}",
        )


def download(address: str, target: Path, largest: int = LARGEST_DOWNLOAD) -> None:
    """Write the content of an address to a file; at most ``largest`` bytes, over https.

    Plain http is allowed only on this machine itself. Raises :class:`ErcBenchError` for anything
    that goes wrong on the way.
    """
    _check_address(address)
    try:
        with _opener(address).open(address, timeout=_TIMEOUT_SECONDS) as response, target.open("wb") as stream:
            _copy(response, stream, address, largest)
    except urllib.error.HTTPError as error:
        error.close()
        raise _unreachable(address, f"the server answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _unreachable(address, str(error.reason)) from error
    except (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
        raise _unreachable(address, f"{type(error).__name__}: {error}") from error


def _unreachable(address: str, reason: str) -> ErcBenchError:
    return ErcBenchError(
        f"{address} cannot be downloaded: {reason}",
        "Check the network, or download the file by hand; `erc-bench data status` says which file goes where.",
    )


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    loopback = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not loopback:
        raise ErcBenchError(f"{address} is not fetched: only https is", "Correct the address in the dataset's plugin.")


class _CheckedRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to an address that could have been asked for."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(address: str) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_CheckedRedirects()]
    if urlsplit(address).hostname in _LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _copy(response: Any, stream: IO[bytes], address: str, largest: int) -> None:
    received = 0
    while block := response.read(_BLOCK):
        received += len(block)
        if received > largest:
            raise ErcBenchError(f"{address} is larger than {largest} bytes and was not kept", "Is the address right?")
        stream.write(block)
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and received != int(announced):
        raise _unreachable(address, f"it ended after {received} of {announced} bytes")
