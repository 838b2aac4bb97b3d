"""Qwen2.5-Instruct in three sizes, each pinned to a revision."""

from dataclasses import dataclass

import erc_bench.api as erc

_REVISION = "Branch, tag or commit on the hub; the default is the one that results of this name are of."


class _Qwen(erc.PretrainedBackbone):
    source = "Qwen Team 2024, Qwen2.5 Technical Report, arXiv:2412.15115"
    architecture = {"model_type": "qwen2"}
    reading = "last"
    generates = True
    alternative = "--backbone smollm2 (93 MB, from a package) needs no download from the hub."


class QwenHalfBillion(_Qwen):
    """Qwen2.5-0.5B-Instruct (24 layers, 896 wide): writes text; the smallest of its family."""

    name = "qwen-500m"
    source = f"{_Qwen.source}; Qwen/Qwen2.5-0.5B-Instruct"
    default_path = "Qwen/Qwen2.5-0.5B-Instruct"
    parameters = 494_032_768

    @dataclass(frozen=True)
    class Options(erc.PretrainedBackbone.Options):
        """Where the weights are."""

        revision: str = erc.option("7ae557604adf67be50417f59c2c2f167def9a775", _REVISION)


class QwenOneAndAHalfBillion(_Qwen):
    """Qwen2.5-1.5B-Instruct (28 layers, 1536 wide): writes text; trains with adapters on one small GPU."""

    name = "qwen-1500m"
    source = f"{_Qwen.source}; Qwen/Qwen2.5-1.5B-Instruct"
    default_path = "Qwen/Qwen2.5-1.5B-Instruct"
    parameters = 1_543_714_304

    @dataclass(frozen=True)
    class Options(erc.PretrainedBackbone.Options):
        """Where the weights are."""

        revision: str = erc.option("989aa7980e4cf806f80c7fef2b1adb7bc71aa306", _REVISION)


class QwenSevenBillion(_Qwen):
    """Qwen2.5-7B-Instruct (28 layers, 3584 wide): writes text; the size that most of the field's papers tune."""

    name = "qwen-7b"
    source = f"{_Qwen.source}; Qwen/Qwen2.5-7B-Instruct"
    default_path = "Qwen/Qwen2.5-7B-Instruct"
    parameters = 7_615_616_512

    @dataclass(frozen=True)
    class Options(erc.PretrainedBackbone.Options):
        """Where the weights are."""

        revision: str = erc.option("a09a35458c702b33eeacc393d103063234e8bc28", _REVISION)


@erc.hookimpl
def erc_backbones() -> list[type[erc.Backbone]]:
    return [QwenHalfBillion, QwenOneAndAHalfBillion, QwenSevenBillion]
