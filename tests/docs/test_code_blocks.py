"""Every fenced block of the README and of the documentation is run, or says why it is not.

Above a block a comment may say ``not run: REASON`` (of a closed list), ``numbers vary`` (of its output
only the shape is compared), ``exits with N``, or ``output`` (the block is what the one above printed).
A block with a title is a file that the reader saves. ``ERC_BENCH_UPDATE_DOCS=1`` writes the true output
into the pages, where they show all of it.
"""

import os
import re
import shlex
from pathlib import Path

import click
import pytest

from erc_bench.cli import root

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if "reference" not in path.parts),
]
UPDATE = os.environ.get("ERC_BENCH_UPDATE_DOCS") == "1"


def name(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_is_run_or_says_why_not(page, page_blocks):
    found = page_blocks.blocks(page)
    # A fence inside a list or an indented note would be no fence to one parser and one to another.
    fences = re.findall(r"^[ \t]*(?:`{3,}|~{3,})", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(fences) == 2 * len(found)
    for block in found:
        where = f"{name(page)}:{block.line}"
        assert block.kind != "unknown", f"{where}: a block of {block.language!r} that is neither run nor marked"
        assert block.marks.get("not run", "a shape, not code") in page_blocks.REASONS, where
        if block.kind == "console":
            assert block.steps(), f"{where}: a console block without a command"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_command_that_is_not_run_has_the_options_that_it_is_given(page, page_blocks):
    for block in page_blocks.blocks(page):
        steps = block.steps() if block.kind == "not run" and block.language == "console" else []
        for step in steps:
            program, *arguments = shlex.split(step.command)
            if program == "erc-bench":
                read(arguments, f"{name(page)}:{step.line}")


def read(arguments, where):
    """Let click's parser read the arguments of a command: an option that is not there is an error."""
    command = root
    while isinstance(command, click.Group):
        word, *arguments = arguments
        command = command.get_command(click.Context(command), word)
        assert command is not None, f"{where}: there is no command {word}"
    command.make_parser(click.Context(command)).parse_args(arguments)


@pytest.mark.parametrize("page", [page for page in PAGES if "```" in page.read_text(encoding="utf-8")], ids=name)
def test_blocks_do_what_the_page_says(page, page_blocks, shown_output, reader):
    follower = Follower(page, reader, shown_output)
    try:
        for block in page_blocks.blocks(page):
            follower.follow(block)
    finally:
        follower.rewrite()


class Follower:
    """Runs the blocks of one page in order and compares what they print."""

    def __init__(self, page, reader, shown_output):
        self.page, self.reader, self.shown_output = page, reader, shown_output
        self.printed = ""
        self.corrections = []

    def follow(self, block):
        {"file": self._save, "console": self._type, "python": self._run, "output": self._compare}.get(
            block.kind, lambda _block: None
        )(block)

    def rewrite(self):
        """Write what was printed in the place of what was shown, if asked to."""
        text = self.page.read_text(encoding="utf-8").splitlines()
        for first, count, lines in sorted(self.corrections, reverse=True):
            text[first - 1 : first - 1 + count] = lines
        if self.corrections:
            self.page.write_text("\n".join(text) + "\n", encoding="utf-8")

    def _save(self, block):
        self.reader.save(block.title, block.text)

    def _type(self, block):
        steps = block.steps()
        for number, step in enumerate(steps):
            expected = int(block.marks.get("exits with", 0)) if number == len(steps) - 1 else 0
            code, printed = self.reader.type(step.command)
            where = f"{name(self.page)}:{step.line}: {step.command}"
            assert code == expected, f"{where}\nexit code {code}\n{printed}"
            if step.shown:
                self._hold(step.shown, printed, step.first, block, where)

    def _run(self, block):
        self.printed, failed = self.reader.run(block.text, name(self.page), block.line)
        assert not failed, failed

    def _compare(self, block):
        where = f"{name(self.page)}:{block.line}"
        self._hold(block.text.splitlines(), self.printed, block.line + 1, block, where)

    def _hold(self, shown, printed, first, block, where):
        lines = printed.rstrip().splitlines()
        if self.shown_output.agrees(shown, lines, "numbers vary" in block.marks):
            return
        if UPDATE and not any("…" in line for line in shown):
            self.corrections.append((first, len(shown), [line.rstrip() for line in lines]))
            return
        pytest.fail(f"{where}\nshown:\n" + "\n".join(shown) + f"\n\nprinted:\n{printed}")
