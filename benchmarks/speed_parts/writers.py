"""A language model that writes, with what asks it, for the parts that measure one; both precisions on one thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from speed_parts.cells import Source

from erc_bench.contracts.dataset import Dataset
from erc_bench.planning.request import look_up_backbone
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench_plugins.systems.language_models.prompts import Prompter
from erc_bench_plugins.systems.language_models.templates import TEMPLATES

T = TypeVar("T")


@dataclass(frozen=True)
class Writer:
    """A model, its name, the corpus that it is asked about, and what makes prompts of that."""

    name: str
    loaded: Any
    dataset: type[Dataset]
    prompter: Prompter


def in_both_precisions(measure: Callable[[Writer, str], T], quick: bool, source: Source) -> list[T]:
    """Measure a model in float32 and in bfloat16, on one thread; ``quick``: with short prompts."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [measure(_writer(quick, source, precision), precision) for precision in ("float32", "bfloat16")]
    finally:
        torch.set_num_threads(threads)


def _writer(quick: bool, source: Source, precision: str) -> Writer:
    catalogue = Catalogue()
    component, name, path = look_up_backbone(catalogue, source.backbone, []) or (None, "", "")
    if component is None:
        raise SystemExit(f"there is no backbone {source.backbone!r}")
    loaded = component(component.Options(**({"path": path} if path else {}))).load_generative(precision)
    dataset = catalogue.get("dataset", source.dataset)
    template, chat = TEMPLATES["bare" if quick else "expert"], bool(loaded.tokenizer.chat_template)
    return Writer(
        name, loaded, dataset, Prompter(loaded.tokenizer, template, dataset.words(), lambda text: [], 12, chat)
    )
