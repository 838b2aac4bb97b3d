"""Trials in Optuna's storage: counted, gone on with, refused, and never on test."""

import json
import re
from dataclasses import replace
from itertools import product

import optuna
import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.experiments.tuning.search import Trial, best_of
from erc_bench.experiments.tuning.study import STORAGE_FILE, Storage, locked
from erc_bench.running.grid import GridRunner
from erc_bench.store.index.all_cells import read_cells

OWN = {"system.first": "0.1", "system.second": "0"}
GRID = {tuple(point) for point in product(("0.1", "0.3", "0.6", "0.7"), ("0", "1", "2"))}


def points(trials):
    return [tuple(trial.point.values()) for trial in trials]


def test_trial_0_is_the_methods_own_settings_and_the_best_is_never_worse(tuning):
    trials = tuning.run(5)
    assert [trial.number for trial in trials] == [0, 1, 2, 3, 4]
    assert trials[0].point == OWN
    assert best_of(trials).score >= trials[0].score
    assert len({tuple(trial.scores) for trial in trials}) > 1
    assert all(len(trial.scores) == 2 for trial in trials)


def test_a_trials_score_is_the_mean_of_the_dev_headlines_on_record(tuning):
    trials = tuning.run(3)
    by_point = {}
    for cell in read_cells(tuning.folder / "cells"):
        settings = cell.record["settings"]
        point = str(settings["system.first"]), str(settings["system.second"])
        by_point.setdefault(point, []).append(cell.record["metrics"]["dev"]["weighted_f1"])
    assert {tuple(t.point.values()): t.score for t in trials} == {
        point: pytest.approx(sum(scores) / 2) for point, scores in by_point.items()
    }


def test_a_grid_that_fits_is_tried_whole_every_point_once(tuning):
    trials = tuning.run(20)
    assert len(trials) == 12
    assert set(points(trials)) == GRID
    assert best_of(trials).point == {"system.first": "0.7", "system.second": "2"}
    assert tuning.run(20) == trials


def test_no_point_is_tried_twice(tuning):
    found = points(tuning.run(11))
    assert len(set(found)) == 11


def test_own_settings_outside_of_the_space_are_one_point_more(tuning):
    search = tuning.search(space={"system.first": [0.6, 0.7], "system.second": [1, 2]})
    assert search.points() == 5
    trials = tuning.run(9, search)
    assert points(trials)[0] == ("0.1", "0")
    assert set(points(trials[1:])) == set(product(("0.6", "0.7"), ("1", "2")))
    few = tuning.search(space={"system.first": [0.6, 0.7], "system.second": [1, 2, 3]})
    tuning.folder = tuning.folder.with_name("few")
    assert points(tuning.run(3, few))[0] == ("0.1", "0")


def test_a_second_start_goes_on_and_finds_what_one_start_finds(tuning, tmp_path):
    first = tuning.run(4)
    told = []
    grown = tuning.run(7, tell=told.append)
    assert grown[:4] == first
    assert told == grown[4:]
    tuning.folder = tmp_path / "at-once"
    assert tuning.run(7) == grown


def test_fewer_trials_are_the_first_of_them(tuning):
    trials = tuning.run(6)
    assert tuning.run(3) == trials[:3]


def test_the_sampler_seed_decides_what_is_tried(tuning, tmp_path):
    found = points(tuning.run(6))
    tuning.folder = tmp_path / "other"
    assert points(tuning.run(6, sampler_seed=1)) != found


def test_failed_trials_count_and_say_why_in_one_line(tuning):
    search = tuning.search(space={"system.first": [0.1, 0.5, 0.7]})
    trials = tuning.run(3, search)
    assert len(trials) == 3
    (failed,) = [trial for trial in trials if trial.error]
    assert failed.point == {"system.first": "0.5"}
    assert re.fullmatch(r"seed 101: .*conftest\.py, line \d+: RuntimeError: a dial broke", failed.error)
    assert best_of(trials).point == {"system.first": "0.7"}
    told = []
    assert tuning.run(3, search, tell=told.append) == trials
    assert told == []


def test_settings_that_cannot_be_had_together_are_a_failed_trial(tuning, monkeypatch):
    search = tuning.search()
    plans = type(search).plans

    def refuse(self, point):
        if point != OWN:
            raise ErcBenchError("two things\nare wrong")
        return plans(self, point)

    monkeypatch.setattr(type(search), "plans", refuse)
    assert [trial.error for trial in tuning.run(2, search)] == ["", "two things are wrong"]


class Stops(GridRunner):
    """Is stopped in the middle of a trial, after one of its cells."""

    after = 0

    def run(self, plans):
        if self.after == 0:
            super().run(plans[:1])
            raise KeyboardInterrupt
        self.after -= 1
        return super().run(plans)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_trial_that_was_stopped_is_counted_once_and_begins_again(tuning, tmp_path, after):
    runner = tuning.runner()
    stopped = Stops(runner.keeper.task, runner.progress)
    stopped.after = after
    with pytest.raises(KeyboardInterrupt):
        tuning.run(5, runner=stopped)
    with Storage(tuning.folder) as storage:
        assert len(tuning.study(storage, tuning.search()).trials()) == after
    again = tuning.runner()
    trials = tuning.run(5, runner=again)
    assert len(again.keeper.outcome.skipped) == 1
    tuning.folder = tmp_path / "undisturbed"
    assert tuning.run(5) == trials


def test_a_kill_between_choosing_and_beginning_leaves_nothing_behind(tuning, tmp_path):
    tuning.folder.mkdir()
    with Storage(tuning.folder) as storage:
        tuning.study(storage, tuning.search())._study.enqueue_trial({"system.first": "0.7", "system.second": "2"})
    trials = tuning.run(3)
    assert trials[0].point == OWN
    tuning.folder = tmp_path / "undisturbed"
    assert tuning.run(3) == trials


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"space": {"system.first": [0.1, 0.2]}}, "search space"),
        ({"settings": ["system.switch=on"]}, "settings (system.switch)"),
        ({"settings": ["system.second=1"]}, "search space and settings (system.second)"),
        ({"seeds": (101,)}, "tuning seeds"),
        ({"limit": 3}, "--limit"),
        ({"size": 14}, "settings (dataset.size) and data"),
    ],
)
def test_another_search_in_the_folder_is_refused_with_the_remedy(tuning, changed, words):
    trials = tuning.run(2)
    with pytest.raises(ErcBenchError) as refused:
        tuning.run(2, tuning.search(**changed))
    assert refused.value.message == (
        f"{tuning.folder} holds another search of demo · dials · none, which began with other {words}"
    )
    assert "--study" in refused.value.hint
    assert tuning.run(2) == trials


def test_another_sampler_other_data_and_other_code_are_refused(tuning, monkeypatch):
    tuning.run(2)
    with pytest.raises(ErcBenchError, match="began with other --sampler-seed"):
        tuning.run(2, sampler_seed=3)
    with Storage(tuning.folder) as storage, pytest.raises(ErcBenchError, match="began with other data"):
        tuning.study(storage, tuning.search(), fingerprint="another")
    monkeypatch.setattr("erc_bench.running.state.code_digests", lambda parts: dict.fromkeys(parts, "new"))
    with pytest.raises(ErcBenchError, match="began with other code of system"):
        tuning.run(2)


def test_a_study_of_someone_else_is_refused(tuning):
    tuning.folder.mkdir()
    with Storage(tuning.folder) as storage:
        stranger = optuna.create_study(storage=storage.optuna, study_name="demo/dials/none", direction="maximize")
        stranger.tell(stranger.ask(), 1.0)
    with pytest.raises(ErcBenchError, match="was not begun by erc-bench"):
        tuning.run(2)


def test_a_storage_that_cannot_be_read_is_named(tuning):
    tuning.folder.mkdir()
    (tuning.folder / STORAGE_FILE).write_text("this is no database, and it is long enough to be looked into" * 20)
    with pytest.raises(ErcBenchError, match=f"{STORAGE_FILE} cannot be read"):
        tuning.run(2)


def test_any_folder_can_hold_a_study(tuning, tmp_path):
    tuning.folder = tmp_path / "a {strange} folder? #1 50%"
    assert len(tuning.run(2)) == 2
    assert (tuning.folder / STORAGE_FILE).is_file()


def test_one_process_at_a_time(tmp_path):
    with locked(tmp_path / "tuning"), pytest.raises(ErcBenchError, match="another process is searching in"):
        locked(tmp_path / "tuning").__enter__()
    with locked(tmp_path / "tuning"):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ErcBenchError, match="cannot be written"):
        locked(tmp_path / "file" / "tuning").__enter__()


def test_of_equal_trials_the_first_is_the_best():
    trials = [Trial(0, {}, (1.0, 3.0)), Trial(1, {}, (2.0, 2.0)), Trial(2, {}, (), "failed")]
    assert best_of(trials) is trials[0]
    assert best_of(trials[2:]) is None


def test_a_search_never_touches_test(tuning, monkeypatch):
    def sing(*_):
        raise AssertionError("the search looks at test")

    monkeypatch.setattr("erc_bench.running.keeper.gold_labels", sing)
    monkeypatch.setattr("erc_bench.training.preparation.seal", sing)
    assert all(not trial.error for trial in tuning.run(4))
    records = [json.loads(file.read_text()) for file in tuning.folder.rglob("record.json")]
    assert len(records) == 8
    assert all(record["dev_only"] and record["metrics"]["test"] is None for record in records)
    assert not list(tuning.folder.rglob("predictions*"))


def test_what_a_trial_is_worth_cannot_depend_on_test(tuning, monkeypatch):
    """The same search with every label of test replaced: nothing that it finds changes."""
    search = tuning.search()
    before = tuning.run(6, search)
    label = search.own.dataset.labels[0]

    def relabel(_, splits, *__):
        turns = [replace(dialogue, utterances=relabelled(dialogue)) for dialogue in splits.test]
        object.__setattr__(splits, "test", tuple(turns))

    def relabelled(dialogue):
        return tuple(replace(turn, label=label) for turn in dialogue.utterances)

    monkeypatch.setattr("erc_bench.corpora.corpus.check_splits", relabel)
    folders = [tuning.folder, tuning.folder.with_name("relabelled")]
    tuning.folder = folders[1]
    assert tuning.run(6, search) == before
    first, second = ({c.record["data"]["fingerprint"] for c in read_cells(each / "cells")} for each in folders)
    assert len(first) == len(second) == 1
    assert first != second
