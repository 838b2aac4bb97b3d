"""Any text on any stream: what it knows as it is, what it does not know by something alike."""

import io
import sys

import pytest

from erc_bench.output.terminal import SafeConsole
from erc_bench.shown_text import show_everywhere, visible

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


def test_nothing_steers_a_terminal():
    assert visible("a\x1b[2Jb\x07\r\u202ec\u2066\x9b\ud800") == "a\ufffd[2Jb" + "\ufffd" * 3 + "c" + "\ufffd" * 3
    kept = "déjà\tvu\n👩\u200d👧 漢 †"
    assert visible(kept) == kept


def test_text_is_made_visible_and_bytes_and_what_rich_prints_pass(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    show_everywhere()
    show_everywhere()
    sys.stdout.write("\x1b[1m\n")
    sys.stdout.buffer.write(b"\x1b[2m")
    SafeConsole(force_terminal=True, color_system="standard", width=20, highlight=False).print("[bold]a\x1b[2Jb[/bold]")
    assert stream.buffer.getvalue().decode() == "\ufffd[1m\n\x1b[2m\x1b[1ma\ufffd[2Jb\x1b[0m\n"
