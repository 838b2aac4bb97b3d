"""The kills at moments of chance: each command is killed, and what it left is held against what it promises."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kills.py"


def test_each_command_is_killed_and_says_what_it_left():
    done = subprocess.run([sys.executable, str(SCRIPT), "--times", "1"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["rm", "archive --remove"]
    assert all(": killed 1 times within " in line for line in done.stdout.splitlines())
