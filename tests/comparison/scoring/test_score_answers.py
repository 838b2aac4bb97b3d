"""Scores and tests of files of answers, against obvious computations."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score

from erc_bench.comparison.scoring.answer_file import read_answers
from erc_bench.comparison.scoring.score_answers import score_files
from erc_bench.contracts.dataset import Layout
from erc_bench.errors import ErcBenchError
from erc_bench.statistics.dialogues import dialogue_sign_flip
from erc_bench.statistics.metrics import macro_f1


@pytest.fixture
def scored(series, corpus):
    def scored(*files, layout="", **request):
        return score_files(series, replace(corpus, layout_name=layout), files, draws=500, **request)

    return scored


def test_metrics_are_those_of_scikit_learn(scored, write, split):
    file = write(seeds=(1, 2, 3))
    gold = list(split.gold().values())
    answers = read_answers(file, split).runs
    (system,) = scored(file).systems
    weighted = [100 * f1_score(gold, answers[seed], average="weighted") for seed in (1, 2, 3)]
    assert [run.metrics["weighted_f1"] for run in system.runs] == pytest.approx(weighted)
    assert system.summaries["weighted_f1"].sd == pytest.approx(np.std(weighted, ddof=1))
    assert system.summaries["accuracy"].mean == pytest.approx(
        np.mean([100 * accuracy_score(gold, answers[seed]) for seed in (1, 2, 3)])
    )
    joy = [100 * f1_score(gold, answers[seed], average=None, labels=["joy"])[0] for seed in (1, 2, 3)]
    assert system.class_summaries["joy"].mean == pytest.approx(np.mean(joy))
    assert system.interval.low < np.mean(weighted) < system.interval.high


def test_a_constant_answer_is_the_floor_and_degenerate(scored, write):
    label = scored(write()).floor["label"]
    constant = scored(write("constant.csv", change=lambda rows: [row | {"predicted": label} for row in rows]))
    assert constant.systems[0].runs[0].metrics["weighted_f1"] == pytest.approx(constant.floor["weighted_f1"])
    assert "which one answer everywhere scores" in constant.systems[0].runs[0].degenerate


def test_one_run_against_another(scored, write, split):
    first, second = write("a.csv", 0.9), write("b.csv", 0.4)
    result = scored(first, second)
    gold = np.array(list(split.gold().values()))
    ours, theirs = (np.array(read_answers(file, split).runs[None]) for file in (first, second))
    contrast = result.contrast
    expected = 100 * (f1_score(gold, ours, average="weighted") - f1_score(gold, theirs, average="weighted"))
    assert contrast.interval.estimate == pytest.approx(expected)
    assert contrast.test.difference == pytest.approx(expected)
    assert contrast.interval.low < expected < contrast.interval.high
    only = int(((ours == gold) & (theirs != gold)).sum()), int(((ours != gold) & (theirs == gold)).sum())
    (test,) = contrast.mcnemar
    assert (test.only_first, test.only_second) == only
    assert test.p == pytest.approx(stats.binomtest(only[0], sum(only)).pvalue)
    assert test.assumption == "assumes independent utterances"
    assert contrast.seed_tests is None
    assert contrast.shared.clusters == 12


def test_several_seeds_have_the_tests_of_compare(scored, write, split):
    first, second = write("a.csv", 0.8, (1, 2, 3)), write("b.csv", 0.5, (2, 3, 4))
    contrast = scored(first, second).contrast
    assert contrast.seeds == (2, 3)
    assert contrast.notes == (
        f"seed 1 is only in {first} and not compared",
        f"seed 4 is only in {second} and not compared",
    )
    gold = list(split.gold().values())
    ours, theirs = (
        [100 * f1_score(gold, read_answers(file, split).runs[seed], average="weighted") for seed in (2, 3)]
        for file in (first, second)
    )
    assert contrast.seed_tests.paired_t.p == pytest.approx(stats.ttest_rel(ours, theirs).pvalue)
    joint = contrast.seed_tests.joint
    assert joint.seed_variance == pytest.approx(np.subtract(ours, theirs).var(ddof=1) / 2)
    assert len(contrast.mcnemar) == 2


def test_episodes_may_stand_in_place_of_dialogues(scored, write):
    first, second = write("a.csv", 0.8), write("b.csv", 0.5)
    by_dialogue, by_episode = scored(first, second), scored(first, second, cluster="episode")
    assert (by_dialogue.clusters, by_episode.clusters) == (12, 4)
    assert by_episode.contrast.test.n == 4
    assert by_episode.contrast.test.reason.startswith("cannot reach 0.05 with 4 differing")
    with pytest.raises(ErcBenchError, match="series does not say of which session a dialogue is") as error:
        scored(first, cluster="session")
    assert error.value.hint == "It has: dialogue, episode."


def test_a_dialogue_without_a_script_stands_alone_beside_those_of_one(scored, write, corpus):
    told = [replace(each, script="play" if place < 5 else "") for place, each in enumerate(corpus.splits.test)]
    object.__setattr__(corpus, "splits", replace(corpus.splits, test=tuple(told)))
    first, second = write("a.csv", 0.8), write("b.csv", 0.5)
    assert scored(first, second, cluster="script").clusters == 12 - 5 + 1


def test_the_layout_that_lacks_clusters_is_named(scored, write, series, monkeypatch):
    layouts = tuple(Layout(name, ()) for name in ("official", "flat"))
    monkeypatch.setattr(type(series), "layouts", layouts)
    with pytest.raises(ErcBenchError) as error:
        scored(write(), cluster="session", layout="flat")
    assert error.value.message == "the layout flat of series does not say of which session a dialogue is"
    assert error.value.hint == "It has: dialogue, episode. Another layout may say it: official."


def test_single_runs_of_other_seeds_are_compared_with_a_note(scored, write):
    first, second = write("a.csv", 0.8, (3,)), write("b.csv", 0.5, (7,))
    assert scored(first, second).contrast.notes == (
        f"seed 3 of {first} is compared with seed 7 of {second}: their difference is also one of seeds",
    )
    assert scored(first, write("c.csv", 0.5, (3,))).contrast.notes == ()
    assert scored(first, write("d.csv", 0.5)).contrast.notes == ()


def test_swaps_are_of_whole_dialogues(write, split):
    """On five dialogues the p-value is that of all 2^5 swaps, counted one by one."""
    first, second = write("a.csv", 0.7), write("b.csv", 0.5)
    ours, theirs = (np.array(read_answers(file, split).runs[None]) for file in (first, second))
    gold, dialogue = np.array(list(split.gold().values())), np.array([key[0] for key in split.gold()])

    def difference(swapped):
        a, b = np.where(swapped, theirs, ours), np.where(swapped, ours, theirs)
        return f1_score(gold, a, average="macro") - f1_score(gold, b, average="macro")

    names = list(dict.fromkeys(dialogue))[:5]
    keep = np.isin(dialogue, names)
    gold, dialogue, ours, theirs = gold[keep], dialogue[keep], ours[keep], theirs[keep]
    every = [
        difference(np.isin(dialogue, [name for bit, name in enumerate(names) if choice >> bit & 1]))
        for choice in range(2**5)
    ]
    expected = np.mean(np.abs(every) >= abs(every[0]) - 1e-12)
    counts = np.stack(
        [
            [
                [
                    [[((gold == g) & (a == p) & (dialogue == n)).sum() for p in split.labels] for g in split.labels]
                    for n in names
                ]
            ]
            for a in (ours, theirs)
        ]
    )
    assert dialogue_sign_flip(counts, macro_f1).p == pytest.approx(expected)


def test_runs_that_cannot_be_paired_are_refused(scored, write):
    with pytest.raises(ErcBenchError, match="they have seeds 1, 2 and one run without a seed") as error:
        scored(write("a.csv", seeds=(1, 2)), write("b.csv"))
    assert "column seed" in error.value.hint


def test_an_unknown_metric_is_answered_with_a_near_one(scored, write):
    with pytest.raises(ErcBenchError, match="series has no metric 'weigthed_f1'; did you mean weighted_f1"):
        scored(write(), metric="weigthed_f1")
    with pytest.raises(ErcBenchError, match="series has no metric 'micro_f1'"):
        scored(write(), metric="micro_f1")


def test_answers_that_are_no_label_are_wrong_in_every_number(scored, write, split, series):
    def change(rows):
        return [row | {"predicted": "no idea"} if place % 7 == 0 else row for place, row in enumerate(rows)]

    first, second = write("a.csv", 0.9, (1, 2), change=change), write("b.csv", 0.5, (1, 2))
    result = scored(first, second, unknown_as_wrong=True)
    gold = list(split.gold().values())
    (ours, theirs), labels = result.systems, list(series.labels)
    assert ours.unknown == {"no idea": 18}
    assert theirs.unknown == {}
    answers = read_answers(first, split, unknown_as_wrong=True).runs
    for run in ours.runs:
        for name in ("weighted", "macro"):
            expected = f1_score(gold, answers[run.seed], average=name, labels=labels, zero_division=0)
            assert run.metrics[f"{name}_f1"] == pytest.approx(100 * expected)
        assert run.metrics["accuracy"] == pytest.approx(100 * accuracy_score(gold, answers[run.seed]))
    means = [np.mean([run.metrics["weighted_f1"] for run in system.runs]) for system in result.systems]
    assert result.contrast.interval.estimate == pytest.approx(means[0] - means[1])
    assert result.contrast.test.difference == pytest.approx(means[0] - means[1])
    right = [np.array(answers[seed]) == gold for seed in (1, 2)]
    other = [np.array(read_answers(second, split).runs[seed]) == gold for seed in (1, 2)]
    for test, a, b in zip(result.contrast.mcnemar, right, other, strict=True):
        assert (test.only_first, test.only_second) == ((a & ~b).sum(), (b & ~a).sum())


def test_a_system_that_never_answers_is_degenerate(scored, write):
    nothing = write(change=lambda rows: [row | {"predicted": "no idea"} for row in rows])
    (system,) = scored(nothing, unknown_as_wrong=True).systems
    assert system.runs[0].metrics["accuracy"] == 0
    assert system.runs[0].degenerate
