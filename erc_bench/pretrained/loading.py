"""Reads a checkpoint of a local folder into a tokenizer and a model, and checks that they are whole."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from erc_bench.contracts.backbone import Precision
from erc_bench.errors import ErcBenchError
from erc_bench.pretrained.declared_layers import refuse_deep
from erc_bench.pretrained.files import check_content, refuse_objects
from erc_bench.pretrained.gguf_file import settle, source_of

_MASKED = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "megatron-bert", "rembert", "roformer", "xlm")
"""Architectures of masked models that transformers can also make write; nobody has trained these to."""
_NUMBERED_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)\.")


def load_folder(folder: Path, attention: Sequence[str]) -> tuple[Any, Any]:
    """Return tokenizer and model: float32, on the CPU, in evaluation mode, without a pooler.

    ``attention`` names implementations, the preferred one first; the first that the architecture
    offers is taken. Raises :class:`ErcBenchError` when files are damaged, when weights of the body
    are missing (they would be random), and when tokenizer and model do not belong together.
    """
    check_content(folder)
    with _quiet():
        tokenizer, model, report = _read(folder, attention)
    _check_weights(folder, model, report)
    _check_tokenizer(folder, tokenizer, model)
    _let_mask_take_its_space(tokenizer)
    return tokenizer, model.eval()


def load_generative(folder: Path, attention: Sequence[str], precision: Precision) -> tuple[Any, Any]:
    """Return tokenizer and model with its output layer, as :func:`load_folder` does, in a precision.

    Raises :class:`ErcBenchError` also for a model that does not write text, a token after the other.
    """
    check_content(folder)
    with _quiet():
        tokenizer, model, report = _read(folder, attention, precision, with_output=True)
    _check_weights(folder, model, report)
    _check_tokenizer(folder, tokenizer, model)
    return tokenizer, model.eval()


def load_tokenizer(folder: Path) -> tuple[Any, Any]:
    """Return tokenizer and configuration of a folder that :func:`load_folder` found whole, without its model."""
    with _quiet():
        tokenizer, config = _read_tokenizer(folder)
    _let_mask_take_its_space(tokenizer)
    return tokenizer, config


_LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}


def _read_tokenizer(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoConfig, AutoTokenizer

    place, how = source_of(folder)
    config = AutoConfig.from_pretrained(place, **how, **_LOCAL)
    tokenizer = AutoTokenizer.from_pretrained(place, use_fast=True, **how, **_LOCAL)
    if tokenizer.pad_token is None and _writes(config):
        # Models that write are published without one; no padding is ever read.
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer, config


def _writes(config: Any) -> bool:
    """Whether a configuration is that of a model that writes text, a token after the other, and nothing else."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING

    offered = MODEL_FOR_CAUSAL_LM_MAPPING.get(type(config), None)
    named = getattr(config, "architectures", None) or [getattr(offered, "__name__", "")]
    is_masked = getattr(config, "model_type", "") in _MASKED and not getattr(config, "is_decoder", False)
    return not is_masked and any(str(each).endswith(("ForCausalLM", "LMHeadModel")) for each in named)


def _read(
    folder: Path, attention: Sequence[str], precision: Precision = "float32", with_output: bool = False
) -> tuple[Any, Any, dict[str, Any]]:
    import torch
    from transformers import AutoModel, AutoModelForCausalLM

    try:
        tokenizer, config = _read_tokenizer(folder)
        refuse_deep(folder, config)
        if with_output and not _writes(config):
            raise ErcBenchError(
                f"the model in {folder} ({config.model_type}) does not write text, a token after the other",
                "Name one that does: --backbone smollm2, or a model of the hub whose architecture ends in ForCausalLM.",
            )
        place, how = source_of(folder)
        choices = {**how, **_choices(config, attention), **_LOCAL, "output_loading_info": True}
        if not how:
            choices["config"] = config
        kind: Any = AutoModelForCausalLM if with_output else AutoModel
        # Reading a GGUF file has a bar of its own, which nothing turns off.
        with redirect_stderr(StringIO()) if how else nullcontext():
            model, report = kind.from_pretrained(place, dtype=getattr(torch, precision), **choices)
        settle(model)
    except ErcBenchError:
        raise
    except Exception as error:  # foreign files: whatever they cause is the user's to know
        refuse_objects(folder, error)
        raise ErcBenchError(
            f"the model in {folder} cannot be loaded: {_first_line(error)}",
            "Check that its files are complete and belong to one model.",
        ) from error
    return tokenizer, model, report


def _choices(config: Any, attention: Sequence[str]) -> dict[str, Any]:
    """Choose the attention and leave out the pooler, where the architecture has the choice."""
    from transformers import MODEL_MAPPING

    architecture: Any = MODEL_MAPPING[type(config)]
    offered = [kind for kind in attention if getattr(architecture, f"_supports_{kind}", kind == "eager")]
    choices: dict[str, Any] = {"attn_implementation": (offered or ["eager"])[0]}
    if "add_pooling_layer" in inspect.signature(architecture).parameters:
        choices["add_pooling_layer"] = False
    return choices


def maximum_length(tokenizer: Any, model: Any) -> int:
    """Return how many tokens the model can read at once, special ones included.

    RoBERTa counts positions from its padding id onwards, so that its table of 514 holds 512.
    """
    limits = [int(tokenizer.model_max_length)]
    positions = getattr(model.config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 0:
        limits.append(positions - _positions_before_first(model))
    return min(limits)


def _positions_before_first(model: Any) -> int:
    tables = (module for name, module in model.named_modules() if name.endswith("position_embeddings"))
    reserved = (getattr(table, "padding_idx", None) for table in tables)
    return max((index + 1 for index in reserved if index is not None), default=0)


def _check_weights(folder: Path, model: Any, report: dict[str, Iterable[Any]]) -> None:
    missing = sorted(str(key) for key in report["missing_keys"] if "pooler" not in str(key).split("."))
    if missing:
        raise ErcBenchError(
            f"{folder} lacks weights of the model that its config.json describes: {_some(missing)}",
            "They would be random. Check that config.json and the weights belong to one model.",
        )
    layers = getattr(model.config, "num_hidden_layers", None)
    surplus = sorted(str(key) for key in report["unexpected_keys"] if layers and _layer_of(str(key)) >= layers)
    if surplus:
        raise ErcBenchError(
            f"{folder} holds more layers than the {layers} that its config.json describes: {_some(surplus)}",
            "They would be ignored. Check that config.json and the weights belong to one model.",
        )


def _layer_of(key: str) -> int:
    found = _NUMBERED_LAYER.search(key)
    return int(found.group(1)) if found else -1


def _check_tokenizer(folder: Path, tokenizer: Any, model: Any) -> None:
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        raise ErcBenchError(
            f"the tokenizer in {folder} has {len(tokenizer)} tokens, the model only {rows}",
            "Check that the tokenizer's files and the weights belong to one model.",
        )
    if tokenizer.pad_token_id is None:
        raise ErcBenchError(
            f"the tokenizer in {folder} names no padding token, so rows cannot be batched",
            'Name one in its tokenizer_config.json: "pad_token": "...".',
        )


def _let_mask_take_its_space(tokenizer: Any) -> None:
    """Let the mask token take the space before it, where that space would be a token of its own.

    In pretraining a mask stands for a word together with its space. The published RoBERTa files say
    so; those of DeBERTa do not, and transformers 5 reads only the files.
    """
    mask = tokenizer.mask_token
    if mask is None:
        return
    apart = tokenizer("a", add_special_tokens=False)["input_ids"]
    together = tokenizer(f"a {mask}", add_special_tokens=False)["input_ids"]
    if len(together) > len(apart) + 1:
        from tokenizers import AddedToken

        whole = AddedToken(mask, lstrip=True, rstrip=False, normalized=False, special=True)
        tokenizer.add_special_tokens({"mask_token": whole})


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' load report, progress bars and warnings off the screen; all are checked here."""
    from transformers.utils import logging as library

    logging: Any = library  # not annotated there
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            yield
        finally:
            logging.set_verbosity(verbosity)
            if bars:
                logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
