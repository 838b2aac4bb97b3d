"""Published numbers stand beside the method of their system's name, however that is written."""

import pytest

from erc_bench.comparison.against_reported import is_of
from erc_bench.comparison.comparison_data import ReportedRow


@pytest.mark.parametrize(
    ("system", "method", "same"),
    [
        ("DialogueGCN", "dialogue-gcn", True),
        ("DialogueRNN", "dialogue-rnn", True),
        ("DAG-ERC", "dag-erc", True),
        ("DAG-ERC+HCL", "dag-erc-hcl", True),
        ("SPCL+CL", "spcl-cl", True),
        ("RGAT", "rgat", True),
        ("DialogueEIN", "dialogue-ein", True),
        ("CoMPM", "compm", True),
        ("Cog-BART", "cog-bart", True),
        ("COSMIC", "cosmic", True),
        ("COSMIC", "cosmic-no-knowledge", False),
        ("EmoCaps", "emocaps", True),
        ("COGMEN", "cogmen", True),
        ("COGMEN", "cogmen-text", False),
        ("COGMEN (text)", "cogmen-text", True),
        ("COGMEN", "cogmen-causal", False),
        ("MMGCN", "mmgcn", True),
        ("MMGCN", "mmgcn-text", False),
        ("DialogueGCN", "dialogue-gcn-causal", False),
        ("Cog-BART", "cog-bart-causal", False),
        ("DAG-ERC", "dag-erc-hcl", False),
        ("EACL w/o anchor adaptation", "eacl", False),
    ],
)
def test_a_system_is_the_method_of_its_name(system, method, same):
    reported = ReportedRow(system, "as published", "somebody", ("a table",), ())
    assert is_of(reported, method) is same
