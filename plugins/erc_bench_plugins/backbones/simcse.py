"""Supervised SimCSE on RoBERTa-large."""

import erc_bench.api as erc


class SimCSE(erc.PretrainedBackbone):
    """RoBERTa-large, trained on entailment pairs to embed sentences (24 layers, 1024 wide).

    The backbone of EACL and SPCL. Only the transformer's body is used: the pooling layer that
    SimCSE trained along with it is left out.
    """

    name = "simcse"
    source = "Gao et al. 2021, SimCSE, arXiv:2104.08821; princeton-nlp/sup-simcse-roberta-large"
    default_path = "princeton-nlp/sup-simcse-roberta-large"
    architecture = {"model_type": "roberta"}
    parameters = 354_310_144


@erc.hookimpl
def erc_backbones() -> list[type[erc.Backbone]]:
    return [SimCSE]
