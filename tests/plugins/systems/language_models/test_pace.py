"""Requests at an even pace, on a clock of the test."""

import pytest

from erc_bench_plugins.systems.language_models.pace import Pace


class Clock:
    def __init__(self):
        self.now, self.slept = 100.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def test_so_many_a_minute_evenly():
    clock = Clock()
    pace = Pace(30, clock, clock.sleep)
    went = []
    for _ in range(4):
        pace.wait()
        went.append(clock.now)
    assert went == pytest.approx([100, 102, 104, 106])


def test_a_pause_is_not_made_up_for():
    clock = Clock()
    pace = Pace(60, clock, clock.sleep)
    pace.wait()
    clock.now += 30
    pace.wait()
    pace.wait()
    assert clock.slept == pytest.approx([1.0])


def test_without_a_limit_nobody_waits():
    clock = Clock()
    pace = Pace(0, clock, clock.sleep)
    for _ in range(5):
        pace.wait()
    assert clock.slept == []
