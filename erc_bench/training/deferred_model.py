"""A frozen language model that is loaded when something asks for more than is known of it.

Importing an architecture and reading its weights take two seconds, as long as a whole run on states that are cached.
The few facts of a model that such a run needs are kept in the cache, beside the states.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import nn

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.plugin_host.provenance import versions
from erc_bench.pretrained.backbone import PretrainedBackbone
from erc_bench.store.feature_files import cache_folder, write_entry
from erc_bench.training.core_versions import CORE_VERSIONS


class DeferredModel:
    """Stands in the place of a frozen language model, and answers as the model does, which it loads for that.

    It is not a torch module: walks over an encoder's modules and parameters pass it by.
    """

    def __init__(self, config: Any, parameter_count: int, load: Callable[[], nn.Module]) -> None:
        self._config = config
        self._parameter_count = parameter_count
        self._load = load
        self._model: nn.Module | None = None
        self._settle: Callable[[nn.Module], None] | None = None

    def settle(self, settle: Callable[[nn.Module], None]) -> None:
        """Let ``settle`` change the model in place: now where it is loaded, else when it is."""
        self._settle = settle
        if self._model is not None:
            settle(self._model)

    def loaded(self) -> nn.Module:
        """Return the model itself, in evaluation mode."""
        if self._model is None:
            self._model = self._load()
            if self._settle is not None:
                self._settle(self._model)
        return self._model

    @property
    def config(self) -> Any:
        """The model's configuration; the one in its folder until it is loaded."""
        return self._config if self._model is None else self._model.config

    def parameter_count(self) -> int:
        """Return the number of parameters."""
        return self._parameter_count if self._model is None else parameter_count(self._model)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by copy and the like of every object
            raise AttributeError(name)
        return getattr(self.loaded(), name)

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """Run the model."""
        return self.loaded()(*inputs, **named)

    def __deepcopy__(self, _memo: Any) -> DeferredModel:
        """Return itself: copies of an encoder share its frozen model."""
        return self


def parameter_count(model: nn.Module | DeferredModel) -> int:
    """Return the number of parameters of a language model, without loading one that is deferred."""
    if isinstance(model, DeferredModel):
        return model.parameter_count()
    return sum(parameter.numel() for parameter in model.parameters())


def keep_facts(key: str, loaded: LoadedBackbone) -> None:
    """Write the facts of a loaded backbone into the cache; ``key`` names all that decides them."""
    facts = {
        "maximum_length": loaded.maximum_length,
        "bf16_safe": loaded.bf16_safe,
        "reading": loaded.reading,
        "parameter_count": parameter_count(loaded.model),
    }

    def write(file: str) -> None:
        Path(file).write_text(json.dumps(facts), encoding="utf-8")

    with suppress(OSError):  # a cache that cannot be written costs time alone
        write_entry(_file(key), write)


def deferred(key: str, backbone: PretrainedBackbone, load: Callable[[], nn.Module]) -> LoadedBackbone | None:
    """Return a backbone whose model is loaded by ``load`` when it is needed; ``None`` where its facts are unknown."""
    try:
        facts = json.loads(_file(key).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    tokenizer, config = backbone.load_tokenizer()
    return LoadedBackbone(tokenizer, DeferredModel(config, facts.pop("parameter_count"), load), **facts)


def _file(key: str) -> Path:
    libraries = {name: versions()[name] for name in ("torch", "transformers")}
    covered = json.dumps([key, libraries, CORE_VERSIONS["features"]])
    return cache_folder() / "backbones" / f"{hashlib.sha256(covered.encode()).hexdigest()[:40]}.json"
