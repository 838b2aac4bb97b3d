"""Jobs on their way: the script that Slurm gets, and a file beside the runs that remembers what was submitted."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

from msgspec import convert

from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.running.orders import write_orders
from erc_bench.running.worker import GridTask
from erc_bench.slurm.options import Needs, SlurmOptions
from erc_bench.store.layout import SUBMISSIONS_FOLDER, CellAddress
from erc_bench.store.regular_files import changed, write_whole
from erc_bench.validation import json_object

_ORDERS, _SUBMITTED = "orders.json", "submitted.json"


@dataclass(frozen=True)
class Submission:
    """One array of jobs: ``groups[i]`` are the cells of job ``job_i``, in their order.

    ``at`` is when it was submitted, in UTC; ``folder`` holds its orders and logs, and may have moved since.
    """

    job: str
    at: str
    folder: str
    groups: tuple[tuple[CellAddress, ...], ...]

    def places(self) -> Iterator[tuple[CellAddress, int]]:
        """Yield each cell with the place of its group."""
        return ((address, place) for place, group in enumerate(self.groups) for address in group)

    def job_of(self, place: int) -> str:
        """Return the name that Slurm has for the job of a group."""
        return f"{self.job}_{place}"

    def ordered(self) -> float:
        """Return when its orders were written, by the clock of the disk that the cells lie on."""
        return changed(Path(self.folder) / _ORDERS)

    def log_of(self, place: int) -> Path:
        """Return the file that holds what the job of a group prints."""
        return Path(self.folder) / f"{self.job}_{place}_0_log.out"


def check_slurm() -> None:
    """Raise :class:`ErcBenchError` where no job can be submitted from here."""
    from shutil import which

    if find_spec("submitit") is None:
        raise ErcBenchError(
            "the executor slurm needs submitit, which is not installed", "pip install 'erc-bench[slurm]'"
        )
    if which("sbatch") is None:
        raise ErcBenchError("there is no sbatch here", "Submit from a machine of the cluster, its login node mostly.")


@dataclass(frozen=True)
class Submitter:
    """Submits groups of cells; ``jobs`` of them run at a time, all where none is named."""

    task: GridTask
    options: SlurmOptions
    jobs: int | None

    def submit(self, groups: Sequence[Sequence[Plan]], needs: Needs, after: str | None) -> Submission:
        """Submit an array with a job for each group, that waits for the array ``after`` to succeed.

        Raises :class:`ErcBenchError` with Slurm's own sentence where it refuses.
        """
        folder = self.task.runs.resolve() / SUBMISSIONS_FOLDER / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid4().hex[:6]}"
        folder.mkdir(parents=True)
        write_orders(folder / _ORDERS, self.task, groups)
        job = self._sbatch(folder, len(groups), needs, after)
        addresses = tuple(tuple(plan.address for plan in group) for group in groups)
        submission = Submission(job, datetime.now(UTC).isoformat(timespec="seconds"), str(folder), addresses)
        write_whole(folder / _SUBMITTED, json.dumps(asdict(submission)).encode())
        return submission

    def script(self, folder: Path, groups: int, needs: Needs, after: str | None) -> tuple[Any, str]:
        """Return submitit's executor for an array of so many jobs, and the command of each."""
        from submitit import SlurmExecutor

        class WithoutPickles(SlurmExecutor):
            """Submits commands: what runs is told by a file of JSON."""

            @classmethod
            def affinity(cls) -> int:
                return 1

        executor = WithoutPickles(folder)
        executor.update_parameters(**self._parameters(needs, after, groups))
        executor.parameters["map_count"] = groups
        command = [sys.executable, "-u", "-m", "erc_bench", "run-cell", str(folder / _ORDERS)]
        restarts = f"--restarts {self.options.restarts}"
        # Bash is gone by then, so that what Slurm signals is the program itself.
        return executor, f"exec {shlex.join(command)} --group $SLURM_ARRAY_TASK_ID {restarts}"

    def _sbatch(self, folder: Path, groups: int, needs: Needs, after: str | None) -> str:
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        executor, command = self.script(folder, groups, needs, after)
        try:
            return str(executor._submit_command(command).job_id)
        except (FailedJobError, FailedSubmissionError, subprocess.SubprocessError) as error:
            said = " ".join(str(error).split())
            raise ErcBenchError(f"Slurm takes no job: {said[-400:]}", "See --executor-option.") from error

    def _parameters(self, needs: Needs, after: str | None, groups: int) -> dict[str, Any]:
        options = self.options
        further: dict[str, Any] = {"requeue": True, "signal": f"B:USR2@{options.grace}"}
        if after is not None:
            further |= {"dependency": f"afterok:{after}", "kill-on-invalid-dep": "yes"}
        named = {name: getattr(options, name) for name in ("account", "qos", "constraint")}
        return {
            "job_name": "erc-bench",
            "time": needs.minutes,
            "cpus_per_task": needs.cpus,
            "mem": f"{needs.memory_gb}GB",
            "array_parallelism": self.jobs or groups,
            "use_srun": False,
            "stderr_to_stdout": True,
            "additional_parameters": further,
            **({"partition": options.partition} if options.partition else {}),
            **({"gpus_per_node": needs.gpus} if needs.gpus else {}),
            **({"setup": [options.setup]} if options.setup else {}),
            **{name: value for name, value in named.items() if value},
        }


def submissions(runs: Path) -> list[Submission]:
    """Return what was submitted below a folder of runs, the oldest first; what cannot be read is passed over."""
    found = []
    for file in sorted((runs / SUBMISSIONS_FOLDER).glob(f"*/{_SUBMITTED}")):
        try:
            content: Mapping[str, object] = json_object(file.read_bytes(), file.name)
            found.append(replace(convert(content, Submission), folder=str(file.parent.resolve())))
        except (OSError, ValueError, ErcBenchError):
            continue
    return found
