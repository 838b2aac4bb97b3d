"""A backbone loaded without network: from its own files, or from a small random checkpoint in their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from erc_bench.contracts.backbone import Backbone, LoadedBackbone
from erc_bench.contracts.decoders import decoder_inputs
from erc_bench.contracts.encoder import TokenRow
from erc_bench.errors import ErcBenchError
from erc_bench.pretrained.backbone import PretrainedBackbone
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.offline import offline
from erc_bench.testing.random_checkpoint import write_random_checkpoint
from erc_bench.training.row_states import pad

TEXTS = (
    "Hello, where have you been?",
    "At home. The phone was dead, so I came as soon as I could, and then nobody opened the door.",
    "Oh no!",
    "",
)


@dataclass
class BackboneSubject:
    """A backbone to be checked, its options, and the result of loading it.

    ``place`` says whose weights are read where they are not its own. ``reason`` says why it cannot be
    loaded on this machine.
    """

    component: type[Backbone]
    options: Any
    place: str = ""
    reason: str = ""
    connections: list[str] = field(default_factory=list)
    _loaded: LoadedBackbone | None = None

    @property
    def loaded(self) -> LoadedBackbone:
        """The loaded backbone; raises :class:`NotApplicableError` where it cannot be loaded here."""
        if self.reason:
            raise NotApplicableError(self.reason)
        if self._loaded is None:
            try:
                self._loaded = self.load()
            except Exception as error:
                raise NotApplicableError(f"it cannot be loaded ({type(error).__name__}: {error})") from error
        return self._loaded

    def load(self, component: type[Backbone] | None = None) -> LoadedBackbone:
        """Load it (or a variant of its class) once more, without network."""
        if self.reason:
            raise NotApplicableError(self.reason)
        with offline() as tried:
            loaded = (component or self.component)(self.options).load()
        self.connections += tried
        return loaded

    @property
    def own_weights(self) -> bool:
        """Whether the weights are those that the name stands for."""
        return not self.place


@contextmanager
def subject_of(backbone_class: type[Backbone], options: Any = None) -> Iterator[BackboneSubject]:
    """Yield a backbone with files that are here: those of its options, else those of a random checkpoint."""
    given = backbone_class.Options() if options is None else options
    subject = BackboneSubject(backbone_class, given)
    missing = "" if options is not None else _missing(subject)
    if not missing:
        yield subject
        return
    architecture = getattr(backbone_class, "architecture", None)
    if not issubclass(backbone_class, PretrainedBackbone) or not architecture:
        subject.reason = missing
        yield subject
        return
    with TemporaryDirectory(prefix="erc-bench-", ignore_cleanup_errors=True) as folder:
        write_random_checkpoint(Path(folder), architecture)
        subject.options = replace(given, path=folder)
        subject.place = f" (on a small random {architecture['model_type']}: no weights of its own are here)"
        yield subject


def rows_of(loaded: LoadedBackbone, texts: Sequence[str] = TEXTS) -> list[TokenRow]:
    """Return texts as token rows of their own length, special tokens included."""
    ids = [loaded.tokenizer(text)["input_ids"] for text in texts]
    # A tokenizer without special tokens has none for an empty text.
    return [TokenRow(row, range(len(row))) for row in ids if row]


def states_of(loaded: LoadedBackbone, rows: Sequence[TokenRow]) -> list[Tensor]:
    """Return the last-layer states of each row, (tokens, dim), of one padded batch."""
    ids, mask = pad(rows, loaded.tokenizer.pad_token_id)
    further = decoder_inputs(loaded.model.config, ids)
    states = loaded.model(input_ids=ids, attention_mask=mask, **further).last_hidden_state
    return [own[: len(row.ids)] for own, row in zip(states, rows, strict=True)]


def evaluated(loaded: LoadedBackbone, rows: Sequence[TokenRow] | None = None) -> Tensor:
    """Return the states of all tokens, (tokens, dim), without gradients."""
    with torch.no_grad():
        return torch.cat(states_of(loaded, rows_of(loaded) if rows is None else rows))


def _missing(subject: BackboneSubject) -> str:
    """Say why a backbone with its default options cannot be loaded here; nothing where it can."""
    try:
        subject.loaded  # noqa: B018 (loading is the trial)
    except NotApplicableError as reason:
        # Any other error than a missing file is a failure of its own, and the check `loads` meets it again.
        return str(reason) if isinstance(reason.__cause__, ErcBenchError) else ""
    return ""
