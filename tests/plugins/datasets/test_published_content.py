"""The fingerprints on record are those of the published files."""

import pytest

from erc_bench.corpora.verify import verify
from erc_bench_plugins.datasets.dailydialog import DailyDialog
from erc_bench_plugins.datasets.emorynlp import EmoryNLP
from erc_bench_plugins.datasets.emorynlp_subset import EmoryNLPSubset
from erc_bench_plugins.datasets.meld import Meld


@pytest.mark.parametrize("dataset", [DailyDialog, EmoryNLP, EmoryNLPSubset, Meld], ids=lambda dataset: dataset.name)
def test_files_and_dialogues_are_those_on_record(dataset, corpora):
    found = verify(dataset, corpora)
    assert {file.state for file in found.files} == {"ok"}
    assert found.fingerprint in dataset.fingerprints
    assert (found.content, found.warnings) == ("as published", ())
