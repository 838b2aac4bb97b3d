"""Find the files of a corpus, and tell the user how to get them where they are missing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import platformdirs

from erc_bench.contracts.dataset import DataFile, Dataset, Layout
from erc_bench.errors import ErcBenchError, OptionName

DATA_VARIABLE = "ERC_BENCH_DATA"
_SEARCHED_FOLDERS = 500
_SHA256_DIGITS = 64
_NOTHING_TO_FIND = Layout(name="", files=())


def data_root(data_dir: Path | None) -> Path:
    """Return the data directory: the argument, else ``$ERC_BENCH_DATA``, else the user's cache directory."""
    if data_dir is not None:
        return data_dir.expanduser()
    variable = os.environ.get(DATA_VARIABLE, "")
    if variable:
        return Path(variable).expanduser()
    return Path(platformdirs.user_cache_dir("erc-bench", appauthor=False)) / "data"


def find_layout(dataset_class: type[Dataset], root: Path) -> tuple[Layout, Path]:
    """Return the layout that is complete below the data directory, and its folder.

    A layout's own subfolder is looked at before the dataset's folder itself. For a dataset
    without layouts nothing is looked for. Raises :class:`ErcBenchError` that lists which file goes
    where, and where the corpus can be had.
    """
    base = root / dataset_class.folder_name()
    if not dataset_class.layouts:
        return _NOTHING_TO_FIND, base
    for place in [*(base / layout.folder for layout in dataset_class.layouts if layout.folder), base]:
        layout = layout_in(dataset_class.layouts, place)
        if layout is not None:
            return layout, place
    raise _missing(dataset_class, root)


def check_present(dataset_classes: Iterable[type[Dataset]], root: Path) -> None:
    """Raise :class:`ErcBenchError` that names every corpus of which files are missing, with its remedy."""
    errors = []
    for dataset_class in dict.fromkeys(dataset_classes):
        try:
            find_layout(dataset_class, root)
        except ErcBenchError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        named = "\n".join(str(error).replace("\n", "\n  ") for error in errors)
        raise ErcBenchError(f"{len(errors)} corpora are missing:\n{named}")


def layout_in(layouts: Sequence[Layout], folder: Path) -> Layout | None:
    """Return the layout whose files are all in the folder; the one that the folder is named after first."""
    for layout in sorted(layouts, key=lambda layout: layout.folder != folder.name):
        if not missing_files(layout, folder):
            return layout
    return None


def missing_files(layout: Layout, folder: Path) -> list[str]:
    """Name the files of a layout that are not in the folder; a pattern that nothing matches is one."""
    return [file.path for file in layout.files if not matching_files(file, folder)]


def matching_files(file: DataFile, folder: Path) -> list[Path]:
    """Return the files in the folder that an entry of a layout stands for, in the order of their paths."""
    if not file.is_pattern:
        path = folder / file.path
        return [path] if path.is_file() else []
    found = (path for path in folder.glob(file.path) if path.is_file())
    # Unpacking on some systems leaves a companion ._name beside every file.
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def nearest_layout(dataset_class: type[Dataset], root: Path) -> tuple[Layout, Path]:
    """Return the layout of which most files are there, and the folder where they are or belong.

    Where none has more than another, it is the layout that can be downloaded.
    """
    fetchable = fetchable_layout(dataset_class)
    base = root / dataset_class.folder_name()
    candidates = [
        (layout, place) for layout in dataset_class.layouts for place in dict.fromkeys((base / layout.folder, base))
    ]
    return max(candidates, key=lambda candidate: (_share_there(*candidate), candidate[0] is fetchable))


def _share_there(layout: Layout, folder: Path) -> float:
    return 1 - len(missing_files(layout, folder)) / len(layout.files)


def _missing(dataset_class: type[Dataset], root: Path) -> ErcBenchError:
    layout, folder = nearest_layout(dataset_class, root)
    missing = missing_files(layout, folder)
    message = f"{dataset_class.name}: {len(missing)} of {len(layout.files)} files are missing in {folder}"
    return ErcBenchError(f"{message}: {', '.join(missing)}", "\n".join(_remedies(dataset_class, layout, folder, root)))


def _remedies(dataset_class: type[Dataset], layout: Layout, folder: Path, root: Path) -> Iterator[str]:
    elsewhere = _elsewhere(layout, folder, root)
    if elsewhere is not None:
        yield f"Files of these names lie in {elsewhere}; if they are {dataset_class.name}'s, move them to {folder}."
    yield f"Where to get it: {dataset_class.obtain}"
    yield f"Licence: {dataset_class.licence}"
    if fetchable_layout(dataset_class) is not None:
        yield f"Download it with: erc-bench data fetch {dataset_class.name}"
    others = [other.folder or other.name for other in dataset_class.layouts if other is not layout]
    if others:
        yield f"Other layouts that will do (whole, never mixed): {', '.join(others)}; see erc-bench data status."
    yield f"Another data directory: {OptionName('data_dir'):DIR} or ${DATA_VARIABLE}."


def _elsewhere(layout: Layout, folder: Path, root: Path) -> Path | None:
    """Return a folder near the data directory that has all files of the layout; the search is bounded."""
    below = (Path(name) for name, _, _ in islice(os.walk(root), _SEARCHED_FOLDERS))
    for place in (*below, root.resolve().parent):
        if place != folder and not missing_files(layout, place):
            return place
    return None


def fetchable_layout(dataset_class: type[Dataset]) -> Layout | None:
    """Return the first layout whose files can all be downloaded and checked."""
    for layout in dataset_class.layouts:
        if all(file.url and _is_whole(file) and not file.is_pattern for file in layout.files):
            return layout
    return None


def _is_whole(file: DataFile) -> bool:
    """Whether the digest on record has all its digits."""
    return len(file.sha256) == _SHA256_DIGITS or bool(file.git_blob)


_BLOCK = 1 << 20


def digest_on_record(file: DataFile) -> str:
    """Return the digest that the file must have, with its kind, or an empty text where none is known."""
    if file.sha256:
        return f"sha256:{file.sha256}"
    return f"git-blob:{file.git_blob}" if file.git_blob else ""


def digest_found(file: DataFile, path: Path) -> str:
    """Return the digest that the file at ``path`` has, of the kind that is on record for it."""
    return f"git-blob:{git_blob(path)}" if file.git_blob and not file.sha256 else f"sha256:{sha256(path)}"


def digest_of_many(paths: Iterable[Path], folder: Path) -> str:
    """Return the digest of several files below a folder: over their paths and contents, in the given order."""
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n".encode())
    return f"sha256:{total.hexdigest()}"


def sha256(path: Path) -> str:
    """Return the sha256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def git_blob(path: Path) -> str:
    """Return the id of a file's content in git: the sha1 over a header with its length, and the content."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
