"""Splits of dialogues: nothing lost, nothing twice, nobody in two parts, shares as they were asked for."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.corpora.splitting import assign, units_of_dialogues, units_of_speakers
from erc_bench.errors import ErcBenchError

DIALOGUES = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=9), min_size=3, max_size=40)
SHARES = {"train": 0.7, "dev": 0.1, "test": 0.2}


@given(DIALOGUES, st.integers(0, 9))
def test_every_dialogue_is_in_one_part(labels, seed):
    try:
        parts = assign(units_of_dialogues(labels), SHARES, seed)
    except ErcBenchError:
        return
    assert sorted(place for own in parts.values() for place in own) == list(range(len(labels)))
    assert parts == assign(units_of_dialogues(labels), SHARES, seed)


def connected(speakers):
    """Return by a loop the sets of dialogues that shared speakers connect."""
    groups = [{place} for place in range(len(speakers))]
    changed = True
    while changed:
        changed = False
        for one in groups:
            for other in groups:
                shared = any(speakers[a] & speakers[b] for a in one for b in other)
                if one is not other and shared:
                    one.update(other)
                    groups.remove(other)
                    changed = True
                    break
            if changed:
                break
    return sorted(map(sorted, groups))


@given(st.lists(st.sets(st.sampled_from("ABCDEFGH"), min_size=1, max_size=2), min_size=1, max_size=14))
def test_dialogues_that_share_speakers_stay_together(speakers):
    units = units_of_speakers([["x"]] * len(speakers), speakers)
    assert sorted(sorted(unit.dialogues) for unit in units) == connected(speakers)
    assert sum(unit.size for unit in units) == len(speakers)


@pytest.mark.parametrize("seed", range(5))
def test_shares_of_utterances_dialogues_and_labels_are_those_that_were_asked_for(seed):
    labels = [["abc"[(place * place + turn) % 3] for turn in range(2 + place % 11)] for place in range(300)]
    parts = assign(units_of_dialogues(labels), SHARES, seed)
    totals = Counter(label for own in labels for label in own)
    for part, share in SHARES.items():
        own = Counter(label for place in parts[part] for label in labels[place])
        assert sum(own.values()) == pytest.approx(share * sum(totals.values()), abs=11)
        assert len(parts[part]) == pytest.approx(share * 300, abs=6)
        for label, total in totals.items():
            assert own[label] == pytest.approx(share * total, abs=11)


def test_seeds_draw_different_splits():
    units = units_of_dialogues([["a"] * 5] * 40)
    assert assign(units, SHARES, 0) != assign(units, SHARES, 1)


@pytest.mark.parametrize(("units", "said"), [(1, "1 group "), (2, "2 groups ")])
def test_a_part_that_stays_empty_is_told(units, said):
    with pytest.raises(ErcBenchError, match=f"would be empty: the dialogues make {said}that must stay whole") as told:
        assign(units_of_dialogues([["a"]] * units), SHARES, 0)
    assert "fewer folds" in told.value.hint
