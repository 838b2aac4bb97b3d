"""BART-large, an encoder with a decoder."""

import erc_bench.api as erc


class Bart(erc.PretrainedBackbone):
    """BART-large (12 layers of an encoder and 12 of a decoder, 1024 wide), the backbone of CoG-BART.

    The decoder reads the same tokens as the encoder, one place later; states are the decoder's. Its state at the last
    token is the one of a whole text, as in BART's own classification.
    """

    name = "bart"
    source = "Lewis et al. 2020, BART, arXiv:1910.13461; facebook/bart-large"
    default_path = "facebook/bart-large"
    architecture = {"model_type": "bart"}
    parameters = 406_291_456
    reading = "last"


@erc.hookimpl
def erc_backbones() -> list[type[erc.Backbone]]:
    return [Bart]
