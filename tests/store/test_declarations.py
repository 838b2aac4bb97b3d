"""What suites declared: each set of comparisons once, with the time of its first line."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from erc_bench.store.declarations import append_missing, declare, digest, read_declarations

ONE = {"baseline": "ce", "methods": ["ce", "eacl"], "datasets": ["meld"], "readouts": [], "all_pairs": False}
OTHER = {**ONE, "baseline": "eacl"}


def test_the_same_comparisons_are_written_once(tmp_path):
    declare(tmp_path, "table2", [ONE, OTHER])
    (first,) = read_declarations(tmp_path)
    declare(tmp_path, "table2", [OTHER, ONE])
    assert read_declarations(tmp_path) == [first]
    declare(tmp_path, "table2", [ONE])
    declare(tmp_path, "table3", [ONE])
    assert [each.suite for each in read_declarations(tmp_path)] == ["table2", "table2", "table3"]
    assert abs((datetime.now(UTC) - datetime.fromisoformat(first.declared)).total_seconds()) < 600
    assert first.comparisons == [ONE, OTHER]


def test_declarations_move_to_another_folder_with_their_times(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    declare(here, "table2", [ONE])
    append_missing(there, read_declarations(here))
    append_missing(there, read_declarations(here))
    assert read_declarations(there) == read_declarations(here)


def test_a_line_that_was_cut_off_is_told_and_hides_no_other(tmp_path):
    declare(tmp_path, "table2", [ONE])
    file = tmp_path / "declarations.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    declare(tmp_path, "table2", [ONE])
    told = []
    assert [each.suite for each in read_declarations(tmp_path, told.append)] == ["table2"]
    assert told == [f"{file}, line 1 is cut off or is not an entry: what it named is not counted"]


_COMPARISON = st.fixed_dictionaries({"baseline": st.text(), "methods": st.lists(st.text()), "all_pairs": st.booleans()})


@given(st.lists(_COMPARISON), st.randoms())
def test_no_order_of_tables_or_keys_moves_the_digest(comparisons, random):
    turned = [json.loads(json.dumps(dict(reversed(each.items())))) for each in comparisons]
    random.shuffle(turned)
    assert digest(turned) == digest(comparisons)


@given(_COMPARISON)
def test_another_baseline_is_another_declaration(comparison):
    assert digest([comparison]) != digest([{**comparison, "baseline": comparison["baseline"] + "x"}])
