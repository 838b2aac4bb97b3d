"""Log-likelihoods of the same few continuations behind many prompts, each prompt read once."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Ids = Sequence[int]
_VERSION = 1
"""Of how a batch is computed; what was remembered of another one is not used."""
_WORTH_SHARING = 8
"""Tokens at the beginning of all prompts from which on they are read once for all."""


@dataclass(frozen=True)
class _Branches:
    """The continuations behind a prompt, all in one row: each sees the prompt and itself.

    ``ids`` are those of all continuations without their last token, which nothing is read behind. ``depths`` count from
    the end of the prompt, ``owners`` name the continuation. ``sources[c][t]`` is the place, in the states of the
    prompt's last token and of ``ids``, that predicts token ``t`` of continuation ``c``.
    """

    ids: list[int]
    depths: list[int]
    owners: list[int]
    sources: list[list[int]]


def _branches(continuations: Sequence[Ids]) -> _Branches:
    found = _Branches([], [], [], [])
    for owner, continuation in enumerate(continuations):
        begin = 1 + len(found.ids)
        inner = list(continuation[:-1])
        found.ids.extend(inner)
        found.depths.extend(range(len(inner)))
        found.owners.extend([owner] * len(inner))
        found.sources.append([0, *range(begin, begin + len(inner))])
    return found


class Continuations:
    """Scores continuations (token ids, each at least one) behind prompts, with a model that writes text.

    What all prompts begin with is read once; the continuations of a prompt stand in its row side by side, and only
    the positions that predict one of their tokens go through the output layer. ``batch_tokens`` bounds the tokens of a
    batch. Raises :class:`ErcBenchError` for a prompt that the model cannot read at once.
    """

    def __init__(
        self, loaded: LoadedBackbone, continuations: Sequence[Ids], device: str = "cpu", batch_tokens: int = 4096
    ) -> None:
        if not continuations or not all(continuations):
            raise ErcBenchError("there is nothing to continue with", "Every label needs a token at least.")
        self._model = loaded.model.to(device)
        self._pad = int(loaded.tokenizer.pad_token_id or 0)
        self._continuations = [list(each) for each in continuations]
        self._branches = _branches(self._continuations)
        self._longest = _longest_row(loaded)
        self._device, self._batch_tokens = device, batch_tokens

    @property
    def _precision(self) -> torch.dtype:
        import torch

        return torch.float64 if self._model.dtype == torch.float64 else torch.float32

    @property
    def room(self) -> int:
        """How many tokens a prompt may have."""
        return self._longest - max(map(len, self._continuations))

    def score(
        self,
        prompts: Sequence[Ids],
        done: Callable[[], None] = lambda: None,
        memory: MutableMapping[str, bytes] | None = None,
    ) -> Tensor:
        """Return the log-likelihood of every token, (prompts, continuations, longest continuation), on the CPU.

        They are in float32 (in float64 where the model computes so). Behind the last token of a shorter continuation
        stand zeros. ``done`` is called after each prompt. ``memory`` holds batches that were scored before; the same
        prompts make the same batches.
        """
        import torch

        for prompt in prompts:
            if not 0 < len(prompt) <= self.room:
                raise ErcBenchError(
                    f"a prompt has {len(prompt):,} tokens, and the model reads 1 to {self.room:,} before a label"
                )
        longest = max(map(len, self._continuations))
        found = torch.zeros(len(prompts), len(self._continuations), longest, dtype=self._precision)
        shared = _common_beginning(prompts)
        with torch.inference_mode():
            beginning = cache(lambda: self._read(prompts[0][:shared]) if shared else None)
            for rows in self._batches([len(prompt) - shared for prompt in prompts]):
                rest = [list(prompts[row][shared:]) for row in rows]
                name = self._name(prompts[0][:shared], rest)
                scored = self._remembered(name, len(rest), memory)
                if scored is None:
                    scored = self._score_batch(rest, shared, beginning())
                    if memory is not None:
                        memory[name] = scored.numpy().tobytes()
                for place, row in enumerate(rows):
                    found[row] = scored[place]
                    done()
        return found

    def _name(self, beginning: Ids, rest: Sequence[Ids]) -> str:
        asked = [_VERSION, str(self._model.dtype), self._continuations, list(beginning), [list(row) for row in rest]]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    def _remembered(self, name: str, rows: int, memory: MutableMapping[str, bytes] | None) -> Tensor | None:
        """Return what is stored of a batch; nothing where that cannot be one."""
        import torch

        stored = None if memory is None else memory.get(name)
        shape = (rows, len(self._continuations), max(map(len, self._continuations)))
        if stored is None or len(stored) != self._precision.itemsize * math.prod(shape):
            return None
        return torch.frombuffer(bytearray(stored), dtype=self._precision).reshape(shape)

    def _batches(self, lengths: Sequence[int]) -> list[list[int]]:
        """Put rows of about the same length together, within the bound."""
        batches: list[list[int]] = []
        for row in sorted(range(len(lengths)), key=lambda row: (lengths[row], row)):
            width = lengths[row] + len(self._branches.ids)
            if not batches or (len(batches[-1]) + 1) * width > self._batch_tokens:
                batches.append([])
            batches[-1].append(row)
        return batches

    def _read(self, ids: Ids) -> Any:
        """Return keys and values of a beginning, a row of one."""
        import torch

        row = torch.tensor([list(ids)], device=self._device)
        return self._model(input_ids=row, use_cache=True, logits_to_keep=1).past_key_values

    def _score_batch(self, rest: Sequence[list[int]], shared: int, past: Any) -> Tensor:
        """rest: token ids behind the shared beginning → (rows, continuations, longest) log-likelihoods."""
        import torch

        ids, positions, mask = self._rows(rest, shared)
        kept = 1 + len(self._branches.ids)
        output = self._model(
            input_ids=ids,
            position_ids=positions,
            attention_mask=_additive(mask, self._model.dtype),
            past_key_values=_for_rows(past, len(rest)),
            use_cache=past is not None,
            logits_to_keep=kept,
        )
        log_p = output.logits[:, -kept:].to(self._precision).log_softmax(-1)
        longest = max(map(len, self._continuations))
        scored = torch.zeros(len(rest), len(self._continuations), longest, dtype=self._precision, device=ids.device)
        for number, (own, sources) in enumerate(zip(self._continuations, self._branches.sources, strict=True)):
            scored[:, number, : len(own)] = log_p[:, sources, own]
        return scored.cpu()

    def _rows(self, rest: Sequence[list[int]], shared: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return ids and positions, (rows, tokens), and who sees whom, (rows, tokens, shared + tokens).

        Padding stands on the left, so that the continuations of all rows stand in the same columns.
        """
        import torch

        width, branches = max(map(len, rest)), self._branches
        lengths = torch.tensor([len(row) for row in rest])
        padded = [[self._pad] * (width - len(row)) + row + branches.ids for row in rest]
        inside = torch.arange(width) - (width - lengths)[:, None]
        behind = lengths[:, None] + torch.tensor(branches.depths, dtype=torch.long)
        positions = torch.cat([inside.clamp(min=0), behind], 1) + shared
        columns = torch.arange(width + len(branches.ids))
        owners = torch.tensor([-1] * width + branches.owners)
        causal = columns[None, :] <= columns[:, None]
        related = (owners[None, :] == -1) | (owners[None, :] == owners[:, None])
        real = torch.cat([inside >= 0, torch.ones(len(rest), len(branches.ids), dtype=torch.bool)], 1)
        seen = (causal & related)[None] & real[:, None, :]
        # A padding token sees itself: a row of the softmax must not be empty.
        seen |= torch.eye(len(columns), dtype=torch.bool)[None]
        beginning = torch.ones(len(rest), len(columns), shared, dtype=torch.bool)
        mask = torch.cat([beginning, seen], 2)
        device = self._device
        return torch.tensor(padded, device=device), positions.to(device), mask.to(device)


def _longest_row(loaded: LoadedBackbone) -> int:
    window = getattr(loaded.model.config, "sliding_window", None)
    # Beyond its window a model would have to forget, which the rows here do not.
    return min(loaded.maximum_length, window) if isinstance(window, int) and window > 0 else loaded.maximum_length


def _common_beginning(prompts: Sequence[Ids]) -> int:
    """Return how many tokens all prompts begin with; each keeps one of its own."""
    if len(prompts) < 2:
        return 0
    shortest = min(map(len, prompts)) - 1
    alike = takewhile(lambda place: len({prompt[place] for prompt in prompts}) == 1, range(shortest))
    shared = sum(1 for _ in alike)
    return shared if shared >= _WORTH_SHARING else 0


def _additive(mask: Tensor, dtype: Any) -> Tensor:
    """mask: (rows, queries, keys), true where a key is seen → (rows, 1, queries, keys), what is added to scores."""
    import torch

    added = torch.zeros(mask.shape, dtype=dtype, device=mask.device)
    return added.masked_fill(~mask, torch.finfo(dtype).min)[:, None]


def _for_rows(past: Any, rows: int) -> Any:
    """Return keys and values of one row for so many, which the model adds to without changing the original."""
    if past is None:
        return None
    from transformers import DynamicCache

    cache = DynamicCache()
    for number, layer in enumerate(past.layers):
        cache.update(layer.keys.expand(rows, -1, -1, -1), layer.values.expand(rows, -1, -1, -1), number)
    return cache
