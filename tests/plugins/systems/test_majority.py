"""The floor: the most frequent label of train, everywhere."""

import numpy as np
import pytest

import erc_bench.api as erc
from erc_bench_plugins.systems.majority import Majority, erc_methods

LABELS = ("anger", "joy", "neutral")
CONTEXT = erc.SystemContext(LABELS, seed=1)


def dialogue(name, *labels):
    utterances = tuple(erc.Utterance("A", "text", label, scored=label is not None) for label in labels)
    return erc.Dialogue(name, utterances)


def sealed(name, *scored):
    return erc.Dialogue(name, tuple(erc.Utterance("A", "text", None, scored=one) for one in scored))


def fitted(*train):
    system = Majority()
    system.fit(train, [dialogue("d", "anger")], CONTEXT)
    return system


def test_scores_are_the_shares_of_train():
    system = fitted(dialogue("a", "joy", None, "neutral"), dialogue("b", "neutral", "neutral"))
    scores = system.predict([sealed("x", True, False, True)])
    assert list(scores) == [("x", 0), ("x", 2)]
    for row in scores.values():
        np.testing.assert_allclose(row, [0, 0.25, 0.75])
        assert LABELS[row.argmax()] == "neutral"


def test_of_equally_frequent_labels_the_first_wins():
    (row,) = fitted(dialogue("a", "neutral", "joy")).predict([sealed("x", True)]).values()
    assert LABELS[row.argmax()] == "joy"


def test_train_without_labels_is_an_error():
    with pytest.raises(erc.ErcBenchError, match="no labelled utterance"):
        fitted(dialogue("a", None))


def test_method():
    (method,) = erc_methods()
    assert (method.name, method.system) == ("majority", Majority)


def test_what_was_saved_answers_alike(tmp_path):
    system = fitted(dialogue("a", "joy", "neutral", "neutral"))
    system.save(tmp_path)
    again = Majority()
    again.load(tmp_path, CONTEXT)
    (before,), (after,) = (each.predict([sealed("x", True)]).values() for each in (system, again))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("content", ["{}", "[", "", '["a"]', "[true]"])
def test_shares_that_are_damaged_are_refused(tmp_path, content):
    (tmp_path / "shares.json").write_text(content)
    with pytest.raises(erc.ErcBenchError, match=r"shares\.json"):
        Majority().load(tmp_path, CONTEXT)
