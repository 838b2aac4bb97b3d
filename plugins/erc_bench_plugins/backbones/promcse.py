"""Supervised PromCSE on RoBERTa-large: a body, and prefixes that were learned for its attention.

PromCSE freezes the language model and learns only a table of l rows, a key and a value prefix for
every layer. A row holds 2L slices of width d: slices 2k and 2k+1 are key and value of layer k.
They stand before the keys and values of the tokens, which every token may attend to, and the tokens'
positions begin l later: the prefixes take the first l places of the position table.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal

import erc_bench.api as erc

if TYPE_CHECKING:
    from torch import Tensor, nn

_PREFIXES = "prefix_encoder"


class PromCSE(erc.PretrainedBackbone):
    """RoBERTa-large as the PromCSE checkpoint holds it, with or without the learned prefixes.

    The checkpoint holds the body under ``roberta.*``, the prefixes under ``prefix_encoder.*`` and a
    sentence layer under ``mlp.*``, which is left out. With ``prefix=off`` the prefixes are left out
    as well, which is what the authors of EACL ran (their code loads the checkpoint with a generic
    ``AutoModel``): numerically the original RoBERTa-large.

    With ``prefix=on`` the keys and values of every layer begin with the prefixes, also where the
    checkpoint computes them from a smaller table (``prefix_encoder.trans.*``), and an input may be
    l tokens shorter. In training they pass the model's hidden dropout, each input with a draw of
    its own. Prefixes and body are parameters alike: with ``encoder.trainable=all`` both train (unlike
    in PromCSE's own training, where the body is frozen), with ``none`` neither, and a number of top
    layers leaves the prefixes, which reach all layers, as they are.
    """

    name = "promcse"
    source = "Jiang et al. 2022, PromCSE, arXiv:2203.06875; YuxinJiang/sup-promcse-roberta-large"
    departures = (
        "prefix=off, without the learned prefixes, is the default: it is what the authors of EACL ran, and "
        "numerically the original RoBERTa-large.",
        "With prefix=on body and prefixes train; in PromCSE's own training the body is frozen.",
        "The checkpoint's sentence layer (mlp.*) is left out.",
    )
    default_path = "YuxinJiang/sup-promcse-roberta-large"
    architecture = {"model_type": "roberta"}
    parameters = 354_310_144

    @dataclass(frozen=True)
    class Options(erc.PretrainedBackbone.Options):
        """Where the weights are, and whether the prefixes are used."""

        prefix: Literal["off", "on"] = erc.option("off", "Prepend the learned prefixes to every layer.")

    def load(self) -> erc.LoadedBackbone:
        """Load tokenizer and model; raises :class:`erc.ErcBenchError` where the prefixes are not as described."""
        loaded = super().load()
        if self.options.prefix == "off":
            return loaded
        length = add_prefixes(loaded.model, erc.read_tensors(self.folder(), f"{_PREFIXES}."), str(self.folder()))
        return replace(loaded, maximum_length=loaded.maximum_length - length)


def add_prefixes(model: Any, tensors: dict[str, Tensor], place: str) -> int:
    """Give a model prefixes, in place; returns how many, l.

    ``tensors`` are named as in the checkpoint: ``embedding.weight`` (l, 2·L·d), or (l, d) with
    ``trans.0`` and ``trans.2``, the linear layers with a tanh between them that make it (l, 2·L·d).
    The model stays the one that it is, so that its layers freeze, copy and save as before.
    Raises :class:`erc.ErcBenchError` for other tensors, and a model that takes no past keys.
    """
    if "past_key_values" not in signature(type(model).forward).parameters:
        raise erc.ErcBenchError(
            f"backbone 'promcse': a {type(model).__name__} ({place}) cannot take prefixes",
            "Use a BERT or RoBERTa, or --set backbone.prefix=off.",
        )
    setattr(model, _PREFIXES, _prefix_encoder(tensors, model.config, place).train(model.training))
    # A function that finds the prefixes through the model: a copy of the model uses its own.
    model.register_forward_pre_hook(_prepend, with_kwargs=True)
    return len(tensors["embedding.weight"])


def _prefix_encoder(tensors: dict[str, Tensor], config: Any, place: str) -> nn.Module:
    """Return a module from (rows, l) indices to (rows, 2·L·d); the dropout freezes with the table."""
    from torch import nn

    width = 2 * config.num_hidden_layers * config.hidden_size
    _check(tensors, width, place)
    parts: OrderedDict[str, nn.Module] = OrderedDict(embedding=nn.Embedding(*tensors["embedding.weight"].shape))
    if "trans.0.weight" in tensors:
        inner, outer = (tensors[f"trans.{number}.weight"] for number in (0, 2))
        parts["trans"] = nn.Sequential(nn.Linear(*inner.T.shape), nn.Tanh(), nn.Linear(*outer.T.shape))
    parts["dropout"] = nn.Dropout(config.hidden_dropout_prob)
    encoder = nn.Sequential(parts)
    encoder.load_state_dict(tensors)
    return encoder


def _check(tensors: dict[str, Tensor], width: int, place: str) -> None:
    if "embedding.weight" not in tensors:
        raise erc.ErcBenchError(
            f"backbone 'promcse': {place} holds no prefixes ({_PREFIXES}.embedding.weight)",
            "Use a checkpoint of PromCSE, or --set backbone.prefix=off.",
        )
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    inner = shapes.get("trans.0.weight", (0,))[0]
    table = shapes["embedding.weight"][-1]
    linear = {"trans.0.weight": (inner, table), "trans.0.bias": (inner,)}
    linear |= {"trans.2.weight": (width, inner), "trans.2.bias": (width,)}
    expected = {"embedding.weight": (len(tensors["embedding.weight"]), table if inner else width)}
    if shapes != expected | (linear if inner else {}):
        found = ", ".join(f"{name} {shape}" for name, shape in sorted(shapes.items()))
        raise erc.ErcBenchError(
            f"backbone 'promcse': the prefixes in {place} are not made for its model, whose layers take {width} "
            f"numbers: {found}",
            "Check that config.json and the weights belong to one model.",
        )


def _prepend(model: Any, positional: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[()], dict[str, Any]]:
    """Extend the arguments of one call: the prefixes as past keys and values, a mask that shows them.

    The library counts the positions of the tokens from the end of the past.
    """
    import torch
    from transformers import DynamicCache

    inputs = dict(zip(list(signature(type(model).forward).parameters)[1:], positional, strict=False)) | named
    tokens, mask = inputs.get("input_ids"), inputs.get("attention_mask")
    tokens = inputs["inputs_embeds"] if tokens is None else tokens
    mask = torch.ones(tokens.shape[:2], dtype=torch.long, device=tokens.device) if mask is None else mask
    pairs = _keys_and_values(model, len(tokens))
    seen = mask.new_ones(len(tokens), pairs[0][0].shape[-2])
    extended = {"past_key_values": DynamicCache(pairs), "attention_mask": torch.cat([seen, mask], dim=1)}
    return (), inputs | extended


def _keys_and_values(model: Any, rows: int) -> list[tuple[Tensor, Tensor]]:
    """Return for every layer a key and a value prefix, both (rows, heads, l, d / heads)."""
    import torch

    encoder = getattr(model, _PREFIXES)
    table = encoder.embedding.weight
    prefixes = encoder(torch.arange(len(table), device=table.device).expand(rows, -1))  # (rows, l, 2·L·d)
    if torch.is_autocast_enabled(table.device.type):
        prefixes = prefixes.to(torch.get_autocast_dtype(table.device.type))
    heads, layers = model.config.num_attention_heads, model.config.num_hidden_layers
    slices = prefixes.view(rows, len(table), 2 * layers, heads, -1).permute(2, 0, 3, 1, 4)  # (2·L, rows, heads, l, ·)
    return list(zip(slices[0::2], slices[1::2], strict=True))


@erc.hookimpl
def erc_backbones() -> list[type[erc.Backbone]]:
    return [PromCSE]
