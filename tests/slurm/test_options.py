"""What jobs ask for: by option, else by the size of the language model."""

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.running.executor_options import read_options
from erc_bench.slurm.options import Needs, SlurmOptions, needs


def test_options_are_read_with_their_types():
    found = read_options(
        SlurmOptions, ["partition=gpu", "minutes=90", "group_minutes=2.5", "setup=module load cuda/12"]
    )
    assert (found.partition, found.minutes, found.group_minutes) == ("gpu", 90, 2.5)
    assert found.setup == "module load cuda/12"
    assert read_options(SlurmOptions, []) == SlurmOptions()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("partitoin=gpu", "did you mean 'partition'|partition"),
        ("minutes", "minutes"),
        ("minutes=0", "minutes=0"),
        ("cpus=many", "cpus=many"),
    ],
)
def test_what_is_no_option_is_named(text, said):
    with pytest.raises(ErcBenchError, match=said):
        read_options(SlurmOptions, [text])


def test_a_large_model_asks_for_a_gpu_and_more_of_all():
    assert needs(SlurmOptions(), 22_000_000) == needs(SlurmOptions(), None) == Needs(240, 0, 2, 8)
    assert needs(SlurmOptions(), 355_000_000) == Needs(1440, 1, 8, 64)
    assert needs(SlurmOptions(gpus=0, minutes=30), 355_000_000) == Needs(30, 0, 8, 64)
