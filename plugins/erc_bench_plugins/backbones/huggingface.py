"""Any encoder of the Hugging Face hub, or of a local folder."""

from typing import Any

import erc_bench.api as erc


class HuggingFace(erc.PretrainedBackbone):
    """Any encoder: ``--backbone OWNER/MODEL`` or ``--backbone FOLDER``.

    Whether it computes correctly under bf16 autocast is not declared but tried, on two short rows.
    """

    name = "huggingface"
    source = "https://huggingface.co/models"
    architecture = {"model_type": "bert"}
    generates = None

    def reference(self) -> str:
        """Return the option ``path``, which has no default here."""
        return self.options.path or ""

    def adapt(self, model: Any) -> None:
        """Cast the biases of a DeBERTa's attention; other models have none and stay as they are."""
        erc.cast_attention_biases(model)

    def computes_in_bf16(self, tokenizer: Any, model: Any) -> bool:
        """Try a padded batch under bf16 autocast: it must not fail, and yield finite states."""
        import torch

        batch = tokenizer(["a", "a somewhat longer row"], padding=True, return_tensors="pt")
        try:
            with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
                states = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
        except RuntimeError:
            return False
        return bool(states.isfinite().all())


@erc.hookimpl
def erc_backbones() -> list[type[erc.Backbone]]:
    return [HuggingFace]
