"""Text written behind prompts, the likeliest token at each place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import erc_bench.api as erc

if TYPE_CHECKING:
    from torch import Tensor

Ids = Sequence[int]
_VERSION = 1
"""Of how a batch is written; what was remembered of another one is not used."""
_BATCH_TOKENS = 4096


def written(
    loaded: erc.LoadedBackbone,
    prompts: Sequence[Ids],
    longest: int,
    device: str,
    done: Callable[[], None],
    memory: MutableMapping[str, bytes],
) -> list[str]:
    """Return what the model writes behind each prompt, at most so many tokens, up to its end token.

    ``done`` is called after each prompt. ``memory`` holds batches that were written before; the same prompts make the
    same batches.
    """
    texts = [""] * len(prompts)
    for rows in _batches([len(prompt) + longest for prompt in prompts]):
        batch = [list(prompts[row]) for row in rows]
        asked = [_VERSION, str(loaded.model.dtype), longest, batch]
        name = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
        found = _remembered(memory, name, len(rows))
        if found is None:
            found = _write(loaded, batch, longest, device)
            memory[name] = json.dumps(found).encode()
        for row, text in zip(rows, found, strict=True):
            texts[row] = text
            done()
    return texts


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Put rows of about the same length together, within the bound."""
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: (lengths[row], row)):
        if not batches or (len(batches[-1]) + 1) * lengths[row] > _BATCH_TOKENS:
            batches.append([])
        batches[-1].append(row)
    return batches


def _remembered(memory: MutableMapping[str, bytes], name: str, rows: int) -> list[str] | None:
    try:
        found = json.loads(memory.get(name, b""))
    except ValueError:
        return None
    usable = isinstance(found, list) and len(found) == rows and all(isinstance(text, str) for text in found)
    return found if usable else None


def _write(loaded: erc.LoadedBackbone, batch: Sequence[list[int]], longest: int, device: str) -> list[str]:
    import torch
    from transformers import GenerationConfig

    tokenizer, model = loaded.tokenizer, loaded.model.to(device)
    pad = int(tokenizer.pad_token_id or 0)
    width = max(map(len, batch))
    # Padding stands on the left, so that all rows go on in the same column.
    ids = torch.tensor([[pad] * (width - len(row)) + row for row in batch], device=device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in batch], device=device)
    config: Any = GenerationConfig
    greedy = config(do_sample=False, max_new_tokens=longest, pad_token_id=pad, eos_token_id=_ends(loaded))
    own, model.generation_config = model.generation_config, greedy
    try:
        with torch.inference_mode():
            found: Tensor = model.generate(input_ids=ids, attention_mask=mask)
    finally:
        # It may draw, or forbid to say a word twice: what is handed over would be filled up from it.
        model.generation_config = own
    texts: list[str] = tokenizer.batch_decode(found[:, width:], skip_special_tokens=True)
    return texts


def _ends(loaded: erc.LoadedBackbone) -> list[int] | None:
    """Return the tokens after which nothing is written: the tokenizer's and the model's own."""
    own: Any = getattr(getattr(loaded.model, "generation_config", None), "eos_token_id", None)
    ends = [loaded.tokenizer.eos_token_id, *(own if isinstance(own, list) else [own])]
    return list(dict.fromkeys(int(end) for end in ends if end is not None)) or None
