import json
import math

import numpy as np
import pytest
import store_fixture
from scipy import stats
from sklearn.metrics import f1_score

from erc_bench.comparison import compare
from erc_bench.errors import ErcBenchError
from erc_bench.store.index.all_cells import read_cells


def compared(store, **request):
    return compare(read_cells(store.runs), **request)


def labels(comparison):
    return [row.label for row in comparison.rows]


def text(comparison):
    return "\n".join((*comparison.caption, *comparison.notes))


def score_of(comparison, label, column=0):
    return comparison.columns[column].scores[labels(comparison).index(label)]


def pair_of(comparison, label, column=0):
    return comparison.columns[column].pair_of(labels(comparison).index(label))


@pytest.fixture
def three(store):
    """Three methods over five seeds, each better than the one before."""
    store.add_seeds("ce", [0.30, 0.32, 0.28, 0.31, 0.30])
    store.add_seeds("supcon", [0.33, 0.30, 0.35, 0.34, 0.31])
    store.add_seeds("eacl", [0.70, 0.72, 0.69, 0.74, 0.71], settings_from="paper")
    return store


def test_means_and_spreads_are_those_of_the_stored_answers(three):
    comparison = compared(three)
    gold = [row[2] for row in three.split.rows()]
    accuracies = [0.70, 0.72, 0.69, 0.74, 0.71]
    expected = [
        100 * f1_score(gold, three.split.answers(value, seed), average="weighted")
        for seed, value in enumerate(accuracies, start=1)
    ]
    score = score_of(comparison, "eacl")
    assert score.values == pytest.approx(expected)
    assert score.summary.mean == pytest.approx(np.mean(expected))
    assert score.summary.sd == pytest.approx(np.std(expected, ddof=1))
    assert score.dev.mean == pytest.approx(np.mean(expected))


def test_the_baseline_comes_first_and_the_best_row_is_marked(three):
    comparison = compared(three)
    assert labels(comparison) == ["ce", "eacl", "supcon"]
    assert [score.rank for score in comparison.columns[0].scores] == ["", "best", "second"]


def test_named_methods_keep_their_order(three):
    assert labels(compared(three, methods=["eacl", "ce"])) == ["eacl", "ce"]


def test_every_row_meets_the_baseline_with_all_numbers(three):
    comparison = compared(three)
    pair = pair_of(comparison, "eacl")
    first, second = score_of(comparison, "eacl").values, score_of(comparison, "ce").values
    theirs = stats.ttest_rel(first, second)
    assert (pair.test.t, pair.test.p) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert pair.seeds == (1, 2, 3, 4, 5)
    assert pair.sign_flip.p == 0.0625
    assert pair.seed_correlation.value == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert pair.effect.value > 0 < pair.detectable.value
    assert (pair.verdict, pair.joint_verdict) == ("better", "better")
    assert comparison.columns[0].family == comparison.columns[0].joint_family == 2
    assert pair_of(comparison, "ce") is None


def test_joint_test_equals_leaving_out_dialogues_one_by_one(three):
    comparison = compared(three)
    rows = three.split.rows()
    gold = np.array([row[2] for row in rows])
    dialogue = np.array([row[0] for row in rows])

    def difference(kept):
        ours, theirs = (
            [
                100
                * f1_score(gold[kept], np.array(three.split.answers(a, s))[kept], average="weighted", zero_division=0)
                for s, a in enumerate(accuracies, start=1)
            ]
            for accuracies in ([0.70, 0.72, 0.69, 0.74, 0.71], [0.30, 0.32, 0.28, 0.31, 0.30])
        )
        return np.subtract(ours, theirs)

    left_out = np.array([difference(dialogue != name).mean() for name in dict.fromkeys(dialogue)])
    by_seed = difference(np.full(len(gold), True)).var(ddof=1) / 5
    by_dialogue = (len(left_out) - 1) / len(left_out) * ((left_out - left_out.mean()) ** 2).sum()
    joint = pair_of(comparison, "eacl").joint
    assert (joint.seed_variance, joint.dialogue_variance) == pytest.approx((by_seed, by_dialogue))
    assert joint.t == pytest.approx(joint.difference / math.sqrt(by_seed + by_dialogue))


def test_holm_corrects_within_a_dataset_or_over_the_table(three):
    three.add_seeds("ce", [0.3, 0.31, 0.32], dataset="emorynlp")
    three.add_seeds("eacl", [0.6, 0.62, 0.61], dataset="emorynlp")
    within, over = compared(three), compared(three, family="table")
    assert [column.family for column in within.columns] == [1, 2]
    assert [column.family for column in over.columns] == [3, 3]
    raw = [pair.test.p for column in over.columns for pair in column.pairs]
    smallest = min(range(3), key=raw.__getitem__)
    adjusted = [pair.adjusted_p for column in over.columns for pair in column.pairs]
    assert adjusted[smallest] == pytest.approx(3 * raw[smallest])
    assert pair_of(within, "eacl", 0).adjusted_p == pytest.approx(raw[0])
    assert "emorynlp 1, meld 2" in text(within)
    assert "3 comparisons of the table" in text(over)


def test_worse_rows_have_their_own_verdict(three):
    pair = pair_of(compared(three, baseline="eacl"), "ce")
    assert (pair.verdict, pair.joint_verdict) == ("worse", "worse")


def test_no_dagger_without_significance_after_holm(store):
    store.add_seeds("ce", [0.5, 0.52, 0.48])
    store.add_seeds("eacl", [0.5, 0.49, 0.53])
    pair = pair_of(compared(store), "eacl")
    assert pair.adjusted_p > 0.05
    assert (pair.verdict, pair.joint_verdict) == ("", "")


def test_default_baseline_is_ce_then_supcon_then_the_first(store):
    store.add("eacl", 1)
    store.add("spcl", 1)
    assert compared(store).baseline == "eacl"
    assert compared(store, methods=["spcl", "eacl"]).baseline == "spcl"
    store.add("supcon", 1)
    assert compared(store).baseline == "supcon"
    store.add("ce", 1)
    assert compared(store).baseline == "ce"


def test_a_named_baseline_takes_part_unasked(three):
    comparison = compared(three, methods=["eacl"], baseline="supcon")
    assert labels(comparison) == ["supcon", "eacl"]
    assert len(comparison.columns[0].pairs) == 1


def test_rows_meet_the_baseline_of_their_own_backbone(store):
    for backbone in ("minilm", "simcse"):
        store.add("ce", 1, backbone=backbone)
        store.add("eacl", 1, backbone=backbone)
    store.add("eacl", 1, backbone="deberta")
    comparison = compared(store)
    names = labels(comparison)
    met = {names[pair.row]: names[pair.baseline] for pair in comparison.columns[0].pairs}
    assert met == {"eacl · minilm": "ce · minilm", "eacl · simcse": "ce · simcse"}
    assert "eacl · deberta compared with nothing: there is no run of ce with the same backbone" in text(comparison)
    across = compared(store, baseline="ce/simcse")
    assert len(across.columns[0].pairs) == 4
    assert across.baseline == "ce/simcse"


def test_a_system_without_backbone_meets_the_only_baseline(store):
    store.add("ce", 1)
    store.add("majority", 1, backbone="none", predicted=["neutral"] * len(store.split.rows()))
    comparison = compared(store)
    assert labels(comparison) == ["ce", "majority"]
    assert len(comparison.columns[0].pairs) == 1
    assert "All rows: backbone minilm." in comparison.caption


def test_shared_overrides_stand_in_the_caption_and_others_in_the_label(store):
    frozen = {"encoder.trainable": "none"}
    store.add("ce", 1, overrides=frozen)
    store.add("eacl", 1, overrides=frozen)
    store.add("eacl", 1, overrides={**frozen, "objective.angle_weight": 0}, settings_hash="b" * 12)
    comparison = compared(store)
    assert labels(comparison) == ["ce", "eacl", "eacl · objective.angle_weight=0"]
    assert "All rows: backbone minilm, encoder.trainable=none." in comparison.caption


def test_rows_meet_the_baseline_with_the_nearest_overrides(store):
    for trainable, digest in (("none", "a" * 12), ("all", "b" * 12)):
        store.add("ce", 1, overrides={"encoder.trainable": trainable}, settings_hash=digest)
        store.add("eacl", 1, overrides={"encoder.trainable": trainable, "training.epochs": 2}, settings_hash=digest)
    comparison = compared(store)
    names = labels(comparison)
    for pair in comparison.columns[0].pairs:
        assert names[pair.row].partition("=")[2].startswith(names[pair.baseline].partition("=")[2])
    assert len(comparison.columns[0].pairs) == 2


def test_rows_meet_the_baseline_whose_language_model_is_fine_tuned_as_their_own(store):
    scores = store.record(store.split.answers(0.6, 1), {}, [])["metrics"]["dev"]
    upstream = {"method": "utterance-ce", "key": "k", "weights": "w", "train": scores, "dev": scores}
    plain = {"encoder.trainable": "none", "training.epochs": 10}
    store.add("ce", 1, overrides={"training.epochs": 3})
    store.add("ce", 1, overrides=plain, regime="frozen", settings_hash="b" * 12)
    store.add("gru", 1, overrides={"training.epochs": 5}, regime="frozen")
    store.add("gru", 1, overrides=plain, regime="frozen", settings_hash="b" * 12, upstream=upstream)
    comparison = compared(store)
    names = labels(comparison)
    met = {names[pair.row]: names[pair.baseline] for pair in comparison.columns[0].pairs}
    tuned, frozen = "training.epochs=3", "encoder.trainable=none · training.epochs=10"
    assert met == {
        "gru · training.epochs=5": "ce (frozen) · training.epochs=10",
        f"gru · {frozen}": f"ce · {tuned}",
    }


def test_an_ablation_of_the_baseline_meets_its_plain_row(store):
    store.add("eacl", 1)
    store.add("eacl", 1, overrides={"objective.angle_weight": 0}, settings_hash="b" * 12)
    comparison = compared(store)
    (pair,) = comparison.columns[0].pairs
    assert labels(comparison)[pair.row] == "eacl · objective.angle_weight=0"
    assert labels(comparison)[pair.baseline] == "eacl"


def test_an_ablation_of_a_variant_of_the_baseline_meets_that_variant(store):
    plain = {"upstream": "none"}
    store.add("eacl", 1, overrides={"training.epochs": 3})
    store.add("eacl", 1, overrides=plain, settings_hash="b" * 12)
    store.add("eacl", 1, overrides={**plain, "dialogues.speakers": "shuffled"}, settings_hash="c" * 12)
    comparison = compared(store)
    names = labels(comparison)
    met = {names[pair.row]: names[pair.baseline] for pair in comparison.columns[0].pairs}
    assert met["eacl · dialogues.speakers=shuffled · upstream=none"] == "eacl · upstream=none"


def frozen_sentences(comparison):
    return [sentence for sentence in comparison.caption if sentence.startswith("(frozen)")]


def test_a_system_without_its_fine_tuned_language_model_is_marked_even_where_all_are(store):
    plain = {"regime": "frozen", "overrides": {"training.epochs": 10, "upstream": "none"}}
    store.add("dag-erc", 1, **plain)
    store.add("dialogue-rnn", 1, sees_future=True, **plain)
    store.add("majority", 1, backbone="none", regime="frozen", overrides={"upstream": "none"})
    comparison = compared(store)
    assert sorted(labels(comparison)) == ["dag-erc (frozen)", "dialogue-rnn (frozen)", "majority · upstream=none"]
    assert "All rows: backbone minilm, training.epochs=10." in comparison.caption
    (sentence,) = frozen_sentences(comparison)
    assert "(upstream=none)" in sentence


def test_what_all_rows_share_of_frozen_language_models_stands_in_the_caption(store):
    for method in ("ce", "eacl"):
        store.add(method, 1, regime="frozen", overrides={"encoder.trainable": "none"})
    comparison = compared(store)
    assert labels(comparison) == ["ce", "eacl"]
    assert "All rows: backbone minilm, encoder.trainable=none." in comparison.caption
    assert not frozen_sentences(comparison)


def test_a_frozen_row_beside_fine_tuned_ones_is_marked_in_the_place_of_its_setting(store):
    store.add("ce", 1)
    store.add("ce", 1, regime="frozen", overrides={"encoder.trainable": "none"}, settings_hash="b" * 12)
    store.add("gru", 1, regime="frozen", overrides={"upstream": "none"})
    comparison = compared(store)
    assert labels(comparison) == ["ce", "ce (frozen)", "gru (frozen)"]
    assert [row.frozen for row in comparison.rows] == [False, True, True]
    assert "(upstream=none or encoder.trainable=none)" in frozen_sentences(comparison)[0]


def test_what_reads_a_fine_tuned_language_model_is_not_marked(store):
    scores = store.record(store.split.answers(0.6, 1), {}, [])["metrics"]["dev"]
    upstream = {"method": "utterance-ce", "key": "k", "weights": "w", "train": scores, "dev": scores}
    store.add("eacl", 1, regime="frozen", overrides={"encoder.trainable": "none"}, upstream=upstream)
    store.add("dag-erc", 1, regime="small", overrides={"encoder.trainable": "all", "upstream": "none"})
    store.add("gru", 1, regime="frozen")  # its recipe reads the language model as it was pretrained
    comparison = compared(store)
    dag_erc = "dag-erc · encoder.trainable=all · upstream=none"
    assert sorted(labels(comparison)) == [dag_erc, "eacl · encoder.trainable=none", "gru"]
    assert not frozen_sentences(comparison)


def test_changed_defaults_make_rows_of_their_own(store):
    store.add("ce", 1, settings={"training.epochs": 8})
    store.add("ce", 2, settings={"training.epochs": 20}, settings_hash="b" * 12)
    comparison = compared(store)
    assert sorted(labels(comparison)) == ["ce · training.epochs=20", "ce · training.epochs=8"]
    assert "ce was run with 2 settings" in text(comparison)


def test_hashes_that_no_setting_explains_are_still_apart(store):
    store.add("ce", 1)
    store.add("ce", 2, settings_hash="b" * 12)
    assert labels(compared(store)) == [f"ce · settings={digit * 12}" for digit in "ab"]


def test_seeds_without_a_partner_are_named(store):
    store.add_seeds("ce", [0.5, 0.5, 0.5])
    for seed in (2, 3, 4, 5):
        store.add("eacl", seed)
    comparison = compared(store)
    pair = pair_of(comparison, "eacl")
    assert (pair.seeds, pair.only_row, pair.only_baseline) == ((2, 3), (4, 5), (1,))
    assert score_of(comparison, "eacl").summary.n == 4
    assert "seeds 4-5 exist only for eacl and seed 1 exists only for ce" in text(comparison)


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        ([1], [1], "not testable: one seed"),
        ([1], [2], "not testable: no shared seed"),
    ],
)
def test_what_cannot_be_tested_says_so(store, ours, theirs, reason):
    for method, seeds in (("ce", theirs), ("eacl", ours)):
        for seed in seeds:
            store.add(method, seed)
    comparison = compared(store)
    pair = pair_of(comparison, "eacl")
    assert (pair.test.reason, pair.joint.reason, pair.adjusted_p) == (reason, reason, None)
    assert comparison.columns[0].family == 0


def test_seeds_that_do_not_vary_give_no_mark_over_dialogues_either(store):
    gold = [row[2] for row in store.split.rows()]
    for seed in (1, 2, 3):
        store.add("ce", seed, predicted=store.split.answers(0.3, 1))
        store.add("oracle", seed, predicted=gold)
    comparison = compared(store)
    pair = pair_of(comparison, "oracle")
    assert pair.test.reason == "not testable: zero variance"
    # ‡ says "also", and there is nothing that it could be said beside.
    assert (pair.verdict, pair.joint_verdict) == ("", "")
    assert pair.joint.p < 0.001
    assert pair.joint.df == pytest.approx(store.split.dialogues - 1)
    assert "0 comparisons" not in " ".join(comparison.caption)
    assert "No comparison can be tested; the reasons stand beside the differences." in comparison.caption


def test_partial_cells_are_never_compared_with_full_ones(three):
    three.add("new", 1, limit=3)
    comparison = compared(three)
    assert "new" not in labels(comparison)
    assert "meld: 1 cell (new) is left out because partial (--limit)" in comparison.notes


def test_partial_cells_alone_are_shown_as_partial(store):
    store.add("ce", 1, limit=3)
    store.add("ce", 1, limit=5, settings_hash="b" * 12)
    comparison = compared(store)
    assert [column.title for column in comparison.columns] == [
        "meld (first 3 dialogues of each split)",
        "meld (first 5 dialogues of each split)",
    ]
    assert "partial data" in text(comparison)


def test_other_data_and_other_hardware_are_columns_of_their_own(three):
    provenance = {"device": "cuda:0", "precision": "bfloat16", "hardware": {"class": "cuda", "name": "Some GPU"}}
    three.add("ce", 6, settings_hash="c" * 12, provenance=provenance)
    three.add("eacl", 6, settings_hash="d" * 12, data={"fingerprint": "0ddba11c0de", "counts": {}})
    comparison = compared(three)
    assert {column.title for column in comparison.columns} == {
        "meld (cpu, data f00dfeed)",
        "meld (cuda, data f00dfeed)",
        "meld (cpu, data 0ddba11c)",
    }
    assert score_of(comparison, "ce").seeds == (1, 2, 3, 4, 5)
    (apart,) = [note for note in comparison.notes if ": apart, because" in note]
    assert all(column.title in apart for column in comparison.columns)


def test_seeds_that_ran_otherwise_are_named(store):
    store.add("ce", 1)
    store.add("ce", 2, inputs={"backbone": "minilm@2", "code": {"objective": "4567"}})
    store.add("ce", 3, provenance={"device": "cpu", "precision": "bfloat16", "hardware": {"class": "cpu", "name": "x"}})
    notes = compared(store).notes
    assert "meld: the seeds of ce ran with different versions of its code (1, 3 against 2)" in notes
    assert "meld: the seeds of ce ran with different weights of its backbone (1, 3 against 2)" in notes
    assert "meld: the seeds of ce ran in different precision (1, 2 against 3)" in notes
    assert "meld: the seeds of ce ran on different machines (1, 2: cpu, Some CPU against 3: cpu, x)" in notes


def test_rows_that_ran_otherwise_are_named(store):
    store.add("ce", 1)
    store.add("eacl", 1, provenance={"device": "cpu", "precision": "bfloat16", "hardware": {"class": "cpu"}})
    store.add("majority", 1, backbone="none", provenance={"device": "cpu", "hardware": {"class": "cpu"}})
    assert "meld: the rows ran in different precision (ce against eacl)" in compared(store).notes


def test_dev_only_cells_are_left_out_beside_test_scores(three):
    three.add("tuned", 1, dev_only=True)
    comparison = compared(three)
    assert "tuned" not in labels(comparison)
    assert "meld: 1 cell (tuned) is left out because scored on dev only (--dev-only)" in comparison.notes


def test_dev_only_cells_alone_show_their_dev_scores_and_say_so(store):
    store.add_seeds("ce", [0.3, 0.32, 0.35], dev_only=True)
    store.add_seeds("eacl", [0.7, 0.72, 0.74], dev_only=True)
    comparison = compared(store)
    assert comparison.columns[0].split == "dev"
    assert "Weighted F1 on the dev split" in text(comparison)
    assert "no test score exists" in text(comparison)
    assert "Configurations with test scores" not in text(comparison)
    assert pair_of(comparison, "eacl").joint.reason == "not testable: no test predictions"
    assert pair_of(comparison, "eacl").test.p is not None


def test_failed_interrupted_and_damaged_cells_are_named(three):
    three.fail("eacl", 8, "the loss became nan at step 12")
    three.fail("eacl", 9, "stopped", status="interrupted")
    damaged = three.add("ce", 7)
    store_fixture.without_contents(damaged)
    (damaged / "record.json").write_text("{")
    notes = compared(three).notes
    assert "meld/eacl/minilm/aaaaaaaaaaaa/seed-8 (failed): the loss became nan at step 12" in notes
    assert "meld/eacl/minilm/aaaaaaaaaaaa/seed-9 (interrupted): stopped" in notes
    assert any("seed-7 (damaged): record.json cannot be read" in note for note in notes)


def test_answers_that_contradict_the_record_are_left_out_and_named(three):
    folder = three.add("eacl", 6, accuracy=0.9)
    lines = (folder / "predictions.csv").read_text().splitlines(keepends=True)
    (folder / "predictions.csv").write_text("".join(lines[:40]))
    store_fixture.write_status(folder)
    comparison = compared(three)
    assert score_of(comparison, "eacl").seeds == (1, 2, 3, 4, 5)
    assert any("seed-6 is left out: its record says weighted_f1" in note for note in comparison.notes)


def test_damaged_answers_are_left_out_and_named(three):
    folder = three.add("eacl", 6)
    (folder / "predictions.csv").write_text("nonsense")
    store_fixture.without_contents(folder)
    assert any("seed-6 is left out" in note and "line 1" in note for note in compared(three).notes)


def test_nothing_readable_is_an_error_with_the_reasons(store):
    folder = store.add()
    (folder / "predictions.csv").write_text("nonsense")
    store_fixture.without_contents(folder)
    with pytest.raises(ErcBenchError, match="no finished run can be read") as error:
        compared(store)
    assert "seed-1" in error.value.hint


def test_the_order_of_stored_rows_does_not_matter(store):
    store.add_seeds("ce", [0.4, 0.5, 0.45])
    folders = store.add_seeds("eacl", [0.7, 0.8, 0.75])
    before = pair_of(compared(store), "eacl").joint
    for folder in folders:
        head, *rows = (folder / "predictions.csv").read_text().splitlines(keepends=True)
        (folder / "predictions.csv").write_text("".join([head, *reversed(rows)]))
        store_fixture.write_status(folder)
    assert pair_of(compared(store), "eacl").joint == before


def test_degenerate_cells_are_flagged_by_seed(store):
    store.add("ce", 1, accuracy=0.7)
    store.add("ce", 2, predicted=["neutral"] * len(store.split.rows()))
    comparison = compared(store)
    assert list(score_of(comparison, "ce").degenerate) == [2]
    assert "Degenerate:" in text(comparison)


def test_systems_that_see_the_future_are_marked(store):
    store.add("ce", 1)
    store.add("dialoguernn", 1, sees_future=True)
    comparison = compared(store)
    assert [row.sees_future for row in comparison.rows] == [False, True]
    assert "reads turns that come after" in text(comparison)


def test_other_readouts_are_rows_on_request(store):
    gold = [row[2] for row in store.split.rows()]
    for seed in (1, 2):
        store.add("ce", seed)
        store.add("eacl", seed, readouts={"centroid": gold})
    assert labels(compared(store)) == ["ce", "eacl"]
    comparison = compared(store, readouts=["centroid"])
    assert labels(comparison) == ["ce", "eacl", "eacl · read by centroid"]
    assert score_of(comparison, "eacl · read by centroid").summary.mean == pytest.approx(100.0)
    with pytest.raises(ErcBenchError, match="did you mean centroid"):
        compared(store, readouts=["centroids"])


def test_each_dataset_has_its_own_headline_metric(store):
    scored = {"scored_labels": ["anger", "joy"], "headline_metric": "micro_f1"}
    for seed in (1, 2):
        store.add("ce", seed)
        store.add("ce", seed, dataset="dailydialog", **scored)
    comparison = compared(store)
    assert [column.metric for column in comparison.columns] == ["micro_f1", "weighted_f1"]
    gold = [row[2] for row in store.split.rows()]
    expected = 100 * f1_score(gold, store.split.answers(0.6, 1), labels=["anger", "joy"], average="micro")
    assert score_of(comparison, "ce", 0).values[0] == pytest.approx(expected)
    assert [column.metric for column in compared(store, metric="macro_f1").columns] == ["macro_f1", "macro_f1"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"metric": "weigthed_f1"}, "there is no metric 'weigthed_f1'; did you mean weighted_f1"),
        ({"metric": "micro_f1"}, "meld has no micro_f1"),
        ({"methods": ["eacll"]}, "no run of method 'eacll' is stored; did you mean eacl"),
        ({"datasets": ["meldd"]}, "no run of dataset 'meldd' is stored; did you mean meld"),
        ({"baseline": "cee"}, "no finished run of the baseline 'cee' is stored; did you mean ce"),
        ({"baseline": "ce/minlm"}, "ce was not run with the backbone 'minlm'; did you mean minilm"),
    ],
)
def test_wrong_names_are_answered_with_near_ones(three, request_, message):
    with pytest.raises(ErcBenchError, match=message.replace("(", r"\(")):
        compared(three, **request_)


def test_only_failed_cells_are_an_error_that_says_why(store):
    store.fail("ce", 1, "out of memory")
    with pytest.raises(ErcBenchError, match="no finished run") as error:
        compared(store)
    assert "out of memory" in error.value.hint


def test_the_caption_states_what_a_reader_must_know(three):
    three.add("eacl", 1, settings_hash="e" * 12, overrides={"training.epochs": 2})
    part = [cell for cell in read_cells(three.runs) if cell.record["settings_hash"] != "e" * 12]
    caption = "\n".join(compare(part, all_cells=read_cells(three.runs)).caption)
    for fact in (
        "Weighted F1 on the test split, in points, mean ± standard deviation (n - 1) over seeds 1-5.",
        "meld, test split: 12 dialogues with 96 labelled utterances; always answering joy scores",
        "† better than ce in a two-sided paired t-test over seeds, p ≤ 0.05 after Holm over the 2 comparisons",
        "‡ also better on new dialogues",
        "The exact sign-flip test cannot reach 0.05: its smallest p is 0.0625 with 5 seeds.",
        "Epoch selected by: dev.",
        "Settings: default (ce, supcon); paper (eacl).",
        "Configurations with test scores in this folder of runs: meld: ce 1, eacl 2, supcon 1.",
    ):
        assert fact in caption


def test_the_caption_counts_cells_that_nobody_can_verify(three):
    assert "Unverified" not in text(compared(three))
    for seed in (1, 3):
        store_fixture.without_contents(three.runs / f"meld/eacl/minilm/aaaaaaaaaaaa/seed-{seed}")
    assert compared(three).caption[-1] == (
        "Unverified: 2 of 15 cells were stored without digests of their files, so damage to them would not show."
    )
    one = compared(three, methods=["ce", "eacl"], readouts=[])
    assert one.caption[-1].startswith("Unverified: 2 of 10 cells were ")


def test_a_record_of_another_cell_in_this_folder_is_not_counted_twice(store):
    store.add("ce", 1)
    folder = store.add("ce", 2)
    record = json.loads((folder / "record.json").read_text())
    (folder / "record.json").write_text(json.dumps({**record, "seed": 1}))
    store_fixture.write_status(folder)
    comparison = compared(store)
    assert score_of(comparison, "ce").seeds == (1,)
    assert any("seed-2 (damaged): record.json is that of another cell" in note for note in comparison.notes)
