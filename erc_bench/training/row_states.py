"""The language model's work, done once for all encoders: token rows in, row states out.

Rows are grouped by length into chunks, so that next to nothing is padding, and come back in the
order in which they were given. A row's state does not depend on its chunk.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn

from erc_bench.contracts.decoders import decoder_inputs, has_decoder
from erc_bench.contracts.encoder import TokenRow
from erc_bench.contracts.language_models import MAIN
from erc_bench.errors import ErcBenchError
from erc_bench.pretrained.kernels.attention import is_quickened
from erc_bench.pretrained.kernels.dropout import drawing_from
from erc_bench.pretrained.kernels.last_layer import POSITIONS, takes_positions
from erc_bench.training.deferred_model import DeferredModel
from erc_bench.training.row_order import distinct, in_order, repeated, repeats
from erc_bench.training.row_reading import LAST, mixed, pool
from erc_bench.training.side_by_side import encode_side_by_side


@dataclass(frozen=True)
class ChunkSize:
    """Limits of one chunk, whichever is reached first; and the rows that a micro-batch never cuts apart."""

    rows: int
    tokens: int
    least: int = 1


def chunk_size(device: torch.device) -> ChunkSize:
    """Return the limits that suit a device: a CPU's caches want few rows, a GPU many."""
    return ChunkSize(8, 4096, least=8) if device.type == "cpu" else ChunkSize(512, 32_768)


class RowEncoder:
    """Runs a language model over token rows; ``further`` run those of other roles."""

    def __init__(
        self,
        model: nn.Module | DeferredModel,
        pad_id: int,
        device: torch.device,
        precision: torch.dtype,
        further: Mapping[str, RowEncoder] | None = None,
    ) -> None:
        self.further = dict(further or {})
        self._model = model
        self.pad_id = pad_id
        self.device = device
        self.precision = precision
        self.chunk = chunk_size(device)

    def of(self, role: str) -> RowEncoder:
        """Return the one that runs the language model of a role."""
        return self if role == MAIN else self.further[role]

    def around(self, models: Mapping[str, nn.Module]) -> RowEncoder:
        """Return one that runs other language models, by role, in the same way."""
        further = {
            role: RowEncoder(models[role], each.pad_id, each.device, each.precision)
            for role, each in self.further.items()
        }
        return RowEncoder(models[MAIN], self.pad_id, self.device, self.precision, further)

    @property
    def model(self) -> nn.Module:
        """The language model; loaded by now, if it was deferred."""
        return self._model.loaded() if isinstance(self._model, DeferredModel) else self._model

    @cached_property
    def _takes_embeddings(self) -> bool:
        config: Any = self.model.config
        # A decoder beside it reads ids.
        return "inputs_embeds" in inspect.signature(self.model.forward).parameters and not has_decoder(config)

    def encode(self, rows: Sequence[TokenRow], on_chunk: Callable[[], None] = lambda: None) -> Tensor:
        """Return (states of all rows, dim) in float32, with gradients where they are enabled."""
        if not rows:
            config: Any = self._model.config
            return torch.empty(0, int(config.hidden_size), device=self.device)
        if (places := self._repeats(rows)) is not None:
            own = distinct(rows, places)
            return repeated(self.encode(own, on_chunk), own, places)
        groups = list(grouped_by_length(rows, self.chunk))
        chunks = [_Chunk([rows[i] for i in group], self.pad_id) for group in groups]
        seeds = self._dropout_seeds(len(chunks))
        told = Lock()

        def encode_chunks(numbers: Iterable[int], read: Sequence[Tensor | None]) -> list[Tensor]:
            states = []
            # One autocast for all chunks: it keeps the weights that it has cast until it ends.
            with self._autocast():
                for number in numbers:
                    with nullcontext() if seeds is None else drawing_from(seeds[number]):
                        states.append(self._encode_chunk(chunks[number], read[number]))
                    with told:
                        on_chunk()
            return states

        cores = torch.get_num_threads() if self._quickened and len(chunks) > 1 else 1
        states = encode_side_by_side(encode_chunks, self._read(chunks), self._parameters(), cores)
        return in_order(torch.cat(states), groups, rows)

    def chunk_count(self, rows: Sequence[TokenRow]) -> int:
        """Return how many chunks :meth:`encode` announces of rows."""
        places = self._repeats(rows)
        return sum(1 for _ in grouped_by_length(rows if places is None else distinct(rows, places), self.chunk))

    def _repeats(self, rows: Sequence[TokenRow]) -> list[int] | None:
        """Return :func:`repeats`, and ``None`` where a model draws: each row of a batch then draws by itself."""
        if torch.is_grad_enabled() or self.model.training:
            return None
        return repeats(rows)

    def _read(self, chunks: Sequence[_Chunk]) -> Sequence[Tensor | None]:
        """Return the inputs of the chunks that have a gradient: their token embeddings, (rows, tokens, dim) each.

        They are looked up for all rows at once: each lookup has a gradient as large as the table, which
        would be filled with zeros and added up once for every chunk.
        """
        if not self._trains_embeddings():
            return [None] * len(chunks)
        ids = torch.cat([chunk.ids.flatten() for chunk in chunks]).to(self.device)
        parts = self._embeddings(ids).split([chunk.ids.numel() for chunk in chunks])
        return [part.view(*chunk.ids.shape, -1) for chunk, part in zip(chunks, parts, strict=True)]

    def _trains_embeddings(self) -> bool:
        if not torch.is_grad_enabled() or not self._takes_embeddings:
            return False
        return any(parameter.requires_grad for parameter in self._embeddings.parameters())

    def _parameters(self) -> list[nn.Parameter]:
        """Return the parameters that train, without those of embeddings that are looked up for all chunks."""
        apart = {id(p) for p in self._embeddings.parameters()} if self._trains_embeddings() else set()
        return [p for p in self.model.parameters() if p.requires_grad and id(p) not in apart]

    def _dropout_seeds(self, chunks: int) -> list[int] | None:
        """Return a seed for the dropout of each chunk, wherever it is computed; ``None`` where torch draws."""
        if not self._quickened or not self.model.training:
            return None
        return torch.empty(chunks, dtype=torch.long).random_().tolist()

    @property
    def _quickened(self) -> bool:
        """Whether the model runs on a CPU as :func:`quicken` left it: dropout and attention draw from our seeds."""
        return self.device.type == "cpu" and is_quickened(self.model) and takes_positions(self.model)

    def _encode_chunk(self, chunk: _Chunk, embedded: Tensor | None) -> Tensor:
        rows = chunk.rows
        arguments = {"attention_mask": chunk.mask.to(self.device)}
        if embedded is None:
            ids = chunk.ids.to(self.device)
            arguments |= {"input_ids": ids, **decoder_inputs(self.model.config, ids)}
        else:
            arguments["inputs_embeds"] = embedded
        last = all(row.layers == LAST for row in rows)
        alone = last and takes_positions(self.model) and all(len(row.positions) == 1 for row in rows)
        if alone:
            arguments[POSITIONS] = torch.tensor([row.positions for row in rows], device=self.device)
        output = self.model(**arguments) if last else self.model(**arguments, output_hidden_states=True)
        with torch.autocast(self.device.type, enabled=False):
            if alone:
                return output.last_hidden_state[:, 0].float()  # type: ignore[no-any-return]
            return pool(output.last_hidden_state.float() if last else mixed(self._layers_of(output), rows), rows)

    def _layers_of(self, output: Any) -> Sequence[Tensor]:
        """Return the states of all layers, those of the embeddings first."""
        return output.decoder_hidden_states if has_decoder(self.model.config) else output.hidden_states  # type: ignore[no-any-return]

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.precision in (torch.float32, torch.float64):
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.precision)

    @property
    def _embeddings(self) -> nn.Module:
        table: Any = self.model.get_input_embeddings  # of transformers' models, which nn.Module does not declare
        return table()  # type: ignore[no-any-return]


class _Chunk:
    """Rows of similar length: token ids and attention mask, both (rows, longest row)."""

    def __init__(self, rows: Sequence[TokenRow], pad_id: int) -> None:
        self.rows = rows
        self.ids, self.mask = pad(rows, pad_id)


def grouped_by_length(rows: Sequence[TokenRow], limit: ChunkSize) -> Iterator[list[int]]:
    """Yield the positions of rows in chunks of similar length, the longest first."""
    chunk: list[int] = []
    width = 0
    for position in sorted(range(len(rows)), key=lambda i: (-len(rows[i].ids), i)):
        if chunk and (len(chunk) >= limit.rows or width * (len(chunk) + 1) > limit.tokens):
            yield chunk
            chunk = []
        width = width if chunk else len(rows[position].ids)
        chunk.append(position)
    if chunk:
        yield chunk


def pad(rows: Sequence[TokenRow], pad_id: int) -> tuple[Tensor, Tensor]:
    """Return token ids and attention mask, both (rows, longest row)."""
    longest = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), longest), pad_id, dtype=torch.long)
    mask = torch.zeros(len(rows), longest, dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = torch.tensor(row.ids, dtype=torch.long)
        mask[i, : len(row.ids)] = 1
    return ids, mask


def freeze(model: nn.Module, trainable: int | str) -> None:
    """Let all, none or the top layers of a language model train."""
    model.requires_grad_(trainable == "all")
    if not isinstance(trainable, int):
        return
    layers = _layers(model)
    if trainable > len(layers):
        raise ErcBenchError(
            f"encoder.trainable={trainable}, and the backbone has {len(layers)} layers",
            "Name fewer top layers, or let all of it train: encoder.trainable=all.",
        )
    for layer in layers[len(layers) - trainable :]:
        layer.requires_grad_(True)


def set_training(model: nn.Module | DeferredModel, training: bool) -> None:
    """Put the layers that train into training mode; frozen ones stay in evaluation mode."""
    if isinstance(model, DeferredModel):
        return
    model.train(training)
    if not training:
        return
    for module in model.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()


def _layers(model: nn.Module) -> Sequence[nn.Module]:
    # Of an encoder with a decoder the decoder is on top.
    top = getattr(model, "decoder", model) if has_decoder(getattr(model, "config", None)) else model
    stacks = [list(module) for module in top.modules() if isinstance(module, nn.ModuleList)]
    return max(stacks, key=len, default=[])
