"""The further language models of a cell: which backbone each role of the encoder has."""

from __future__ import annotations

from collections.abc import Mapping

from erc_bench.contracts.language_models import SAME, backbone_option
from erc_bench.planning.further_backbone import FurtherBackbone
from erc_bench.planning.request import look_up_backbone
from erc_bench.planning.settings import Problem, Resolved
from erc_bench.plugin_host.catalogue import Catalogue


def further_backbones(
    roles: tuple[str, ...], resolved: Resolved, catalogue: Catalogue, problems: list[Problem]
) -> Mapping[str, FurtherBackbone]:
    """Look up the backbone of each role; a name that is not known is a problem."""
    found = {}
    for role in roles:
        address = f"encoder.{backbone_option(role)}"
        name = str(resolved.values.get(address, SAME))
        if name == SAME:
            found[role] = FurtherBackbone()
            continue
        wrong: list[str] = []
        looked_up = look_up_backbone(catalogue, name, wrong)
        problems += [Problem(address, sentence) for sentence in wrong]
        if looked_up is not None:
            found[role] = FurtherBackbone(looked_up[0], looked_up[2])
    return found
