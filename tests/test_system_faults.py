"""What the system refuses is a sentence, what may be a defect is not."""

import errno
import os

import pytest

from erc_bench.system_faults import refusal


@pytest.mark.parametrize("code", ["ENOSPC", "EROFS", "ENAMETOOLONG", "EACCES", "EPIPE"])
def test_a_refusal_names_what_it_is_of(code):
    number = getattr(errno, code)
    assert refusal(OSError(number, os.strerror(number), "runs/x")) == f"runs/x cannot be used: {os.strerror(number)}"
    assert refusal(OSError(number, os.strerror(number))).endswith(os.strerror(number))


def test_a_long_name_is_cut_and_a_missing_file_may_be_a_defect():
    told = refusal(OSError(errno.ENAMETOOLONG, "File name too long", "x" * 300))
    assert told == f"{'x' * 120}… cannot be used: File name too long"
    assert refusal(FileNotFoundError(errno.ENOENT, "No such file or directory", "x")) == ""
    assert refusal(OSError("anything")) == ""
