"""What the other process is asked, and what comes of components that do not let it answer."""

import os
import sys
from dataclasses import dataclass

import pytest

import erc_bench.api as erc
from erc_bench.testing.other_process import same_elsewhere


class Plain(erc.Objective):
    """Has options of several types."""

    name = "own"
    source = "this test"

    @dataclass(frozen=True)
    class Options:
        """Two options."""

        layers: tuple[int, ...] = erc.option((1, 2), "Widths.", at_least=1)
        weight: float = erc.option(0.5, "Weight.", at_least=0)


class Dies(Plain):
    """Ends the process that asks it."""


class Talks(Plain):
    """Prints and reads where nobody expects it."""


def numbers(component, options):
    if component.__name__ == "Dies":
        os._exit(3)
    if component.__name__ == "Talks":
        sys.stdout.write("{}\n")
        assert sys.stdin.read() == ""
    return {"sum": [float(sum(options.layers)), options.weight], "nan": [float("nan")], "kind": [1.0]}


def other_numbers(component, options):
    return {"hash": [hash(component.__name__) / 2**63]}


HERE = {"sum": [3.0, 0.5], "nan": [float("nan")], "kind": [1.0]}


def test_what_is_the_same_in_both_processes_is_told():
    told = "and in a process of another hash seed"
    assert same_elsewhere(numbers, Plain, Plain.Options(), HERE) == told
    assert same_elsewhere(numbers, Plain, Plain.Options((3,), 0.25), {**HERE, "sum": [3.0, 0.25]}) == told
    assert same_elsewhere(numbers, Talks, Talks.Options(), HERE) == told


@pytest.mark.parametrize("changed", [{"sum": [3.0, 0.6]}, {"sum": [3.0]}, {"more": [1.0]}])
def test_what_is_not_the_same_is_named(changed):
    with pytest.raises(AssertionError, match=rf"gives something else \({min(changed)}\)"):
        same_elsewhere(numbers, Plain, Plain.Options(), {**HERE, **changed})


def test_texts_have_other_hashes_there():
    with pytest.raises(AssertionError, match=r"gives something else \(hash\)"):
        same_elsewhere(other_numbers, Plain, Plain.Options(), other_numbers(Plain, None))


def test_a_process_that_ends_is_a_fault_and_the_next_question_is_answered():
    with pytest.raises(AssertionError, match="does not answer: its process ended in the middle of it"):
        same_elsewhere(numbers, Dies, Dies.Options(), HERE)
    assert same_elsewhere(numbers, Plain, Plain.Options(), HERE).startswith("and in")


def test_a_class_that_a_function_made_stays_here():
    class Local(Plain):
        """Lives here."""

    assert "known to no other" in same_elsewhere(numbers, Local, Local.Options(), HERE)
