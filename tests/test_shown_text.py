"""Any text on any stream: what it knows as it is, what it does not know by something alike."""

import io
import sys

import pytest

from erc_bench.shown_text import show_everywhere

CASES = {
    ("ascii", "─ ± † ‡ é 漢 \ud83d"): "- +/- + # e ? ?",
    ("cp1252", "─ ± † ‡ é 漢"): "- ± † ‡ é ?",
    ("utf-8", "─ ± † ‡ é 漢 \ud83d"): "─ ± † ‡ é 漢 ?",
}


@pytest.mark.parametrize(("given", "shown"), CASES.items())
def test_stand_ins(given, shown, monkeypatch):
    encoding, text = given
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    show_everywhere()
    stream.write(text)
    stream.flush()
    assert stream.buffer.getvalue().decode(encoding) == shown


def test_a_stream_of_another_kind_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    show_everywhere()
    assert sys.stdout.write("─") == 1
