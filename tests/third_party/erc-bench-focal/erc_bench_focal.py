"""Focal loss (Lin et al. 2017, arXiv:1708.02002) in place of cross-entropy."""

from dataclasses import dataclass

import erc_bench.api as erc


class Focal(erc.Objective):
    """Cross-entropy that looks away from what is right already: (1 − p)^γ weighs each utterance (Eq 4)."""

    name = "focal"
    source = "Lin et al. 2017, arXiv:1708.02002, Eq 4"

    @dataclass(frozen=True)
    class Options:
        gamma: float = erc.option(2.0, "Focus on what is hard; 0 is cross-entropy.", at_least=0)

    def loss(self, outputs):
        log_p = outputs.logits.log_softmax(1).gather(1, outputs.labels[:, None])[:, 0]  # (n,)
        # At p = 1 the power's gradient would be infinite for γ < 1.
        doubt = (1 - log_p.exp()).clamp(min=1e-6)
        return {"focal": -(doubt**self.options.gamma * log_p).mean()}


@erc.hookimpl
def erc_objectives():
    return [Focal]


@erc.hookimpl
def erc_methods():
    return [
        erc.Method(
            "focal",
            source=Focal.source,
            summary="Focal loss on the head's logits.",
            choices={"objective": "focal"},
            settings={"objective.gamma": 2.0},
            settings_from="paper: gamma 2, its best",
        )
    ]
