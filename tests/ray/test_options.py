"""What cells ask of a Ray cluster, and how many of them it has room for."""

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.ray.options import RayOptions
from erc_bench.running.executor_options import read_options

NODES = [{"CPU": 4.0, "GPU": 1.0, "memory": 8e9}, {"CPU": 2.0, "memory": 4e9}]


def test_options_are_read():
    assert read_options(RayOptions, []) == RayOptions(None, 1.0, 0.0, None, 3)
    asked = ["address=head:6379", "cpus=2", "gpus=0.25", "memory_gb=3", "retries=0"]
    assert read_options(RayOptions, asked) == RayOptions("head:6379", 2.0, 0.25, 3.0, 0)
    with pytest.raises(ErcBenchError, match=r"cpus=-1"):
        read_options(RayOptions, ["cpus=-1"])


@pytest.mark.parametrize(
    ("options", "room"),
    [
        (RayOptions(), 6),
        (RayOptions(cpus=3), 1),
        (RayOptions(gpus=0.25), 4),
        (RayOptions(cpus=0, gpus=0.1), 10),
        (RayOptions(memory_gb=3), 3),
        (RayOptions(cpus=0), 6),
        (RayOptions(gpus=2), 0),
    ],
)
def test_room_is_that_of_each_node_alone(options, room):
    assert options.room(NODES) == room
    if room:
        options.check(NODES)
    else:
        with pytest.raises(ErcBenchError, match="no node of the Ray cluster has 1 CPU, 2 GPU"):
            options.check(NODES)


def test_a_task_asks_for_the_same_and_is_never_tried_again_by_ray():
    assert RayOptions(cpus=2, gpus=0.5, memory_gb=1).of_task() == {
        "num_cpus": 2,
        "num_gpus": 0.5,
        "memory": 1_000_000_000,
        "max_retries": 0,
        "num_returns": "streaming",
    }
