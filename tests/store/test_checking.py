"""The check of a record, against an obvious one: every path, one after the other, from the root."""

import copy
import json
import math
import random
import re

import pytest

from erc_bench.comparison import Tests as Asked
from erc_bench.comparison import compare
from erc_bench.errors import ErcBenchError
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.store import checking
from erc_bench.store.checking import check_record
from erc_bench.store.reading import read_cells

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


def first_misfit(record):
    """Return the first path, as they are declared, at which a value of a wrong kind lies."""
    for path, kinds in checking._KINDS.items():
        found = [record]
        for name in path.split("."):
            if name == "*":
                found = [each for value in found for each in below(value)]
            else:
                found = [value[name] for value in found if isinstance(value, dict) and name in value]
        if any(type(value) not in kinds or is_odd(value) for value in found):
            return path
        if is_score(path) and any(not 0 <= value <= 100 for value in found):
            return path
    return ""


def below(value):
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def is_odd(value):
    return isinstance(value, (int, float)) and not (math.isfinite(value) and abs(value) < 2**63)


def is_score(path):
    *names, last = path.split(".")
    return last in METRIC_WORDS and names[0] in ("metrics", "readouts_metrics", "floor", "audit")


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
    record["data"]["groups"] = {"slice": {"scripted": ["0", "1"]}}
    return folder, record


def test_what_is_named_is_the_first_path_with_a_wrong_value(cell):
    folder, record = cell
    assert first_misfit(record) == ""
    check_record(record, folder)
    draw = random.Random(0)
    named = set()
    for path in places(record)[1:]:
        for value in draw.sample(VALUES, 5):
            other = changed(record, path, value)
            expected = first_misfit(other)
            named.add(expected)
            if expected:
                with pytest.raises(ErcBenchError) as error:
                    check_record(other, folder)
                within = ", a number from 0 to 100" if is_score(expected) else ""
                assert error.value.message == f"record.json has no valid {expected!r}{within}"
    assert len(named) > 40


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


def test_of_two_wrong_values_the_one_that_is_declared_first_is_named(cell):
    folder, record = cell
    with pytest.raises(ErcBenchError, match="no valid 'seed'"):
        check_record(record | {"timings": {"train": "1 s"}, "seed": "1"}, folder)
