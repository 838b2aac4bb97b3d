"""The script that Slurm gets, and what is remembered of a submission."""

import json

import pytest

from erc_bench.running.worker import GridTask
from erc_bench.slurm.options import Needs, SlurmOptions
from erc_bench.slurm.submission import Submission, Submitter, submissions
from erc_bench.store.layout import CellAddress

SMALL = Needs(240, 0, 2, 8)


@pytest.fixture
def script(tmp_path):
    def script(needs=SMALL, after=None, jobs=7, groups=12, **options):
        submitter = Submitter(GridTask(tmp_path, None, "auto"), SlurmOptions(**options), jobs)
        executor, command = submitter.script(tmp_path, groups, needs, after)
        return executor._make_submission_file_text(command, "1")

    return script


def test_so_many_jobs_of_an_array_run_at_a_time(script):
    text = script()
    assert "#SBATCH --array=0-11%7\n" in text
    assert "#SBATCH --time=240\n" in text
    assert "#SBATCH --mem=8GB\n" in text
    assert "gpus" not in text
    assert "dependency" not in text
    assert "#SBATCH --requeue\n" in text
    assert "#SBATCH --signal=B:USR2@90\n" in text
    assert text.rstrip().endswith("--group $SLURM_ARRAY_TASK_ID --restarts 3")
    assert "run-cell" in text
    assert ".pkl" not in text


def test_what_is_asked_for_stands_there(script):
    asked = {"partition": "gpu", "account": "lab", "qos": "long", "constraint": "a100", "setup": "module load x"}
    text = script(Needs(60, 2, 8, 64), after="77", **asked)
    for line in ("partition=gpu", "account=lab", "qos=long", "constraint=a100", "gpus-per-node=2", "cpus-per-task=8"):
        assert f"#SBATCH --{line}\n" in text
    assert "#SBATCH --dependency=afterok:77\n" in text
    assert "#SBATCH --kill-on-invalid-dep=yes\n" in text
    assert text.index("module load x") < text.index("exec ")


def test_what_was_submitted_is_read_again_and_damage_passed_over(tmp_path):
    address = CellAddress("meld", "ce", "minilm", "0" * 12, 1)
    for name, content in (
        ("a", {"job": "5", "at": "now", "folder": "there", "groups": [[vars(address)]]}),
        ("b", {"job": "6"}),
        ("c", None),
    ):
        folder = tmp_path / ".submissions" / name
        folder.mkdir(parents=True)
        (folder / "submitted.json").write_text("{" if content is None else json.dumps(content))
    (found,) = submissions(tmp_path)
    # A folder of runs may be moved, and its submissions with it.
    assert found == Submission("5", "now", str(tmp_path / ".submissions" / "a"), ((address,),))
    assert list(found.places()) == [(address, 0)]
    assert (found.job_of(0), found.log_of(0).name) == ("5_0", "5_0_0_log.out")
    assert submissions(tmp_path / "nowhere") == []
