"""The schema of a record, against an obvious table: every path, one after the other, from the root."""

import copy
import json
import math
import random
import re
from typing import get_args, get_type_hints

import pytest

from erc_bench.comparison import Tests as Asked
from erc_bench.comparison import compare
from erc_bench.errors import ErcBenchError
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.layout import RECORD_FORMAT, CellAddress
from erc_bench.store.record import Metric, Record, RecordedScores, check_record

VALUES = (
    None,
    True,
    3,
    -1.5,
    250.0,
    float("nan"),
    float("inf"),
    2**63,
    "text",
    [],
    ["a", 1],
    {},
    {"a": {"b": [1]}},
    [{}],
    [[]],
)
NULL = type(None)
SCORES = ("metrics.dev", "metrics.test", "readouts_metrics.*.dev", "readouts_metrics.*.test", "floor")
AUDITED = ("audit.training.*", "audit.readout.*", "upstream.train", "upstream.dev")
# Exact types; ``*`` stands for every value of a list or an object.
KINDS = {
    **dict.fromkeys(("method", "dataset", "backbone", "settings_hash", "headline_metric"), (str,)),
    "seed": (int,),
    **dict.fromkeys(("limit", "data.counts.*.dialogues", "data.counts.*.labelled"), (int, NULL)),
    **dict.fromkeys(("regime", "degenerate", "settings_from", "data.fingerprint", "selection.rule"), (str, NULL)),
    **dict.fromkeys(("provenance.device", "provenance.precision"), (str, NULL)),
    **dict.fromkeys(("provenance.training_terms", "data.departures"), (list,)),
    **dict.fromkeys(("provenance.training_terms.*", "data.departures.*", "floor.label"), (str,)),
    **dict.fromkeys(("dev_only", "sees_future"), (bool,)),
    **dict.fromkeys(("labels", "readouts", "scored_labels", "provenance.inert_terms"), (list,)),
    **dict.fromkeys(("labels.*", "readouts.*", "scored_labels.*", "provenance.inert_terms.*", "choices.*"), (str,)),
    **dict.fromkeys(("settings", "choices", "overrides", "inputs", "inputs.code", "inputs.core"), (dict,)),
    **dict.fromkeys(("provenance", "timings"), (dict,)),
    **dict.fromkeys(("data", "data.counts", "data.counts.*", "data.groups", "data.groups.*"), (dict,)),
    "data.groups.*.*": (list,),
    "data.groups.*.*.*": (str,),
    **dict.fromkeys(("metrics", "readouts_metrics", "readouts_metrics.*"), (dict,)),
    **dict.fromkeys(("selection", "provenance.hardware", *SCORES), (dict, NULL)),
    **{f"{scores}.{metric}": (int, float) for scores in (*SCORES, *AUDITED) for metric in METRIC_WORDS},
    "timings.*": (int, float),
    "audit": (dict, NULL),
    **dict.fromkeys(("audit.training", "audit.readout"), (list,)),
    **dict.fromkeys(AUDITED, (dict,)),
    "audit.chosen_from": (str,),
    "upstream": (dict, NULL),
    **dict.fromkeys(("upstream.method", "upstream.key", "upstream.weights"), (str,)),
}


def misfits(record):
    """Return all paths at which a value of a wrong kind lies, or none where one is required."""
    wrong = {"format"} if record.get("format") != 1 else set()
    if isinstance(record["upstream"], dict):
        wrong |= {
            f"upstream.{name}"
            for name in ("method", "key", "weights", "train", "dev")
            if name not in record["upstream"]
        }
    for path, kinds in KINDS.items():
        found = [record]
        for name in path.split("."):
            if name == "*":
                found = [each for value in found for each in below(value)]
            else:
                found = [value[name] for value in found if isinstance(value, dict) and name in value]
        wrong |= {path for value in found if type(value) not in kinds or is_odd(value, kinds)}
        wrong |= {path for value in found if is_score(path) and path not in wrong and not 0 <= value <= 100}
    if record["headline_metric"] not in list(METRIC_WORDS):
        wrong.add("headline_metric")
    return wrong


def below(value):
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def is_odd(value, kinds):
    if not isinstance(value, (int, float)):
        return False
    return not math.isfinite(value) or (float not in kinds and abs(value) >= 2**63)


def is_score(path):
    *names, last = path.split(".")
    return last in METRIC_WORDS and names[0] in ("metrics", "readouts_metrics", "floor", "audit", "upstream")


def places(value, path=()):
    """Return the path to every value within a record."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, member in members for found in places(member, (*path, name)))]


def changed(record, path, value):
    record = copy.deepcopy(record)
    holder = record
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    return record


@pytest.fixture
def cell(store):
    """A cell's folder, and its record with all that a record may hold."""
    folder = store.add("ce", 1, readouts={"probe": store.split.answers(0.5, 1)})
    record = json.loads((folder / "record.json").read_text())
    audit = {"chosen_from": "readout", "training": [{"epoch": 1, "weighted_f1": 3.5}], "readout": []}
    record |= {"audit": audit, "timings": {"train": 1.5}}
    scores = {"weighted_f1": 40.5, "macro_f1": 40}
    record["upstream"] = {"method": "ce", "key": "f00d", "weights": "00ff", "train": scores, "dev": scores}
    record["data"]["groups"] = {"slice": {"scripted": ["0", "1"]}}
    return folder, record


def test_what_is_named_is_a_path_with_a_wrong_value(cell):
    folder, record = cell
    assert misfits(record) == set()
    check_record(record, folder)
    draw = random.Random(0)
    named = set()
    for path in places(record)[1:]:
        for value in draw.sample(VALUES, 5):
            other = changed(record, path, value)
            expected = misfits(other)
            if expected:
                with pytest.raises(ErcBenchError) as error:
                    check_record(other, folder)
                found = re.fullmatch(r"record.json has no valid '(.+)'(, a number from 0 to 100)?", error.value.message)
                assert found[1] in expected
                assert bool(found[2]) == is_score(found[1])
                named.add(found[1])
            elif path[0] not in CellAddress.__dataclass_fields__:
                check_record(other, folder)
    assert len(named) > 40


def test_the_schema_knows_all_metrics_and_the_format_that_is_written():
    assert RecordedScores.__struct_fields__ == (*METRIC_WORDS, "unanswered")
    assert tuple(METRIC_WORDS) == get_args(Metric)
    assert get_args(get_type_hints(Record)["format"]) == (RECORD_FORMAT,)


@pytest.mark.parametrize("value", [1e308, -1e-3, 100.001, -1e308])
@pytest.mark.parametrize("where", ["metrics", "floor", "audit"])
def test_a_score_beyond_all_scores_is_named_and_left_out(store, where, value):
    score = {"weighted_f1": value, "macro_f1": 50.0, "accuracy": 50.0}
    changes = {"metrics": {"metrics": {"dev": {}, "test": score}}, "floor": {"floor": score}}
    changes["audit"] = {"audit": {"chosen_from": "training", "training": [score], "readout": []}}
    folder = store.add("eacl", 2, **changes[where])
    store.add("eacl", 1)
    kept, damaged = read_cells(store.runs)
    assert (kept.status, damaged.status) == ("done", "damaged")
    assert re.fullmatch(rf"record.json has no valid '{where}.*weighted_f1', a number from 0 to 100", damaged.error)
    comparison = compare([kept, damaged], tests=Asked(unit="seed"))
    assert any(folder.name in note and "0 to 100" in note for note in comparison.notes)


@pytest.mark.parametrize("value", [0, 100, 0.0, 100.0, 100.00000000000001, -1e-14])
def test_a_score_at_the_ends_is_one(cell, value):
    folder, record = cell
    record["metrics"]["test"]["weighted_f1"] = value
    check_record(record, folder)


@pytest.mark.parametrize(("first", "second"), [("seed", "timings.*"), ("timings.*", "seed")])
def test_of_two_wrong_values_the_one_that_stands_first_is_named(cell, first, second):
    folder, record = cell
    wrong = {"seed": "1", "timings": {"train": "1 s"}}
    order = [name.partition(".")[0] for name in (first, second)]
    with pytest.raises(ErcBenchError, match=f"no valid '{re.escape(first)}'"):
        check_record({name: wrong[name] for name in order} | {**record, **wrong}, folder)
