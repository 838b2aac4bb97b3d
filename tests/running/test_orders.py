"""Cells that another process is told to run, by a file of JSON."""

import json
from dataclasses import replace

import pytest

from erc_bench.cli import main
from erc_bench.errors import ErcBenchError
from erc_bench.running.orders import read_order, write_orders
from erc_bench.running.worker import GridTask

FROZEN = ("encoder.trainable=none",)


@pytest.fixture
def orders(grid, tmp_path):
    plans = grid.plans(("ce", "majority"), settings=FROZEN, seeds=(1, 2))
    task = GridTask(grid.runs, grid.data_dir, "cpu", overwrite="failed")
    write_orders(tmp_path / "orders.json", task, [plans[:3], plans[3:]])
    return tmp_path / "orders.json", task, plans


def test_what_is_read_is_what_was_written(orders):
    file, task, plans = orders
    for group, expected in ((0, plans[:3]), (1, plans[3:])):
        order = read_order(file, group)
        assert [plan.address for plan in order.plans] == [plan.address for plan in expected]
        assert order.task == replace(task, runs=task.runs.resolve(), data_dir=task.data_dir.resolve())


@pytest.mark.parametrize("group", [2, -1])
def test_a_group_that_there_is_not(orders, group):
    with pytest.raises(ErcBenchError, match=f"has 2 groups of cells, and no group {group}"):
        read_order(orders[0], group)


def test_another_version_and_no_file(orders, tmp_path):
    content = json.loads(orders[0].read_text())
    orders[0].write_text(json.dumps({**content, "format": 99}))
    with pytest.raises(ErcBenchError, match="has format 99"):
        read_order(orders[0], 0)
    with pytest.raises(ErcBenchError, match="cannot be read"):
        read_order(tmp_path / "none.json", 0)


def test_a_group_is_run_from_the_command_line(orders, grid, capsys):
    file, _, plans = orders
    with pytest.raises(SystemExit) as ended:
        main(["run-cell", str(file), "--group", "1"])
    assert ended.value.code == 0
    assert [folder.is_dir() for folder in map(grid.folder, plans)] == [False, False, False, True]
    assert (grid.folder(plans[3]) / "record.json").is_file()
