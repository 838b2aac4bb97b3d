"""The seal and the canary, as functions for the tests of a plugin."""

import pytest

import erc_bench.api as erc
from erc_bench.testing.protocol import check_canary, check_sealed, permuted_labels
from erc_bench_plugins.datasets.demo import Demo


def turns(*labels):
    return tuple(erc.Utterance("A", "text", label, scored=label is not None) for label in labels)


class TestCanary:
    @pytest.fixture
    def splits(self, tmp_path):
        return Demo(Demo.Options(size=6)).load(tmp_path)

    @staticmethod
    def shares(dialogues):
        labels = [turn.label for dialogue in dialogues for turn in dialogue.utterances]
        return [labels.count(label) for label in Demo.labels]

    def answers(self, splits, shares):
        return {(dialogue.id, target): shares for dialogue in splits.test for target in dialogue.targets()}

    def test_who_reads_no_test_label_passes(self, splits):
        check_canary(lambda read: self.answers(read, self.shares(read.train)), splits)

    def test_who_reads_the_order_of_test_labels_is_caught(self, splits):
        def peek(read):
            return self.answers(read, [read.test[0].utterances[i].label == "sad" for i in range(4)])

        with pytest.raises(AssertionError, match="a test label is read"):
            check_canary(peek, splits)

    def test_who_answers_by_label_is_caught(self, splits):
        def choosy(read):
            return {key: 1 for key in self.answers(read, 1) if self.label(read, key) == "sad"}

        with pytest.raises(AssertionError, match="other utterances are answered"):
            check_canary(choosy, splits)

    @staticmethod
    def label(splits, key):
        (dialogue,) = (dialogue for dialogue in splits.test if dialogue.id == key[0])
        return dialogue.utterances[key[1]].label

    def test_permuting_keeps_the_labels_and_everything_else(self, splits):
        permuted = permuted_labels(splits.test)
        assert permuted != splits.test
        assert self.shares(permuted) == self.shares(splits.test)
        check_sealed([erc.Dialogue("x", turns(None, None))])
        with pytest.raises(AssertionError, match=r"dialogue 'test-0', position 0: the label '\w+' is still there"):
            check_sealed(permuted)

    def test_a_deaf_canary_is_refused(self):
        with pytest.raises(AssertionError, match="changes nothing"):
            permuted_labels([erc.Dialogue("1", turns("angry", "angry"))])
