"""``compare`` of the notebook: the options of the command, the view, its frames."""

import csv
import inspect
import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

import erc_bench.api as erc
from erc_bench.commands.compare import compare as command
from erc_bench.comparison.requested_tests import CLUSTERS, CORRECTION_NAMES, SEED_TESTS, UNITS
from erc_bench.errors import ErcBenchError
from erc_bench.experiments.view import ComparisonView
from erc_bench.planning import table_requests as requests
from erc_bench.statistics.corrections import CORRECTIONS
from erc_bench.statistics.metrics import METRIC_WORDS


@pytest.fixture
def runs(store):
    """Give a folder of runs with three methods on two datasets."""
    for dataset, gain in (("meld", 0.0), ("iemocap", 0.05)):
        for seed, noise in enumerate((0.0, 0.02, 0.05, 0.01), start=1):
            store.add("ce", seed, accuracy=0.5 + noise + gain, dataset=dataset)
            store.add("eacl", seed, accuracy=0.8 + noise + gain, dataset=dataset)
            store.add("supcon", seed, accuracy=0.52 + noise, dataset=dataset)
    return store.runs


def test_every_option_of_the_command_is_an_argument():
    options = {parameter.name for parameter in command.params} - {"suite", "form", "output"}
    assert set(inspect.signature(erc.compare).parameters) == options
    positional = [each.name for each in inspect.signature(erc.compare).parameters.values() if each.kind != 3]
    assert positional == ["runs", "datasets", "methods", "baseline", "metric"]


def test_the_defaults_are_those_of_the_command():
    arguments = inspect.signature(erc.compare).parameters
    for parameter in command.params:
        if parameter.name in arguments and parameter.name != "runs":
            default = () if parameter.multiple else parameter.default
            found = arguments[parameter.name].default
            assert found == default or (not found and not isinstance(default, str)), parameter.name


def test_the_types_name_what_there_is():
    names = ("Metric", "TestName", "Correction", "Unit", "Cluster")
    values = {name: set(getattr(requests, name).__args__) for name in names}
    assert values == {
        "Metric": set(METRIC_WORDS),
        "TestName": set(SEED_TESTS),
        "Correction": {*CORRECTIONS, *CORRECTION_NAMES} - set(CORRECTION_NAMES.values()),
        "Unit": set(UNITS),
        "Cluster": set(CLUSTERS),
    }


def test_scores_as_a_frame(runs):
    view = erc.compare(runs)
    frame = view.to_frame()
    assert len(frame) == 6
    stored = erc.load_runs(runs)
    for _, row in frame.iterrows():
        own = stored[(stored["method"] == row["method"]) & (stored["dataset"] == row["dataset"])]
        assert row["seeds"] == (1, 2, 3, 4)
        np.testing.assert_allclose(row["values"], own["score"])
        assert row["mean"] == pytest.approx(own["score"].mean())
        assert row["sd"] == pytest.approx(own["score"].std(ddof=1))
        assert (row["n"], row["sees_future"]) == (4, False)
    best = frame[frame["rank"] == "best"]
    assert set(best["method"]) == {"eacl"}
    assert (best["marks"].str.startswith("†")).all()
    assert frame["dev_mean"].dtype == "float64"
    assert not {"reported", "claimed_by"} & set(frame.columns)


def test_tests_as_a_frame_hold_what_the_files_hold(runs):
    view = erc.compare(runs, "meld", margin=5)
    (column,) = view.comparison.columns
    assert len(view.tests) == len(column.pairs) == 2
    for row, pair in zip(view.tests.itertuples(), column.pairs, strict=True):
        assert row.difference == pair.test.difference
        assert row.p == pair.test.p
        assert row.adjusted_p == pair.adjusted_p
        assert row.joint_p == pair.joint.p
        assert row.equal_p == pair.equivalence.p
        assert (row.shared_seeds, row.n, row.verdict) == (pair.seeds, 4, pair.verdict)
    lines = {line["label"]: line for line in csv.DictReader(io.StringIO(view.to_csv()))}
    for row in view.tests.itertuples():
        assert float(lines[row.label]["adjusted_p"]) == row.adjusted_p


def test_all_pairs_have_their_rows(runs):
    tests = erc.compare(runs, "meld", all_pairs=True).tests
    assert len(tests) == 3
    assert list(tests["against_baseline"]).count(False) == 1


def test_one_seed_gives_empty_tests_of_numbers(store):
    store.add("ce", 1)
    store.add("eacl", 1, accuracy=0.8)
    tests = erc.compare(store.runs).tests
    assert len(tests) == 1
    assert tests["p"].isna().all()
    assert tests["p"].dtype == "float64"
    assert tests["reason"][0]
    alone = erc.compare(store.runs, methods="ce")
    assert len(alone.tests) == 0
    assert list(alone.tests.columns) == list(tests.columns)


def test_a_frame_names_the_cells_that_take_part(runs):
    frame = erc.load_runs(runs, dataset="meld")
    view = erc.compare(frame[frame["seed"] > 2])
    assert [column.dataset for column in view.comparison.columns] == ["meld"]
    assert set(view.to_frame()["seeds"]) == {(3, 4)}


def test_a_view_shows_itself(runs):
    view = erc.compare(runs, ["meld", "iemocap"], ["ce", "eacl"], reported="eacl2024/table-2")
    assert repr(view) == "<ComparisonView: 2 rows on meld, iemocap, baseline ce>"
    assert "eacl" in str(view)
    assert "\n" in str(view)
    shown = view._repr_html_()
    assert shown.startswith('<div class="erc-bench">')
    assert "<html" not in shown
    assert "body{" not in shown
    assert view.to_html().startswith("<!DOCTYPE html>")
    # What stands in the page stands in the notebook.
    for sentence in (*view.caption, *view.notes):
        assert escape(sentence) in shown
    assert view._repr_markdown_() == view.to_markdown()
    assert view.to_latex().startswith("% Needs")
    assert view.to_json().startswith("{")


def test_per_class(runs):
    frame = erc.compare(runs, "meld", per_class=True).to_frame()
    assert {"anger", "joy", "neutral"} <= set(frame["class"])


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"test": "t"}, "there is no test 't'"),
        ({"metric": "macro-f1"}, "there is no metric 'macro-f1'; did you mean macro_f1"),
        ({"family": "tables"}, "there is no family 'tables'; did you mean table?"),
        ({"by": "class"}, "there is no by 'class'"),
        ({"alpha": 5}, "alpha must be a number between 0 and 1, such as 0.05, and is 5"),
        ({"margin": -1}, "margin must be a number above 0, at most 100, and is -1"),
        ({"per_class": True, "audit": True}, "a table per class shows no selection audit\nLeave per_class or audit."),
        ({"methods": "eakl"}, "'eakl'"),
        ({"unit": "dialogue", "test": "welch"}, "the test welch is one over seeds"),
    ],
)
def test_a_mistake_is_a_sentence(runs, wanted, sentence):
    with pytest.raises(ErcBenchError) as caught:
        erc.compare(runs, **wanted)
    assert sentence in str(caught.value)


def test_nothing_to_compare(tmp_path):
    with pytest.raises(ErcBenchError, match="there is no folder of runs"):
        erc.compare(tmp_path / "runs")
    (tmp_path / "runs").mkdir()
    with pytest.raises(ErcBenchError, match="there is no run below"):
        erc.compare(tmp_path / "runs")
    with pytest.raises(ErcBenchError, match="it has no column folder"):
        erc.compare(pd.DataFrame({"method": ["ce"]}))


def test_what_a_table_lacks_is_said_below_it(store):
    for method in ("ce", "eacl"):
        store.add_seeds(method, [0.5, 0.6], dataset="nowhere")
    view = erc.compare(store.runs, cluster="dialogue", by=None)
    assert view.notes == view.comparison.notes
    with pytest.raises(ErcBenchError, match="does not say of which episode") as caught:
        erc.compare(store.runs, cluster="episode")
    assert "the corpus is not read for slices and clusters: there is no dataset 'nowhere'" in caught.value.hint
    noted = ComparisonView(view.comparison, ("a <note>",))
    assert noted.notes == ("a <note>", *view.notes)
    assert "Note: a &lt;note&gt;" in noted._repr_html_()
    assert "Note: a <note>" in noted._repr_markdown_()


def test_it_needs_no_torch(runs):
    program = (
        "import sys, erc_bench.api as erc\n"
        "assert not {'pandas', 'torch', 'click', 'rich'} & set(sys.modules), 'the import is slow'\n"
        f"view = erc.compare({str(runs)!r})\n"
        "view.to_frame(), view.tests, view._repr_html_(), view.to_latex()\n"
        f"erc.load_predictions(erc.load_runs({str(runs)!r}).iloc[0])\n"
        "print([name for name in ('torch', 'transformers', 'matplotlib', 'optuna') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
