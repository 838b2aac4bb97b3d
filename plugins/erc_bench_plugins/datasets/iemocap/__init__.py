"""IEMOCAP with the turns outside the six classes as context; ``cosmic`` is the version without them."""

from __future__ import annotations

import erc_bench.api as erc
from erc_bench_plugins.datasets.iemocap.corpus import Iemocap

__all__ = ["Iemocap", "erc_datasets"]


@erc.hookimpl
def erc_datasets() -> list[type[erc.Dataset]]:
    return [Iemocap]
