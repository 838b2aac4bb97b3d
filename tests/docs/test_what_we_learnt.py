"""The tables of the page on what was learnt are what the committed cells give."""

import re
from pathlib import Path
from statistics import mean, stdev

import pytest
from scipy import stats

from erc_bench.comparison import compare
from erc_bench.store.index.all_cells import read_cells

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "what-we-learnt.md").read_text(encoding="utf-8")
CORPORA = ("meld", "emorynlp")
NOTHING = "\N{EN DASH}"


@pytest.fixture(scope="module")
def scores():
    """Scores by seed and inflation, by (corpus, method, fine-tuned)."""
    found = compare(read_cells(ROOT / "benchmarks" / "results" / "dialogue-laptop"), audit=True)
    tables = {}
    for column in found.columns:
        audited = {score.row: score.inflation for score in column.audit.scores}
        for score in filter(None, column.scores):
            key = found.rows[score.row].key
            tables[column.dataset, key.method, key.tuned] = score.values, audited.get(score.row)
    return tables


def rows(heading):
    """Return method → cells of the table in a section."""
    section = PAGE.partition(f"## {heading}")[2].partition("\n## ")[0]
    return {name: cells.strip(" |").split("|") for name, cells in re.findall(r"^\| `(.*?)` \|(.*)$", section, re.M)}


def spread(values):
    return f"{mean(values):.2f} ± {stdev(values):.2f}"


def difference(mine, other):
    each = [a - b for a, b in zip(mine, other, strict=True)]
    low, high = stats.t.interval(0.95, len(each) - 1, mean(each), stats.sem(each))
    return f"{mean(each):+.2f} [{low:.2f}, {high:.2f}]"


def cells(*texts):
    return [text.strip() for text in texts]


def test_fine_tuned_against_plain(scores):
    table = rows("A fine-tuned language model")
    assert {("meld", method, True) for method in table} == {key for key in scores if key[0] == "meld" and key[2]}
    for method, shown in table.items():
        expected = []
        for corpus in CORPORA:
            plain, tuned = scores[corpus, method, False][0], scores.get((corpus, method, True), (None,))[0]
            expected += (
                [spread(plain), spread(tuned), difference(tuned, plain)] if tuned else [spread(plain), NOTHING, NOTHING]
            )
        assert cells(*shown) == expected


def test_networks_on_fine_tuned_states(scores):
    table = rows("Networks over the dialogue")
    assert {("meld", method, True) for method in table} == {key for key in scores if key[0] == "meld" and key[2]}
    for method, shown in table.items():
        expected = []
        for corpus in CORPORA:
            if (corpus, method, True) not in scores:
                expected += [NOTHING] * 4
                continue
            values, chosen = scores[corpus, method, True]
            over = [
                "" if method == other else difference(values, scores[corpus, other, True][0])
                for other in ("utterance-ce", "dag-erc")
            ]
            expected += [spread(values), *over, f"{chosen.mean:+.2f} [{chosen.low:.2f}, {chosen.high:.2f}]"]
        assert cells(*shown) == expected


def test_context_on_plain_states(scores):
    table = rows("Context is worth little")
    assert {("meld", method, False) for method in table} == {
        key for key in scores if key[0] == "meld" and not key[2]
    } - {("meld", "majority", False)}
    for method, shown in table.items():
        expected = []
        for corpus in CORPORA:
            values, chosen = scores[corpus, method, False]
            over = "" if method == "utterance-ce" else difference(values, scores[corpus, "utterance-ce", False][0])
            expected += [spread(values), over, f"{chosen.mean:+.2f} [{chosen.low:.2f}, {chosen.high:.2f}]"]
        assert cells(*shown) == expected


def test_later_turns(scores):
    section = "Later turns"
    plain, tuned = (
        dict(re.findall(r"^\| `(.*?)` \|(.*)$", part, re.M)) for part in halves(section, "On fine-tuned states:")
    )
    assert list(plain) == list(tuned)
    assert len(plain) == 5
    for method in plain:
        for shown, fine_tuned in ((plain, False), (tuned, True)):
            expected = []
            for corpus in CORPORA:
                pair = [scores.get((corpus, name, fine_tuned), ((),))[0] for name in (method, f"{method}-causal")]
                expected += [spread(pair[0]), spread(pair[1]), difference(*pair)] if all(pair) else [NOTHING] * 3
            assert cells(*shown[method].strip(" |").split("|")) == expected


def test_speakers():
    """Speakers as given against shuffled, of the cells of dialogue-laptop-speakers."""
    found = compare(read_cells(ROOT / "benchmarks" / "results" / "dialogue-laptop-speakers"))
    by_row = {
        (
            column.dataset,
            found.rows[score.row].key.method,
            "shuffled" in str(found.rows[score.row].key.overrides),
        ): score.values
        for column in found.columns
        for score in filter(None, column.scores)
    }
    table = rows("Who speaks")
    assert {method for _, method, _ in by_row} == set(table)
    for method, shown in table.items():
        expected = []
        for corpus in CORPORA:
            given, shuffled = (by_row[corpus, method, is_shuffled] for is_shuffled in (False, True))
            expected += [spread(given), spread(shuffled), difference(given, shuffled)]
        assert cells(*shown) == expected


def halves(heading, between):
    """Return what stands before and after a line of a section."""
    before, _, after = PAGE.partition(f"## {heading}")[2].partition("\n## ")[0].partition(between)
    return before, after
