"""EACL (Yu et al. 2024, arXiv:2403.20289) as recipes: ``recipes`` has the paper's, ``adapted`` a causal model's."""

from __future__ import annotations

import erc_bench.api as erc
from erc_bench_plugins.methods.eacl.adapted import llm_eacl
from erc_bench_plugins.methods.eacl.recipes import ablations, eacl, eacl_literal, eacl_official


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [eacl(), eacl_literal(), eacl_official(), *ablations(), llm_eacl()]
