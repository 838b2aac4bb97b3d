"""Low-rank adapters (LoRA) around a language model: they train, the model stands still."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import erc_bench.api as erc

if TYPE_CHECKING:
    from torch import Tensor

Target = Literal["all-linear", "attention"]
_ATTENTION = r".*\.(q_proj|k_proj|v_proj|query|key|value|c_attn|query_key_value|qkv_proj)"
"""Names of the layers that make queries, keys and values, in the architectures that are common."""


def check_installed() -> None:
    """Raise ``ErcBenchError`` where the library of adapters is not installed."""
    if find_spec("peft") is None:
        raise erc.ErcBenchError("adapters need peft, which is not installed", "pip install 'erc-bench[llm]'")


def with_adapters(model: Any, rank: int, alpha: int, dropout: float, target: Target) -> Any:
    """Return the model with adapters in float32 that alone train, and change nothing before they have.

    Raises ``ErcBenchError`` where the model has no layer of that kind.
    """
    check_installed()
    from peft import LoraConfig, TaskType, get_peft_model

    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules="all-linear" if target == "all-linear" else _ATTENTION,
    )
    try:
        with warnings.catch_warnings():
            # Of names that the library will no longer have, and of layers whose weights it turns as it must.
            warnings.simplefilter("ignore")
            return get_peft_model(model, config, autocast_adapter_dtype=True)
    except ValueError as error:
        raise erc.ErcBenchError(
            f"the language model takes no adapters: {error}", "Try --set system.adapted=all-linear."
        ) from error


def state_of(model: Any) -> dict[str, Tensor]:
    """Return the adapters' weights by name, copies on the CPU."""
    from peft import get_peft_model_state_dict

    found = get_peft_model_state_dict(model, save_embedding_layers=False)
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in found.items()}


def put_back(model: Any, state: Mapping[str, Tensor]) -> None:
    """Give the adapters these weights; raises ``ErcBenchError`` where they are those of another model."""
    from peft import get_peft_model_state_dict, set_peft_model_state_dict

    own = get_peft_model_state_dict(model, save_embedding_layers=False)
    wrong = sorted(own.keys() ^ state.keys()) or [
        name for name, tensor in own.items() if tensor.shape != state[name].shape
    ]
    if wrong:
        said = f"the saved adapters are not those of this language model: {wrong[0]}"
        raise erc.ErcBenchError(said, "Use the model that they were trained on.")
    set_peft_model_state_dict(model, {name: tensor.float() for name, tensor in state.items()})
