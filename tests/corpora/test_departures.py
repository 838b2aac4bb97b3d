import pytest

import erc_bench.api as erc
from erc_bench.corpora.corpus import departures, load_corpus


def test_a_corpus_with_the_published_counts_departs_in_nothing(chatter, write_chatter):
    assert load_corpus(chatter(), write_chatter()).departures == ()


def test_a_split_with_other_counts_is_named_with_both(chatter, write_chatter):
    root = write_chatter(train="A:calm:hello|B:loud:hey\nA::and|B:calm:more|A:loud:still", test="A:calm:so|B::well")
    assert load_corpus(chatter(), root).departures == (
        "the train split holds 2 dialogues and 5 utterances (4 labelled)"
        " where the published corpus has 1 and 2 (2 labelled)",
        "the test split holds 1 dialogues and 2 utterances (1 labelled)"
        " where the published corpus has 1 and 2 (2 labelled)",
    )


@pytest.mark.parametrize("found", [(2, 2, 2), (1, 3, 2), (1, 2, 1)])
def test_each_of_the_three_counts_matters(chatter, found):
    (line,) = departures(chatter, {"train": erc.SplitCounts(1, 2, 2), "dev": erc.SplitCounts(*found)})
    assert line.startswith("the dev split holds")


def test_only_declared_splits_are_compared(chatter):
    class Partly(chatter):
        """Made up."""

        counts = {"dev": erc.SplitCounts(1, 2, 2)}

    found = {name: erc.SplitCounts(7, 8, 9) for name in ("train", "dev", "test")}
    assert [line.split()[1] for line in departures(Partly, found)] == ["dev"]
