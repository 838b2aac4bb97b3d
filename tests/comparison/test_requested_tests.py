"""Which tests are asked for: test, correction, unit, pairs, letters, clusters and slices."""

from typing import get_args

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from erc_bench.comparison import Tests as Asked
from erc_bench.comparison import compare
from erc_bench.comparison.requested_tests import CORRECTION_NAMES, SEED_TESTS
from erc_bench.errors import ErcBenchError
from erc_bench.output.tables import render
from erc_bench.planning.table_requests import Correction as OfferedCorrection
from erc_bench.planning.table_requests import TestName as OfferedTest
from erc_bench.statistics.corrections import CORRECTIONS
from erc_bench.store.index.all_cells import read_cells

CE, SUPCON, EACL = [0.30, 0.32, 0.28, 0.31, 0.30, 0.33], [0.33, 0.30, 0.35, 0.34, 0.31, 0.29], [0.7, 0.72, 0.69]
EACL = [*EACL, 0.74, 0.71, 0.70]


def compared(store, *, reported=(), datasets=(), alpha=0.05, **tests):
    cells = read_cells(store.runs)
    return compare(cells, tests=Asked(**tests), reported=reported, datasets=datasets, alpha=alpha)


def text(comparison):
    return " ".join((*comparison.caption, *comparison.notes))


def pair_of(comparison, label, column=0):
    index = [row.label for row in comparison.rows].index(label)
    return comparison.columns[column].pair_of(index)


@pytest.fixture
def three(store):
    store.add_seeds("ce", CE)
    store.add_seeds("supcon", SUPCON)
    store.add_seeds("eacl", EACL)
    return store


def values(comparison, label):
    index = [row.label for row in comparison.rows].index(label)
    return comparison.columns[0].scores[index].values


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("paired-t", lambda a, b: stats.ttest_rel(a, b).pvalue),
        ("sign-flip", lambda a, b: 2 * 0.5**6),
        ("wilcoxon", lambda a, b: stats.wilcoxon(a, b, method="exact").pvalue),
        ("welch", lambda a, b: stats.ttest_ind(a, b, equal_var=False).pvalue),
        ("mann-whitney", lambda a, b: stats.mannwhitneyu(a, b, method="exact").pvalue),
    ],
)
def test_the_test_behind_the_dagger(three, test, expected):
    comparison = compared(three, test=test)
    pair = pair_of(comparison, "eacl")
    p = expected(values(comparison, "eacl"), values(comparison, "ce"))
    assert pair.seed_test.p == pytest.approx(p)
    assert pair.adjusted_p == pytest.approx(min(1, 2 * p))
    assert pair.verdict == ("better" if 2 * p <= 0.05 else "")
    assert f"in {SEED_TESTS[test].name} over seeds" in text(comparison)


@pytest.mark.parametrize("test", ["wilcoxon", "mann-whitney"])
@pytest.mark.parametrize("unlucky", ["eacl", "ce"])
def test_ranks_against_the_mean_give_no_mark(store, test, unlucky):
    # One seed of twelve is bad, though it does not collapse: the ranks favour its system, the mean the other one.
    other = "ce" if unlucky == "eacl" else "eacl"
    gold = [row[2] for row in store.split.rows()]
    wrong = [store.split.labels[store.split.labels.index(label) - 1] for label in gold]
    for seed in range(1, 13):
        misses = 4 if seed < 12 else 19
        store.add(unlucky, seed, predicted=[*wrong[:misses], *gold[misses:]])
        store.add(other, seed, predicted=[*wrong[:5], *gold[5:]])
    comparison = compared(store, test=test)
    pair = pair_of(comparison, "eacl")
    sign = 1 if unlucky == "eacl" else -1
    assert pair.seed_test.leaning == sign
    assert sign * pair.difference < 0
    assert pair.adjusted_p <= 0.05
    assert (pair.verdict, pair.joint_verdict) == ("", "")
    mine, theirs = ("eacl", "ce") if sign > 0 else ("ce", "eacl")
    told = f"No mark where ranks and means disagree: eacl - ce on meld (the ranks favour {mine}, the mean {theirs})."
    assert told in comparison.caption
    assert f"no mark: the ranks favour {mine}, the mean {theirs}" in render(comparison, "csv")


@pytest.mark.parametrize("test", ["wilcoxon", "mann-whitney"])
def test_the_direction_of_ranks_is_their_own(test):
    first = [10.0, 12.0, 13.0, 14.0, 15.0, 16.0]
    second = [9.0, 9.5, 8.0, 7.0, 6.0, 5.0]
    forwards, backwards = SEED_TESTS[test].function(first, second, 0.05), SEED_TESTS[test].function(second, first, 0.05)
    assert (forwards.leaning, backwards.leaning) == (1, -1)
    assert SEED_TESTS[test].function([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 0.05).leaning in (0, None)


def test_also_on_new_dialogues_never_says_the_opposite(store):
    # Over all seeds eacl is better, on the seeds that are shared it is not.
    for seed, accuracy in enumerate([0.5, 0.52, 0.51], start=1):
        store.add("ce", seed, accuracy=accuracy + 0.45)
        store.add("eacl", seed, accuracy=accuracy + 0.2)
    for seed in range(10, 30):
        store.add("ce", seed, accuracy=0.6)
        store.add("eacl", seed + 30, accuracy=0.95)
    pair = pair_of(compared(store, test="welch"), "eacl")
    assert pair.joint.difference < 0 < pair.difference
    assert (pair.verdict, pair.joint_verdict) == ("better", "")
    assert pair.joint_adjusted_p <= 0.05


def test_a_discrete_test_that_cannot_reach_the_level_says_so(store):
    store.add_seeds("ce", CE[:4])
    store.add_seeds("eacl", EACL[:4])
    comparison = compared(store, test="wilcoxon")
    assert pair_of(comparison, "eacl").verdict == ""
    assert "wilcoxon, cannot reach 0.05: its smallest p is 0.125 with 4 seeds; no row can be marked" in text(comparison)


def test_an_unpaired_test_needs_no_shared_seed(store):
    for seed, (mine, other) in enumerate(zip(EACL, CE, strict=True), start=1):
        store.add("eacl", seed, accuracy=mine)
        store.add("ce", seed + 10, accuracy=other)
    pair = pair_of(compared(store, test="welch"), "eacl")
    assert pair.test.reason == "not testable: no shared seed"
    assert (pair.verdict, pair.seeds) == ("better", ())


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_each_correction_is_that_of_the_statistics(three, correction):
    comparison = compared(three, correction=correction)
    pairs = comparison.columns[0].pairs
    expected = CORRECTIONS[correction]([pair.test.p for pair in pairs])
    assert [pair.adjusted_p for pair in pairs] == pytest.approx(expected)


def test_what_the_command_offers_is_what_there_is():
    assert tuple(SEED_TESTS) == get_args(OfferedTest)
    assert {CORRECTION_NAMES.get(name, name) for name in get_args(OfferedCorrection)} == set(CORRECTIONS)


def test_seeds_alone_take_the_scores_of_the_records(three):
    full = compared(three)
    comparison = compared(three, unit="seed")
    pair = pair_of(comparison, "eacl")
    assert pair.test == pair_of(full, "eacl").test
    assert (pair.joint.p, pair.joint_verdict, comparison.columns[0].joint_family) == (None, "", 0)
    assert "Scores are those of the records" in text(comparison)
    assert "‡" not in text(comparison)


def test_dialogues_alone_judge_the_trained_systems(three):
    comparison = compared(three, unit="dialogue")
    pair = pair_of(comparison, "eacl")
    assert (pair.verdict, pair.joint_verdict, pair.dialogue_verdict) == ("", "", "better")
    assert comparison.columns[0].dialogue_family == 2
    assert pair.over_dialogues.test.n == 12
    assert pair.over_dialogues.interval.low < pair.test.difference < pair.over_dialogues.interval.high
    assert "△ better than ce on new dialogues" in text(comparison)


def test_one_seed_is_enough_for_dialogues(store):
    store.add("ce", 1, accuracy=0.3)
    store.add("eacl", 1, accuracy=0.9)
    assert pair_of(compared(store, unit="dialogue"), "eacl").dialogue_verdict == "better"


def test_all_pairs_meet_once_and_are_one_family(three):
    comparison = compared(three, all_pairs=True)
    labels = [row.label for row in comparison.rows]
    met = {(labels[pair.row], labels[pair.baseline]) for pair in comparison.columns[0].pairs}
    assert met == {("eacl", "ce"), ("supcon", "ce"), ("supcon", "eacl")}
    assert comparison.columns[0].family == 3
    assert labels[pair_of(comparison, "supcon").baseline] == "ce"


def test_letters_name_the_rows_that_a_row_beats(three):
    comparison = compared(three, letters=True)
    letters = {row.label: row.letter for row in comparison.rows}
    assert letters == {"ce": "a", "eacl": "b", "supcon": "c"}
    column = comparison.columns[0]
    assert [column.beaten_by(row) for row in range(3)] == [[], [0, 2], []]


def test_rows_of_other_backbones_do_not_meet(three):
    three.add("eacl", 1, backbone="simcse")
    comparison = compared(three, all_pairs=True)
    backbones = [row.key.backbone for row in comparison.rows]
    assert all(backbones[pair.row] == backbones[pair.baseline] for pair in comparison.columns[0].pairs)


def groups(**kinds):
    return {"fingerprint": "f00dfeedcafe", "counts": {}, "groups": kinds}


EPISODES = {"one": [str(i) for i in range(5)], "two": [str(i) for i in range(5, 9)], "three": ["9", "10", "11"]}


def test_clusters_take_the_place_of_dialogues(store):
    store.add_seeds("ce", CE[:3], data=groups(episode=EPISODES))
    store.add_seeds("eacl", EACL[:3], data=groups(episode=EPISODES))
    joint = pair_of(compared(store, cluster="episode"), "eacl").joint
    rows = store.split.rows()
    gold, dialogue = np.array([row[2] for row in rows]), np.array([row[0] for row in rows])

    def difference(kept):
        means = []
        for accuracies in (EACL[:3], CE[:3]):
            answers = [np.array(store.split.answers(value, seed)) for seed, value in enumerate(accuracies, start=1)]
            means.append(np.mean([f1_score(gold[kept], each[kept], average="weighted") for each in answers]))
        return 100 * (means[0] - means[1])

    left_out = np.array([difference(~np.isin(dialogue, ids)) for ids in EPISODES.values()])
    assert joint.dialogue_variance == pytest.approx(2 / 3 * ((left_out - left_out.mean()) ** 2).sum())


def test_dialogues_of_one_script_are_left_out_together(store):
    scripts = {"script01": ["0", "3", "4"], "impro01": ["1", "2"], "dialogue 5": ["5"], "impro02": list("6789")}
    scripts["script02"] = ["10", "11"]
    data = groups(script=scripts) | {"counts": {"test": {"dialogues": 12, "labelled": 96}}}
    store.add_seeds("ce", CE[:3], data=data)
    store.add_seeds("eacl", EACL[:3], data=data)
    comparison = compared(store, cluster="script")
    assert pair_of(comparison, "eacl").clusters == 5
    assert "in 5 scripts" in text(comparison)
    assert pair_of(comparison, "eacl").joint != pair_of(compared(store), "eacl").joint


def test_clusters_that_no_record_knows_are_an_error(three):
    with pytest.raises(ErcBenchError, match="does not say of which session its dialogues are"):
        compared(three, cluster="session")
    with pytest.raises(ErcBenchError, match="does not say of which script its dialogues are") as error:
        compared(three, cluster="script")
    assert "Ask for a cluster that it knows (dialogue), and leave datasets out" in error.value.hint


def test_an_unknown_cluster_is_answered_with_the_nearest():
    with pytest.raises(ErcBenchError, match="there is no cluster 'scripts'; did you mean script"):
        Asked(cluster="scripts")


SPOKEN = {"Ada": (0, 2, 5), "Ben": (1, 3, 4), "Cleo": (6,)}
"""The turns of every dialogue by who speaks; of the last one somebody else in each."""


def spoken(dialogues):
    said = {name: {dialogue: list(turns) for dialogue in dialogues} for name, turns in SPOKEN.items()}
    del said["Cleo"]["0"]
    return said | {f"guest {dialogue}": {dialogue: [7]} for dialogue in dialogues}


def with_speakers(store):
    ids = sorted({row[0] for row in store.split.rows()})
    data = groups() | {"speakers": spoken(ids)}
    for method, accuracies in (("ce", CE[:3]), ("eacl", EACL[:3])):
        store.add_seeds(method, accuracies, data=data)
    return store


def test_speakers_are_columns_of_their_own(store):
    comparison = compared(with_speakers(store), by="speaker")
    titles = ["meld", "meld Ada", "meld Ben", "meld Cleo", "meld others"]
    assert [column.title for column in comparison.columns] == titles
    assert [column.utterances for column in comparison.columns] == [None, 36, 36, 11, 13]
    # Cleo does not speak in one of the dialogues, where a guest has her turn.
    assert [column.dialogues for column in comparison.columns[1:]] == [12, 12, 11, 12]
    assert {column.family for column in comparison.columns} == {5}
    rows = store.split.rows()
    for column, (speaker, turns) in zip(comparison.columns[1:], SPOKEN.items(), strict=False):
        kept = [
            i for i, (dialogue, turn, _) in enumerate(rows) if turn in turns and (speaker, dialogue) != ("Cleo", "0")
        ]
        for row, accuracies in enumerate((CE[:3], EACL[:3])):
            answers = store.split.answers(accuracies[0], 1)
            expected = 100 * f1_score(
                [rows[i][2] for i in kept], [answers[i] for i in kept], average="weighted", zero_division=0
            )
            assert column.scores[row].values[0] == pytest.approx(expected)


def test_a_speaker_s_dialogues_are_left_out_one_by_one(store):
    comparison = compared(with_speakers(store), by="speaker")
    joint = next(column for column in comparison.columns if column.slice_name == "Cleo").pairs[0].joint
    rows = store.split.rows()
    mine = np.array([turn == 6 and dialogue != "0" for dialogue, turn, _ in rows])
    gold, dialogue = np.array([row[2] for row in rows]), np.array([row[0] for row in rows])

    def difference(kept):
        ours, theirs = (
            np.mean([f1_score(gold[kept], each[kept], average="weighted", zero_division=0) for each in answers])
            for accuracies in (EACL[:3], CE[:3])
            if (answers := [np.array(store.split.answers(value, seed)) for seed, value in enumerate(accuracies, 1)])
        )
        return 100 * (ours - theirs)

    left_out = np.array([difference(mine & (dialogue != each)) for each in sorted(set(dialogue[mine]))])
    assert joint.clusters == 11
    assert joint.dialogue_variance == pytest.approx(10 / 11 * ((left_out - left_out.mean()) ** 2).sum())


def test_speakers_that_nobody_knows_are_an_error(three):
    with pytest.raises(ErcBenchError, match="of no stored run it is known who speaks") as error:
        compared(three, by="speaker")
    assert "name its folder with --data-dir" in error.value.hint


def test_slices_are_columns_of_their_own(store):
    parts = {"scripted": [str(i) for i in range(7)], "improvised": [str(i) for i in range(7, 12)]}
    store.add_seeds("ce", CE[:3], data=groups(slice=parts))
    store.add_seeds("eacl", EACL[:3], data=groups(slice=parts))
    comparison = compared(store, by="slice")
    assert [column.title for column in comparison.columns] == ["meld", "meld scripted", "meld improvised"]
    assert [column.dialogues for column in comparison.columns[1:]] == [7, 5]
    rows = store.split.rows()
    kept = [i for i, row in enumerate(rows) if row[0] in parts["scripted"]]
    gold, answers = [rows[i][2] for i in kept], store.split.answers(EACL[0], 1)
    expected = 100 * f1_score(gold, [answers[i] for i in kept], average="weighted")
    assert comparison.columns[1].scores[1].values[0] == pytest.approx(expected)
    most = max(set(gold), key=gold.count)
    floor = 100 * f1_score(gold, [most] * len(gold), average="weighted")
    assert comparison.columns[1].floor == pytest.approx(floor)
    assert {column.family for column in comparison.columns} == {3}


def test_a_slice_says_of_its_own_scores_whether_they_are_degenerate(store):
    ids = [str(number) for number in range(12)]
    parts = {"scripted": ids[:7], "improvised": ids[7:]}
    gold = store.split.rows()
    constant = ["neutral"] * len(gold)
    # Right in the one slice, and in the other always the same answer.
    half = [label if dialogue in parts["scripted"] else "joy" for dialogue, _, label in gold]
    for seed in (1, 2):
        store.add("ce", seed, predicted=[label for *_, label in gold], data=groups(slice=parts))
        store.add("majority", seed, predicted=constant, data=groups(slice=parts))
        store.add("supcon", seed, predicted=half, data=groups(slice=parts))
    comparison = compared(store, by="slice")
    labels = [row.label for row in comparison.rows]
    found = {
        (column.slice_name, labels[score.row]): set(score.degenerate.values())
        for column in comparison.columns
        for score in column.scores
    }
    assert all(not reasons for (_, label), reasons in found.items() if label == "ce")
    assert all(reasons for (_, label), reasons in found.items() if label == "majority")
    assert not found["", "supcon"]
    assert not found["scripted", "supcon"]
    (reason,) = found["improvised", "supcon"]
    assert "which one answer everywhere scores" in reason
    assert "(degenerate)" in render(comparison, "markdown")


def test_a_slice_of_one_dialogue_is_one_dialogue(store):
    parts = {"scripted": ["0"], "improvised": [str(number) for number in range(1, 12)]}
    store.add_seeds("ce", CE[:3], data=groups(slice=parts))
    store.add_seeds("eacl", EACL[:3], data=groups(slice=parts))
    assert "1 dialogue with 8 labelled utterances" in text(compared(store, by="slice"))


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        ({"unit": "dialogue", "test": "wilcoxon"}, "the test wilcoxon is one over seeds, of which the unit dialogue"),
        (
            {"unit": "seed", "cluster": "episode"},
            "the cluster episode belongs to tests over dialogues, of which the unit",
        ),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(tests, message):
    with pytest.raises(ErcBenchError, match=message):
        Asked(**tests)


@pytest.mark.parametrize(
    "tests",
    [{"test": "wilcoxon"}, {"correction": "bh"}, {"unit": "seed"}, {"unit": "dialogue"}, {"cluster": "episode"}],
)
def test_a_table_per_class_refuses_what_belongs_to_tests(three, tests):
    with pytest.raises(ErcBenchError, match="a table per class has no tests"):
        compare(read_cells(three.runs), per_class=True, tests=Asked(**tests))


def test_a_table_per_class_has_no_family(three):
    with pytest.raises(ErcBenchError, match="a table per class has no tests"):
        compare(read_cells(three.runs), per_class=True, family="table")


def test_slices_that_no_corpus_has_are_an_error(three):
    with pytest.raises(ErcBenchError, match="no stored run names slices"):
        compared(three, by="slice")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"test": "pared-t"}, "there is no test 'pared-t'; did you mean paired-t"),
        ({"test": "corrected-resampled-t"}, "is one for folds of a cross-validation, and seeds of one test set are no"),
        ({"correction": "holmes"}, "there is no correction 'holmes'; did you mean holm"),
        ({"unit": "seeds"}, "there is no unit of tests 'seeds'; did you mean seed"),
    ],
)
def test_wrong_names_are_answered_with_near_ones(asked, message):
    with pytest.raises(ErcBenchError, match=message):
        Asked(**asked)


def test_the_caption_says_what_the_seeds_could_have_detected(three):
    comparison = compared(three)
    sds = [np.subtract(values(comparison, label), values(comparison, "ce")).std(ddof=1) for label in ("eacl", "supcon")]
    assert [pair_of(comparison, label).sd for label in ("eacl", "supcon")] == pytest.approx(sds)
    assert "at the first step of the correction (level 0.05 divided by the number of comparisons): meld" in text(
        comparison
    )


def test_readings_against_reported_numbers(three):
    comparison = compared(three, reported=["eacl2024/table-2"])
    eacl = next(i for i, row in enumerate(comparison.rows) if row.label == "eacl")
    by_system = {
        (comparison.rows[each.row].label, comparison.reported[each.reported].system): each
        for each in comparison.readings
    }
    assert {label for label, _ in by_system} == {"eacl", "supcon"}
    reading = by_system["eacl", "COSMIC"]
    ours = values(comparison, "eacl")
    theirs = stats.ttest_1samp(ours, 65.21)
    assert (reading.against_constant.t, reading.against_constant.p) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert reading.rerun is None
    sd, t = reading.largest_sd.value, stats.t.isf(0.025, 5)
    assert abs(np.mean(ours) - 65.21) == pytest.approx(t * np.sqrt((np.var(ours, ddof=1) + sd**2) / 6))
    rerun = by_system["supcon", "EACL"]
    assert rerun.rerun == eacl
    expected = stats.ttest_rel(values(comparison, "supcon"), ours).pvalue
    assert rerun.against_rerun.p == pytest.approx(expected)
    p_values = [each.against_constant.p for each in comparison.readings]
    assert [each.adjusted_p for each in comparison.readings] == pytest.approx(CORRECTIONS["holm"](p_values))
    assert comparison.columns == compared(three).columns
