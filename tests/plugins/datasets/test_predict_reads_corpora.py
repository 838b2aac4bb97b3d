"""``erc-bench predict`` reads the files of the corpora as their own readers do: dialogues and texts are the same."""

import pytest

from erc_bench.corpora.conversations.conversation import sealed
from erc_bench.corpora.conversations.forms.reading import read_document
from erc_bench_plugins.datasets.dailydialog import DailyDialog
from erc_bench_plugins.datasets.emorynlp import EmoryNLP
from erc_bench_plugins.datasets.emorynlp_subset import EmoryNLPSubset
from erc_bench_plugins.datasets.iemocap import Iemocap
from erc_bench_plugins.datasets.meld import Meld

FILES = [
    (Meld, "meld", "test", "meld/test_sent_emo.csv", True),
    (EmoryNLPSubset, "emorynlp/table1_subset", "test", "emorynlp/table1_subset/emorynlp_test_final.csv", False),
    (EmoryNLP, "emorynlp/full_flat_json", "dev", "emorynlp/full_flat_json/dev_data.json", False),
    (EmoryNLP, "emorynlp/full_flat_json", "dev", "emorynlp/official/emotion-detection-dev.json", False),
    (Iemocap, "iemocap/spcl_json", "test", "iemocap/spcl_json/test_data.json", False),
    (DailyDialog, "dailydialog/detokenized", "test", "dailydialog/detokenized/test/dialogues_test.txt", True),
]


@pytest.mark.real_data
@pytest.mark.parametrize(("dataset", "folder", "split", "file", "names"), FILES, ids=[each[3] for each in FILES])
def test_predict_reads_what_the_dataset_reads(corpora, dataset, folder, split, file, names):
    own = getattr(dataset().load(corpora / folder), split)
    read = sealed(read_document(corpora / file).conversations, dataset.normalise)
    assert [[turn.text for turn in each.utterances] for each in read] == [
        [turn.text for turn in each.utterances] for each in own
    ]
    if names:
        assert list(map(_names, read)) == list(map(_names, own))


def _names(dialogue):
    return [turn.speaker for turn in dialogue.utterances]
