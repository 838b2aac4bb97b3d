"""What Slurm knows of jobs."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from erc_bench.errors import ErcBenchError

_ENDED = frozenset(
    {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "DEADLINE"}
)
_FORMAT = "%F_%K|%T|%N|%S"
"""Array and place in it, state, node, start."""
_SECONDS = 60


@dataclass(frozen=True)
class Job:
    """One job of an array: its state in Slurm's word, where it runs, and since when; empty where it waits."""

    state: str
    node: str = ""
    since: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it will not run any more."""
        return self.state in _ENDED


def look(jobs: Sequence[str]) -> dict[str, Job]:
    """Return the jobs of these arrays that Slurm still knows of as waiting or running, by name (``ARRAY_PLACE``).

    Raises :class:`ErcBenchError` where the queue cannot be asked.
    """
    if not jobs:
        return {}
    told = _ask(["squeue", "--noheader", "--array", "--states=all", f"--jobs={','.join(jobs)}", f"--format={_FORMAT}"])
    found = {}
    for line in told.splitlines():
        name, state, node, since = line.split("|")
        job = Job(state, node, since if node else "")
        if not job.is_over:
            found[name] = job
    return found


def why_ended(job: str) -> str:
    """Return in words how a job ended; empty where Slurm has forgotten it."""
    try:
        facts = _facts(job)
    except ErcBenchError:
        return ""
    state, code = facts.get("JobState", ""), facts.get("ExitCode", "")
    reason = facts.get("Reason", "None")
    return ", ".join(filter(None, [state, "" if reason == "None" else reason, code and f"exit code {code}"]))


def is_being_ended(job: str) -> bool:
    """Whether somebody, or Slurm itself, has put an end to a job, whose processes have not ended yet."""
    return _facts(job).get("JobState", "") in _ENDED | {"COMPLETING", "PENDING"}


def cancel(jobs: Sequence[str]) -> None:
    """End jobs, or arrays of them; one that is over already is passed over."""
    if jobs:
        _ask(["scancel", *jobs])


def begin_again(job: str) -> None:
    """Put a job that runs back into the queue; Slurm ends it thereby."""
    _ask(["scontrol", "requeue", job])


def _facts(job: str) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", _ask(["scontrol", "show", "job", job, "--oneliner"])))


def _ask(command: Sequence[str]) -> str:
    try:
        told = subprocess.run(  # noqa: S603 (fixed programs, names of jobs)
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ErcBenchError(f"{command[0]} does not answer: {error}") from None
    if told.returncode and "Invalid job id" not in told.stderr:
        raise ErcBenchError(f"{command[0]} says: {' '.join(told.stderr.split())}")
    return told.stdout
