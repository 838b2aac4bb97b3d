"""Digests of components by the meaning of their code.

A digest covers a component's class, its base classes and everything of their packages that they use, wherever it
stands. The core counts by the versions of its parts (:mod:`erc_bench.training.core_versions`), libraries by theirs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from erc_bench.plugin_host.code_digests.modules import VERSIONED
from erc_bench.plugin_host.code_digests.reachable_code import meaning
from erc_bench.plugin_host.code_digests.typed_code import typed_code


def code_digests(components: Mapping[str, type]) -> dict[str, str]:
    """Return a digest of the code of every component's class, by slot or name."""
    return {slot: _digest(component) for slot, component in components.items()}


def _digest(component: type) -> str:
    text = meaning(component)
    if text is None:
        # What is typed into a notebook may be derived from classes that stand in files.
        bases = [base for base in component.__mro__ if base.__module__.split(".")[0] not in VERSIONED]
        text = "\n".join(meaning(base) or typed_code(base) for base in bases)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
