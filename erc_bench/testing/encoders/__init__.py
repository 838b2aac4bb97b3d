"""Conformance of encoders: ``check_encoder(MyEncoder)`` in a plugin's own tests.

These are the properties on which the protocol relies. An encoder needs a backbone: a small random one
where no other is given, and any that it can use. ``trial`` runs an encoder, ``layout``, ``reading``,
``independence``, ``future``, ``training`` and ``dead_parts`` hold the checks.
"""

from __future__ import annotations

from typing import Any

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.contracts.encoder import Encoder
from erc_bench.planning.run_requests import FeatureFiles
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.devices import CPU
from erc_bench.testing.encoders.dead_parts import DEAD_PART_CHECKS
from erc_bench.testing.encoders.encoder_runs import EncoderSubject, built, represent
from erc_bench.testing.encoders.future import FUTURE_CHECKS
from erc_bench.testing.encoders.independence import INDEPENDENCE_CHECKS
from erc_bench.testing.encoders.layout import LAYOUT_CHECKS
from erc_bench.testing.encoders.reading import READING_CHECKS
from erc_bench.testing.encoders.training import TRAINING_CHECKS
from erc_bench.testing.findings import Check, Finding, insist, run_checks
from erc_bench.testing.seeded_features import drawing_from
from erc_bench.testing.tiny import tiny_backbone
from erc_bench.training.device import one_thread

__all__ = ["ENCODER_CHECKS", "EncoderSubject", "built", "check_encoder", "encoder_findings", "represent"]

ENCODER_CHECKS: tuple[Check[EncoderSubject], ...] = (
    *COMPONENT_CHECKS,
    *LAYOUT_CHECKS,
    *READING_CHECKS,
    *INDEPENDENCE_CHECKS,
    *FUTURE_CHECKS,
    *TRAINING_CHECKS,
    *DEAD_PART_CHECKS,
)


def encoder_findings(
    encoder_class: type[Encoder],
    options: Any = None,
    backbone: LoadedBackbone | None = None,
    features: FeatureFiles = (),
) -> list[Finding]:
    """Run every check on an encoder around a backbone, which is left as it was.

    ``options`` is an instance of its ``Options`` (the defaults where left out); without ``backbone`` a
    small BERT with random weights is made. Vectors of the turns are drawn from the files ``features``, by name, and are
    noise where there is none.
    """
    options = encoder_class.Options() if options is None else options
    with drawing_from(features):
        if backbone is not None:
            return run_checks(ENCODER_CHECKS, EncoderSubject(encoder_class, options, backbone))
        with one_thread(CPU):
            return run_checks(ENCODER_CHECKS, EncoderSubject(encoder_class, options, tiny_backbone()))


def check_encoder(
    encoder_class: type[Encoder],
    options: Any = None,
    backbone: LoadedBackbone | None = None,
    features: FeatureFiles = (),
) -> None:
    """Run every check on an encoder, as :func:`encoder_findings` does.

    Raises ``AssertionError`` with a sentence for each check that fails.
    """
    insist(encoder_findings(encoder_class, options, backbone, features), f"the encoder {encoder_class.name!r}")
