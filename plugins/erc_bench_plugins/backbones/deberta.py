"""DeBERTa-large, version 1."""

from typing import Any

import erc_bench.api as erc


class Deberta(erc.PretrainedBackbone):
    """DeBERTa-large: content and relative position attend apart (24 layers, 1024 wide).

    Its attention needs a cast to survive bf16 autocast, which is applied after loading.
    """

    name = "deberta"
    source = "He et al. 2021, DeBERTa, arXiv:2006.03654; microsoft/deberta-large"
    default_path = "microsoft/deberta-large"
    architecture = {
        "model_type": "deberta",
        "relative_attention": True,
        "pos_att_type": ["c2p", "p2c"],
        "position_biased_input": False,
        "type_vocab_size": 0,
        "max_relative_positions": -1,
    }
    parameters = 405_163_008
    attention = ("eager",)

    def adapt(self, model: Any) -> None:
        """Cast the biases of the attention, see :func:`erc_bench.api.cast_attention_biases`."""
        erc.cast_attention_biases(model)


@erc.hookimpl
def erc_backbones() -> list[type[erc.Backbone]]:
    return [Deberta]
