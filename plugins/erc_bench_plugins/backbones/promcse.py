"""Supervised PromCSE on RoBERTa-large: the body that its prefixes were learned for."""

from dataclasses import dataclass
from typing import Literal

import erc_bench.api as erc


class PromCSE(erc.PretrainedBackbone):
    """RoBERTa-large as the PromCSE checkpoint holds it, without the learned prefixes.

    PromCSE freezes the language model and learns only prefixes for the keys and values of every
    layer. The checkpoint holds the body under ``roberta.*``, the prefixes under
    ``prefix_encoder.*`` and a sentence layer under ``mlp.*``. With ``prefix=off`` the last two are
    left out, which is what the authors of EACL ran (their code loads the checkpoint with a generic
    ``AutoModel``): numerically the original RoBERTa-large.
    """

    name = "promcse"
    source = "Jiang et al. 2022, PromCSE, arXiv:2203.06875; YuxinJiang/sup-promcse-roberta-large"
    default_path = "YuxinJiang/sup-promcse-roberta-large"
    parameters = 354_310_144

    @dataclass(frozen=True)
    class Options(erc.PretrainedBackbone.Options):
        """Where the weights are, and whether the prefixes are used."""

        prefix: Literal["off", "on"] = erc.option("off", "Prepend the learned prefixes to every layer.")

    def reference(self) -> str:
        """Return hub id or folder; raises :class:`erc.ErcBenchError` for ``prefix=on``."""
        if self.options.prefix == "on":
            raise erc.ErcBenchError(
                "backbone 'promcse' does not implement its learned prefixes yet",
                "Use --set backbone.prefix=off, the body without prefixes, which the authors of EACL ran.",
            )
        return super().reference()


@erc.hookimpl
def erc_backbones() -> list[type[erc.Backbone]]:
    return [PromCSE]
