"""What the operating system refuses a command, in one sentence: no room, no right, a name that it cannot hold."""

from __future__ import annotations

import errno
import os
import sys

_REFUSALS = frozenset(
    getattr(errno, name)
    for name in (
        *("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EFBIG", "EIO", "ENAMETOOLONG", "ELOOP", "ENOTDIR"),
        *("EMFILE", "ENFILE", "EPIPE", "EBADF", "ESTALE", "EBUSY"),
    )
    if hasattr(errno, name)
)
"""What is no defect of the program, wherever it happens."""
_LONGEST_SHOWN = 120


def refusal(error: OSError) -> str:
    """Return the sentence for what the system refused; empty where the error may be a defect of the program."""
    if error.errno not in _REFUSALS:
        return ""
    if error.filename is None:
        return f"the system refuses to read or write: {error.strerror}"
    name = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else str(error.filename)
    shown = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…"
    return f"{shown} cannot be used: {error.strerror}"


def drop_output() -> None:
    """Drop what standard output has not taken: the interpreter would try once more at its end, and tell of it."""
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, sys.stdout.fileno())
    except (OSError, ValueError):  # a stream without a file
        pass
    finally:
        os.close(sink)


def closed_streams() -> list[str]:
    """Give the standard streams that were closed before the program began a sink; return the names of those."""
    closed = []
    for name, words in (("stderr", "standard error"), ("stdout", "standard output")):
        if getattr(sys, name) is None:
            # It lives as long as the process.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
            closed.append(words)
    return closed
